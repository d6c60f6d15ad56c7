import { makeReportStream, type ReportStream } from '../../src/redis/reports.ts';
import type { Life } from './process.ts';
import type { RedisNet } from './redis-net.ts';
import { makeClient } from './redis/client.ts';
import type { RedisServer } from './redis/server.ts';
import { compare, parts } from './redis/streams.ts';

const STREAM = 'token-reports';
const GROUP = 'refresher';
/** As long as the service's read waits. */
const BLOCK_MS = 2_000;
/** The longest wait between two tries to connect. */
const RECONNECT_MS = 1_000;

/** The stream of reports, read by a simulated process. */
export interface SimulatedReports extends ReportStream {
  /** Somebody has written to the stream. */
  wake(): void;
}

/**
 * The service's own reader. Redis lets a read wait until something comes, and the service asks again every two seconds; here nobody
 * asks while there is nothing to be read and nothing left by others: days without a report cost no step.
 */
export function makeSimulatedReports(
  life: Life,
  redisNet: RedisNet,
  redisServer: RedisServer,
): SimulatedReports {
  const stream = makeReportStream(makeClient(redisNet.linkFor(life)), life.name);
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const each of waiting) life.deliver(each);
    waiting.clear();
  };
  const woken = (): Promise<void> => new Promise((resolve) => void waiting.add(resolve));

  function left(): { readonly unread: boolean; readonly pending: boolean } {
    const { keyspace } = redisServer;
    if (keyspace.typeOf(STREAM) !== 'stream') return { unread: false, pending: false };
    const { lastId = '0-0', groups } = keyspace.find(STREAM, 'stream') ?? {};
    const group = groups?.get(GROUP);
    return {
      unread: compare(parts(lastId, 0), parts(group?.lastId ?? '0-0', 0)) > 0,
      pending: (group?.pending.size ?? 0) > 0,
    };
  }

  return {
    ...stream,
    wake,
    async ready(signal) {
      signal.addEventListener('abort', wake, { once: true });
      while (!signal.aborted) {
        const { unread, pending } = left();
        if (!unread && !pending) await woken();
        else if (redisNet.isUp()) return true;
        else await life.clock.sleep(RECONNECT_MS, signal);
      }
      return false;
    },
    async take() {
      if (!left().unread) {
        const over = new AbortController();
        await Promise.race([woken(), life.clock.sleep(BLOCK_MS, over.signal)]);
        over.abort();
      }
      return stream.take();
    },
    async close() {
      wake();
      await stream.close();
    },
  };
}
