import { Redis } from 'ioredis';
import { connected, connectionOptions, type RedisAddress } from './connection.ts';

/** What a consumer wrote: its id in the stream, and its fields as they stand there. */
export interface ReportEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

/** The stream of reports, of which each process on this Redis takes a share. */
export interface ReportStream {
  /** Resolves once Redis is there; false where `signal` aborts before. */
  ready(signal: AbortSignal): Promise<boolean>;
  /** The next ones; none where none came for a while. */
  take(): Promise<readonly ReportEntry[]>;
  /** These are dealt with; what is left of the stream is kept short. */
  done(ids: readonly string[]): Promise<void>;
  /** Takes over what processes that are gone left undone, and forgets those. */
  takeOver(): Promise<readonly ReportEntry[]>;
  close(): Promise<void>;
}

const STREAM = 'token-reports';
const GROUP = 'refresher';
/** So many at once: a thousand reports of one token are one look. */
const BATCH = 1_000;
/** How long a read waits; a connection that is silent for five seconds is given up, ms. */
const BLOCK_MS = 2_000;
/** So many may stay for whoever wants to look; once there are more, all that is dealt with goes. */
const MOST_KEPT = 10_000;
/** Unread ones go only here: they would fill a Redis that others live in. The clients' own bound is the same. */
const MOST_UNREAD = 1_000_000;
/** What nobody has dealt with for so long was left by a process that is gone, ms. */
const LEFT_MS = 30_000;
/** A process that took nothing for so long is gone: one that lives asks every two seconds. */
const GONE_MS = 60 * 60_000;

/** A connection of its own: a read that waits holds up whatever else goes over it. */
export function connectReports(address: RedisAddress): Redis {
  const redis = new Redis({
    ...connectionOptions(address),
    lazyConnect: true,
    // What waits in a queue while Redis is away is never answered where the connection is closed meanwhile.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
  });
  // Whether Redis answers is said where it is asked.
  redis.on('error', () => undefined);
  return redis;
}

export function makeReportStream(redis: Redis, instance: string): ReportStream {
  /** Redis was emptied, or this is the first process: from the first report on, also those that waited for us. */
  async function withGroup<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) throw error;
      await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM').catch((failed: unknown) => {
        if (!(failed instanceof Error) || !failed.message.startsWith('BUSYGROUP')) throw failed;
      });
      return work();
    }
  }

  async function forgetGone(): Promise<void> {
    const consumers: unknown = await redis.xinfo('CONSUMERS', STREAM, GROUP);
    for (const consumer of partsOf(consumers)) {
      const facts = new Map(pairsIn(consumer));
      const name = facts.get('name') ?? instance;
      const isGone = facts.get('pending') === '0' && Number(facts.get('idle')) > GONE_MS;
      if (isGone && name !== instance) await redis.xgroup('DELCONSUMER', STREAM, GROUP, name);
    }
  }

  return {
    ready: (signal) => connected(redis, signal),
    take: () =>
      withGroup(async () => {
        const reply: unknown = await redis.xreadgroup(
          'GROUP',
          GROUP,
          instance,
          'COUNT',
          BATCH,
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          STREAM,
          '>',
        );
        return entriesIn(partsOf(partsOf(reply)[0])[1]);
      }),
    async done(ids) {
      const last = ids.at(-1);
      if (last === undefined) return;
      await redis.xack(STREAM, GROUP, ...ids);
      if ((await redis.xlen(STREAM)) <= MOST_KEPT) return;
      // Up to here all were handed out. What another process has not dealt with yet stays: it may die with it.
      const [, oldest] = await redis.xpending(STREAM, GROUP);
      const kept = typeof oldest === 'string' && isOlder(oldest, last) ? oldest : last;
      // Whoever floods pushes nobody else's report out before it is read.
      await redis.xtrim(STREAM, 'MINID', '~', kept);
      await redis.xtrim(STREAM, 'MAXLEN', '~', MOST_UNREAD);
    },
    takeOver: () =>
      withGroup(async () => {
        const reply: unknown = await redis.xautoclaim(STREAM, GROUP, instance, LEFT_MS, '0', 'COUNT', BATCH);
        await forgetGone();
        return entriesIn(partsOf(reply)[1]);
      }),
    async close() {
      redis.disconnect();
    },
  };
}

/** Of two ids of a stream: milliseconds, then a number within them. */
function isOlder(one: string, other: string): boolean {
  const [ms = 0, n = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms === otherMs ? n < otherN : ms < otherMs;
}

const partsOf = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);

/** What was trimmed before it was read has no fields. */
function entriesIn(reply: unknown): readonly ReportEntry[] {
  return partsOf(reply).flatMap((entry) => {
    const [id, fields] = partsOf(entry);
    if (typeof id !== 'string') return [];
    return [{ id, fields: partsOf(fields).map(String) }];
  });
}

function pairsIn(reply: unknown): readonly (readonly [string, string])[] {
  const flat = partsOf(reply).map(String);
  return flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1] ?? ''] as const] : []));
}
