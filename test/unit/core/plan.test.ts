import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/core/broker.ts';
import type { Limit } from '../../../src/core/limit.ts';
import type { FailedSignIn } from '../../../src/core/ledger.ts';
import type { RefreshPolicy } from '../../../src/core/policy.ts';
import type { StatusFacts } from '../../../src/core/describe.ts';
import { budgetSentence, doubtSentence, planAnswer, verdictOf } from '../../../src/core/plan-words.ts';
import { makePlan, type Plan, type Planned, type PlanParts } from '../../../src/core/plan.ts';
import { wayOf } from '../../../src/core/way.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 21, 10);

/** Tokens of 80 min, replaced at 64 on average. */
const policy: RefreshPolicy = {
  dueAtShare: 0.85,
  jitterShare: 0.1,
  timeoutMs: 10 * SECOND,
  renewalIsSingleUse: false,
  typicalLifeMs: 80 * MINUTE,
};
const limit = (changes: Partial<Limit>): Limit => ({
  name: 'renewals',
  calls: ['renewal'],
  max: 15,
  reserve: 3,
  windowMs: HOUR,
  per: 'egress',
  counts: 'every-call',
  variable: 'ALPHA_RENEWALS_PER_HOUR',
  ...changes,
});
const ledger = limit({
  name: 'sign-in-failures',
  calls: ['sign-in'],
  max: 5,
  reserve: 2,
  counts: 'failures',
});

const never = (): never => {
  throw new Error('a plan calls nobody');
};
const both: Connection = { renew: never, signIn: never };
const password: Connection = { signIn: never };
const human: Connection = {
  consent: { url: never, redirectUri: '', receive: never, askAt: never, deadline: never },
};

const unknown: StatusFacts = {
  name: '',
  username: 'login',
  broker: 'alpha',
  environment: 'demo',
  enabled: true,
  subAccounts: [],
  person: false,
  generation: undefined,
  issuedAt: undefined,
  expiresAt: undefined,
  renewAt: undefined,
  heldBack: undefined,
  provenAt: undefined,
  failures: 0,
  retryAt: undefined,
  trouble: undefined,
  underWay: false,
  tokenType: undefined,
  scope: undefined,
  state: undefined,
  reason: undefined,
  since: undefined,
  dueAt: undefined,
};

/** An account with a token of 80 min that is due at `dueAt`. */
const live = (name: string, dueAt: number, how: { connection?: Connection; key?: string } = {}): Planned => ({
  facts: {
    ...unknown,
    name,
    state: 'fresh',
    issuedAt: dueAt - 64 * MINUTE,
    renewAt: dueAt,
    expiresAt: dueAt + 16 * MINUTE,
  },
  way: wayOf(how.connection ?? both, policy, how.key),
  renewalSpent: false,
  proven: true,
});
const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `A${String(i).padStart(2, '0')}`);
/** So many accounts, due one after the other over the 64 minutes of their pace. */
const spread = (count: number): readonly Planned[] =>
  names(count).map((name, i) => live(name, NOW + ((i + 1) * 64 * MINUTE) / count));

const planOf = (accounts: readonly Planned[], parts: Partial<PlanParts> = {}): Plan =>
  makePlan({
    accounts,
    limits: () => [limit({}), ledger],
    egress: 'desk',
    counted: () => [],
    failed: () => [],
    from: NOW,
    hours: 24,
    ...parts,
  });
const budget = (plan: Plan, name = 'renewals'): Plan['budgets'][number] => {
  const found = plan.budgets.find((each) => each.limit.name === name);
  if (!found) throw new Error(`no budget ${name}`);
  return found;
};

