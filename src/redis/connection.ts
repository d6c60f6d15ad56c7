import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { systemElapsed } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { watchMaster } from './failover.ts';

/** Encryption, in the words of `tls.connect`; PEM. */
interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: false | Tls;
}

/** Where a Redis is, as the configuration says it. */
export type RedisAddress =
  | ({ readonly kind: 'server'; readonly host: string; readonly port: number } & Login)
  | ({
      readonly kind: 'sentinels';
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly name: string;
      readonly sentinelLogin: Omit<Login, 'db'>;
    } & Login);

/** The part of ioredis' options that an address decides. */
interface AddressOptions {
  db: number;
  connectTimeout: number;
  socketTimeout: number;
  retryStrategy: (times: number) => number;
  reconnectOnError: (error: Error) => boolean;
  username?: string;
  password?: string;
  tls?: Tls;
  host?: string;
  port?: number;
  sentinels?: { host: string; port: number }[];
  name?: string;
  sentinelUsername?: string;
  sentinelPassword?: string;
  sentinelTLS?: Tls;
  sentinelCommandTimeout?: number;
  sentinelRetryStrategy?: (times: number) => number;
  enableTLSForSentinelMode?: boolean;
}

const CONNECT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 3_000;
/**
 * A connection whose other end went silent is given up; the kernel would take a quarter of an hour. A
 * worker's blocking read is shorter.
 */
const SILENT_MS = 5_000;
/** So often a server that takes no writes is left for whoever answers at its address by then. */
const LEAVE_REPLICA_MS = 1_000;
/** What goes on and on is said once in this time. */
const SAY_AGAIN_MS = 60_000;

/** Back within a second of the server's return; BullMQ's own default takes up to twenty. */
const retryStrategy = (times: number): number => Math.min(50 * 2 ** times, 1_000);

/**
 * After a failover the server at the other end may be a replica, and stay connected for ever. `true`
 * gives it up and fails the command; resent (2), it would go round and round while no master is there.
 */
const isReplica = (error: Error): boolean => /\bREADONLY\b/.test(error.message);

/** The options every connection shares; BullMQ opens its own sockets from them. */
export function connectionOptions(address: RedisAddress): AddressOptions {
  const login: AddressOptions = {
    db: address.db,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    retryStrategy,
    reconnectOnError: isReplica,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: { ...named(address), ...address.tls } }),
  };
  if (address.kind === 'server') return { ...login, host: address.host, port: address.port };
  const { username, password, tls } = address.sentinelLogin;
  return {
    ...login,
    sentinels: address.sentinels.map((sentinel) => ({ ...sentinel })),
    name: address.name,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls && { sentinelTLS: { ...tls } }),
    // One that took the connection and says nothing would be waited for without end.
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    sentinelRetryStrategy: retryStrategy,
    enableTLSForSentinelMode: address.tls !== false,
  };
}

/** A server behind one address for many finds its certificate by the name; an address is no name. */
const named = (address: RedisAddress): Tls =>
  address.kind === 'server' && isIP(address.host) === 0 ? { servername: address.host } : {};

/** What BullMQ gets: blocking reads must be allowed to wait, so no timeout and no limit of retries. */
export function queueConnection(address: RedisAddress): AddressOptions & { maxRetriesPerRequest: null } {
  return { ...connectionOptions(address), maxRetriesPerRequest: null };
}

/**
 * The connection for everything else. A command that cannot be sent now fails now: what is queued
 * while Redis is away would run late, with an old idea of time.
 * @param elapsed ms since some moment; never set
 */
export function openRedis(address: RedisAddress, log: Log, elapsed = systemElapsed): Redis {
  const said = { trouble: '', readOnlyAt: -SAY_AGAIN_MS, ready: false };
  let leftAt = -LEAVE_REPLICA_MS;
  const redis = new Redis({
    ...connectionOptions(address),
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // Sent again after a reconnect, a script would run twice.
    autoResendUnfulfilledCommands: false,
    reconnectOnError(error) {
      if (!isReplica(error) || elapsed() - leftAt < LEAVE_REPLICA_MS) return false;
      leftAt = elapsed();
      if (leftAt - said.readOnlyAt >= SAY_AGAIN_MS) {
        said.readOnlyAt = leftAt;
        log.warn(
          { event: 'redis.readonly' },
          'Redis takes no writes: it has become a replica. Connecting anew until it is a master.',
        );
      }
      return true;
    },
  });
  redis.on('error', (error: Error) => {
    said.ready = false;
    if (error.message === said.trouble) return;
    said.trouble = error.message;
    log.error(
      { event: 'redis.error', error: error.message },
      'Redis does not answer as it should; trying again.',
    );
  });
  redis.on('ready', () => {
    said.trouble = '';
    // Left and found again without an error between: a replica, which has been said.
    if (said.ready) return;
    said.ready = true;
    log.info({ event: 'redis.ready' }, 'Connected to Redis.');
  });
  if (address.kind === 'sentinels') {
    const stop = watchMaster({ ...address, ...address.sentinelLogin }, () => {
      log.warn(
        { event: 'redis.failover' },
        'The sentinels have made another server the master; going there.',
      );
      redis.disconnect(true);
    });
    redis.once('end', stop);
  }
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
