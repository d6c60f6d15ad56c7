import { duration } from './duration.ts';
import { ledgerWords, spentWords } from './ledger-words.ts';
import type { FailedSignIn } from './ledger.ts';
import type { PlannedLedger } from './planned-ledger.ts';
import type { Plan } from './plan.ts';
import { LOST_MS, verdicts, type PlannedBudget, type Verdict } from './planned-budget.ts';
import type { PlannedCall } from './walk.ts';

/** So many of those that a budget turns away are named; the others are counted. */
const NAMED = 50;

/** A plan for machines, in the words of the contract: instants ISO 8601, no secret. */
export interface PlanAnswer {
  readonly hours: number;
  readonly from: string;
  readonly verdict: Verdict;
  readonly budgets: readonly Readonly<Record<string, unknown>>[];
  readonly refreshes: readonly Readonly<Record<string, string>>[];
  readonly refreshes_total: number;
  readonly calls: readonly Readonly<Record<string, string | number>>[];
}

/** The plan as `GET /api/plan` and `plan --json` give it. */
export function planAnswer(plan: Plan): PlanAnswer {
  return {
    hours: plan.hours,
    from: iso(plan.from),
    verdict: verdictOf(plan),
    budgets: plan.budgets.map((each) => ({
      broker: each.broker,
      limit: each.limit.name,
      setting: each.limit.variable,
      per: each.limit.per,
      subject: subjectOf(each),
      verdict: each.verdict,
      message: [budgetSentence(each), doubtSentence(each)].filter((part) => part !== undefined).join(' '),
      counts: each.limit.counts,
      window_seconds: each.budget.windowMs / 1000,
      max: each.budget.max,
      routine: each.budget.routine,
      used: each.used,
      frees_at: each.freesAt === undefined ? null : iso(each.freesAt),
      busiest: each.busiest,
      accounts: each.names.length,
      carries: each.carries === undefined ? null : Math.floor(each.carries * 10) / 10,
      waiting: each.held.slice(0, NAMED).map((held) => ({
        name: held.name,
        due_at: iso(held.dueAt),
        until: iso(held.until),
        signs_in_instead: held.instead,
        without_token_seconds: Math.round(held.gapMs / 1000),
      })),
      waiting_total: each.held.length,
      ...(each.ledger && {
        refused: namesOf(each.ledger, 'refused'),
        unanswered: namesOf(each.ledger, 'unknown'),
      }),
    })),
    refreshes: plan.refreshes.map((each) => ({ ...each, at: iso(each.at) })),
    refreshes_total: plan.total,
    calls: plan.counts.map((each) => ({ ...each, per_hour: round(each.count / plan.hours) })),
  };
}

const namesOf = ({ failed }: PlannedLedger, as: FailedSignIn['as']): readonly string[] =>
  failed.filter((each) => each.as === as).map(({ name }) => name);

