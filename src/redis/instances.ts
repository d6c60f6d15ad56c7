import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/** A process that has not shown itself for this long is gone. */
const GONE_MS = 20_000;

/**
 * The processes that serve from this Redis: who is alone may tidy up, who is not leaves others' work be. Judged by
 * the server's clock: a process whose own is ahead would take all others for gone, and tidy away their accounts.
 */
export interface Instances {
  /** Shows that this process lives; to be called every few seconds. */
  beat(): Promise<void>;
  /** How many other processes live. */
  others(): Promise<number>;
  /** All that live, this one among them. */
  living(): Promise<readonly string[]>;
  leave(): Promise<void>;
}

export function makeInstances(redis: Redis, instance: string): Instances {
  const serverNow = async (): Promise<number> => {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  };
  const living = async (): Promise<readonly string[]> =>
    redis.zrangebyscore(keys.instances, (await serverNow()) - GONE_MS, '+inf');
  return {
    living,
    async beat() {
      const now = await serverNow();
      await redis
        .multi()
        .zadd(keys.instances, now, instance)
        .zremrangebyscore(keys.instances, '-inf', now - GONE_MS)
        .exec();
    },
    async others() {
      return (await living()).filter((each) => each !== instance).length;
    },
    async leave() {
      await redis.zrem(keys.instances, instance);
    },
  };
}
