import type { Budget } from './limits.ts';
import { spentBy, type Planned, type PlanParts } from './plan.ts';
import { budgetId } from './planned-budget.ts';
import { stateAt } from './describe.ts';
import type { PlannedCall } from './walk.ts';

/** When a refresh that finds no room now fits, ms, and which budget it waits for. */
export interface Room {
  readonly until: number;
  readonly budget: Budget;
}

/**
 * Of refreshes that are all wanted at once: those that find no room in the brokers’ budgets yet, by name. The
 * account whose token dies first goes first. Pure, and an estimate: others spend the same budgets meanwhile.
 */
export function lackingRoom(parts: Omit<PlanParts, 'hours'>): ReadonlyMap<string, Room> {
  const spent = new Map<string, number[]>();
  const lacking = new Map<string, Room>();
  const endOf = ({ facts }: Planned): number => facts.expiresAt ?? 0;
  for (const account of [...parts.accounts].sort((a, b) => endOf(a) - endOf(b))) {
    const call = callNow(account, parts.from);
    if (call === undefined) continue;
    const wanted = Map.groupBy(spentBy(account, call, parts), (budget) =>
      budgetId(account.facts.broker, budget),
    );
    const isDead = endOf(account) <= parts.from;
    let at = parts.from;
    let full: Budget | undefined;
    for (;;) {
      const late = [...wanted].flatMap(([id, [budget, ...others]]) => {
        if (!budget) return [];
        const calls = spent.get(id) ?? [...parts.counted(account.facts.broker, budget)];
        spent.set(id, calls);
        const until = freeAt(calls, budget, others.length + 1, isDead, at);
        return until > at ? [{ until, budget }] : [];
      });
      const worst = late.sort((a, b) => b.until - a.until)[0];
      if (!worst) break;
      at = worst.until;
      full = worst.budget;
    }
    for (const [id, budgets] of wanted) {
      if (budgets[0]?.counts !== 'every-call') continue;
      const calls = [...(spent.get(id) ?? []), ...budgets.map(() => at)];
      spent.set(
        id,
        calls.sort((a, b) => a - b),
      );
    }
    if (full) lacking.set(account.facts.name, { until: at, budget: full });
  }
  return lacking;
}

/** What would be called for it now; undefined where nothing would. */
function callNow({ facts, way, renewalSpent }: Planned, now: number): PlannedCall | undefined {
  if (way.by === 'person' || ['disabled', 'paused', 'stopped'].includes(stateAt(facts, now)))
    return undefined;
  const isRenewable = (facts.expiresAt ?? 0) > now && !renewalSpent;
  return isRenewable || !way.signsIn ? way.by : 'sign-in';
}

/** When a budget has room for so many calls; `at` where it has. As scripts/budget.lua counts. */
function freeAt(
  calls: readonly number[],
  { max, routine, windowMs }: Budget,
  cost: number,
  isDead: boolean,
  at: number,
): number {
  const cap = isDead ? max : routine;
  const counted = calls.filter((call) => call > at - windowMs);
  const oldest = counted[counted.length + Math.min(cost, cap) - cap - 1];
  return oldest === undefined ? at : oldest + windowMs + 1;
}
