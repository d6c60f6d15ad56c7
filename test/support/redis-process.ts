import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { launchRedis, type RedisServer } from '../../src/redis/embedded/server.ts';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';
import { until } from './poll.ts';
import { freePort } from './redis.ts';

/** A Redis server of this machine, deployed as a test wants it; see `startRedis` for a plain one. */
export interface RedisNode {
  readonly port: number;
  readonly url: string;
  /** A client of its own, as the user that may do everything; closed by `stop`. */
  readonly admin: Redis;
  /** Ends it as kill -9 would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether this machine has a server to run; a container cannot be given files, replicas and sentinels as easily. */
export const hasServer = (): boolean => inject('redisServer') !== null;

/** @param settings as they stand on its command line, e.g. `--cluster-enabled yes` */
export async function startNode(settings: readonly string[] = []): Promise<RedisNode> {
  const [port, dir] = [await freePort(), await freshFolder()];
  const own = [
    ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
    // A replica is sent its copy at once; by default it waits five seconds for others to share it with.
    ...['--repl-diskless-sync-delay', '0'],
    ...settings,
  ];
  const running = await launchRedis({ server: server(), port, dir, settings: own, clock: systemClock });
  const admin = clientOf(port);
  const ended = async (): Promise<void> => {
    untrack();
    admin.disconnect();
    await running.exited;
  };
  const stop = async (): Promise<void> => {
    running.kill('SIGKILL');
    await ended();
  };
  const untrack = track(`Redis on port ${port}`, stop);
  return { port, url: `redis://127.0.0.1:${port}`, admin, kill: stop, stop };
}

/** A sentinel; `lines` of its file, which it goes on writing itself. */
export async function startSentinelNode(lines: readonly string[], password?: string): Promise<RedisNode> {
  const [port, dir] = [await freePort(), await freshFolder()];
  const file = join(dir, 'sentinel.conf');
  const own = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, 'protected-mode no', ...lines];
  await writeFile(file, `${own.join('\n')}\n`);
  const { command, env } = server();
  const child = spawn(command, [file, '--sentinel'], { cwd: dir, env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const admin = clientOf(port, password);
  const stop = async (): Promise<void> => {
    untrack();
    admin.disconnect();
    child.kill('SIGKILL');
    await exited;
  };
  const untrack = track(`a sentinel on port ${port}`, stop);
  await until(() => admin.ping(), { what: 'the sentinel to answer' });
  return { port, url: `redis://127.0.0.1:${port}`, admin, kill: stop, stop };
}

/**
 * Waits until the replica has all that was written up to now, by whomever: WAIT speaks only of what its own
 * connection wrote.
 */
export async function copied(master: Redis): Promise<void> {
  await until(
    async () => {
      await master.publish('copied', '');
      return (await master.wait(1, 1_000)) === 1;
    },
    { what: 'the replica to have it all' },
  );
}

function server(): RedisServer {
  const found = inject('redisServer');
  if (found === null) throw new Error('this test needs a redis-server of this machine, and there is none');
  return found;
}

function clientOf(port: number, password?: string): Redis {
  const login = password === undefined ? {} : { password };
  const client = new Redis({
    host: '127.0.0.1',
    port,
    ...login,
    maxRetriesPerRequest: 3,
    retryStrategy: () => 100,
  });
  // Errors reach the test through its commands; without a listener ioredis prints them too.
  client.on('error', () => undefined);
  return client;
}
