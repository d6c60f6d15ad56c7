import { randomUUID } from 'node:crypto';
import { Queue, Worker, type ConnectionOptions } from 'bullmq';
import type { Log } from '../core/log.ts';

/** A killed worker's job runs elsewhere after lock + stalled interval, well within a minute-long token. */
const LOCK_MS = 10_000;
const STALLED_MS = 5_000;
/** After an error of Redis a worker asks again; its own default would sleep through a failover. */
const ASK_AGAIN_MS = 1_000;
/** A worker's blocking read lasts this long, seconds: shorter than a silent connection is borne with. */
const READ_SECONDS = 2;
/** The one job scheduler per broker fires this often. */
export const TICK_EVERY_MS = 1_000;
const SCHEDULE_QUEUE = 'schedule';

const retention = { removeOnComplete: true, removeOnFail: { age: 86_400, count: 100 } } as const;

export interface QueueParts {
  /** Options, never an instance: BullMQ closes only what it opened itself. */
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  readonly log: Log;
  readonly metrics: {
    /** A look began, so long after it was put into the queue. */
    waited(broker: string, ms: number): void;
    /** A worker died with a look, or was stopped for long: it is done again. */
    stalled(broker: string): void;
  };
}

const shared = (
  parts: QueueParts,
): { connection: ConnectionOptions; prefix: string; skipVersionCheck: boolean } => ({
  connection: parts.connection,
  prefix: parts.prefix,
  // It would print about the eviction policy past the log; readiness judges that.
  skipVersionCheck: true,
});

const watched = <T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  thing: T,
  log: Log,
): T => {
  // Without a listener an `error` ends the process; ioredis itself reconnects.
  thing.on('error', (error) =>
    log.debug({ event: 'queue.error', error: error.message }, 'A queue connection reported an error.'),
  );
  return thing;
};

/** One broker's queue of looks and the worker that runs `concurrency` of them at once. */
export interface BrokerQueue {
  readonly broker: string;
  /** Queues one look for each name. */
  add(names: readonly string[]): Promise<void>;
  waiting(): Promise<number>;
  /** Looks under way in this process. */
  underWay(): number;
  /** When this process last began a look, by the time that is never set, ms; 0 for never. */
  lastBegunAt(): number;
  /** Replaces a worker that no longer takes jobs; the old one is not waited for. */
  rebuild(): void;
  /** Takes no new work; resolves when what is under way has ended, or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export function openBrokerQueue(
  parts: QueueParts,
  broker: string,
  concurrency: number,
  elapsed: () => number,
  look: (name: string) => Promise<void>,
): BrokerQueue {
  const queue = watched(
    new Queue<{ account: string }, void, 'look'>(broker, {
      ...shared(parts),
      defaultJobOptions: { ...retention, attempts: 1, stackTraceLimit: 0, sizeLimit: 1_024 },
      streams: { events: { maxLen: 100 } },
    }),
    parts.log,
  );
  let underWay = 0;
  let lastBegunAt = 0;
  const begin = (): Worker<{ account: string }, void, 'look'> => {
    const worker = new Worker<{ account: string }, void, 'look'>(
      broker,
      async (job) => {
        underWay += 1;
        lastBegunAt = elapsed();
        // Both by BullMQ's own reading of the machine's clock.
        if (job.processedOn !== undefined) parts.metrics.waited(broker, job.processedOn - job.timestamp);
        try {
          await look(job.data.account);
        } finally {
          underWay -= 1;
        }
      },
      {
        ...shared(parts),
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: 2,
        runRetryDelay: ASK_AGAIN_MS,
        drainDelay: READ_SECONDS,
      },
    );
    worker.on('failed', (job, error) =>
      parts.log.warn(
        { event: 'job.failed', broker, account: job?.data.account, error: error.message },
        'A job failed; its account becomes due again by itself.',
      ),
    );
    worker.on('stalled', () => parts.metrics.stalled(broker));
    return watched(worker, parts.log);
  };
  let worker = begin();
  return {
    broker,
    async add(names) {
      // A uuid, not a counter: after a loss of data counters start anew and would meet running jobs.
      await queue.addBulk(
        names.map((account) => ({ name: 'look', data: { account }, opts: { jobId: randomUUID() } })),
      );
    },
    waiting: () => queue.getWaitingCount(),
    underWay: () => underWay,
    lastBegunAt: () => lastBegunAt,
    rebuild() {
      const old = worker;
      worker = begin();
      old.close(true).catch(() => undefined);
    },
    async close(graceMs) {
      await closeWorker(worker, graceMs);
      await queue.close();
    },
  };
}

/** The job schedulers, one per broker, and the worker that turns their jobs into ticks. */
export interface TickQueue {
  /** Makes sure that the broker's scheduler exists; needed again after a loss of data. */
  ensure(broker: string): Promise<void>;
  close(graceMs: number): Promise<void>;
}

export function openTickQueue(
  parts: QueueParts,
  concurrency: number,
  tick: (broker: string) => Promise<void>,
): TickQueue {
  const queue = watched(
    new Queue<{ broker: string }, void, string>(SCHEDULE_QUEUE, {
      ...shared(parts),
      streams: { events: { maxLen: 100 } },
    }),
    parts.log,
  );
  const worker = watched(
    new Worker<{ broker: string }, void, string>(SCHEDULE_QUEUE, (job) => tick(job.data.broker), {
      ...shared(parts),
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: 2,
      runRetryDelay: ASK_AGAIN_MS,
      drainDelay: READ_SECONDS,
    }),
    parts.log,
  );
  return {
    async ensure(broker) {
      await queue.upsertJobScheduler(
        `tick-${broker}`,
        { every: TICK_EVERY_MS },
        { name: `tick-${broker}`, data: { broker }, opts: { ...retention, attempts: 1, stackTraceLimit: 0 } },
      );
    },
    async close(graceMs) {
      await closeWorker(worker, graceMs);
      await queue.close();
    },
  };
}

/** `close()` waits without a limit for what is under way; past the grace it is left to the stalled check. */
async function closeWorker(worker: { close(): Promise<void> }, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([worker.close(), late]);
  clearTimeout(timer);
}
