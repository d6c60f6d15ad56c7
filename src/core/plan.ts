import type { Limit, LimitedCall } from './limit.ts';
import { stateAt, type StatusFacts } from './describe.ts';
import { budgetsOf, ledgerOf, type Budget } from './limits.ts';
import { makeMeter, type Held, type Meter } from './meter.ts';
import { lastSafeStart } from './policy.ts';
import {
  plannedCalls,
  stayOf,
  walk,
  type PlannedCall,
  type PlannedCount,
  type PlannedRefresh,
  type Slots,
  type Walker,
} from './walk.ts';
import type { Way } from './way.ts';

/** An account to plan for: what is stored of it, and its way. */
export interface Planned {
  readonly facts: StatusFacts;
  readonly way: Way;
  /** True: what would renew the present session was spent. */
  readonly renewalSpent: boolean;
}

export interface PlanParts {
  readonly accounts: readonly Planned[];
  /** A broker's limits, with the numbers that settings give them. */
  readonly limits: (broker: string) => readonly Limit[];
  readonly egress: string;
  /** The calls that each budget has counted in its window, ms, oldest first. */
  readonly counted: (broker: string, budget: Budget) => readonly number[];
  readonly from: number;
  readonly hours: number;
}

/** `tight`: some wait, or sign in where they would renew; `over`: more accounts than the budget can carry. */
export const verdicts = ['fits', 'tight', 'over'] as const;
export type Verdict = (typeof verdicts)[number];

/** One budget of a broker and who lives on it. */
export interface PlannedBudget {
  readonly broker: string;
  readonly limit: Limit;
  readonly budget: Budget;
  readonly verdict: Verdict;
  /** Who spends it. Of limits per account: the one account that comes nearest to its limit. */
  readonly names: readonly string[];
  /** Calls in the window that ends now. */
  readonly used: number;
  /** When the oldest of them is counted no more, ms; undefined where there are none. */
  readonly freesAt: number | undefined;
  /** Calls wished for in the busiest window. */
  readonly busiest: number;
  /** How many of its accounts the routine share carries at their pace; undefined where that says nothing. */
  readonly carries: number | undefined;
  /** More calls in a window than brokers were seen to allow, where nobody has said what this one allows. */
  readonly doubt: { readonly needs: number; readonly seen: number } | undefined;
  /** How long its accounts stay with a token on average, ms. */
  readonly stayMs: number;
  /** Whom it turns away, in the order of time. */
  readonly held: readonly (Held & { readonly name: string })[];
}

/** The coming refreshes against each broker's budgets. */
export interface Plan {
  readonly hours: number;
  readonly from: number;
  /** The tightest first. */
  readonly budgets: readonly PlannedBudget[];
  readonly refreshes: readonly PlannedRefresh[];
  /** How many refreshes there are; more than are listed. */
  readonly total: number;
  /** The same, by broker and call. */
  readonly counts: readonly PlannedCount[];
  /** When they are, by broker. */
  readonly slots: Slots;
}

const HOUR_MS = 60 * 60_000;
/** A token that is missing for less is one that was replaced as it died, ms. */
export const LOST_MS = 1_000;
/** So many refreshes are listed; the others are counted. */
const LISTED = 1_000;

const spending: Readonly<Record<PlannedCall, LimitedCall>> = {
  renewal: 'renewal',
  'sign-in': 'sign-in',
  person: 'consent',
};

/** Every budget that the accounts' refreshes spend or that stops their sign-ins, by broker; each once. */
export function budgetsIn(
  parts: Pick<PlanParts, 'accounts' | 'limits' | 'egress'>,
): readonly { readonly broker: string; readonly budget: Budget }[] {
  const found = new Map<string, { readonly broker: string; readonly budget: Budget }>();
  for (const account of parts.accounts) {
    const { broker } = account.facts;
    const ledger = ledgerOf(parts.limits(broker), parts.egress);
    const budgets = plannedCalls.flatMap((call) => spentBy(account, call, parts));
    for (const budget of ledger ? [...budgets, ledger] : budgets)
      found.set(budgetId(broker, budget), { broker, budget });
  }
  return [...found.values()];
}

/** What lies ahead. Pure: the same facts make the same plan. */
export function makePlan(parts: PlanParts): Plan {
  const { from, hours } = parts;
  const meters = new Map(
    budgetsIn(parts).map(({ broker, budget }) => [
      budgetId(broker, budget),
      { broker, meter: makeMeter(budget, parts.counted(broker, budget)) },
    ]),
  );
  const walkers = parts.accounts.flatMap((account) => walkerOf(account, meters, parts) ?? []);
  const { refreshes, total, counts, slots } = walk(walkers, from, from + hours * HOUR_MS, LISTED);
  const budgets = [...meters.values()].flatMap(({ broker, meter }) => {
    const limit = parts.limits(broker).find(({ name }) => name === meter.budget.limit);
    return limit ? judged(broker, limit, meter, walkers, parts.counted(broker, meter.budget)) : [];
  });
  return { hours, from, budgets: nearestFirst(budgets), refreshes, total, counts, slots };
}

