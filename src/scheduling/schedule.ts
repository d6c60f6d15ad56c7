import { atMost } from '../core/at-most.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { makeLooks } from './looks.ts';
import { openBrokerQueue, openTickQueue, type BrokerQueue, type QueueParts } from './queues.ts';
import { makeTicks, type DueAccounts } from './ticks.ts';
import { makeWatchdog, type WatchdogParts } from './watchdog.ts';

/** Between the ticks of the job schedulers, each process looks for itself: it recovers faster. */
const OWN_TICK_MS = 250;
const WATCH_MS = 2_000;
const SWEEP_MS = 30_000;
const BEAT_MS = 5_000;
/** What fails again and again is said once in this time. */
const SAY_AGAIN_MS = 60_000;
/** An account that waits this long between being due and being looked at is late. */
const LATE_MS = 15_000;
/** No tick for this long: the schedule stands still. */
const STILL_MS = 30_000;

export interface ScheduleParts
  extends QueueParts, Pick<WatchdogParts, 'elapsed' | 'isEmptied' | 'lookAtAll' | 'giveUp' | 'sweep'> {
  readonly brokers: readonly string[];
  readonly concurrency: number;
  readonly due: DueAccounts &
    WatchdogParts['due'] & {
      /** When the one that waits longest in the queue was put there, ms. */
      waitingSince(broker: string): Promise<number | undefined>;
      /** Counts a due account as claimed: no tick queues it while it is looked at. */
      defer(broker: string, name: string, now: number): Promise<void>;
    };
  readonly clock: Clock;
  readonly log: Log;
  /** One look at one account; must not throw for what a broker does. */
  readonly look: (broker: string, name: string) => Promise<void>;
  /** Re-arms TTLs that fall due. */
  readonly rearm: () => Promise<void>;
  /** Shows other processes that this one lives. */
  readonly beat: () => Promise<void>;
}

export interface Schedule {
  /** Looks for due accounts of a broker now. */
  nudge(broker: string): void;
  /** Looks at a due account at once, past the queue, or where there is no room for that like `nudge`. */
  lookNow(broker: string, name: string): void;
  /** Reasons why the schedule is not on time, in words. */
  lateness(): Promise<readonly string[]>;
  /** Takes no new work; what is under way may finish within the grace. */
  stop(graceMs: number): Promise<void>;
}

/** Opens the queues and keeps the schedule running until `stop`. */
export async function startSchedule(parts: ScheduleParts): Promise<Schedule> {
  const { clock, log, due } = parts;
  const looks = new Map(
    parts.brokers.map((broker) => [
      broker,
      makeLooks(
        parts.concurrency,
        (name) => parts.look(broker, name),
        (account, error) =>
          log.warn(
            {
              event: 'job.failed',
              broker,
              account,
              error: error instanceof Error ? error.message : 'unknown',
            },
            'A look failed; its account becomes due again by itself.',
          ),
      ),
    ]),
  );
  const open = (broker: string): BrokerQueue =>
    openBrokerQueue(parts, broker, parts.concurrency, parts.elapsed, async (name) =>
      looks.get(broker)?.queued(name),
    );
  const queues = new Map(parts.brokers.map((broker) => [broker, open(broker)]));
  const ticks = makeTicks({ due, clock, log, queue: (broker) => queues.get(broker) });
  const tickQueue = openTickQueue(parts, Math.max(1, parts.brokers.length), async (broker) => {
    await due.noteTick(broker, clock.now());
    await ticks.tick(broker);
  });
  await Promise.all(parts.brokers.map((broker) => tickQueue.ensure(broker)));
  const watch = makeWatchdog({ ...parts, queues: [...queues.values()], tickQueue, ticks });

  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  /** Runs `work` every `everyMs` until the stop; a failure is said and tried again. */
  async function repeat(what: string, everyMs: number, work: () => Promise<unknown>): Promise<void> {
    let saidAt = -SAY_AGAIN_MS;
    while (!isStopping()) {
      try {
        await work();
        saidAt = -SAY_AGAIN_MS;
      } catch (error) {
        if (clock.now() - saidAt < SAY_AGAIN_MS || isStopping()) continue;
        saidAt = clock.now();
        const why = error instanceof Error ? error.message : 'unknown';
        log.warn({ event: 'schedule.trouble', what, error: why }, `The ${what} failed and is tried again.`);
      } finally {
        await clock.sleep(everyMs, stopping.signal);
      }
    }
  }
  const loops = [
    ...parts.brokers.map((broker) => repeat(`tick of ${broker}`, OWN_TICK_MS, () => ticks.tick(broker))),
    repeat('re-arming', OWN_TICK_MS, parts.rearm),
    repeat('sweep', SWEEP_MS, parts.sweep),
    repeat('heartbeat', BEAT_MS, parts.beat),
    repeat('watchdog', WATCH_MS, watch),
  ];

  async function latenessOf(broker: string): Promise<readonly string[]> {
    const now = clock.now();
    const since = await due.waitingSince(broker);
    const seconds = (from: number): number => Math.round((now - from) / 1000);
    return [
      ...(since !== undefined && now - since > LATE_MS
        ? [`accounts of ${broker} have been waiting for a free login for ${seconds(since)} s`]
        : []),
      ...(now - ticks.lastAt(broker) > STILL_MS
        ? [`no tick of ${broker} for ${seconds(ticks.lastAt(broker))} s`]
        : []),
    ];
  }

  const nudge = (broker: string): void => {
    if (!isStopping()) ticks.tick(broker).catch(() => undefined);
  };

  return {
    nudge,
    lookNow(broker, name) {
      if (isStopping()) return;
      // Sent before all that the look sends, so that what the look says of the next one holds.
      const first = (): void => void due.defer(broker, name, clock.now()).catch(() => undefined);
      if (looks.get(broker)?.now(name, first) !== true) nudge(broker);
    },
    lateness: async () => (await Promise.all(parts.brokers.map(latenessOf))).flat(),
    async stop(graceMs) {
      stopping.abort();
      const closing = [...queues.values()].map((queue) => queue.close(graceMs));
      const ended = [...looks.values()].map((each) => atMost(clock, graceMs, each.ended()));
      await Promise.all([...closing, ...ended, tickQueue.close(graceMs), ...loops]);
    },
  };
}