/** What the refreshes of each broker come to in an hour; a sentence a broker, in the order of their names. */
export function paceSentences({ counts, hours }: Pick<Plan, 'counts' | 'hours'>): readonly string[] {
  const of = (broker: string, call: PlannedCall): number =>
    counts.find((each) => each.broker === broker && each.call === call)?.count ?? 0;
  const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return [...new Set(counts.map(({ broker }) => broker))].sort().map((broker) => {
    const renewals = round(of(broker, 'renewal') / hours);
    const signIns = round(of(broker, 'sign-in') / hours);
    const persons = of(broker, 'person');
    const calls = renewals + signIns > 0 || persons === 0;
    return [
      ...(calls ? [`${many(renewals, 'renewal')} and ${many(signIns, 'sign-in')} an hour on average`] : []),
      ...(persons > 0 ? [`${many(persons, 'login')} by a person in ${hours} h`] : []),
    ]
      .join(', ')
      .replace(/^/, `${broker}: `);
  });
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The worst verdict of its budgets. */
export function verdictOf(plan: Pick<Plan, 'budgets'>): Verdict {
  const worst = Math.max(0, ...plan.budgets.map(({ verdict }) => verdicts.indexOf(verdict)));
  return verdicts[worst] ?? 'fits';
}

/** Whose budget it is, for a person; never the fingerprint of a key. */
export function subjectOf({ limit, budget, names }: PlannedBudget): string {
  if (limit.per !== 'key') return budget.subject;
  const [first = 'no account', ...others] = names;
  return others.length === 0 ? `key of ${first}` : `key of ${first} and ${String(others.length)} more`;
}

/** A budget's name for people, with its broker's: `Failed sign-ins an hour`. */
export function budgetTitle({ limit, budget }: Pick<PlannedBudget, 'limit' | 'budget'>): string {
  const calls = limit.counts === 'failures' ? `failed ${callsOf(limit.calls)}` : callsOf(limit.calls);
  const words = `${calls} ${per(budget.windowMs)}`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** What a budget allows, what is wanted of it, and what comes of that; where it is not enough, what to do. */
export function budgetSentence(each: PlannedBudget): string {
  const { limit, budget } = each;
  if (limit.counts === 'failures') {
    const [calls, window] = [callsOf(limit.calls), per(budget.windowMs)];
    if (each.ledger) {
      const spent = spentWords(each.ledger.failed, budget.max, calls, window);
      return `${ofWhom(each)} ${spent}. ${ledgerWords(each.ledger, each)}`.trimEnd();
    }
    const spent = `${ofWhom(each)} ${each.used} of ${budget.max} failed ${calls} ${window} are used`;
    return `${spent}${each.used >= budget.routine ? ': further ones wait, but for what is urgent.' : '.'}`;
  }
  return [`${capacity(each)}${demand(each)}`, becomes(each), each.verdict === 'over' ? advice(each) : '']
    .filter((part) => part !== '')
    .join(' ');
}

/** What its accounts need of a budget that may be smaller than it is taken for, and what to do; nothing where it fits. */
export function doubtSentence(each: PlannedBudget): string | undefined {
  const { limit, budget, doubt, names } = each;
  if (!doubt) return undefined;
  const many = `${names.length} ${names.length === 1 ? 'account needs' : 'accounts need'}`;
  const window = per(budget.windowMs);
  const kind = [limit.environment ?? [], limit.per === 'egress' ? 'network' : limit.per].flat().join(' ');
  return (
    `${ofWhom(each)}, ${many} ${round(doubt.needs)} calls ${window}. ${budget.max} are taken to be allowed; ` +
    `about ${doubt.seen} ${window} were seen for a ${kind}, which nobody promises. ` +
    `${limit.per === 'key' ? 'Give each login a key of its own, or set' : 'Set'} ${limit.variable} to what yours allows.`
  );
}

/** True where all that are turned away keep a live token meanwhile. */
export const losesNothing = ({ held }: PlannedBudget): boolean => held.every(({ gapMs }) => gapMs < LOST_MS);

function capacity(each: PlannedBudget): string {
  const { limit, budget, carries, stayMs } = each;
  const room = `${ofWhom(each)} there is room for ${budget.routine} ${callsOf(limit.calls)} ${per(budget.windowMs)}`;
  if (carries === undefined) return room;
  const many = Math.floor(carries);
  return `${room}, enough for ${many} ${many === 1 ? 'account that refreshes' : 'accounts that refresh'} every ${duration(stayMs)}`;
}

function demand({ limit, names, busiest }: PlannedBudget): string {
  return limit.per === 'account' ? `; at its busiest it wants ${busiest}.` : `; it has ${names.length}.`;
}

/** What becomes of those that are turned away. */
function becomes({ held }: PlannedBudget): string {
  const instead = held.filter((each) => each.instead).length;
  const waits = held.filter((each) => !each.instead);
  const longest = Math.max(0, ...waits.map(({ until, dueAt }) => until - dueAt));
  const gaps = held.filter(({ gapMs }) => gapMs >= LOST_MS);
  // No token is lost, and whoever reads it is told so.
  if (instead > 0 && waits.length === 0)
    return `Nothing fails: ${instead} ${instead === 1 ? 'signs' : 'sign'} in instead of renewing.`;
  const parts = [
    instead > 0 ? `${instead} will sign in instead` : '',
    waits.length > 0 ? `${waits.length} will wait, up to ${duration(longest)}` : '',
    gaps.length > 0
      ? `${gaps.length} will be without a live token for up to ${duration(Math.max(...gaps.map(({ gapMs }) => gapMs)))}`
      : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}

function advice({ limit }: PlannedBudget): string {
  const raise = `raise ${limit.variable} if the broker allows you more`;
  switch (limit.per) {
    case 'egress':
      return `Serve some of them from another network with an EGRESS_ID of its own, or ${raise}.`;
    case 'key':
      return `Give some of them another API key, or ${raise}.`;
    case 'account':
      return `R${raise.slice(1)}.`;
  }
}

function ofWhom(each: PlannedBudget): string {
  if (each.limit.per === 'egress') return `From the network "${each.budget.subject}"`;
  return each.limit.per === 'key' ? `With the ${subjectOf(each)}` : `For ${subjectOf(each)}`;
}

const callsOf = (calls: readonly string[]): string =>
  calls.length === 1 ? `${calls[0] ?? 'call'}s` : 'calls';

const units: Readonly<Record<number, string>> = {
  1_000: 'a second',
  60_000: 'a minute',
  3_600_000: 'an hour',
  86_400_000: 'a day',
};

/** A window for people: `an hour`, `in 30 min`. */
export const per = (windowMs: number): string => units[windowMs] ?? `in ${duration(windowMs)}`;

const iso = (at: number): string => new Date(at).toISOString();
