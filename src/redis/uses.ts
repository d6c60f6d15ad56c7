import type { Redis } from 'ioredis';
import {
  dayOf,
  daysOf,
  firstDayKept,
  useField,
  USES_KEPT_MS,
  type DayOfUse,
  type Use,
} from '../core/uses.ts';
import { keys } from './keys.ts';
import { answersOf } from './standings.ts';

const BATCH = 500;

/** What a script is told to count (`countUses` in uses.lua): in the step that is made anyway. */
export interface UsePayload {
  readonly fields: readonly string[];
  readonly firstDay: string;
  readonly keptMs: number;
}

export function usePayload(of: readonly Use[], now: number): UsePayload | undefined {
  if (of.length === 0) return undefined;
  return {
    fields: of.map((use) => useField(dayOf(now), use)),
    firstDay: firstDayKept(now),
    keptMs: USES_KEPT_MS,
  };
}

/** Counts a use outside of a script, in one round trip; `times`: so often it was made. */
export async function countUse(redis: Redis, name: string, use: Use, now: number, times = 1): Promise<void> {
  const key = keys.uses(name);
  answersOf(
    await redis
      .pipeline()
      .hincrby(key, useField(dayOf(now), use), times)
      .pexpire(key, USES_KEPT_MS)
      .exec(),
  );
}

/** What each account was used for in the last month, by day. */
export async function readUses(
  redis: Redis,
  names: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, readonly DayOfUse[]>> {
  const found = new Map<string, readonly DayOfUse[]>();
  for (let i = 0; i < names.length; i += BATCH) {
    const batch = names.slice(i, i + BATCH);
    const read = redis.pipeline();
    for (const name of batch) read.hgetall(keys.uses(name));
    const answers = answersOf(await read.exec());
    batch.forEach((name, j) => found.set(name, daysOf(texts(answers[j]), now)));
  }
  return found;
}

const texts = (reply: unknown): Readonly<Record<string, string>> =>
  typeof reply === 'object' && reply !== null
    ? Object.fromEntries(Object.entries(reply).map(([field, value]) => [field, String(value)]))
    : {};
