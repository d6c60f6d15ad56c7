import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/core/account.ts';
import type { Connection } from '../../../src/core/broker.ts';
import type { Silence } from '../../../src/core/consequence.ts';
import type { Decision } from '../../../src/core/decision.ts';
import { emptyRecord, type AccountRecord } from '../../../src/core/session.ts';
import type { Listener } from '../../../src/tending/parts.ts';
import { makeTelling } from '../../../src/tending/telling.ts';

/* What people are told of an account that nothing is wrong with, and that may not go on. */

const NOW = Date.parse('2026-11-30T21:09:00Z');
const MINUTE_MS = 60_000;
const connection = { signIn: () => Promise.reject(new Error('not called')) } as unknown as Connection;
const renewing = { ...connection, renew: connection.signIn } as unknown as Connection;
const accountOn = (its: Connection): Account =>
  ({ name: 'USER_1', broker: 'alpha', identity: 'me', connection: its }) as unknown as Account;
const silence: Silence = {
  scope: 'egress',
  until: NOW + 60 * MINUTE_MS,
  code: 'captcha',
  message: 'Alpha wants a captcha from this network.',
};

function recordWith(leftMs: number): AccountRecord {
  const grant = { token: 'made-up', issuedAt: NOW - 60 * MINUTE_MS, expiresAt: NOW + leftMs };
  const session = { grant, identity: 'me', generation: 1, source: 'sign-in', renewAt: NOW };
  return { ...emptyRecord, session: { ...session, renewalSpent: false } } as AccountRecord;
}

type Said = Parameters<Listener['failed']>;

function waiting(
  because: string,
  given: {
    leftMs: number;
    nextAt?: number;
    silence?: Silence;
    connection?: Connection;
    record?: Partial<AccountRecord>;
  },
): Pick<Said[1], 'code' | 'message'> & { next: Said[2] } {
  const said: Said[] = [];
  const nothing = (): void => undefined;
  const tell = makeTelling({
    log: { info: nothing, warn: nothing, error: nothing } as never,
    clock: { now: () => NOW } as never,
    isHoliday: () => false,
    listener: { failed: (...all: Said) => void said.push(all) } as unknown as Listener,
  });
  const decision: Extract<Decision, { do: 'rest' }> = {
    do: 'rest',
    state: given.leftMs > 0 ? 'backing_off' : 'expired',
    because,
    nextAt: given.nextAt ?? silence.until,
  };
  const record = { ...recordWith(given.leftMs), ...given.record };
  tell.waits(accountOn(given.connection ?? connection), record, decision, given.leftMs > 0, given.silence);
  const [, error, next] = said[0] ?? [];
  return {
    code: error?.code ?? '',
    message: error?.message ?? '',
    next: next ?? { state: '', at: undefined },
  };
}

describe('an account that a silence holds', () => {
  test('is told of under what brought the silence, with when it goes on and how long its token is good', () => {
    expect(waiting('broker_silence', { leftMs: 24 * MINUTE_MS, silence })).toMatchObject({
      code: 'captcha',
      message: silence.message,
      next: { at: silence.until, tokenUntil: NOW + 24 * MINUTE_MS, recurs: false },
    });
  });

  test('stays with that cause once its token has ended', () => {
    expect(waiting('broker_silence', { leftMs: -1, silence })).toMatchObject({
      code: 'captcha',
      next: { state: 'expired', tokenUntil: null, lacksToken: true },
    });
  });

  test('is no news while its next try comes before half of what its token has left', () => {
    expect(waiting('broker_silence', { leftMs: 3 * 60 * MINUTE_MS, silence }).code).toBe('');
  });

  test('is told of under the silence itself where what brought it is of one login alone', () => {
    const { scope, until } = silence;
    const ofOne: Silence = { scope, until, code: 'locked_out' };
    expect(waiting('broker_silence', { leftMs: -1, silence: ofOne }).code).toBe('broker_silence');
  });

  test('by the minute comes and goes with the others of its API key', () => {
    const soon: Silence = { ...silence, scope: 'key', until: NOW + 30_000 };
    const { next } = waiting('broker_silence', { leftMs: 20_000, nextAt: soon.until, silence: soon });
    expect(next.recurs).toBe(true);
  });
});

describe('an account that a limit holds', () => {
  const heldBack = { fingerprint: 'f', until: silence.until, message: 'The limit "logins" is spent.' };

  test('is told of before its token ends', () => {
    expect(waiting('budget_spent', { leftMs: 24 * MINUTE_MS, record: { heldBack } })).toMatchObject({
      code: 'budget_spent',
      message: heldBack.message,
    });
  });

  test('stays with what it has failed of before', () => {
    const trouble = { code: 'server_fault', kind: 'transient', message: 'It stumbled.', at: NOW } as const;
    expect(waiting('budget_spent', { leftMs: 24 * MINUTE_MS, record: { heldBack, trouble } })).toMatchObject({
      code: 'server_fault',
    });
    expect(waiting('broker_silence', { leftMs: 24 * MINUTE_MS, silence, record: { trouble } })).toMatchObject(
      { code: 'captcha' },
    );
  });

  test('is no news where it would only renew, and signs in before that is too late', () => {
    const given = { leftMs: 24 * MINUTE_MS, record: { heldBack }, connection: renewing };
    expect(waiting('budget_spent', given).code).toBe('');
  });
});

test('an account of a broker that does not answer is told of shortly before its token ends', () => {
  const soon = { nextAt: NOW + 8_000 };
  expect(waiting('broker_down', { ...soon, leftMs: 30 * MINUTE_MS }).code).toBe('');
  expect(waiting('broker_down', { ...soon, leftMs: 4 * MINUTE_MS }).code).toBe('broker_down');
});
