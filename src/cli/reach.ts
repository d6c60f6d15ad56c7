import type { Redis } from 'ioredis';
import { isRedisAway } from '../http/faults.ts';
import { openRedis, type RedisAddress } from '../redis/connection.ts';
import { Failure } from './failure.ts';
import { silent } from './silent.ts';

const CONNECT_MS = 5_000;

/** Runs `work` with a connection to this Redis and closes it. A Failure says where and why it cannot be had. */
export async function reachRedis<T>(address: RedisAddress, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = openRedis(address, silent);
  // What a command rejects with says only that there is no connection.
  let trouble: unknown;
  redis.on('error', (error: unknown) => (trouble = error));
  try {
    await connect(redis).catch((error: unknown) => {
      throw unreachable(address, trouble ?? error);
    });
    return await work(redis);
  } catch (error) {
    // It answered a moment ago.
    if (isRedisAway(error)) throw unreachable(address, trouble ?? error);
    throw error;
  } finally {
    redis.disconnect();
  }
}

async function connect(redis: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${CONNECT_MS / 1000} s`)), CONNECT_MS);
  });
  try {
    await Promise.race([redis.connect(), late]);
    await redis.ping();
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(address: RedisAddress, error: unknown): Failure {
  const why = error instanceof Error ? error.message : 'no answer';
  const place =
    address.kind === 'server'
      ? `${address.host}:${address.port}`
      : `the master "${address.name}" of ${address.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  if (/^(?:WRONGPASS|NOAUTH|NOPERM)/.test(why)) {
    return new Failure(
      'REDIS_UNFIT',
      `Redis answers at ${place}, and refuses the login (${why}): mend user and password of REDIS_URL.`,
    );
  }
  return new Failure(
    'REDIS_AWAY',
    `Redis does not answer at ${place} (${why}). Is it running, and is REDIS_URL right?`,
  );
}
