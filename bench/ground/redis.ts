import { createServer } from 'node:net';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { systemClock } from '../../src/core/clock.ts';
import { launchRedis } from '../../src/redis/embedded/server.ts';
import { findRedisServer } from '../../src/redis/provision.ts';
import type { Ends } from './ends.ts';

/** A real Redis for one bench. */
export interface BenchRedis {
  readonly url: string;
  readonly pid: number;
  readonly client: Redis;
  empty(): Promise<void>;
}

/** As the documentation asks for it: append-only, synced each second, never evicting. */
const settings = [
  ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
  ...['--maxmemory-policy', 'noeviction'],
];

export async function startRedis(folder: string, ends: Ends): Promise<BenchRedis> {
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  const server = await findRedisServer({ env: process.env, say, download: true });
  const [port, dir] = [await freePort(), await mkdtemp(join(folder, 'redis-'))];
  const running = await launchRedis({ server, port, dir, settings, clock: systemClock });
  ends.add(() => running.stop());
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url);
  // Errors reach the bench through its commands; without a listener ioredis prints them too.
  client.on('error', () => undefined);
  ends.add(() => client.disconnect());
  return { url, pid: running.pid, client, empty: async () => void (await client.flushall()) };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A number of INFO. */
export async function infoOf(redis: Redis, section: string, field: string): Promise<number> {
  const text = await redis.info(section);
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1] ?? NaN);
}

/** How often each command ran; those that scripts call included. */
export async function commandCalls(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const text = await redis.info('commandstats');
  return new Map(
    [...text.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)].map(([, name = '', calls]) => [
      name,
      Number(calls),
    ]),
  );
}
