import { Redis, type RedisOptions } from 'ioredis';
import { createServer } from 'node:net';
import { inject } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import {
  launchRedis,
  LaunchError,
  type RedisProcess,
  type RedisServer,
} from '../../src/redis/embedded/server.ts';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';

/** How a client of a test behaves. */
export type ClientOptions = Pick<
  RedisOptions,
  'maxRetriesPerRequest' | 'enableOfflineQueue' | 'commandTimeout' | 'retryStrategy' | 'reconnectOnError'
>;

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** A client of its own; closed by `stop`. */
  client(): Redis;
  /** Ends it as kill -9 would; it stays away until `restart`. */
  kill(): Promise<void>;
  /** Brings it back on the same port, with its data where it was asked to keep any. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  /** True: append-only persistence, so that what was written survives `kill`. */
  readonly durable?: boolean;
  /** Further settings, e.g. `--maxmemory-policy allkeys-lru`. */
  readonly settings?: readonly string[];
  /** True: one that can be killed, also where TEST_REDIS_URL names one that cannot. */
  readonly own?: boolean;
}

/** What a Redis is made of, wherever it runs. */
interface Host {
  readonly url: string;
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A fresh, empty Redis for one test file. A file that does not `stop` it fails.
 */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const source = inject('redisSource');
  const settings = [
    ...['--save', '', '--appendonly', options.durable ? 'yes' : 'no', '--maxmemory-policy', 'noeviction'],
    ...(options.settings ?? []),
  ];
  const server = inject('redisServer');
  const binary = (): Promise<Host> => {
    if (server === null) throw new Error('this test needs a redis-server of this machine, and there is none');
    return runBinary(server, settings);
  };
  const special = options.own === true || options.durable === true || options.settings !== undefined;
  const host =
    source.from === 'container'
      ? await runContainer(source.image, settings)
      : source.from === 'url' && !special
        ? await useUrl(source.url)
        : await binary();

  const clients: Redis[] = [];
  const stop = async (): Promise<void> => {
    untrack();
    for (const client of clients) client.disconnect();
    await host.stop();
  };
  const untrack = track(`Redis on port ${host.port}`, stop);
  return {
    ...host,
    stop,
    client: () => {
      const client = new Redis(host.url, { maxRetriesPerRequest: 3 });
      // Errors reach the test through its commands; without a listener ioredis prints them too.
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}

async function runBinary(server: RedisServer, settings: readonly string[]): Promise<Host> {
  const dir = await freshFolder();
  const launchAt = (at: number): Promise<RedisProcess> =>
    launchRedis({ server, port: at, dir, settings, clock: systemClock });
  const { port, first } = await onFreePort(launchAt);
  const launch = (): Promise<RedisProcess> => launchAt(port);
  let running = first;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async kill() {
      running.kill('SIGKILL');
      await running.exited;
    },
    async restart() {
      await running.stop();
      running = await launch();
    },
    stop: () => running.stop(),
  };
}

/** Between finding a free port and taking it, another test may: then the next one is tried. */
async function onFreePort(
  launch: (port: number) => Promise<RedisProcess>,
): Promise<{ readonly port: number; readonly first: RedisProcess }> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    try {
      return { port, first: await launch(port) };
    } catch (error) {
      if (!(error instanceof LaunchError) || !error.portTaken || tries === 5) throw error;
    }
  }
}

async function runContainer(image: string, settings: readonly string[]): Promise<Host> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  // A port of our choice: one that the engine picks would change with every restart.
  const port = await freePort();
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(['redis-server', '--protected-mode', 'no', ...settings])
    .start();
  const engine = await getContainerRuntimeClient();
  return {
    url: `redis://${container.getHost()}:${port}`,
    port,
    kill: () => engine.container.getById(container.getId()).kill(),
    restart: () => container.restart({ timeout: 0 }),
    async stop() {
      await container.stop({ timeout: 0 });
    },
  };
}

/** A database of its own for each worker of vitest, emptied before and after. */
async function useUrl(base: string): Promise<Host> {
  const url = new URL(base);
  url.pathname = `/${process.env['VITEST_POOL_ID'] ?? '0'}`;
  const flush = async (): Promise<void> => {
    const client = new Redis(url.href);
    await client.flushdb();
    client.disconnect();
  };
  await flush();
  const never = (): Promise<void> =>
    Promise.reject(new Error('ask for a Redis of its own: startRedis({ own: true })'));
  return { url: url.href, port: Number(url.port || 6379), kill: never, restart: never, stop: flush };
}
