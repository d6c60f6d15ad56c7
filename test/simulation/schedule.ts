import { brokers } from '../../src/brokers/index.ts';
import type { Log } from '../../src/core/log.ts';
import type { DueIndex } from '../../src/redis/due.ts';
import { keys } from '../../src/redis/keys.ts';
import type { BrokerQueue } from '../../src/scheduling/queues.ts';
import { makeTicks } from '../../src/scheduling/ticks.ts';
import { makeWatchdog } from '../../src/scheduling/watchdog.ts';
import type { JobBoard } from './jobs.ts';
import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import type { RedisNet } from './redis-net.ts';
import type { RedisServer } from './redis/server.ts';
import type { Timeline } from './timeline.ts';

export interface ScheduleParts {
  readonly life: Life;
  readonly log: Log;
  readonly dice: Dice;
  readonly timeline: Timeline;
  readonly redisNet: RedisNet;
  readonly redisServer: RedisServer;
  readonly jobs: JobBoard;
  readonly due: DueIndex;
  /** One round trip: rejects where Redis is away. */
  readonly ping: () => Promise<unknown>;
  readonly concurrency: number;
  readonly look: (broker: string, name: string) => Promise<void>;
  readonly rearm: () => Promise<void>;
  readonly sweep: () => Promise<void>;
  /** What the heartbeats of all living processes have written by now; see `World`. */
  readonly beatAll: () => void;
  readonly lookAtAll: () => Promise<void>;
  readonly isEmptied: () => Promise<boolean>;
  readonly sweepEveryMs: number;
  /** Another text whenever something has changed that a sweep looks at. */
  readonly revision: () => string;
  /** Something has happened that never may. */
  readonly defect: (what: string) => void;
}

/** What src/scheduling/schedule.ts does with BullMQ, on the board of jobs. */
export interface SimulatedSchedule {
  nudge(broker: string): void;
  /** Looks at this account, which is due, at once where there is room. */
  lookNow(broker: string, name: string): void;
  /** True while a look is under way that no job asked for. */
  isBusy(): boolean;
  /** Looks for what is due by now, for whoever changed an index. */
  replan(): void;
  /** Something happened that the watchdog would notice within seconds. */
  alarm(): void;
  stop(): void;
}

const OWN_TICK_MS = 250;
const WATCH_MS = 2_000;
/** An account that was claimed this long ago has its job in the queue, or the job is lost. */
const LOST_MS = 5_001;
/** The share of the sweeps that are made though nothing has changed. */
const CONTROL = 0.05;

