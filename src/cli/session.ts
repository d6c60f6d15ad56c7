import type { Redis } from 'ioredis';
import { inspectConfig, thisProcess, type Config } from '../config/index.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { RedisAddress } from '../redis/connection.ts';
import { embeddedEndpoint } from '../redis/embedded.ts';
import { Failure } from './failure.ts';
import { reachRedis } from './reach.ts';

/** The configuration, or its faults as the command's one message. */
export function commandConfig(): Config {
  const { config, faults } = inspectConfig(thisProcess());
  if (!config) throw new ConfigurationError(faults);
  return config;
}

/** Runs `work` with a connection to the service's Redis and closes it. */
export async function withRedis<T>(config: Config, work: (redis: Redis) => Promise<T>): Promise<T> {
  return reachRedis(await addressOf(config), work);
}

/** Where the service's Redis is; an embedded one says so itself while it runs. */
export async function addressOf(config: Config): Promise<RedisAddress> {
  if (config.redis.kind !== 'embedded') return config.redis;
  const endpoint = await embeddedEndpoint(config.stateDir);
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  if (!url)
    throw new Failure(
      'NO_SERVICE',
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
