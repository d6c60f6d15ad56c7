import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/** A process that has not shown itself for this long is gone. */
const GONE_MS = 20_000;

/** The processes that serve from this Redis: who is alone may tidy up, who is not leaves others' work be. */
export interface Instances {
  /** Shows that this process lives; to be called every few seconds. */
  beat(now: number): Promise<void>;
  /** How many other processes live. */
  others(now: number): Promise<number>;
  leave(): Promise<void>;
}

export function makeInstances(redis: Redis, instance: string): Instances {
  return {
    async beat(now) {
      await redis
        .multi()
        .zadd(keys.instances, now, instance)
        .zremrangebyscore(keys.instances, '-inf', now - GONE_MS)
        .exec();
    },
    async others(now) {
      const living = await redis.zrangebyscore(keys.instances, now - GONE_MS, '+inf');
      return living.filter((each) => each !== instance).length;
    },
    async leave() {
      await redis.zrem(keys.instances, instance);
    },
  };
}
