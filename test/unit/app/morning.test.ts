import { afterEach, describe, expect, it } from 'vitest';
import type { Morning } from '../../../src/alerts/morning.ts';
import { startMornings } from '../../../src/app/morning.ts';
import type { Account } from '../../../src/core/account.ts';
import type { Hours } from '../../../src/core/hours.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { account as status } from '../http/support.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Monday 30 November 2026, 07:00 in India. */
const MONDAY = Date.UTC(2026, 10, 30, 1, 30);
const workdays: Hours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:00',
  to: '16:00',
  zone: 'Asia/Kolkata',
};

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const configured = (changes: Partial<Account> = {}): Account => ({
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
  connection: {},
  ...changes,
});

interface Bench {
  readonly clock: FakeClock;
  readonly said: Omit<Morning, 'sent'>[];
  /** How many of the next calls fail. */
  failures: number;
}

function bench(
  startAt: number,
  accounts: readonly Account[] = [configured()],
  holidays: readonly string[] = [],
): Bench {
  const clock = fakeClock(startAt);
  const made: Bench = { clock, said: [], failures: 0 };
  const nothing = (): void => undefined;
  const mornings = startMornings({
    at: '08:00',
    zone: 'Asia/Kolkata',
    accounts: async () => [status('one')],
    configured: () => accounts,
    isHoliday: (day) => holidays.includes(day),
    alerts: {
      async greet(morning) {
        if (made.failures-- > 0) throw new Error('Redis does not answer');
        made.said.push(morning);
      },
    },
    link: 'https://tokens.example/dashboard',
    clock,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  ends.push(() => mornings.stop());
  return made;
}

describe('the line of the morning', () => {
  it('is drawn up at its time by the clock of its zone, once a day', async () => {
    const { clock, said } = bench(MONDAY);
    await clock.advance(60 * MINUTE - 1);
    expect(said).toEqual([]);
    await clock.advance(1);
    expect(said).toMatchObject([{ day: '2026-11-30', brokers: [{ broker: 'alpha', ready: 1, total: 1 }] }]);
    await clock.advance(60 * MINUTE);
    expect(said).toHaveLength(1);
  });

  it('is tried again where Redis does not answer', async () => {
    const b = bench(MONDAY);
    b.failures = 3;
    await b.clock.advance(61 * MINUTE);
    expect(b.said).toHaveLength(1);
  });

  it.each([
    ['half an hour late', 89, 1],
    ['no later', 91, 0],
  ])('is said by a process that starts %s', async (_, minutes, times) => {
    const { clock, said } = bench(MONDAY + minutes * MINUTE);
    await clock.advance(5 * MINUTE);
    expect(said).toHaveLength(times);
  });

  /** The days of the week from Monday on that have a line. */
  async function daysWith(accounts: readonly Account[], holidays?: readonly string[]): Promise<unknown> {
    const benches = [0, 1, 2, 3, 4, 5, 6].map((day) =>
      bench(MONDAY + day * DAY + 59 * MINUTE, accounts, holidays),
    );
    await Promise.all(benches.map(({ clock }) => clock.advance(2 * MINUTE)));
    return benches.flatMap(({ said }) => said.map(({ day }) => day.slice(-2)));
  }

  it('is left out on a day that the hours of all accounts exclude, and on their holidays', async () => {
    const days = await daysWith([configured({ hours: workdays })], ['2026-12-01']);
    expect(days).toEqual(['30', '02', '03', '04']);
  });

  it('is said every day where one account is served at any time, unless that one is disabled', async () => {
    const office = configured({ hours: workdays });
    expect(await daysWith([office, configured({ name: 'two' })])).toHaveLength(7);
    expect(await daysWith([office, configured({ enabled: false })])).toHaveLength(5);
  });
});