describe('how many accounts a budget carries', () => {
  it('is fewer where a step makes several calls, or proves its token under the same limit', () => {
    const counted = (cost: number, reads: number, calls: readonly ('renewal' | 'proof')[]): Plan => {
      const accounts = spread(8).map((each) => ({
        ...each,
        way: { ...each.way, cost: { renewal: cost }, reads },
      }));
      return planOf(accounts, { limits: () => [limit({ calls }), ledger] });
    };
    expect(budget(counted(1, 1, ['renewal']))).toMatchObject({ verdict: 'fits' });
    expect(budget(counted(1, 1, ['renewal'])).carries).toBeCloseTo(12.8);
    for (const plan of [counted(2, 0, ['renewal']), counted(1, 1, ['renewal', 'proof'])]) {
      expect(budget(plan).carries).toBeCloseTo(6.4);
      expect(budget(plan).verdict).not.toBe('fits');
      expect(budget(plan).busiest).toBeGreaterThan(12);
    }
  });
  it('is its routine share at their pace: 12 of 15 renewals an hour are 12.8 accounts of 64 minutes', () => {
    const { carries, budget: counted } = budget(planOf(spread(5)));
    expect(carries).toBeCloseTo(12.8);
    expect(counted).toMatchObject({ max: 15, routine: 12, windowMs: HOUR });
  });

  it.each([
    [12, 'fits'],
    // The thirteenth finds room within the quarter of an hour that its token still has.
    [13, 'tight'],
    [15, 'tight'],
    // 12 an hour, each as late as its token allows (79 min): 15.8.
    [16, 'over'],
    [40, 'over'],
  ] as const)('%i accounts, evenly spread: %s', (count, verdict) => {
    const plan = planOf(spread(count));
    expect(budget(plan)).toMatchObject({ verdict, names: names(count) });
    expect(verdictOf(plan)).toBe(verdict);
  });

  it('counts those that are due at once: the busiest window tells', () => {
    const plan = planOf(names(13).map((name) => live(name, NOW + 5 * MINUTE)));
    expect(budget(plan)).toMatchObject({ verdict: 'tight', busiest: 13 });
    expect(budget(plan).held).toMatchObject([{ name: 'A12', dueAt: NOW + 5 * MINUTE, instead: true }]);
  });

  it('does not count who is stopped, paused or disabled', () => {
    const idle = (['stopped', 'paused'] as const).map((state, i): Planned => {
      const account = live(`Z${i}`, NOW);
      return { ...account, facts: { ...account.facts, state } };
    });
    const off = live('OFF', NOW);
    const plan = planOf([live('A', NOW), ...idle, { ...off, facts: { ...off.facts, enabled: false } }]);
    expect(budget(plan).names).toEqual(['A']);
    expect(new Set(plan.refreshes.map(({ name }) => name))).toEqual(new Set(['A']));
  });
});

