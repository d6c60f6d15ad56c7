import type { Redis } from 'ioredis';
import { keys } from './keys.ts';
import { run, scripts } from './scripts.ts';

export type Rearmed = 'ok' | 'missing' | 'foreign' | 'over';

const BATCH = 200;
/** Share of a capped TTL after which it is given its full length again. */
export const REARM_SHARE = 0.4;

/** Accounts whose keys must get their full TTL again by `now`. */
export async function dueForRearm(redis: Redis, now: number): Promise<readonly string[]> {
  return redis.zrangebyscore(keys.rearm, '-inf', now, 'LIMIT', 0, BATCH);
}

/** Gives one account's keys their full TTL again, where they are still ours. */
export async function rearm(
  redis: Redis,
  name: string,
  now: number,
  ttlCapMs: number | undefined,
): Promise<Rearmed> {
  const reply = await run(
    redis,
    scripts.rearm,
    [keys.record(name), keys.rearm],
    [name, now, ttlCapMs ?? Number.MAX_SAFE_INTEGER, REARM_SHARE],
  );
  return reply === 'missing' || reply === 'foreign' || reply === 'over' ? reply : 'ok';
}
