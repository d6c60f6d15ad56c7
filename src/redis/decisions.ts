import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { MadeDecision } from '../core/explain.ts';
import { keys } from './keys.ts';

const madeSchema = z.object({
  did: z.string(),
  state: z.string(),
  reason: z.string(),
  message: z.string().optional(),
  nextAt: z.number().optional(),
  at: z.number(),
  last: z.number(),
  times: z.number(),
});

/** The last decisions about an account, newest first. */
export async function readDecisions(redis: Redis, name: string): Promise<readonly MadeDecision[]> {
  const texts = await redis.lrange(keys.decisions(name), 0, -1);
  return texts.flatMap((text) => {
    const read = madeSchema.safeParse(JSON.parse(text));
    return read.success ? [read.data] : [];
  });
}
