import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { connected } from '../redis/connection.ts';
import { describeDeployment, readDeployment, requireFit, type Deployment } from '../redis/deployment.ts';
import type { Schedule } from '../scheduling/schedule.ts';

/** Whether the service does what it is there for, and if not, why. */
export interface Readiness {
  reasons(): Promise<readonly string[]>;
  /** What stands in the way of everything else; undefined: nothing any more. */
  say(reason: string | undefined): void;
  /**
   * Waits for a Redis that takes writes. False: `signal` came first. Throws ConfigurationError where
   * waiting would not help.
   */
  awaitRedis(signal: AbortSignal): Promise<boolean>;
  /** Looks at what Redis is by now: it may have been set otherwise, or be another one after a failover. */
  judgeRedis(): Promise<void>;
}

export interface ReadinessParts {
  readonly redis: Redis;
  readonly schedule: () => Schedule | undefined;
  readonly allowEviction: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_AGAIN_MS = 500;
const SILENT = 'Redis does not answer yet';
const REPLICA = 'Redis takes no writes: it is a replica';

export function makeReadiness(parts: ReadinessParts): Readiness {
  const { redis, clock, log } = parts;
  let phase: string | undefined = 'the service is starting';
  let eviction: string | undefined;

  function judgeEviction({ evictionPolicy: policy }: Deployment): void {
    if (policy === undefined || policy === 'noeviction' || parts.allowEviction) {
      eviction = undefined;
      return;
    }
    const before = eviction;
    eviction = `Redis may drop keys when its memory is full (maxmemory-policy ${policy}): set it to noeviction, or ALLOW_EVICTION=1`;
    if (eviction !== before) log.error({ event: 'redis.evicts', policy }, `${eviction}.`);
  }

  const known = (): readonly string[] => (eviction === undefined ? [] : [eviction]);

  /** What Redis is; undefined while it does not say. */
  async function look(): Promise<Deployment | undefined> {
    try {
      return await readDeployment(redis);
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      return undefined;
    }
  }

  return {
    async reasons() {
      if (phase !== undefined) return [phase];
      try {
        const found = describeDeployment(await redis.info());
        judgeEviction(found);
        return [
          ...known(),
          ...(found.isReplica ? [REPLICA] : []),
          ...((await parts.schedule()?.lateness()) ?? []),
        ];
      } catch {
        return [...known(), 'Redis does not answer'];
      }
    },
    say(reason) {
      phase = reason;
    },
    async awaitRedis(signal) {
      phase = SILENT;
      while (!signal.aborted && (await connected(redis, signal))) {
        const found = await look();
        if (found) requireFit(found);
        if (found && !found.isReplica) {
          judgeEviction(found);
          return true;
        }
        if (found && phase !== REPLICA)
          log.warn({ event: 'redis.replica' }, `${REPLICA}. Waiting for its master.`);
        phase = found ? REPLICA : SILENT;
        // One behind a name or an address for many may be another one by now.
        if (found) redis.disconnect(true);
        await clock.sleep(LOOK_AGAIN_MS, signal);
      }
      return false;
    },
    async judgeRedis() {
      const found = await readDeployment(redis);
      requireFit(found);
      judgeEviction(found);
    },
  };
}
