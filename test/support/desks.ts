import type { Limit } from '../../src/core/limit.ts';
import type { Explanation } from '../../src/core/explain.ts';
import type { Plan, PlannedBudget } from '../../src/core/plan.ts';
import { QUARTERS, type LastDay } from '../../src/core/last-day.ts';
import type { AccountStatus } from '../../src/core/status.ts';
import { dayOf } from '../../src/core/uses.ts';
import { SLOTS } from '../../src/core/walk.ts';
import { account, without } from '../unit/http/support.ts';

/** A desk of many logins, most of them well. `now`: ms since the epoch. */
export function busyDesk(now: number, count: number): readonly AccountStatus[] {
  const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();
  const live = (broker: string, lifeMinutes: number, left: number): Partial<AccountStatus> => ({
    broker,
    issued_at: at(left - lifeMinutes),
    last_refresh: at(left - lifeMinutes),
    expiry_time: at(left),
    next_refresh: at(Math.max(0.1, left - lifeMinutes / 5)),
  });
  const some = [
    account('ALPHA_MAIN', { ...live('alpha', 80, 71), sub_accounts: ['A1', 'A2', 'A3', 'A4', 'A5'] }),
    account('ALPHA_HALF', live('alpha', 80, 31)),
    account('ALPHA_LATE', {
      ...live('alpha', 80, 6),
      state: 'backing_off',
      detail: 'Alpha does not answer; the next try is in 20 s.',
      attempts: 4,
      last_error: { code: 'timeout', message: 'No answer within 15 s.', at: at(-1) },
    }),
    without('ALPHA_WRONG', 'stopped', {
      broker: 'alpha',
      next_refresh: null,
      detail: 'Alpha does not accept this login: "Incorrect username or password."',
      last_error: {
        code: 'bad_credentials',
        message: 'Alpha does not accept this login: "Incorrect username or password."',
        at: at(-30),
      },
    }),
    account('BETA_SHORT', live('beta', 1, 0.8)),
    without('GAMMA_ONE', 'awaiting_approval', {
      broker: 'gamma',
      person_needed: true,
      next_refresh: at(600),
      environment: 'live',
    }),
    account('GAMMA_TWO', { ...live('gamma', 1_200, 700), person_needed: true, environment: 'live' }),
    without('BETA_OFF', 'disabled', {
      broker: 'beta',
      next_refresh: null,
      detail: 'Disabled in the credentials file.',
    }),
  ];
  const many = Array.from({ length: Math.max(0, count - some.length) }, (_, i) =>
    account(`DESK_${String(i).padStart(4, '0')}`, live(i % 3 === 0 ? 'beta' : 'alpha', 80, 20 + (i % 60))),
  );
  return [...some, ...many];
}

/** The coming refreshes of such a desk, with a limit that is tight and one that is spent. */
export function busyPlan(now: number): Plan {
  const slots = (make: (slot: number) => number): readonly number[] =>
    Array.from({ length: SLOTS }, (_, i) => make(i));
  const budget = (
    broker: string,
    changes: Partial<PlannedBudget['budget']>,
    limit: Partial<Limit>,
    more: Partial<PlannedBudget>,
  ): PlannedBudget => ({
    broker,
    limit: {
      name: 'sign-ins',
      calls: ['sign-in'],
      max: 20,
      reserve: 5,
      windowMs: 3_600_000,
      per: 'egress',
      counts: 'every-call',
      variable: 'ALPHA_SIGN_INS_PER_HOUR',
      ...limit,
    },
    budget: {
      limit: 'sign-ins',
      subject: 'default',
      max: 20,
      routine: 15,
      windowMs: 3_600_000,
      counts: 'every-call',
      ...changes,
    },
    verdict: 'fits',
    names: ['ALPHA_MAIN', 'ALPHA_HALF', 'ALPHA_LATE'],
    used: 4,
    freesAt: now + 12 * 60_000,
    busiest: 6,
    carries: 40,
    doubt: undefined,
    stayMs: 3_600_000,
    held: [],
    ...more,
  });
  return {
    hours: 24,
    from: now,
    budgets: [
      budget('alpha', {}, {}, {}),
      budget(
        'alpha',
        { limit: 'sign-in-failures', max: 5, routine: 3, counts: 'failures' },
        { name: 'sign-in-failures', counts: 'failures', max: 5 },
        {
          used: 3,
          verdict: 'tight',
          ledger: {
            failed: ['ALPHA_ONE', 'ALPHA_TWO', 'ALPHA_THREE'].map((name, i) => ({
              name,
              at: now - (30 - i) * 60_000,
              as: 'refused' as const,
            })),
            known: undefined,
            untried: { why: 'refused', until: now + 30 * 60_000, latest: now + 30 * 60_000 },
          },
        },
      ),
      budget(
        'beta',
        { limit: 'requests', max: 30, routine: 25, windowMs: 60_000 },
        { name: 'requests', calls: ['renewal', 'sign-in'], max: 30, windowMs: 60_000 },
        { used: 30, freesAt: now + 41_000 },
      ),
    ],
    refreshes: [
      { name: 'BETA_SHORT', broker: 'beta', call: 'renewal', at: now + 30_000 },
      { name: 'ALPHA_HALF', broker: 'alpha', call: 'sign-in', at: now + 15 * 60_000 },
      { name: 'GAMMA_TWO', broker: 'gamma', call: 'person', at: now + 700 * 60_000 },
    ],
    total: 1_500,
    counts: [],
    slots: new Map([
      ['alpha', slots((i) => (i % 5 === 1 ? 2 : i % 5 === 2 ? 1 : 0))],
      ['beta', slots((i) => 14 + (i % 2))],
      ['gamma', slots((i) => (i === 46 ? 1 : 0))],
    ]),
  };
}

