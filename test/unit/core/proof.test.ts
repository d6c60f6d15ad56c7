import { describe, expect, it } from 'vitest';
import type { Consequence } from '../../../src/core/consequence.ts';
import { BrokerError, type BrokerErrorFields } from '../../../src/core/errors.ts';
import {
  afterOutstanding,
  afterProbe,
  proofSilenceOf,
  type Outstanding,
  type Proven,
} from '../../../src/core/proof.ts';
import { emptyRecord, type AccountRecord } from '../../../src/core/session.ts';
import { afterCall, isRefused } from '../../../src/core/verdicts.ts';

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const policy = { dueAtShare: 0.6, jitterShare: 0, timeoutMs: 6_000, renewalIsSingleUse: false };

const error = (fields: Omit<BrokerErrorFields, 'code'>, code = 'code'): BrokerError =>
  new BrokerError('what happened', { code, ...fields });
const troubleOf = ({ code, kind, message }: BrokerError): NonNullable<AccountRecord['trouble']> => ({
  code,
  kind,
  message,
  at: NOW - MINUTE,
});
const penalty = error({ kind: 'throttled', scope: 'egress', retryAfterMs: 15_000 });

describe('the proof of a live token that the broker throttles', () => {
  const told = (said: BrokerError, before: Partial<AccountRecord> = {}): AccountRecord =>
    afterProbe({ ...emptyRecord, ...before }, { error: said }, policy, NOW, () => 0);

  it('silences the network the first time; in answer to the next proof it is the proofs that wait', () => {
    const before = { ...emptyRecord, trouble: troubleOf(penalty) };
    expect(proofSilenceOf(emptyRecord, penalty, NOW)).toMatchObject({ until: NOW + 15_000 });
    expect(told(penalty).trouble).toMatchObject({ kind: 'throttled', code: 'code' });
    expect(proofSilenceOf(before, penalty, NOW)).toBeUndefined();
    expect(told(penalty, before).proofDueAt).toBe(NOW + 5 * MINUTE);
  });
  it('silences the network each time where the silence is a long one', () => {
    const captcha = error({ kind: 'throttled', scope: 'egress', retryAfterMs: 60 * MINUTE });
    const before = { ...emptyRecord, trouble: troubleOf(captcha) };
    expect(proofSilenceOf(before, captcha, NOW)).toMatchObject({ until: NOW + 60 * MINUTE });
  });
  it('for this account alone keeps its renewal quiet, too', () => {
    const own = error({ kind: 'throttled', scope: 'account', retryAfterMs: 60 * MINUTE });
    expect(told(own)).toMatchObject({ retryAt: NOW + 60 * MINUTE, trouble: { kind: 'throttled' } });
    expect(told(penalty).retryAt).toBe(0);
    const failed = { failures: 1, trouble: { ...troubleOf(own), code: 'interrupted' } };
    expect(told(own, failed).trouble?.code).toBe('code');
  });
  it('is over with a proof that finds it alive', () => {
    const before = { ...emptyRecord, trouble: troubleOf(penalty) };
    expect(afterProbe(before, 'alive', policy, NOW, () => 0).trouble).toBeUndefined();
  });
});

describe('the proof of a live token that brings nothing', () => {
  const waitAt = (overdueMs: number, said = error({ kind: 'transient' }), proveEveryMs?: number): number => {
    const before = { ...emptyRecord, provenAt: NOW - 30 * MINUTE - overdueMs };
    const paced = { ...policy, ...(proveEveryMs !== undefined && { proveEveryMs }) };
    return afterProbe(before, { error: said }, paced, NOW, () => 0).proofDueAt - NOW;
  };
  const halfHourly = 30 * MINUTE;

  it('is made again soon, and more patiently the longer it is overdue: after five minutes at the latest', () => {
    const transient = error({ kind: 'transient' });
    expect(waitAt(0, transient, halfHourly)).toBe(2_000);
    expect(waitAt(4 * MINUTE, transient, halfHourly)).toBe(MINUTE);
    expect(waitAt(60 * MINUTE, transient, halfHourly)).toBe(5 * MINUTE);
  });
  it('is made again as soon as the answer says, and soon where no pace is kept', () => {
    const doubted = error({ kind: 'transient', retryAfterMs: 10_000 });
    expect(waitAt(60 * MINUTE, doubted, halfHourly)).toBe(10_000);
    expect(waitAt(60 * MINUTE)).toBe(2_000);
  });
});

