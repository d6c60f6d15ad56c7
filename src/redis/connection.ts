import { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
}

/** Where a Redis is, as the configuration says it. */
export type RedisAddress =
  | ({ readonly kind: 'server'; readonly host: string; readonly port: number } & Login)
  | ({
      readonly kind: 'sentinels';
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly name: string;
    } & Login);

/** The part of ioredis' options that an address decides. */
interface AddressOptions {
  db: number;
  retryStrategy: (times: number) => number;
  username?: string;
  password?: string;
  tls?: { servername?: string };
  host?: string;
  port?: number;
  sentinels?: { host: string; port: number }[];
  name?: string;
  sentinelRetryStrategy?: (times: number) => number;
  enableTLSForSentinelMode?: boolean;
}

const COMMAND_TIMEOUT_MS = 3_000;
const SILENT_MS = 8_000;
/** BullMQ's blocking reads wait up to 10 s for data. */
const QUEUE_SILENT_MS = 30_000;

/** Back within a second of the server's return; BullMQ's own default takes up to twenty. */
const retryStrategy = (times: number): number => Math.min(50 * 2 ** times, 1_000);

/** The options every connection shares; BullMQ opens its own sockets from them. */
export function connectionOptions(address: RedisAddress): AddressOptions {
  const login: AddressOptions = {
    db: address.db,
    retryStrategy,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: address.kind === 'server' ? { servername: address.host } : {} }),
  };
  if (address.kind === 'server') return { ...login, host: address.host, port: address.port };
  return {
    ...login,
    sentinels: address.sentinels.map((sentinel) => ({ ...sentinel })),
    name: address.name,
    sentinelRetryStrategy: retryStrategy,
    enableTLSForSentinelMode: address.tls,
  };
}

/** What BullMQ gets: blocking reads must be allowed to wait, so no timeout and no limit of retries. */
export function queueConnection(
  address: RedisAddress,
): AddressOptions & { maxRetriesPerRequest: null; socketTimeout: number } {
  return { ...connectionOptions(address), maxRetriesPerRequest: null, socketTimeout: QUEUE_SILENT_MS };
}

/**
 * The connection for everything else. A command that cannot be sent now fails now: what is queued
 * while Redis is away would run late, with an old idea of time.
 */
export function openRedis(address: RedisAddress, log: Log): Redis {
  const redis = new Redis({
    ...connectionOptions(address),
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A connection whose other end went silent is given up; the kernel would take a quarter of an hour.
    socketTimeout: SILENT_MS,
    // Sent again after a reconnect, a script would run twice.
    autoResendUnfulfilledCommands: false,
    // A failover leaves us on a replica: reconnect, the caller tries again.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  });
  let said = '';
  redis.on('error', (error: Error) => {
    if (error.message === said) return;
    said = error.message;
    log.error(
      { event: 'redis.error', error: error.message },
      'Redis does not answer as it should; trying again.',
    );
  });
  redis.on('ready', () => {
    said = '';
    log.info({ event: 'redis.ready' }, 'Connected to Redis.');
  });
  return redis;
}

/** Connects, trying until `signal` aborts: a service that starts before its Redis waits for it. */
export async function connected(redis: Redis, signal: AbortSignal): Promise<boolean> {
  if (redis.status === 'wait') redis.connect().catch(() => undefined);
  if (redis.status === 'ready') return true;
  return new Promise((resolve) => {
    const end = (ready: boolean) => (): void => {
      redis.off('ready', onReady);
      signal.removeEventListener('abort', onAbort);
      resolve(ready);
    };
    const onReady = end(true);
    const onAbort = end(false);
    redis.once('ready', onReady);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
