import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { openBrokerQueue, openTickQueue, type BrokerQueue, type QueueParts } from './queues.ts';
import { makeTicks, type DueAccounts } from './ticks.ts';

/** Between the ticks of the job schedulers, each process looks for itself: it recovers faster. */
const OWN_TICK_MS = 250;
const WATCH_MS = 2_000;
/** A scheduler that has not fired for this long is made anew. */
const TICK_LATE_MS = 10_000;
/** Jobs that wait this long while the worker stands idle: the worker is wedged and replaced. */
const WEDGED_MS = 10_000;
/** Rebuilt this often without effect, the process ends and its supervisor starts a new one. */
const REBUILDS = 3;
/** An account this far past its due time is late. */
const LATE_MS = 15_000;

export interface ScheduleParts extends Omit<QueueParts, 'log'> {
  readonly brokers: readonly string[];
  readonly concurrency: number;
  readonly due: DueAccounts & { earliest(broker: string): Promise<number | undefined> };
  readonly clock: Clock;
  readonly log: Log;
  /** One look at one account; must not throw for what a broker does. */
  readonly look: (name: string) => Promise<void>;
  /** Called every 30 s and after trouble: gives every account without a next action one. */
  readonly sweep: () => Promise<void>;
  /** True where somebody emptied Redis: schedulers and index are gone as well. */
  readonly isEmptied: () => Promise<boolean>;
  /** Re-arms TTLs that fall due. */
  readonly rearm: () => Promise<void>;
  /** The schedule cannot be mended from inside. */
  readonly giveUp: (reason: string) => void;
}

export interface Schedule {
  /** Looks for due accounts of a broker now. */
  nudge(broker: string): void;
  /** Reasons why the schedule is not on time, in words. */
  lateness(): Promise<readonly string[]>;
  stop(graceMs: number): Promise<void>;
}

const SWEEP_MS = 30_000;

/** Opens the queues and keeps the schedule running until `stop`. */
export async function startSchedule(parts: ScheduleParts): Promise<Schedule> {
  const { clock, log } = parts;
  const queues = new Map<string, BrokerQueue>(
    parts.brokers.map((broker) => [
      broker,
      openBrokerQueue(parts, broker, parts.concurrency, () => clock.now(), parts.look),
    ]),
  );
  const ticks = makeTicks({ due: parts.due, clock, log, queue: (broker) => queues.get(broker) });
  /** When a job scheduler last fired, which is not the same as when we last looked ourselves. */
  const firedAt = new Map<string, number>(parts.brokers.map((broker) => [broker, clock.now()]));
  const tickQueue = openTickQueue(parts, Math.max(1, parts.brokers.length), async (broker) => {
    firedAt.set(broker, clock.now());
    await ticks.tick(broker);
  });
  await Promise.all(parts.brokers.map((broker) => tickQueue.ensure(broker)));

  const stopping = new AbortController();
  const idleSince = new Map<string, number>();
  const rebuilds = new Map<string, number>();

  async function watchBroker(queue: BrokerQueue): Promise<void> {
    const now = clock.now();
    if (now - (firedAt.get(queue.broker) ?? 0) > TICK_LATE_MS) {
      log.warn(
        { event: 'schedule.mended', broker: queue.broker },
        `The job scheduler of ${queue.broker} had stopped; it was made anew.`,
      );
      await tickQueue.ensure(queue.broker);
      firedAt.set(queue.broker, now);
    }
    const wedged =
      (await queue.waiting()) > 0 && queue.underWay() === 0 && now - queue.lastBegunAt() > WEDGED_MS;
    if (!wedged) {
      idleSince.delete(queue.broker);
      if (queue.underWay() > 0) rebuilds.delete(queue.broker);
      return;
    }
    const since = idleSince.get(queue.broker) ?? now;
    idleSince.set(queue.broker, since);
    if (now - since < WEDGED_MS) return;
    const times = (rebuilds.get(queue.broker) ?? 0) + 1;
    rebuilds.set(queue.broker, times);
    idleSince.delete(queue.broker);
    if (times > REBUILDS)
      return parts.giveUp(
        `the worker of ${queue.broker} takes no jobs, also after ${REBUILDS} restarts of it`,
      );
    log.error(
      { event: 'worker.rebuilt', broker: queue.broker, times },
      `The worker of ${queue.broker} took no jobs; it was replaced.`,
    );
    await queue.rebuild();
  }

  /** Runs `work` every `everyMs` until the stop; a failure is said and tried again. */
  async function repeat(what: string, everyMs: number, work: () => Promise<unknown>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn(
          { event: 'schedule.trouble', what, error: error instanceof Error ? error.message : 'unknown' },
          `The ${what} failed and is tried again.`,
        );
      }
      await clock.sleep(everyMs, stopping.signal);
    }
  }

  const loops = [
    ...parts.brokers.map((broker) => repeat(`tick of ${broker}`, OWN_TICK_MS, () => ticks.tick(broker))),
    repeat('re-arming', OWN_TICK_MS, parts.rearm),
    repeat('sweep', SWEEP_MS, parts.sweep),
    repeat('watchdog', WATCH_MS, async () => {
      if (await parts.isEmptied()) {
        log.error({ event: 'redis.emptied' }, 'Redis was emptied; building everything anew.');
        await parts.sweep();
        await Promise.all(parts.brokers.map((broker) => tickQueue.ensure(broker)));
      }
      for (const queue of queues.values()) await watchBroker(queue);
    }),
  ];

  return {
    nudge(broker) {
      if (!stopping.signal.aborted) ticks.tick(broker).catch(() => undefined);
    },
    async lateness() {
      const reasons: string[] = [];
      for (const broker of parts.brokers) {
        const now = clock.now();
        const earliest = await parts.due.earliest(broker);
        if (earliest !== undefined && now - earliest > LATE_MS)
          reasons.push(
            `accounts of ${broker} are ${Math.round((now - earliest) / 1000)} s past their due time`,
          );
        if (now - ticks.lastAt(broker) > 30_000)
          reasons.push(`no tick of ${broker} for ${Math.round((now - ticks.lastAt(broker)) / 1000)} s`);
      }
      return reasons;
    },
    async stop(graceMs) {
      stopping.abort();
      await Promise.all(
        [...queues.values()].map((queue) => queue.close(graceMs)).concat(tickQueue.close(graceMs), ...loops),
      );
    },
  };
}
