import type { Redis } from 'ioredis';
import { ConfigurationError, type Fault } from '../core/errors.ts';
import { keys } from './keys.ts';
import { isNewEnough, oldestVersion } from './version.ts';

/** What a server says of itself; undefined where it, or a proxy before it, does not say. */
export interface Deployment {
  /** As Redis counts its versions; Valkey says which one it is compatible with. */
  readonly version: string | undefined;
  readonly kind: 'server' | 'cluster' | 'sentinel';
  /** It takes no writes, or would lose them. */
  readonly isReplica: boolean;
  /** What it drops when its memory is full. */
  readonly evictionPolicy: string | undefined;
}

/**
 * Asks the server what it is. INFO, not CONFIG: managed services block the latter. Throws
 * ConfigurationError where the user may not even ask, else what the connection throws.
 */
export async function readDeployment(redis: Redis): Promise<Deployment> {
  try {
    const described = describeDeployment(await redis.info());
    return described.kind === 'server' && (await isDivided(redis))
      ? { ...described, kind: 'cluster' }
      : described;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOPERM')) throw error;
    throw new ConfigurationError([
      {
        at: 'REDIS_URL',
        message: `the Redis user may not do what the service does (${error.message}): give it the ACL line that check prints`,
      },
    ]);
  }
}

/** The parts of an answer to INFO that decide whether it can be served from. */
export function describeDeployment(info: string): Deployment {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const isCluster = field('cluster_enabled') === '1' || field('redis_mode') === 'cluster';
  return {
    version: field('redis_version'),
    kind: field('redis_mode') === 'sentinel' ? 'sentinel' : isCluster ? 'cluster' : 'server',
    isReplica: field('role') === 'slave',
    evictionPolicy: field('maxmemory_policy'),
  };
}

/** Why this server cannot be served from, whatever happens; empty where it can. */
export function faultsOf({ kind, version }: Deployment): readonly Fault[] {
  const at = 'REDIS_URL';
  const faults: Fault[] = [];
  if (kind === 'sentinel')
    faults.push({
      at,
      message: 'names a sentinel, not a Redis: give it as REDIS_SENTINELS, with REDIS_SENTINEL_NAME',
    });
  if (kind === 'cluster')
    faults.push({
      at,
      message:
        'names a Redis Cluster: all keys of a login change in one step, and a cluster puts them on different nodes. Name one without cluster mode (a single server, or sentinels); docs/redis.md says more',
    });
  if (version !== undefined && !isNewEnough(version))
    faults.push({
      at,
      message: `this server is Redis ${version}; ${oldestVersion} or newer is needed (tokens are written with PXAT)`,
    });
  return faults;
}

/** Throws ConfigurationError where this server can never be served from. */
export function requireFit(deployment: Deployment): void {
  const faults = faultsOf(deployment);
  if (faults.length > 0) throw new ConfigurationError(faults);
}

/** True where two of our keys cannot be asked for at once, whatever INFO says: a cluster behind a proxy. */
async function isDivided(redis: Redis): Promise<boolean> {
  try {
    await redis.exists(keys.contract, keys.roster);
    return false;
  } catch (error) {
    if (error instanceof Error && /^(CROSSSLOT|MOVED|CLUSTERDOWN)\b/.test(error.message)) return true;
    throw error;
  }
}
