import type { Clock } from '../../src/core/clock.ts';

/** Something that happens at an instant; a promise it returns is real work and holds time up. */
export type Happening = () => void | Promise<void>;

/** Virtual time: what happens next happens at once, and everything it sets off is done before time moves on. */
export interface Timeline {
  /** Ms since the epoch. */
  now(): number;
  /** Plans a happening; what is planned for the past happens now. */
  at(instant: number, happening: Happening): { cancel(): void };
  after(delayMs: number, happening: Happening): { cancel(): void };
  /** Lets time pass until `instant`. Rejects with what a happening or the check threw. */
  runUntil(instant: number): Promise<void>;
  /** How many happenings there were. */
  steps(): number;
}

interface Planned {
  readonly at: number;
  /** Among those of one instant the first planned comes first. */
  readonly order: number;
  happening: Happening | undefined;
}

/** So often the machine's own event loop gets its turn. */
const BREATH = 4_096;

/** @param check what must hold after every step; it throws where it does not */
export function makeTimeline(startAt: number, check: () => void): Timeline {
  const heap: Planned[] = [];
  let now = startAt;
  let order = 0;
  let steps = 0;

  const at: Timeline['at'] = (instant, happening) => {
    const planned: Planned = { at: Math.max(now, instant), order: order++, happening };
    push(heap, planned);
    return {
      cancel: () => {
        planned.happening = undefined;
      },
    };
  };

  return {
    now: () => now,
    at,
    after: (delayMs, happening) => at(now + delayMs, happening),
    steps: () => steps,
    async runUntil(instant) {
      await drained();
      for (let next = heap[0]; next && next.at <= instant; next = heap[0]) {
        pop(heap);
        const { happening } = next;
        if (!happening) continue;
        now = next.at;
        steps += 1;
        const work = happening();
        if (work) await work;
        await (steps % BREATH === 0 ? breath() : drained());
        check();
      }
      now = Math.max(now, instant);
    },
  };
}

/**
 * Resolves once every promise callback that could run has run, and those that they queued: the tick is
 * asked for from within the microtask queue, and its turn comes when that queue is empty.
 */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    queueMicrotask(() => process.nextTick(resolve));
  });
}

const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function isBefore(a: Planned, b: Planned): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

function push(heap: Planned[], planned: Planned): void {
  let i = heap.push(planned) - 1;
  while (i > 0) {
    const above = (i - 1) >> 1;
    const parent = heap[above];
    if (!parent || !isBefore(planned, parent)) break;
    heap[i] = parent;
    i = above;
  }
  heap[i] = planned;
}

function pop(heap: Planned[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let i = 0;
  for (;;) {
    const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
    const least = left && right ? (isBefore(right, left) ? right : left) : left;
    if (!least || !isBefore(least, last)) break;
    const from = least === right ? 2 * i + 2 : 2 * i + 1;
    heap[i] = least;
    i = from;
  }
  heap[i] = last;
}

/** A clock over the timeline alone: for what belongs to no process. */
export function clockOf(timeline: Timeline): Clock {
  return {
    now: timeline.now,
    sleep: (delayMs, signal) => sleepOn(timeline, delayMs, signal, (wake) => wake()),
  };
}

/** A sleep that ends after `delayMs` or with `signal`; `deliver` decides when (or whether) it is felt. */
export function sleepOn(
  timeline: Timeline,
  delayMs: number,
  signal: AbortSignal | undefined,
  deliver: (wake: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      planned.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const planned = timeline.after(Math.max(0, delayMs), () => deliver(end));
    signal?.addEventListener('abort', end, { once: true });
  });
}
