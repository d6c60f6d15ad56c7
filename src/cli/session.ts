import type { Redis } from 'ioredis';
import { inspectConfig, thisProcess, type Config } from '../config/index.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { openRedis, type RedisAddress } from '../redis/connection.ts';
import { embeddedEndpoint } from '../redis/embedded.ts';
import { Failure } from './failure.ts';

const CONNECT_MS = 5_000;
/** A command speaks to a person itself. */
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The configuration, or its faults as the command's one message. */
export function commandConfig(): Config {
  const { config, faults } = inspectConfig(thisProcess());
  if (!config) throw new ConfigurationError(faults);
  return config;
}

/** Runs `work` with a connection to the service's Redis and closes it. */
export async function withRedis<T>(config: Config, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = openRedis(await addressOf(config), silent);
  try {
    await reach(redis);
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Where the service's Redis is; an embedded one says so itself while it runs. */
export async function addressOf(config: Config): Promise<RedisAddress> {
  if (config.redis.kind !== 'embedded') return config.redis;
  const endpoint = await embeddedEndpoint(config.stateDir);
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  if (!url)
    throw new Failure(
      `The service is not running: no embedded Redis is at work in ${config.stateDir}. Start it, or name its STATE_DIR.`,
    );
  return {
    kind: 'server',
    host: url.hostname,
    port: Number(url.port),
    username: undefined,
    password: undefined,
    db: 0,
    tls: false,
  };
}

async function reach(redis: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), CONNECT_MS);
  });
  try {
    await Promise.race([redis.connect(), late]);
    await redis.ping();
  } catch (error) {
    const why = error instanceof Error ? error.message : 'no answer';
    throw new Failure(
      `Redis does not answer (${why}). Is it running, and are REDIS_URL and its password right?`,
    );
  } finally {
    clearTimeout(timer);
  }
}
