import type { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';
import { evictionPolicy } from '../redis/world.ts';
import type { Schedule } from '../scheduling/schedule.ts';

/** Whether the service does what it is there for, and if not, why. */
export interface Readiness {
  reasons(): Promise<readonly string[]>;
  /** What stands in the way of everything else; undefined: nothing any more. */
  say(reason: string | undefined): void;
  /** A Redis that drops keys when it is full drops tokens: not ready, unless somebody said it is meant. */
  judgeEviction(): Promise<void>;
}

export function makeReadiness(
  redis: Redis,
  schedule: () => Schedule | undefined,
  allowEviction: boolean,
  log: Log,
): Readiness {
  let phase: string | undefined = 'the service is starting';
  let eviction: string | undefined;
  return {
    async reasons() {
      if (phase !== undefined) return [phase];
      const known = eviction === undefined ? [] : [eviction];
      try {
        await redis.ping();
        return [...known, ...((await schedule()?.lateness()) ?? [])];
      } catch {
        return [...known, 'Redis does not answer'];
      }
    },
    say(reason) {
      phase = reason;
    },
    async judgeEviction() {
      const policy = await evictionPolicy(redis);
      if (policy === undefined || policy === 'noeviction' || allowEviction) {
        eviction = undefined;
        return;
      }
      const before = eviction;
      eviction = `Redis may drop keys when its memory is full (maxmemory-policy ${policy}): set it to noeviction, or ALLOW_EVICTION=1`;
      if (eviction !== before) log.error({ event: 'redis.evicts', policy }, `${eviction}.`);
    },
  };
}
