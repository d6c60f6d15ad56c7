import { thisProcess, type Config } from '../config/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RedisAddress } from '../redis/connection.ts';
import { startEmbeddedRedis } from '../redis/embedded.ts';
import { findRedisServer } from '../redis/provision.ts';
import type { Releases } from './releases.ts';

export interface Target {
  readonly address: RedisAddress;
  /** Host and db, for people: no user, no password. */
  readonly shown: string;
}

/** The Redis to fill; an embedded one is started, and stopped after everything that uses it. */
export async function openTarget(
  config: Pick<Config, 'redis' | 'stateDir'>,
  clock: Clock,
  log: Log,
  releases: Releases,
): Promise<Target> {
  const { redis } = config;
  if (redis.kind === 'server') return { address: redis, shown: `${redis.host}:${redis.port}/${redis.db}` };
  if (redis.kind === 'sentinels') return { address: redis, shown: `${redis.name} (sentinels)/${redis.db}` };
  // Not into the log: its first line is the service's own.
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const server = await findRedisServer({
    env: thisProcess().env,
    say,
    download: true,
    fallbackDir: config.stateDir,
  });
  const embedded = await startEmbeddedRedis({
    stateDir: config.stateDir,
    port: redis.port,
    server,
    clock,
    say,
    onExit: () =>
      log.error(
        { event: 'embedded.exit' },
        'The embedded Redis ended unexpectedly; it is being started again.',
      ),
  });
  releases.add(() => embedded.stop());
  return {
    address: {
      kind: 'server',
      host: '127.0.0.1',
      port: embedded.port,
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
    },
    shown: `127.0.0.1:${embedded.port}/0`,
  };
}
