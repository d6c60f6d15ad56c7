import type { Redis } from 'ioredis';
import type { Planned } from '../core/next-look.ts';
import { keys } from './keys.ts';
import { patienceFields, patienceIn } from './patience.ts';
import { run, scripts } from './scripts.ts';

/** How far a claim pushes an account ahead: when its job is lost, it is due again after this. */
const HORIZON_MS = 10_000;
const TICK_KEPT_MS = 60 * 60_000;
/** A job that waited this long in the queue counts as lost. */
const LOST_MS = 60_000;

/** The due index of every broker: when each account is to be looked at next. */
export interface DueIndex {
  /** Takes up to `limit` due accounts; `more` where others may still be due. */
  claim(broker: string, now: number, limit: number): Promise<{ names: readonly string[]; more: boolean }>;
  /** Makes accounts due at `at` where they have no next action yet; says how many had none. */
  seed(broker: string, names: readonly string[], at: number): Promise<number>;
  /** Makes accounts due at `at`, whatever they had. */
  put(broker: string, names: readonly string[], at: number): Promise<void>;
  /** Counts a due account as claimed: no tick queues it while it is looked at. */
  defer(broker: string, name: string, now: number): Promise<void>;
  remove(broker: string, names: readonly string[]): Promise<void>;
  /** Those of `names` that have no next action. */
  missing(broker: string, names: readonly string[]): Promise<readonly string[]>;
  /** What is planned for each of them, and why; undefined for one without a next action. */
  plans(broker: string, names: readonly string[], now: number): Promise<readonly (Planned | undefined)[]>;
  /** A job scheduler has fired; kept for an hour. */
  noteTick(broker: string, at: number): Promise<void>;
  /** When one last fired, ms, or undefined. */
  lastTick(broker: string): Promise<number | undefined>;
  /** Takes accounts off the list of those that wait in the queue. */
  unqueue(broker: string, names: readonly string[]): Promise<void>;
  /** When the one that waits longest in the queue was put there (ms), or undefined. */
  waitingSince(broker: string): Promise<number | undefined>;
  /** Takes all off it that were queued before `before`: their jobs are lost, and they are due now. */
  unqueueLost(broker: string, before: number, now: number): Promise<void>;
}

const BATCH = 500;

const entry = (field: string, value: unknown): readonly (readonly [string, string])[] =>
  typeof value === 'string' ? [[field, value]] : [];

/** What TIME answers, in ms. */
function instantOf(reply: unknown): number | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [seconds = NaN, micros = NaN] = reply.map(Number);
  return Number.isNaN(seconds + micros) ? undefined : seconds * 1_000 + Math.floor(micros / 1_000);
}

function batches<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / BATCH);
  return Array.from({ length: count }, (_, i) => items.slice(i * BATCH, (i + 1) * BATCH));
}

export function makeDueIndex(redis: Redis): DueIndex {
  const scored = (names: readonly string[], at: number): string[] =>
    names.flatMap((name) => [String(at), name]);
  return {
    async claim(broker, now, limit) {
      const reply = await run(
        redis,
        scripts.claim,
        [keys.due(broker), keys.queued(broker)],
        [now, limit, HORIZON_MS, LOST_MS],
      );
      const [due, ...names] = Array.isArray(reply) ? reply.map(String) : [];
      return { names, more: Number(due ?? 0) >= limit };
    },
    async seed(broker, names, at) {
      let added = 0;
      for (const batch of batches(names))
        added += await redis.zadd(keys.due(broker), 'NX', ...scored(batch, at));
      return added;
    },
    async put(broker, names, at) {
      for (const batch of batches(names)) await redis.zadd(keys.due(broker), ...scored(batch, at));
    },
    async defer(broker, name, now) {
      await redis.zadd(keys.due(broker), 'XX', now + HORIZON_MS, name);
    },
    async remove(broker, names) {
      for (const batch of batches(names)) await redis.zrem(keys.due(broker), ...batch);
    },
    async missing(broker, names) {
      const without: string[] = [];
      for (const batch of batches(names)) {
        const scores = await redis.zmscore(keys.due(broker), ...batch);
        batch.forEach((name, i) => {
          if (scores[i] === null || scores[i] === undefined) without.push(name);
        });
      }
      return without;
    },
    async plans(broker, names, now) {
      const scores = await redis.zmscore(keys.due(broker), ...names);
      const read = redis.pipeline();
      for (const name of names) {
        read.hmget(keys.record(name), 'issuedAt', 'expiresAt', 'renewAt', ...patienceFields);
        read.hget(`state:${name}`, 'reason');
      }
      read.time();
      const replies = (await read.exec()) ?? [];
      const serverNow = instantOf(replies.at(-1)?.[1]) ?? now;
      return names.map((_, i) => {
        const score = scores[i];
        const fields = replies[2 * i]?.[1];
        if (score === null || score === undefined || !Array.isArray(fields)) return undefined;
        const [issuedAt = 0, expiresAt = 0, renewAt = 0] = fields.map(Number);
        const reason = replies[2 * i + 1]?.[1];
        return {
          at: Number(score),
          issuedAt,
          expiresAt,
          renewAt,
          retryAt: patienceIn(
            Object.fromEntries(patienceFields.flatMap((field, at) => entry(field, fields[3 + at]))),
            serverNow,
            now,
          ),
          reason: typeof reason === 'string' ? reason : '',
        };
      });
    },
    async noteTick(broker, at) {
      await redis.set(keys.tick(broker), at, 'PX', TICK_KEPT_MS);
    },
    async lastTick(broker) {
      const at = await redis.get(keys.tick(broker));
      return at === null ? undefined : Number(at);
    },
    async unqueue(broker, names) {
      for (const batch of batches(names)) await redis.zrem(keys.queued(broker), ...batch);
    },
    async waitingSince(broker) {
      const [, score] = await redis.zrange(keys.queued(broker), '0', '0', 'WITHSCORES');
      return score === undefined ? undefined : Number(score);
    },
    async unqueueLost(broker, before, now) {
      await run(redis, scripts.unqueueLost, [keys.due(broker), keys.queued(broker)], [before, now]);
    },
  };
}
