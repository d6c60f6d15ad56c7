import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keys } from './keys.ts';

const requestSchema = z.object({ id: z.string(), acceptRemovals: z.boolean() });
const answerSchema = z.object({ instance: z.string(), done: z.boolean(), message: z.string() });

/** A person's wish that every process reads its credentials file now. */
export type ReloadRequest = z.output<typeof requestSchema>;
/** What one process says it did. */
export type ReloadAnswer = z.output<typeof answerSchema>;

const KEPT_MS = 60_000;
const answersOf = (id: string): string => `${keys.reload}:${id}`;

export async function askForReload(redis: Redis, request: ReloadRequest): Promise<void> {
  await redis.set(keys.reload, JSON.stringify(request), 'PX', KEPT_MS);
}

/** The latest wish, or undefined; a process remembers the ids it has served. */
export async function pendingReload(redis: Redis): Promise<ReloadRequest | undefined> {
  const text = await redis.get(keys.reload);
  return text === null ? undefined : requestSchema.safeParse(JSON.parse(text)).data;
}

export async function answerReload(redis: Redis, id: string, answer: ReloadAnswer): Promise<void> {
  await redis.multi().rpush(answersOf(id), JSON.stringify(answer)).pexpire(answersOf(id), KEPT_MS).exec();
}

export async function readReloadAnswers(redis: Redis, id: string): Promise<readonly ReloadAnswer[]> {
  const texts = await redis.lrange(answersOf(id), 0, -1);
  return texts.flatMap((text) => {
    const parsed = answerSchema.safeParse(JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  });
}
