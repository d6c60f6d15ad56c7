import type { Limit } from './limit.ts';
import type { Budget } from './limits.ts';
import type { Held, Meter } from './meter.ts';
import type { PlannedLedger } from './planned-ledger.ts';
import { lastSafeStart } from './policy.ts';
import { stayOf, type Walker } from './walk.ts';

/** `tight`: some wait, or sign in where they would renew; `over`: more than the budget carries, or tokens that it costs. */
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
  /** Of the ledger of failed sign-ins alone. */
  readonly ledger?: PlannedLedger | undefined;
}

/** A token that is missing for less is one that was replaced as it died, ms. */
export const LOST_MS = 1_000;
/** Names a budget among all of them. */
export const budgetId = (broker: string, { limit, subject }: Budget): string =>
  `${broker} ${limit} ${subject}`;

/** What the walk through its hours says of a budget. */
export function judged(
  broker: string,
  limit: Limit,
  meter: Meter,
  walkers: readonly Walker[],
  counted: readonly number[],
  ledger: PlannedLedger | undefined,
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
    ...(ledger && { ledger }),
  };
}

/** The worst first; of a limit that each account has for itself, the one that comes nearest to it. */
export function nearestFirst(budgets: readonly PlannedBudget[]): readonly PlannedBudget[] {
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
