import type { RefreshPolicy } from './policy.ts';
import { makeHeap } from './heap.ts';
import { fullest, hold, wish, type Meter } from './meter.ts';
import type { Gate } from './planned-ledger.ts';
import { drawRenewAt, lastSafeStart } from './policy.ts';

/** What brings an account its next token; `person`: nothing that the service could call. */
export const plannedCalls = ['renewal', 'sign-in', 'person'] as const;
export type PlannedCall = (typeof plannedCalls)[number];

/** When an account acts on its token. */
export type Pace = Pick<RefreshPolicy, 'dueAtShare' | 'jitterShare' | 'timeoutMs'>;

/** One account on its way through the hours of a plan. Instants and lives in ms. */
export interface Walker {
  readonly name: string;
  readonly broker: string;
  readonly by: PlannedCall;
  /** True: a renewal that finds no room in time is replaced by a sign-in. */
  readonly signsIn: boolean;
  readonly pace: Pace;
  readonly lifeMs: number;
  readonly dueAt: number;
  /** Of the present token; both 0 where there is none. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** True: the present session can be renewed. */
  readonly renewable: boolean;
  /** What holds its sign-ins up while too many have failed. */
  readonly gate?: Gate | undefined;
  /** What each call spends. */
  readonly meters: Readonly<Record<PlannedCall, readonly Meter[]>>;
}

/** A refresh that the plan foresees. */
export interface PlannedRefresh {
  readonly name: string;
  readonly broker: string;
  readonly call: PlannedCall;
  readonly at: number;
}

/** How many refreshes fall into each of the equal parts of the hours, by broker. */
export type Slots = ReadonlyMap<string, readonly number[]>;

/** Into so many parts the hours of a plan are cut: those of a day into quarters of an hour. */
export const SLOTS = 96;

export interface Walked {
  /** In order, at most as many as were asked for; the next one of every account is among them first. */
  readonly refreshes: readonly PlannedRefresh[];
  /** How many there are in all; past the walk's last step, as many as the accounts' pace makes. */
  readonly total: number;
  /** The same, by broker and call. */
  readonly counts: readonly PlannedCount[];
  readonly slots: Slots;
}

/** How many calls of a kind the refreshes of a broker's accounts come to. */
export interface PlannedCount {
  readonly broker: string;
  readonly call: PlannedCall;
  readonly count: number;
}

/** More would hold up the service that makes the plan: one-minute tokens wait beside it. */
const MOST_STEPS = 30_000;

interface Step {
  readonly at: number;
  readonly place: number;
  readonly walker: Walker;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly renewable: boolean;
  /** When it first wished for this refresh. */
  readonly since: number | undefined;
}

/** How long an account stays with one token, ms. Jitter is taken at its mean, so that a plan stays what it is. */
export function stayOf({ by, lifeMs, pace }: Pick<Walker, 'by' | 'lifeMs' | 'pace'>): number {
  return by === 'person'
    ? lifeMs
    : Math.max(
        1,
        drawRenewAt(0, lifeMs, pace, () => 0.5),
      );
}

/**
 * Walks through the refreshes from `from` to `to` (ms), each as the engine would make it: when it is due,
 * where its budgets have room, else later or by a sign-in. Failures that are still to come, and the ramp of a first
 * start, are not foreseen. Fills the meters; lists the first `keep` refreshes.
 */
export function walk(walkers: readonly Walker[], from: number, to: number, keep: number): Walked {
  // Whose token dies first goes first; of several alike always the same, so that each round turns away the same.
  const steps = makeHeap<Step>((a, b) => (a.at - b.at || a.expiresAt - b.expiresAt || a.place - b.place) < 0);
  for (const [place, walker] of walkers.entries()) {
    const { issuedAt, expiresAt, renewable } = walker;
    const at = Math.max(from, walker.dueAt);
    steps.add({ at, place, walker, issuedAt, expiresAt, renewable, since: undefined });
  }
  const list = makeList(keep, from, to);
  let step = steps.take();
  for (let taken = 0; step && step.at <= to && taken < MOST_STEPS; taken++) {
    const { next, call } = look(step);
    steps.add(next);
    if (call) list.add(step, call);
    step = steps.take();
  }
  for (; step && step.at <= to; step = steps.take()) {
    list.add(step, callOf(step), 1 + Math.floor((to - step.at) / stayOf(step.walker)));
  }
  return list.walked();
}

/**
 * The next refresh of every account, then whatever comes first: a few tokens of a minute would else crowd
 * out those of a day.
 */
