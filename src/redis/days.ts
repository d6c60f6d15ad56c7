import type { Redis } from 'ioredis';
import { readDay, type LastDay } from '../core/last-day.ts';
import { keys } from './keys.ts';

/** How each of these accounts stood in its last day, in one round trip: for as many as a page shows. */
export async function readDays(
  redis: Redis,
  names: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, LastDay>> {
  if (names.length === 0) return new Map();
  const texts = await redis.mget(names.map(keys.day));
  return new Map(names.map((name, i) => [name, readDay(texts[i] ?? null, now)]));
}
