import type { Budget } from './limits.ts';

/** A budget while a plan is made: what goes out, what would like to, and whom it turns away. Instants in ms. */
export interface Meter {
  readonly budget: Budget;
  /** The calls in its window, oldest first. */
  readonly calls: number[];
  /** Those in it that were wished for, whether they went out or not. */
  readonly wishes: number[];
  /** Most wishes in any window. */
  busiest: number;
  /** Whom it turned away, and when first, by name. */
  readonly held: Map<string, Held>;
}

/** What becomes of an account that a budget turns away. */
export interface Held {
  readonly dueAt: number;
  /** When it goes. */
  until: number;
  /** It signs in instead of waiting. */
  instead: boolean;
  /** How long it has no live token after its present one has ended, ms. */
  gapMs: number;
}

/** A meter that has counted these calls already. */
export function makeMeter(budget: Budget, calls: readonly number[]): Meter {
  return { budget, calls: [...calls], wishes: [...calls], busiest: calls.length, held: new Map() };
}

/** An account would like to make a call. */
export function wish(meter: Meter, at: number): void {
  leaveWindow(meter.wishes, at - meter.budget.windowMs);
  meter.wishes.push(at);
  meter.busiest = Math.max(meter.busiest, meter.wishes.length);
}

/**
 * The one that keeps a step waiting longest, and until when, counted as scripts/budget.lua does; or none. Where
 * a step makes several calls, their meter stands there as often.
 */
export function fullest(
  meters: readonly Meter[],
  at: number,
  isEmergency: boolean,
): { readonly meter: Meter; readonly until: number } | undefined {
  let worst: { readonly meter: Meter; readonly until: number } | undefined;
  const before = new Map<Meter, number>();
  for (const meter of meters) {
    const { budget, calls } = meter;
    leaveWindow(calls, at - budget.windowMs);
    const earlier = before.get(meter) ?? 0;
    before.set(meter, earlier + 1);
    const oldest = calls[calls.length + earlier - (isEmergency ? budget.max : budget.routine)];
    if (oldest === undefined) continue;
    const until = oldest + budget.windowMs + 1;
    if (!worst || until > worst.until) worst = { meter, until };
  }
  return worst;
}

/** An account is turned away. Its first time is kept; a longer wait of it, and anything worse, is added. */
export function hold({ held }: Meter, name: string, now: Held): void {
  const known = held.get(name);
  if (!known) {
    held.set(name, now);
    return;
  }
  if (known.dueAt === now.dueAt) known.until = now.until;
  known.instead ||= now.instead;
  known.gapMs = Math.max(known.gapMs, now.gapMs);
}

function leaveWindow(instants: number[], end: number): void {
  let gone = 0;
  while ((instants[gone] ?? Infinity) <= end) gone += 1;
  if (gone > 0) instants.splice(0, gone);
}