const troubledDay: LastDay = Array.from({ length: QUARTERS }, (_, i) =>
  i < 12 ? null : i >= 54 && i < 58 ? 'bad' : (i >= 49 && i < 54) || i === 95 ? 'waiting' : 'good',
);

/** The last days of such a desk: well, but for those with trouble, and the one that is out of service. */
export function busyDays(names: readonly string[]): ReadonlyMap<string, LastDay> {
  const all = (mark: LastDay[number]): LastDay => Array.from({ length: QUARTERS }, () => mark);
  const days: Readonly<Record<string, LastDay>> = {
    ALPHA_LATE: troubledDay,
    ALPHA_WRONG: all('good').with(95, 'bad').with(94, 'bad'),
    GAMMA_ONE: all('good').map((mark, i) => (i < 60 ? mark : 'waiting')),
    BETA_OFF: all('idle'),
  };
  return new Map(names.map((name) => [name, days[name] ?? all('good')]));
}

/** What there is to tell of an account whose day had some trouble. */
export function busyDay(now: number, name: string): Explanation {
  const at = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
  const made = (
    did: string,
    state: string,
    reason: string,
    from: number,
    to: number,
    times = 1,
  ): Explanation['decisions'][number] => ({
    did,
    state,
    reason,
    message: state === 'backing_off' ? 'Alpha did not answer within 15 s.' : null,
    first_at: at(from),
    last_at: at(to),
    times,
    next_at: at(to - 60),
  });
  return {
    name,
    broker: 'alpha',
    environment: 'demo',
    state: 'backing_off',
    reason: 'timeout',
    message: 'The token is good for another 5 min. Alpha does not answer.',
    valid: true,
    expiry_time: at(-5),
    generation: 3,
    attempts: 4,
    last_error: null,
    since: at(10),
    decisions: [
      made('failed', 'backing_off', 'timeout', 10, 1, 4),
      made('published', 'fresh', 'renewal', 500, 75, 8),
      made('failed', 'stopped', 'bad_credentials', 560, 560),
      made('failed', 'backing_off', 'timeout', 640, 570, 30),
      made('published', 'fresh', 'renewal', 1_200, 650, 10),
    ],
    last_day: troubledDay,
    usage: Array.from({ length: 9 }, (_, i) => ({
      day: dayOf(now - i * 24 * 3_600_000),
      refreshes: i === 0 ? 14 : 23 - (i % 3),
      logins: i % 4 === 0 ? 2 : 1,
      reports: i === 2 ? 1 : 0,
    })),
    next: { action: 'renewal', at: at(-1), why: 'The next try is planned for then.' },
    person: [
      { what: 'Get a new token now.', command: `token-refresher refresh ${name}` },
      { what: 'Have it rest for a time.', command: `token-refresher pause ${name} --for 2h` },
    ],
    acts: [{ at: at(505), who: 'cookie', what: 'refresh', account: name, from: '127.0.0.1', outcome: '303' }],
  };
}