describe('the coming refreshes', () => {
  it('begin when the present token is due and go on at the pace of its life', () => {
    const { refreshes, total } = planOf([live('A', NOW + 10 * MINUTE)], { hours: 3 });
    expect(refreshes.map(({ at }) => (at - NOW) / MINUTE)).toEqual([10, 74, 138]);
    expect(refreshes[0]).toMatchObject({ name: 'A', broker: 'alpha', call: 'renewal' });
    expect(total).toBe(3);
  });

  it('begin with a sign-in where no session is there to renew, and take the broker’s usual life', () => {
    const first: Planned = {
      facts: { ...unknown, name: 'A' },
      way: wayOf(both, policy, undefined),
      renewalSpent: false,
      proven: true,
    };
    const { refreshes } = planOf([first], { hours: 2 });
    expect(refreshes.map(({ call, at }) => [call, (at - NOW) / MINUTE])).toEqual([
      ['sign-in', 0],
      ['renewal', 64],
    ]);
  });

  it('sign in where what renews the session was spent', () => {
    expect(planOf([{ ...live('A', NOW), renewalSpent: true }], { hours: 1 }).refreshes).toMatchObject([
      { call: 'sign-in' },
    ]);
  });

  it('are a person’s at once where one is awaited, whenever it is looked at next, and later where one is asked later', () => {
    const of = (reason: string): number | undefined => {
      const facts = {
        ...unknown,
        name: 'A',
        person: true,
        state: 'awaiting_approval',
        reason,
        dueAt: NOW + HOUR,
      };
      const waits = { facts, way: wayOf(human, policy, undefined), renewalSpent: false, proven: false };
      return planOf([waits]).refreshes[0]?.at;
    };
    expect(['awaiting_approval', 'asked', 'asked_later', 'approval_lapsed'].map(of)).toEqual([
      NOW,
      NOW,
      NOW + HOUR,
      NOW + HOUR,
    ]);
  });

  it('are a person’s, at the end of the token', () => {
    const { refreshes } = planOf([live('A', NOW + MINUTE, { connection: human })], { hours: 1 });
    expect(refreshes).toEqual([{ name: 'A', broker: 'alpha', call: 'person', at: NOW + 17 * MINUTE }]);
  });

  it('wait for the next try of an account that backs off', () => {
    const account = live('A', NOW - MINUTE);
    const facts = { ...account.facts, state: 'backing_off', failures: 2, retryAt: NOW + 3 * MINUTE };
    expect(planOf([{ ...account, facts }], { hours: 1 }).refreshes).toMatchObject([{ at: NOW + 3 * MINUTE }]);
  });

  it('have the next one of every account among them, however often the others come', () => {
    const late = live('LATE', NOW + 160 * HOUR);
    const { refreshes } = planOf([...spread(100), late], { hours: 168, limits: () => [] });
    expect(refreshes).toHaveLength(1_000);
    expect(refreshes.at(-1)).toMatchObject({ name: 'LATE', at: NOW + 160 * HOUR });
  });

  it('are listed up to 1000 and counted', () => {
    const { refreshes, total } = planOf(spread(100), { hours: 168, limits: () => [] });
    expect(refreshes).toHaveLength(1_000);
    // Each every 64 min for a week; the first within 64.
    expect(total).toBe(100 * Math.floor((168 * 60) / 64) + Math.floor(((168 * 60) % 64) / 0.64));
  });

  it('are counted by what they are: forty on one network renew twelve an hour and sign in for the others', () => {
    const { counts, total } = planOf(spread(40));
    const of = (call: string): number => counts.find((each) => each.call === call)?.count ?? 0;
    expect(of('renewal') / 24).toBeGreaterThan(10);
    expect(of('renewal') / 24).toBeLessThanOrEqual(12.5);
    expect(of('renewal') + of('sign-in')).toBe(total);
    expect(of('sign-in') / 24).toBeGreaterThan(23);
    expect(planAnswer(planOf(spread(2), { hours: 8 })).calls).toEqual([
      { broker: 'alpha', call: 'renewal', count: 15, per_hour: 1.9 },
    ]);
  });

  it('are counted by their pace where there are more than can be walked through', () => {
    const minute: RefreshPolicy = { ...policy, dueAtShare: 0.6, jitterShare: 0.2, typicalLifeMs: MINUTE };
    const accounts = names(50).map((name): Planned => ({
      facts: { ...unknown, name },
      way: wayOf(password, minute, undefined),
      renewalSpent: false,
      proven: true,
    }));
    // Every 30 s, the first at once.
    expect(planOf(accounts, { hours: 168, limits: () => [] }).total).toBe(50 * (168 * 120 + 1));
  });
});