describe('a token that its proof finds dead', () => {
  const session = {
    generation: 1,
    grant: {
      token: 'made-up',
      headers: {},
      tokenType: 'Bearer',
      baseUrl: 'http://127.0.0.1',
      issuedAt: NOW - 10 * MINUTE,
      expiresAt: NOW + 50 * MINUTE,
    },
    source: 'sign-in',
    identity: 'any/desk',
    renewAt: NOW,
    renewalSpent: false,
    unrenewed: 0,
  } as const;
  const orphaned = error({ kind: 'transient', doubtsSession: true });
  const replacedAt = (proven: Proven, before: Partial<AccountRecord>): number =>
    afterProbe({ ...emptyRecord, session, ...before }, proven, policy, NOW, () => 0).retryAt;

  describe.each<[string, Proven]>([
    ['dead', 'dead'],
    ['somebody else’s', 'someone-else'],
    ['an orphan', { error: orphaned }],
  ])('as %s', (_, proven) => {
    it('is replaced at once, though its next login had been put off', () => {
      const trouble = troubleOf(error({ kind: 'outcome-unknown' }));
      expect(replacedAt(proven, { retryAt: NOW + 20 * MINUTE, trouble })).toBe(0);
    });
    it('keeps the pace of logins that nobody answered, and no longer than that', () => {
      const unknownSignIns = [4, 3, 2, 1].map((minutes) => NOW - minutes * MINUTE);
      const retryAt = NOW + 40 * MINUTE;
      expect(replacedAt(proven, { unknownSignIns, retryAt })).toBe(NOW + 14 * MINUTE);
      const yesterday = unknownSignIns.map((at) => at - 24 * 60 * MINUTE);
      expect(replacedAt(proven, { unknownSignIns: yesterday, retryAt })).toBe(0);
    });
    it('waits for the end of what the broker asked of the account', () => {
      const trouble = troubleOf(error({ kind: 'throttled', scope: 'account' }));
      expect(replacedAt(proven, { retryAt: NOW + 30 * MINUTE, trouble })).toBe(NOW + 30 * MINUTE);
    });
  });
});

describe('a grant whose proof brought nothing', () => {
  const needsHuman = error({ kind: 'needs-human' });
  const after = (
    said: BrokerError,
    how: Partial<Outstanding> = {},
    before: Partial<AccountRecord> = {},
  ): Consequence => {
    const outstanding = {
      error: said,
      source: 'sign-in',
      isNew: true,
      fingerprint: 'present',
      ...how,
    } as const;
    return afterOutstanding({ ...emptyRecord, ...before }, outstanding, NOW, () => 0.5);
  };

  it('because a person must act stops the password, though the grant is asked about again', () => {
    const { record } = after(needsHuman);
    expect(isRefused(record.refused, ['present'])).toBe(true);
    expect(record.proofDueAt).toBe(NOW + MINUTE);
    expect(isRefused(after(needsHuman, { isNew: false }).record.refused, ['present'])).toBe(true);
  });
  it('stops it also where the grant came without one, and is over once a proof works', () => {
    const { refused } = after(needsHuman, { source: 'renewal' }).record;
    expect(isRefused(refused, ['present'])).toBe(true);
    expect(afterCall(refused)).toEqual([]);
    expect(after(error({ kind: 'transient' })).record.refused).toEqual([]);
  });
  it('stops nothing where only a person signs in', () => {
    expect(after(needsHuman, { source: 'consent', fingerprint: undefined }).record.refused).toEqual([]);
  });
  it('paces the next sign-in like one that nobody answered, whatever stands in the way of the proof', () => {
    for (const kind of ['throttled', 'transient', 'outcome-unknown'] as const) {
      const { record } = after(error({ kind }), {}, { unknownSignIns: [1, 2, 3].map((i) => NOW - i) });
      expect(record.unknownSignIns).toHaveLength(4);
      expect(record.retryAt).toBe(NOW + 15 * MINUTE);
      const again = after(error({ kind }), { isNew: false }, record).record;
      expect(again.unknownSignIns).toHaveLength(4);
      expect(again.retryAt).toBe(NOW + 15 * MINUTE);
    }
    expect(after(error({ kind: 'transient' }), { source: 'renewal' }).record.unknownSignIns).toEqual([]);
  });
});
