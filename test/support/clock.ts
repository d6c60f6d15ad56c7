import type { Clock } from '../../src/core/clock.ts';

/** A clock that stands still until a test moves it, and that can be waited on. */
export interface FakeClock extends Clock {
  /**
   * Moves time on. Everybody whose sleep ends on the way wakes at that very instant, in order, and
   * may go to sleep again within the same move: hours pass at once.
   */
  advance(durationMs: number): Promise<void>;
  /** Moves to the next waking, if anybody sleeps, and says how far that was (ms). */
  next(): Promise<number | undefined>;
  /** How many sleep. */
  sleepers(): number;
  /** Resolves once `count` sleep: what a test started has come to rest. Rejects after 5 real seconds. */
  asleep(count?: number): Promise<void>;
}

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** Starts at an instant (ms); a Saturday at noon, UTC, where none is given. */
export function fakeClock(startAt: number = Date.UTC(2026, 10, 21, 12)): FakeClock {
  let now = startAt;
  const sleeping = new Set<Sleeper>();
  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const watcher of watchers) watcher();
  };
  const first = (): Sleeper | undefined =>
    [...sleeping].reduce<Sleeper | undefined>(
      (best, one) => (best && best.wakeAt <= one.wakeAt ? best : one),
      undefined,
    );
  const moveTo = async (instant: number): Promise<void> => {
    await settle();
    for (let sleeper = first(); sleeper && sleeper.wakeAt <= instant; sleeper = first()) {
      now = Math.max(now, sleeper.wakeAt);
      sleeper.wake();
      await settle();
    }
    now = Math.max(now, instant);
  };

  return {
    now: () => now,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const wake = (): void => {
          sleeping.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { wakeAt: now + Math.max(0, delayMs), wake };
        signal?.addEventListener('abort', wake, { once: true });
        sleeping.add(sleeper);
        changed();
      }),
    advance: (durationMs) => moveTo(now + durationMs),
    next: async () => {
      await settle();
      const sleeper = first();
      if (sleeper === undefined) return undefined;
      const from = now;
      await moveTo(Math.max(now, sleeper.wakeAt));
      return now - from;
    },
    sleepers: () => sleeping.size,
    asleep: (count = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (sleeping.size < count) return;
          end();
          resolve();
        };
        const end = (): void => {
          clearTimeout(limit);
          watchers.delete(look);
        };
        const limit = setTimeout(() => {
          end();
          reject(new Error(`${sleeping.size} sleep on the fake clock, not ${count}`));
        }, 5_000);
        watchers.add(look);
        look();
      }),
  };
}

/** Lets everything that is ready to run do so: promise callbacks, then what they queued. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