describe('whom a budget turns away', () => {
  it('signs in instead, where the renewal would come too late', () => {
    const plan = planOf(names(40).map((name) => live(name, NOW)));
    const { held, busiest } = budget(plan);
    expect(held).toHaveLength(28);
    expect(held.every(({ instead, gapMs }) => instead && gapMs === 0)).toBe(true);
    expect(busiest).toBe(40);
    expect(plan.refreshes.slice(0, 40).map(({ call }) => call)).toEqual([
      ...Array<string>(12).fill('renewal'),
      ...Array<string>(28).fill('sign-in'),
    ]);
  });

  it('waits, where there is room before its token dies', () => {
    const counted = Array.from({ length: 12 }, (_, i) => NOW - 50 * MINUTE + i);
    const plan = planOf([live('A', NOW)], {
      counted: (_, { limit: name }) => (name === 'renewals' ? counted : []),
    });
    expect(budget(plan)).toMatchObject({
      verdict: 'tight',
      used: 12,
      held: [{ name: 'A', dueAt: NOW, until: NOW + 10 * MINUTE + 1, instead: false, gapMs: 0 }],
    });
    expect(plan.refreshes[0]).toMatchObject({ call: 'renewal', at: NOW + 10 * MINUTE + 1 });
  });

  it('goes without a token, where nothing else is left: that is more than the budget carries', () => {
    const signIns = limit({ name: 'sign-ins', calls: ['sign-in'], max: 1, reserve: 0 });
    const accounts = ['A', 'B'].map((name) => live(name, NOW, { connection: password }));
    const plan = planOf(accounts, { limits: () => [signIns], hours: 2 });
    const { held, verdict } = budget(plan, 'sign-ins');
    expect(verdict).toBe('over');
    expect(held[0]).toMatchObject({ name: 'B', until: NOW + HOUR + 1, gapMs: 44 * MINUTE + 1 });
  });

  it('lets those that have no token yet have the reserve', () => {
    const signIns = limit({ name: 'sign-ins', calls: ['sign-in'], max: 3, reserve: 2 });
    const accounts = names(4).map((name): Planned => ({
      facts: { ...unknown, name },
      way: wayOf(password, policy, undefined),
      renewalSpent: false,
      proven: true,
    }));
    const plan = planOf(accounts, { limits: () => [signIns], hours: 1 });
    expect(plan.refreshes.map(({ name, at }) => [name, at - NOW])).toEqual([
      ['A00', 0],
      ['A01', 0],
      ['A02', 0],
    ]);
    expect(budget(plan, 'sign-ins').held[0]).toMatchObject({ name: 'A03', gapMs: 0 });
  });

  it('spends the limits of its own environment only', () => {
    const calls = limit({ name: 'live-calls', calls: ['renewal', 'sign-in'], environment: 'live' });
    const accounts = [live('A', NOW), live('B', NOW)].map((each, i) => ({
      ...each,
      facts: { ...each.facts, environment: i === 0 ? 'live' : 'demo' },
    }));
    const { budgets } = planOf(accounts, { limits: () => [calls], hours: 1 });
    expect(budgets.map(({ limit: { name }, names: whose }) => [name, whose])).toEqual([
      ['live-calls', ['A']],
    ]);
  });

  it('is turned away by the budget of its own key only', () => {
    const calls = limit({ name: 'key-calls', calls: ['renewal', 'sign-in'], per: 'key', max: 1, reserve: 0 });
    const plan = planOf(
      [live('A', NOW, { key: 'k1' }), live('B', NOW, { key: 'k2' }), live('C', NOW, { key: 'k2' })],
      { limits: () => [calls], hours: 1 },
    );
    expect(plan.budgets.map(({ names: whose, held }) => [whose, held.map(({ name }) => name)])).toEqual([
      [['B', 'C'], ['C']],
      [['A'], []],
    ]);
  });

  it('of a limit per account: the one that comes nearest to it', () => {
    const calls = limit({ name: 'calls', per: 'account', max: 2, reserve: 0 });
    const often: Planned = {
      ...live('OFTEN', NOW),
      way: { ...wayOf(both, policy, undefined), dueAtShare: 0.25 },
    };
    const plan = planOf([live('A', NOW), often], { limits: () => [calls] });
    expect(plan.budgets).toHaveLength(1);
    expect(plan.budgets[0]).toMatchObject({ budget: { subject: 'OFTEN' }, busiest: 3, verdict: 'tight' });
  });
});

