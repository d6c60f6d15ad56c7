import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Observation, Watched } from '../core/observation.ts';
import { keys } from './keys.ts';

const observationSchema = z.object({
  state: z.enum(['fresh', 'expired', 'awaiting_approval']),
  reason: z.string().optional(),
  since: z.string().optional(),
  generation: z.number().optional(),
  issuedAt: z.number().optional(),
  expiresAt: z.number().optional(),
  renewAt: z.number().optional(),
  dueAt: z.number().optional(),
  trouble: z.string().optional(),
});

/** What was seen last of accounts that somebody else serves. */
export async function readObserved(
  redis: Redis,
  names: readonly string[],
): Promise<ReadonlyMap<string, Observation>> {
  if (names.length === 0) return new Map();
  const texts = await redis.hmget(keys.observed, ...names);
  return new Map(
    texts.flatMap((text, i): [string, Observation][] => {
      const name = names[i];
      const read = text === null ? undefined : parse(text);
      return name === undefined || !read ? [] : [[name, { ...nothing, ...read }]];
    }),
  );
}

/** Every field, so that one that is not known any more replaces what was. */
const nothing = {
  reason: undefined,
  since: undefined,
  generation: undefined,
  issuedAt: undefined,
  expiresAt: undefined,
  renewAt: undefined,
  dueAt: undefined,
  trouble: undefined,
};

function parse(text: string): z.output<typeof observationSchema> | undefined {
  try {
    return observationSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Notes what was seen; nothing that bots read is touched. */
export async function noteObserved(
  redis: Redis,
  observations: ReadonlyMap<string, Observation>,
): Promise<void> {
  const fields = [...observations].flatMap(([name, each]) => [name, JSON.stringify(each)]);
  if (fields.length > 0) await redis.hset(keys.observed, ...fields);
}

/** What stands in Redis for an account, whoever wrote it, all of one moment. */
export async function readWatched(redis: Redis, name: string): Promise<Watched> {
  const replies = await redis
    .multi()
    .get(`token:${name}`)
    .pttl(`token:${name}`)
    .hmget(`meta:${name}`, 'generation', 'issuedAt', 'expiresAt')
    .exec();
  // A key of another type is no token of anybody.
  const [token, ttlMs, meta] = (replies ?? []).map(([error, value]) => (error ? undefined : value));
  const [generation, issuedAt, expiresAt] = Array.isArray(meta) ? (meta as readonly unknown[]) : [];
  const instant = (text: unknown): number | undefined => {
    const at = typeof text === 'string' ? Date.parse(text) : NaN;
    return Number.isNaN(at) ? undefined : at;
  };
  return {
    token: typeof token === 'string' ? token : undefined,
    ttlMs: typeof ttlMs === 'number' ? ttlMs : -2,
    generation: Number(generation) || undefined,
    issuedAt: instant(issuedAt),
    expiresAt: instant(expiresAt),
  };
}
