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
/** Redis answers all this time and yet no tick went through: only a new process helps. */
const TICK_DEAD_MS = 60_000;
/** The last tick before that is waited for this long. */
const LAST_TICK_MS = 10_000;
/** Two looks lie further apart: this process was stopped, or Redis hung, in between. */
const LOOKS_APART_MS = 10_000;
/** The clock was moved by more than this between two looks. */
const JUMP_MS = 10_000;

export interface WatchdogParts {
  readonly due: {
    /** Takes all accounts that were queued before `before` off the list of those that wait; they are due now. */
    unqueueLost(broker: string, before: number, now: number): Promise<void>;
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
  const { elapsed } = parts;
  const startedAt = clock.now();
  /** Since when each look found Redis answering, by the time that is never set; undefined: the last one did not. */
  let answering: { readonly since: number; readonly until: number } | undefined;
  /** The last tick of each broker, and when it was first seen, by the same time. */
  const seenTicks = new Map<string, { readonly at: number; readonly seenAt: number }>();
  const idleSince = new Map<string, number>();
  const rebuilds = new Map<string, number>();
  let last = { wall: clock.now(), elapsed: elapsed() };

  /** Due times are instants: after a jump of the clock they mean nothing, and only records tell. */
  async function watchClock(): Promise<void> {
    const now = { wall: clock.now(), elapsed: elapsed() };
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
  }

  /**
   * An outage, a suspended machine and a clock that is set look like dead ticks to the first look after
   * them. So Redis must have answered all the while, and one more tick is waited for.
   */
  async function watchTicks(broker: string): Promise<void> {
    const at = parts.ticks.lastAt(broker);
    const seen = seenTicks.get(broker);
    const now = elapsed();
    if (seen?.at !== at) {
      seenTicks.set(broker, { at, seenAt: now });
      return;
    }
    if (!answering || now - Math.max(answering.since, seen.seenAt) <= TICK_DEAD_MS) return;
    const done = new AbortController();
    const late = clock.sleep(LAST_TICK_MS, done.signal).then(() => false);
    const tick = parts.ticks.tick(broker).then(
      () => true,
      () => false,
    );
    const isAlive = await Promise.race([tick, late]);
    done.abort();
    if (isAlive) return;
    parts.giveUp(`no tick of ${broker} has gone through for ${TICK_DEAD_MS / 1000} s though Redis answers`);
  }

  async function watchWorker(queue: BrokerQueue): Promise<void> {
    const { broker } = queue;
    const now = elapsed();
    const waiting = await queue.waiting();
    if (waiting === 0) await due.unqueueLost(broker, clock.now() - ADDED_MS, clock.now());
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

  async function look(): Promise<void> {
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
  }

  return async () => {
    const isAlone = answering === undefined || elapsed() - answering.until > LOOKS_APART_MS;
    if (isAlone) answering = undefined;
    try {
      await look();
    } catch (error) {
      answering = undefined;
      throw error;
    }
    const now = elapsed();
    answering = { since: answering?.since ?? now, until: now };
    for (const { broker } of queues) await watchTicks(broker);
  };
}