describe('a budget of failures', () => {
  type As = FailedSignIn['as'];
  /** Failed sign-ins of the last minutes, one a minute, the last one a minute ago. */
  const failed = (...as: readonly As[]): Partial<PlanParts> => {
    const list = as.map((each, i) => ({ name: `F${i}`, as: each, at: NOW - (as.length - i) * MINUTE }));
    return {
      counted: (_, { limit: name }) => (name === ledger.name ? list.map(({ at }) => at) : []),
      failed: () => list,
    };
  };
  const signsIn = (name: string, dueAt: number): Planned => live(name, dueAt, { connection: password });
  /** Without a token, and held back now. */
  const waiting = (name: string, proven: boolean): Planned => {
    const { facts, ...rest } = signsIn(name, NOW);
    const without = { ...facts, issuedAt: undefined, expiresAt: undefined, renewAt: undefined };
    return {
      ...rest,
      proven,
      facts: { ...without, state: 'backing_off', reason: 'budget_spent', dueAt: NOW + 12 * MINUTE },
    };
  };
  const r = 'refused' as const;
  const u = 'unknown' as const;

  it('holds nobody up while few have failed, and says who', () => {
    const plan = budget(planOf([waiting('NEW', false)], failed(r, u)), ledger.name);
    expect(plan).toMatchObject({ verdict: 'fits', used: 2, names: [], held: [] });
    expect(budgetSentence(plan)).toBe(
      'From the network "desk" 2 of 5 failed sign-ins an hour are used: 1 refused (F0), 1 unanswered (F1). Logins that have never succeeded go one at a time.',
    );
  });

  it('is tight where its share is spent, but no token is lost', () => {
    const plan = budget(planOf([signsIn('GOOD', NOW + MINUTE)], failed(r, r, r)), ledger.name);
    expect(plan).toMatchObject({ verdict: 'tight', used: 3, carries: undefined, held: [] });
    expect(budgetSentence(plan)).toBe(
      'From the network "desk" 3 of 5 failed sign-ins an hour are used: 3 refused (F0, F1, F2). A login that has never succeeded waits until 10:58 UTC; those that are known to be good go on. Correct in the credentials file the passwords that are still wrong: what changes is tried at once.',
    );
  });

  it('is over where a login that never succeeded waits without a token, and says until when', () => {
    const plan = planOf([waiting('NEW', false), signsIn('GOOD', NOW)], failed(r, r, r));
    const { verdict, held } = budget(plan, ledger.name);
    expect(verdict).toBe('over');
    expect(held).toMatchObject([{ name: 'NEW', dueAt: NOW, until: NOW + 57 * MINUTE + 1 }]);
    expect(verdictOf(plan)).toBe('over');
    expect(budgetSentence(budget(plan, ledger.name))).toContain(
      'Held back until 10:58 UTC at the latest: NEW; 1 without a live token for it, up to 57 min. Correct in the credentials',
    );
    expect(plan.refreshes.find(({ name }) => name === 'NEW')?.at).toBe(NOW + 57 * MINUTE + 1);
  });

  it('is over where one more refusal could bar all: known logins wait, too, and lose their tokens', () => {
    const plan = budget(planOf([signsIn('GOOD', NOW)], failed(r, r, r, r)), ledger.name);
    expect(plan).toMatchObject({ verdict: 'over', held: [{ name: 'GOOD', gapMs: 40 * MINUTE + 1 }] });
    expect(budgetSentence(plan)).toContain('No login goes out before 10:57 UTC: one more refusal could bar');
  });

  it('is tight where those that wait keep their tokens for as long', () => {
    const early = planOf([signsIn('GOOD', NOW)], {
      ...failed(),
      failed: () => Array.from({ length: 4 }, (_, i) => ({ name: `F${i}`, as: r, at: NOW - 50 * MINUTE })),
    });
    expect(budget(early, ledger.name)).toMatchObject({ verdict: 'tight', held: [{ gapMs: 0 }] });
    expect(budgetSentence(budget(early, ledger.name))).toContain('none of them loses its token for it');
  });

  it('paces what nobody answered, and stops nobody for it', () => {
    const plan = budget(
      planOf([waiting('NEW', false), waiting('KNOWN', true)], failed(u, u, u)),
      ledger.name,
    );
    expect(plan.held).toMatchObject([{ name: 'NEW', until: NOW + 11 * MINUTE }]);
    expect(budgetSentence(plan)).toBe(
      'From the network "desk" 3 of 5 failed sign-ins an hour are used: 3 unanswered (F0, F1, F2). Nobody is stopped for what nobody answers, but logins go apart: one that is known to be good a minute after the last of them, any other 12 min after it. Held back until 10:11 UTC at the latest: NEW; 1 without a live token for it, up to 11 min. Nothing is to be done.',
    );
  });

  it('counts open questions beside a refusal, and never says more of its number than there is', () => {
    const plan = budget(planOf([waiting('NEW', false)], failed(r, u, u)), ledger.name);
    expect(budgetSentence(plan)).toContain(
      '1 refused (F0), 2 unanswered (F1, F2). A login that has never succeeded waits until 10:11 UTC at the latest; those that are known to be good go on, each a minute after',
    );
    const fourth = budget(planOf([waiting('NEW', false)], failed(r, u, u, u)), ledger.name);
    expect(budgetSentence(fourth)).toContain('waits until 10:58 UTC at the latest');
    const long = budget(planOf([live('GOOD', NOW)], failed(...Array<As>(9).fill(u))), ledger.name);
    expect(budgetSentence(long)).toContain(
      '9 sign-ins an hour failed or may have (the limit is 5): 9 unanswered (F0, F1, F2, F3, F4 and 4 more)',
    );
  });

  it('says what still is to be corrected, and that what was corrected counts to the end of its hour', () => {
    const was = (name: string, state: string): Planned => {
      const { facts, ...rest } = signsIn(name, NOW + MINUTE);
      return { ...rest, facts: { ...facts, state } };
    };
    const three = (...states: readonly string[]): string => {
      const accounts = states.map((state, i) => was(`F${i}`, state));
      return budgetSentence(budget(planOf(accounts, failed(r, r, r)), ledger.name));
    };
    expect(three('fresh', 'stopped', 'stopped')).toMatch(
      /those that are known to be good go on\. Correct in the credentials file the passwords that are still wrong \(F1, F2\): what changes is tried at once\. What was corrected since \(F0\) counts until 10:57 UTC all the same\.$/,
    );
    expect(three('fresh', 'due', 'backing_off')).toMatch(
      /go on\. The passwords that were refused have been corrected since; they count until 10:59 UTC all the same\. Nothing is to be done\.$/,
    );
    expect(three('stopped', 'stopped', 'stopped')).toMatch(/still wrong: what changes is tried at once\.$/);
  });

  it('tells programs whose they are', () => {
    const answer = planAnswer(planOf([signsIn('GOOD', NOW + MINUTE)], failed(r, u)));
    expect(answer.budgets.find((each) => each['limit'] === ledger.name)).toMatchObject({
      refused: ['F0'],
      unanswered: ['F1'],
    });
  });

  it('that is no ledger says that further ones wait', () => {
    const proofs = limit({ name: 'proofs', calls: ['proof'], counts: 'failures', max: 10, reserve: 2 });
    const [only] = planOf(spread(1), { limits: () => [proofs] }).budgets;
    const words = (used: number): string =>
      budgetSentence({
        ...budget(planOf(spread(1))),
        limit: proofs,
        budget: { ...(only?.budget ?? budget(planOf(spread(1))).budget), max: 10, routine: 8 },
        used,
      });
    expect(words(3)).toBe('From the network "desk" 3 of 10 failed proofs an hour are used.');
    expect(words(8)).toBe(
      'From the network "desk" 8 of 10 failed proofs an hour are used: further ones wait, but for what is urgent.',
    );
  });
});

