import type { Limit, LimitedCall } from './limit.ts';
import { stateAt, type StatusFacts } from './describe.ts';
import type { FailedSignIn } from './ledger.ts';
import { budgetsOf, ledgerOf, type Budget } from './limits.ts';
import { makeMeter, type Meter } from './meter.ts';
import { budgetId, judged, nearestFirst, type PlannedBudget } from './planned-budget.ts';
import type { State } from './state.ts';
import { makeGate, plannedLedger, type Gate } from './planned-ledger.ts';
import {
  plannedCalls,
  walk,
  type PlannedCall,
  type PlannedCount,
  type PlannedRefresh,
  type Slots,
  type Walker,
} from './walk.ts';
import type { Way } from './way.ts';

export type { PlannedBudget, Verdict } from './planned-budget.ts';

/** An account to plan for: what is stored of it, and its way. */
export interface Planned {
  readonly facts: StatusFacts;
  readonly way: Way;
  /** True: what would renew the present session was spent. */
  readonly renewalSpent: boolean;
  /** True: its credentials have signed in before. */
  readonly proven: boolean;
}

export interface PlanParts {
  readonly accounts: readonly Planned[];
  /** A broker's limits, with the numbers that settings give them. */
  readonly limits: (broker: string) => readonly Limit[];
  readonly egress: string;
  /** The calls that each budget has counted in its window, ms, oldest first. */
  readonly counted: (broker: string, budget: Budget) => readonly number[];
  /** The failed sign-ins that a broker's ledger counts in its window, oldest first. */
  readonly failed: (broker: string) => readonly FailedSignIn[];
  readonly from: number;
  readonly hours: number;
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
    if (!limit) return [];
    const ledger = ledgerOf([limit], parts.egress);
    const says = ledger && plannedLedger(ledger, parts.failed(broker), correctedIn(parts, broker), from);
    return judged(broker, limit, meter, walkers, parts.counted(broker, meter.budget), says);
  });
  return { hours, from, budgets: nearestFirst(budgets), refreshes, total, counts, slots };
}

/** Accounts that a refused password would have stopped, and that go on: a person has corrected it. Of one that rests nobody knows. */
const correctedIn = ({ accounts, from }: PlanParts, broker: string): readonly string[] =>
  accounts
    .filter(({ facts }) => facts.broker === broker && goesOn.includes(stateAt(facts, from)))
    .map(({ facts }) => facts.name);

const goesOn: readonly State[] = ['fresh', 'due', 'backing_off', 'expired'];

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
  const gate = gateOf(account, meters, parts);
  // It waits for nothing else: without the ledger it would go now.
  const isHeld = !isLive && facts.reason === 'budget_spent' && gate?.heldUntil(parts.from) !== undefined;
  return {
    name,
    broker,
    by: way.by,
    signsIn: way.signsIn,
    pace: way,
    lifeMs: expiresAt > issuedAt && issuedAt > 0 ? expiresAt - issuedAt : way.lifeMs,
    dueAt: isHeld ? parts.from : dueAt(account, isLive),
    issuedAt: isLive ? issuedAt : 0,
    expiresAt: isLive ? expiresAt : 0,
    renewable: isLive && !account.renewalSpent,
    gate,
    meters: { renewal: metersOf('renewal'), 'sign-in': metersOf('sign-in'), person: metersOf('person') },
  };
}

/** The ledger that holds its sign-ins up while too many have failed. */
function gateOf(
  { facts: { broker }, proven }: Planned,
  meters: ReadonlyMap<string, { readonly meter: Meter }>,
  { limits, egress, failed }: PlanParts,
): Gate | undefined {
  const ledger = ledgerOf(limits(broker), egress);
  const found = ledger && meters.get(budgetId(broker, ledger));
  return found && makeGate(ledger, failed(broker), proven, found.meter);
}

function dueAt({ facts, way }: Planned, isLive: boolean): number {
  // What waits for a person waits now: its looks are no refreshes.
  const isAskedLater = facts.reason === 'asked_later' || facts.reason === 'approval_lapsed';
  if (way.by === 'person') return isLive ? (facts.expiresAt ?? 0) : isAskedLater ? (facts.dueAt ?? 0) : 0;
  if (!isLive) return Math.max(facts.dueAt ?? 0, facts.retryAt ?? 0);
  return Math.max(facts.renewAt ?? 0, facts.retryAt ?? 0);
}
