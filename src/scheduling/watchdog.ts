import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { BrokerQueue, TickQueue } from './queues.ts';
import type { Ticks } from './ticks.ts';

/** A scheduler that has not fired for this long is made anew. */
const TICK_LATE_MS = 10_000;
/** Jobs that wait this long while the worker stands idle: the worker is wedged and replaced. */
const WEDGED_MS = 10_000;
/** Within this time a claimed account has its job in the queue: an empty queue later than that lost it. */
const ADDED_MS = 5_000;
/** Rebuilt this often without effect, the process ends and its supervisor starts a new one. */
const REBUILDS = 3;
/** Redis answers and yet no tick went through for this long: only a new process helps. */
const TICK_DEAD_MS = 60_000;
/** The clock was moved by more than this between two looks. */
const JUMP_MS = 10_000;

export interface WatchdogParts {
  readonly due: {
    /** Takes all accounts that were queued before `before` off the list of those that wait. */
    unqueueLost(broker: string, before: number): Promise<void>;
    /** A job scheduler has fired. */
    noteTick(broker: string, at: number): Promise<void>;
    lastTick(broker: string): Promise<number | undefined>;
  };
  readonly queues: readonly BrokerQueue[];
  readonly tickQueue: TickQueue;
  readonly ticks: Ticks;
  readonly clock: Clock;
  /** Time that is never set, ms. */
  readonly elapsed: () => number;
  readonly log: Log;
  /** True where somebody emptied Redis: schedulers and index are gone as well. */
  readonly isEmptied: () => Promise<boolean>;
  readonly sweep: () => Promise<void>;
  /** Makes every account due now. */
  readonly lookAtAll: () => Promise<void>;
  /** The schedule cannot be mended from inside. */
  readonly giveUp: (reason: string) => void;
}

/** Notices a schedule that has stopped and mends it; to be called every few seconds. */
export function makeWatchdog(parts: WatchdogParts): () => Promise<void> {
  const { clock, due, log, queues, tickQueue } = parts;
  const startedAt = clock.now();
  const idleSince = new Map<string, number>();
  const rebuilds = new Map<string, number>();
  let last = { wall: clock.now(), elapsed: parts.elapsed() };

  /** Due times are instants: after a jump of the clock they mean nothing, and only records tell. */
  async function watchClock(): Promise<void> {
    const now = { wall: clock.now(), elapsed: parts.elapsed() };
    const jumped = now.wall - last.wall - (now.elapsed - last.elapsed);
    last = now;
    if (Math.abs(jumped) < JUMP_MS) return;
    log.warn(
      { event: 'clock.jumped', byMs: Math.round(jumped) },
      `The clock was moved by ${Math.round(jumped / 1000)} s; looking at every account.`,
    );
    await parts.lookAtAll();
  }

  async function watchScheduler(broker: string): Promise<void> {
    const now = clock.now();
    // Kept in Redis: a tick goes to one of several processes.
    const lastTick = Math.max(startedAt, (await due.lastTick(broker)) ?? 0);
    if (now - lastTick > TICK_LATE_MS) {
      log.warn(
        { event: 'schedule.mended', broker },
        `The job scheduler of ${broker} had stopped; it was made anew.`,
      );
      await tickQueue.ensure(broker);
      await due.noteTick(broker, now);
    }
    if (now - Math.max(startedAt, parts.ticks.lastAt(broker)) > TICK_DEAD_MS) {
      parts.giveUp(`no tick of ${broker} has gone through for ${TICK_DEAD_MS / 1000} s though Redis answers`);
    }
  }

  async function watchWorker(queue: BrokerQueue): Promise<void> {
    const { broker } = queue;
    const now = clock.now();
    const waiting = await queue.waiting();
    if (waiting === 0) await due.unqueueLost(broker, now - ADDED_MS);
    const idle = waiting > 0 && queue.underWay() === 0 && now - queue.lastBegunAt() > WEDGED_MS;
    if (!idle) {
      idleSince.delete(broker);
      if (queue.underWay() > 0) rebuilds.delete(broker);
      return;
    }
    const since = idleSince.get(broker) ?? now;
    idleSince.set(broker, since);
    if (now - since < WEDGED_MS) return;
    idleSince.delete(broker);
    const times = (rebuilds.get(broker) ?? 0) + 1;
    rebuilds.set(broker, times);
    if (times > REBUILDS) {
      parts.giveUp(`the worker of ${broker} takes no jobs, also after ${REBUILDS} replacements`);
      return;
    }
    log.error(
      { event: 'worker.rebuilt', broker, times },
      `The worker of ${broker} took no jobs; it was replaced.`,
    );
    queue.rebuild();
  }

  return async () => {
    await watchClock();
    if (await parts.isEmptied()) {
      log.error({ event: 'redis.emptied' }, 'Redis was emptied; building everything anew.');
      await parts.sweep();
      await Promise.all(queues.map((queue) => tickQueue.ensure(queue.broker)));
    }
    for (const queue of queues) {
      await watchScheduler(queue.broker);
      await watchWorker(queue);
    }
  };
}