describe('in words', () => {
  it('says what there is room for, what there is, what will become of it and what to do', () => {
    expect(budgetSentence(budget(planOf(names(40).map((name) => live(name, NOW)))))).toBe(
      'From the network "desk" there is room for 12 renewals an hour, enough for 12 accounts that refresh every 64 min; it has 40. Nothing fails: 28 sign in instead of renewing. Serve some of them from another network with an EGRESS_ID of its own, or raise ALPHA_RENEWALS_PER_HOUR if the broker allows you more.',
    );
    expect(budgetSentence(budget(planOf(spread(3))))).toBe(
      'From the network "desk" there is room for 12 renewals an hour, enough for 12 accounts that refresh every 64 min; it has 3.',
    );
  });

  it('names a key by its accounts, never by its fingerprint', () => {
    const calls = limit({ name: 'key-calls', per: 'key', calls: ['renewal'] });
    const accounts = ['A', 'B'].map((name) => live(name, NOW, { key: 'fingerprint' }));
    const answer = planAnswer(planOf(accounts, { limits: () => [calls] }));
    expect(answer.budgets[0]).toMatchObject({ subject: 'key of A and 1 more', per: 'key' });
    expect(JSON.stringify(answer)).not.toContain('fingerprint');
  });

  it('tells what was seen from what is taken to be allowed, as long as the accounts need more', () => {
    const seen = limit({ name: 'key-calls', per: 'key', max: 60, reserve: 12, seen: 3, environment: 'demo' });
    const planned = (count: number, changes: Partial<Limit> = {}): Plan =>
      planOf(
        spread(count).map((each) => ({ ...each, way: { ...each.way, key: 'k' } })),
        { limits: () => [{ ...seen, ...changes }] },
      );
    // One each 64 min: three of them 2.8 an hour.
    expect(budget(planned(3), 'key-calls')).toMatchObject({ verdict: 'fits', doubt: undefined });
    const unsure = budget(planned(4), 'key-calls');
    expect(unsure.verdict).toBe('fits');
    const sentence =
      'With the key of A00 and 3 more, 4 accounts need 3.8 calls an hour. 60 are taken to be allowed; about 3 an hour were seen for a demo key, which nobody promises. Give each login a key of its own, or set ALPHA_RENEWALS_PER_HOUR to what yours allows.';
    expect(doubtSentence(unsure)).toBe(sentence);
    expect(planAnswer(planned(4)).budgets[0]).toMatchObject({
      verdict: 'fits',
      message: expect.stringMatching(/; it has 4\. With the key/),
    });
    const ofAccount = budget(planned(4, { per: 'account', seen: 0.5, windowMs: HOUR }), 'key-calls');
    expect(doubtSentence(ofAccount)).toContain('. Set ALPHA_RENEWALS_PER_HOUR');
  });

  it('is JSON with instants as ISO 8601', () => {
    const plan = planOf(
      names(13).map((name) => live(name, NOW)),
      { hours: 1 },
    );
    const { budgets, refreshes, ...rest } = planAnswer(plan);
    expect(rest).toEqual({
      hours: 1,
      from: '2026-11-21T10:00:00.000Z',
      verdict: 'tight',
      refreshes_total: 13,
      calls: [
        { broker: 'alpha', call: 'renewal', count: 12, per_hour: 12 },
        { broker: 'alpha', call: 'sign-in', count: 1, per_hour: 1 },
      ],
    });
    expect(refreshes[0]).toEqual({
      name: 'A00',
      broker: 'alpha',
      call: 'renewal',
      at: '2026-11-21T10:00:00.000Z',
    });
    expect(budgets[0]).toMatchObject({
      broker: 'alpha',
      limit: 'renewals',
      verdict: 'tight',
      window_seconds: 3600,
      max: 15,
      routine: 12,
      used: 0,
      busiest: 13,
      accounts: 13,
      carries: 12.8,
      waiting: [{ name: 'A12', signs_in_instead: true, without_token_seconds: 0 }],
      waiting_total: 1,
    });
  });
});
