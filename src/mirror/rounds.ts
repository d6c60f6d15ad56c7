import type { Clock } from '../core/clock.ts';

/** One piece of work that many ask for. */
export interface Rounds {
  /** Has it done within this time (ms) and resolves after a round that began later than the call. */
  ask(withinMs: number): Promise<void>;
  /** Resolves when none is under way or waited for; one that is waited for comes at once. */
  settled(): Promise<void>;
  /** The same, and no more after it. */
  close(): Promise<void>;
}

interface Next {
  readonly at: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Rounds never overlap: all that is asked for while one is under way comes in the one after it. */
export function makeRounds(clock: Clock, work: () => Promise<void>): Rounds {
  let next: Next | undefined;
  let underWay: Promise<void> | undefined;
  let alarm: AbortController | undefined;
  let closed = false;

  function ask(withinMs: number): Promise<void> {
    if (closed) return Promise.resolve();
    const at = clock.now() + withinMs;
    if (next === undefined || at < next.at) {
      next = { at, done: next?.done ?? Promise.withResolvers() };
      wake();
    }
    return next.done.promise;
  }

  /** Sets the alarm for the next round; the one under way sets it when it ends. */
  function wake(): void {
    alarm?.abort();
    if (underWay || next === undefined) return;
    alarm = new AbortController();
    void sleepAndRun(next.at, alarm.signal);
  }

  async function sleepAndRun(at: number, signal: AbortSignal): Promise<void> {
    const waitMs = at - clock.now();
    // What is asked for in one go comes in one round, also where there is nothing to wait for.
    await (waitMs > 0 ? clock.sleep(waitMs, signal) : Promise.resolve());
    if (signal.aborted || next === undefined) return;
    const { done } = next;
    next = undefined;
    underWay = work().finally(() => {
      underWay = undefined;
      done.resolve();
      wake();
    });
    await underWay;
  }

  const settled = async (): Promise<void> => {
    if (underWay || next) await ask(0);
  };
  return {
    ask,
    settled,
    async close() {
      const last = settled();
      closed = true;
      await last;
      alarm?.abort();
      next?.done.resolve();
      next = undefined;
    },
  };
}
