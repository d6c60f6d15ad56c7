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
  judgeEviction(allowed: boolean, log: Log): Promise<void>;
}

export function makeReadiness(redis: Redis, schedule: () => Schedule | undefined): Readiness {
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
    async judgeEviction(allowed, log) {
      const policy = await evictionPolicy(redis);
      if (policy === undefined || policy === 'noeviction' || allowed) return;
      eviction = `Redis may drop keys when its memory is full (maxmemory-policy ${policy}): set it to noeviction, or ALLOW_EVICTION=1`;
      log.error({ event: 'redis.evicts', policy }, `${eviction}.`);
    },
  };
}