export function startSchedule(parts: ScheduleParts): SimulatedSchedule {
  const { life, timeline, log, dice, jobs, due, redisNet } = parts;
  const { clock } = life;
  let isOpen = true;
  const phases = new Map(brokers.map(({ name }) => [name, dice.whole(0, OWN_TICK_MS - 1)]));

  const queueOf = (broker: string): BrokerQueue => ({
    broker,
    add: async (names) => {
      // The queue lies in Redis as well.
      await parts.ping();
      jobs.add(broker, names);
    },
    waiting: () => Promise.resolve(jobs.waiting(broker)),
    underWay: () => jobs.underWay(life, broker),
    lastBegunAt: () => jobs.lastBegunAt(life, broker),
    rebuild: () => jobs.rebuild(life, broker),
    close: () => Promise.resolve(),
  });
  const ticks = makeTicks({ due, clock, log, queue: queueOf });
  const watchdog = makeWatchdog({
    due,
    queues: brokers.map(({ name }) => queueOf(name)),
    tickQueue: { ensure: () => Promise.resolve(), close: () => Promise.resolve() },
    ticks: { tick: ticks.tick, lastAt: lastTickOf },
    clock,
    elapsed: life.elapsed,
    log,
    isEmptied: parts.isEmptied,
    sweep: parts.sweep,
    lookAtAll: parts.lookAtAll,
    giveUp: (reason) => parts.defect(`the watchdog of ${life.name} gave up: ${reason}`),
  });
  /** Of its own ticks only those are made that find something: this one is the last it would have made. */
  function lastTickOf(broker: string): number {
    const last = ticks.lastAt(broker);
    const at = onGrid(timeline.now() - OWN_TICK_MS + 1, OWN_TICK_MS, phases.get(broker) ?? 0);
    const cut = redisNet.lastCut();
    const went = at >= cut.until ? at : Math.min(at, cut.from);
    return Math.max(last, went + life.clockOffset());
  }
  const watch = (): Promise<void> => {
    noteTicks();
    return watchdog();
  };
  /** The job schedulers fire every second, unless they were lost with all the rest. */
  function noteTicks(): void {
    const { keyspace } = parts.redisServer;
    if (!redisNet.isUp() || keyspace.typeOf(keys.contract) === 'none') return;
    for (const { name } of brokers) {
      keyspace.put(keys.tick(name), { type: 'string', text: String(clock.now()) });
    }
  }
  const said = (what: string) => (error: unknown) =>
    log.debug({ event: 'schedule.trouble', what, error: String(error) }, `The ${what} failed.`);
  const nudge = (broker: string): void => {
    if (isOpen) ticks.tick(broker).catch(said('tick'));
  };

  const atOnce: string[] = [];
  function lookNow(broker: string, name: string): void {
    if (!isOpen) return;
    const underWay = jobs.underWay(life, broker) + atOnce.filter((each) => each === broker).length;
    if (underWay >= parts.concurrency) return nudge(broker);
    atOnce.push(broker);
    due.defer(broker, name, clock.now()).catch(said('claim'));
    parts
      .look(broker, name)
      .catch(said('look'))
      .finally(() => atOnce.splice(atOnce.indexOf(broker), 1));
  }

  /** When something falls due in an index, by the world's time; undefined: never. */
  const firstIn = (key: string): number | undefined => {
    const { keyspace } = parts.redisServer;
    if (keyspace.typeOf(key) !== 'zset') return undefined;
    const first = Math.min(...(keyspace.find(key, 'zset')?.scores.values() ?? []));
    return first === Infinity ? undefined : first - life.clockOffset();
  };

  /**
   * The service looks every so often; a look that finds nothing changes nothing. So only those are made
   * that find something, at the very instants at which it would have found it.
   */
  function makeLook(
    everyMs: number,
    dueAt: () => number | undefined,
    work: () => void,
    phase = dice.whole(0, everyMs - 1),
  ): () => void {
    let planned: { readonly at: number; cancel(): void } | undefined;
    const plan = (): void => {
      const first = dueAt();
      if (first === undefined || !life.isAlive() || !isOpen) return;
      const at = onGrid(Math.max(timeline.now() + (redisNet.isUp() ? 1 : 1_000), first), everyMs, phase);
      if (planned && planned.at <= at) return;
      planned?.cancel();
      const { cancel } = timeline.at(at, () =>
        life.deliver(() => {
          planned = undefined;
          if (redisNet.isUp()) work();
          timeline.after(everyMs, plan);
        }),
      );
      planned = { at, cancel };
    };
    return plan;
  }
  const looks = [
    ...brokers.map(({ name }) =>
      makeLook(
        OWN_TICK_MS,
        () => firstIn(keys.due(name)),
        () => nudge(name),
        phases.get(name),
      ),
    ),
    makeLook(
      OWN_TICK_MS,
      () => firstIn(keys.rearm),
      () => void parts.rearm().catch(said('re-arming')),
    ),
    // Accounts that seem to wait in an empty queue: their jobs were lost.
    ...brokers.map(({ name }) =>
      makeLook(
        WATCH_MS,
        () => {
          const first = firstIn(keys.queued(name));
          return first === undefined ? undefined : first + LOST_MS;
        },
        () => void watch().catch(said('watchdog')),
      ),
    ),
  ];

  let alarmed = false;
  const alarm = (): void => {
    if (alarmed || !life.isAlive() || !isOpen) return;
    alarmed = true;
    timeline.after(dice.whole(1, WATCH_MS), () =>
      life.deliver(() => {
        alarmed = false;
        watch().catch((error: unknown) => {
          said('watchdog')(error);
          alarm();
        });
      }),
    );
  };

  async function repeat(what: string, everyMs: number, work: () => Promise<unknown>): Promise<void> {
    while (isOpen) {
      await clock.sleep(everyMs);
      await work().catch(said(what));
    }
  }
  jobs.enter({
    life,
    concurrency: parts.concurrency,
    look: parts.look,
    isOpen: () => isOpen,
  });
  for (const plan of looks) plan();
  let sweptAt: string | undefined;
  void repeat('sweep', parts.sweepEveryMs, async () => {
    const before = parts.revision();
    // One that finds what the last one found does nothing; now and then it is made nevertheless.
    if (sweptAt === before && !dice.chance(CONTROL)) return;
    sweptAt = undefined;
    parts.beatAll();
    await parts.sweep();
    sweptAt = before;
  });

  return {
    nudge,
    lookNow,
    isBusy: () => atOnce.length > 0,
    replan: () => {
      for (const plan of looks) plan();
    },
    alarm,
    stop: () => {
      isOpen = false;
    },
  };
}

const onGrid = (at: number, everyMs: number, phase: number): number =>
  Math.ceil((at - phase) / everyMs) * everyMs + phase;
