import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/alerts/members.ts';
import { makeListener } from '../../../src/app/listener.ts';
import type { Account } from '../../../src/core/account.ts';
import { fakeClock } from '../../support/clock.ts';

const HOUR_MS = 3_600_000;
/** Monday 30 November 2026, noon; the day's answers are of use until ten at night. */
const NOON = Date.UTC(2026, 10, 30, 12);
const DEADLINE = NOON + 10 * HOUR_MS;
const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const person: Account = {
  name: 'one',
  broker: 'alpha',
  environment: 'live',
  username: 'one',
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: false,
  identity: 'alpha/one',
  credentials: [],
  key: undefined,
  connection: {
    consent: {
      url: () => 'https://broker.example/dialog',
      redirectUri: 'https://app.example/callback',
      askAt: (at) => at,
      deadline: (at) => (at < DEADLINE ? DEADLINE : DEADLINE + 24 * HOUR_MS),
      receive: () => Promise.reject(new Error('nobody comes')),
    },
  },
};

/** Hears what the alerts are told of a person who is needed. */
async function toldOf(why?: { readonly code: string; readonly message: string }): Promise<Failure> {
  const told: Failure[] = [];
  const ignored = (): Promise<void> => Promise.resolve();
  const listener = makeListener({
    alerts: {
      failed: async (failure) => void told.push(failure),
      recovered: ignored,
      leave: ignored,
    },
    tickets: { issue: () => 'ticket', isGood: () => true },
    clock: fakeClock(NOON),
    log,
    publicUrl: 'https://tokens.example',
    alertUrl: 'https://tokens.example',
    titleOf: (broker) => broker,
    metrics: { attempted: nothing },
    woken: nothing,
    isHoliday: () => false,
  });
  listener.personNeeded(person, { asked: false, why, tokenUntil: null });
  await listener.settled();
  const [first] = told;
  if (!first) throw new Error('nothing was told');
  return first;
}

describe('the reminder of a day’s question', () => {
  it('is for that day, and not beside the next day’s own message', async () => {
    const { hearAt } = await toldOf();
    expect(hearAt?.(NOON + HOUR_MS)).toBe(NOON + HOUR_MS);
    expect(hearAt?.(NOON + 24 * HOUR_MS)).toBeUndefined();
  });

  it('goes on where a token was lost: no other message is to follow', async () => {
    const { hearAt } = await toldOf({ code: 'died_early', message: 'It died.' });
    expect(hearAt?.(NOON + 24 * HOUR_MS)).toBe(NOON + 24 * HOUR_MS);
  });
});