function makeList(
  keep: number,
  from: number,
  to: number,
): {
  add(step: Step, call: PlannedCall, count?: number): void;
  walked(): Walked;
} {
  const next = new Map<string, PlannedRefresh>();
  const others: PlannedRefresh[] = [];
  const counts = new Map<string, PlannedCount>();
  const slots = new Map<string, number[]>();
  let total = 0;
  const addToSlots = (broker: string, at: number, count: number, stayMs: number): void => {
    const theirs = slots.get(broker) ?? Array.from({ length: SLOTS }, () => 0);
    slots.set(broker, theirs);
    for (let i = 0; i < count; i++) {
      const slot = Math.floor((SLOTS * (at + i * stayMs - from)) / Math.max(1, to - from));
      theirs[Math.min(SLOTS - 1, slot)] = (theirs[Math.min(SLOTS - 1, slot)] ?? 0) + 1;
    }
  };
  return {
    add({ walker, at }, call, count = 1) {
      const { name, broker } = walker;
      total += count;
      addToSlots(broker, at, count, stayOf(walker));
      const before = counts.get(`${broker} ${call}`)?.count ?? 0;
      counts.set(`${broker} ${call}`, { broker, call, count: before + count });
      if (!next.has(name)) next.set(name, { name, broker, call, at });
      else if (others.length < keep) others.push({ name, broker, call, at });
    },
    walked() {
      const refreshes = [...next.values(), ...others].slice(0, keep).sort((a, b) => a.at - b.at);
      return { refreshes, total, counts: [...counts.values()], slots };
    },
  };
}

/** One look at an account that is due: it refreshes by `call`, or comes back later. */
function look(step: Step): { readonly next: Step; readonly call?: PlannedCall } {
  const { walker, at, since = at } = step;
  const safeUntil = lastSafeStart(step.issuedAt, step.expiresAt, walker.pace);
  const isEmergency = at >= Math.min(safeUntil, step.expiresAt);
  const call = callOf(step);
  const spent = walker.meters[call];
  if (step.since === undefined) for (const meter of spent) wish(meter, at);

  const full = fullest(spent, at, isEmergency) ?? heldUp(walker, call, at);
  if (!full) return { next: refreshed(step, call), call };
  if (call !== 'renewal' || !walker.signsIn || full.until <= safeUntil) {
    return { next: waiting(step, since, full) };
  }
  const others = walker.meters['sign-in'];
  for (const meter of others) if (step.since === undefined && !spent.includes(meter)) wish(meter, at);
  const alsoFull = fullest(others, at, isEmergency) ?? heldUp(walker, 'sign-in', at);
  if (alsoFull) return { next: waiting(step, since, alsoFull) };
  hold(full.meter, walker.name, { dueAt: since, until: at, instead: true, gapMs: 0 });
  return { next: refreshed(step, 'sign-in'), call: 'sign-in' };
}

/** The ledger of failed sign-ins, where it lets no sign-in of the account out. */
function heldUp(
  { gate }: Walker,
  call: PlannedCall,
  at: number,
): { readonly meter: Meter; readonly until: number } | undefined {
  const until = call === 'sign-in' ? gate?.heldUntil(at) : undefined;
  return gate && until !== undefined ? { meter: gate.meter, until } : undefined;
}

/** A session that has ended, or was spent, is not renewed. */
function callOf({ walker: { by }, renewable, at, expiresAt }: Step): PlannedCall {
  return by === 'renewal' && !(renewable && at < expiresAt) ? 'sign-in' : by;
}

/** The account with its new token. */
function refreshed({ walker, place, at }: Step, call: PlannedCall): Step {
  for (const { calls } of walker.meters[call]) calls.push(at);
  return {
    walker,
    place,
    at: at + stayOf(walker),
    issuedAt: at,
    expiresAt: at + walker.lifeMs,
    renewable: walker.by === 'renewal',
    since: undefined,
  };
}

function waiting(
  step: Step,
  since: number,
  { meter, until }: { readonly meter: Meter; readonly until: number },
): Step {
  // Who has no token yet loses none by waiting for its turn; what the failures of others hold back is without one for them.
  const without = meter === step.walker.gate?.meter ? since : until;
  const gapMs = Math.max(0, until - (step.expiresAt > 0 ? step.expiresAt : without));
  hold(meter, step.walker.name, { dueAt: since, until, instead: false, gapMs });
  return { ...step, at: until, since };
}