/** Names a budget among all of them. */
export const budgetId = (broker: string, { limit, subject }: Budget): string =>
  `${broker} ${limit} ${subject}`;

/** What a step spends: a budget that counts several of its calls stands there as often. */
export function spentBy(
  { facts, way }: Planned,
  call: PlannedCall,
  { limits, egress }: Pick<PlanParts, 'limits' | 'egress'>,
): readonly Budget[] {
  const { cost, reads = 0 } = way;
  const budgets = budgetsOf(limits(facts.broker), spending[call], facts, { egress, key: way.key });
  return budgets.flatMap((budget) => {
    const calls = budget.counts === 'every-call' ? (cost?.[call] ?? 1) + (budget.countsReads ? reads : 0) : 1;
    return Array.from({ length: calls }, () => budget);
  });
}

/** The account on its way, or undefined where nothing will be done for it. */
function walkerOf(
  account: Planned,
  meters: ReadonlyMap<string, { readonly meter: Meter }>,
  parts: PlanParts,
): Walker | undefined {
  const { facts, way } = account;
  const { name, broker, issuedAt = 0, expiresAt = 0 } = facts;
  const state = stateAt(facts, parts.from);
  if (state === 'disabled' || state === 'paused' || state === 'stopped') return undefined;
  const isLive = expiresAt > parts.from;
  const metersOf = (call: PlannedCall): readonly Meter[] =>
    spentBy(account, call, parts).flatMap((budget) => meters.get(budgetId(broker, budget))?.meter ?? []);
  return {
    name,
    broker,
    by: way.by,
    signsIn: way.signsIn,
    pace: way,
    lifeMs: expiresAt > issuedAt && issuedAt > 0 ? expiresAt - issuedAt : way.lifeMs,
    dueAt: dueAt(account, isLive),
    issuedAt: isLive ? issuedAt : 0,
    expiresAt: isLive ? expiresAt : 0,
    renewable: isLive && !account.renewalSpent,
    meters: { renewal: metersOf('renewal'), 'sign-in': metersOf('sign-in'), person: metersOf('person') },
  };
}

function dueAt({ facts, way }: Planned, isLive: boolean): number {
  if (!isLive) return Math.max(facts.dueAt ?? 0, facts.retryAt ?? 0);
  if (way.by === 'person') return facts.expiresAt ?? 0;
  return Math.max(facts.renewAt ?? 0, facts.retryAt ?? 0);
}

function judged(
  broker: string,
  limit: Limit,
  meter: Meter,
  walkers: readonly Walker[],
  counted: readonly number[],
): PlannedBudget {
  const used = counted.length;
  const { budget, busiest } = meter;
  const spenders = walkers.filter((walker) => walker.meters[walker.by].includes(meter));
  const costOf = ({ meters, by }: Walker): number => meters[by].filter((each) => each === meter).length;
  const held = [...meter.held].map(([name, each]) => ({ name, ...each })).sort((a, b) => a.dueAt - b.dueAt);
  const perWindow = (stay: (each: Walker) => number): number =>
    spenders.reduce((calls, each) => calls + (costOf(each) * budget.windowMs) / stay(each), 0);
  const average = perWindow(stayOf);
  // Whoever waits as long as its token allows is carried still.
  const least = perWindow((each) => Math.max(1, lastSafeStart(0, each.lifeMs, each.pace), stayOf(each)));
  const { seen = Infinity } = limit;
  const refreshes = spenders.reduce((sum, each) => sum + budget.windowMs / stayOf(each), 0);
  const isOver = least > budget.routine || held.some(({ gapMs }) => gapMs >= LOST_MS);
  const isUsedUp = limit.counts === 'failures' ? used >= budget.routine : used > budget.routine;
  const isTight = average > budget.routine || held.length > 0 || isUsedUp;
  return {
    broker,
    limit,
    budget,
    verdict: isOver ? 'over' : isTight ? 'tight' : 'fits',
    names: spenders.map(({ name }) => name),
    used,
    freesAt: counted[0] === undefined ? undefined : counted[0] + budget.windowMs,
    busiest,
    carries:
      spenders.length > 0 && limit.per !== 'account'
        ? (budget.routine * spenders.length) / average
        : undefined,
    doubt: average > seen ? { needs: average, seen } : undefined,
    stayMs: refreshes > 0 ? (budget.windowMs * spenders.length) / refreshes : 0,
    held,
  };
}

/** The worst first; of a limit that each account has for itself, the one that comes nearest to it. */
function nearestFirst(budgets: readonly PlannedBudget[]): readonly PlannedBudget[] {
  const rank = ({ verdict }: PlannedBudget): number => -verdicts.indexOf(verdict);
  const share = ({ busiest, budget }: PlannedBudget): number => -busiest / budget.routine;
  const sorted = [...budgets].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      share(a) - share(b) ||
      (budgetId(a.broker, a.budget) < budgetId(b.broker, b.budget) ? -1 : 1),
  );
  const seen = new Set<string>();
  return sorted.filter(({ broker, limit }) => {
    const id = `${broker} ${limit.name}`;
    const isFirst = !seen.has(id);
    seen.add(id);
    return limit.per !== 'account' || isFirst;
  });
}
