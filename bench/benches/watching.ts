import { Redis } from 'ioredis';
import type { Scope } from '../bench.ts';
import { tokensOf } from './checks.ts';

/** What was seen of the tokens while they were watched. */
export interface Watched {
  /** Readings that found no token, and those that found one whose life was over. */
  missing: number;
  dead: number;
  readings: number;
  /** From when an account was due to its new token, ms. */
  readonly lateMs: number[];
}

/** Reads all tokens again and again, and notes how long after its due time each is replaced. */
export interface Watch {
  readonly seen: Watched;
  /** One reading of all. */
  look(): Promise<void>;
  stop(): void;
}

/** @param dueKey the index of due times: the service's own, read when an account has its next one */
export async function watchTokens(scope: Scope, users: readonly string[], dueKey: string): Promise<Watch> {
  const seen: Watched = { missing: 0, dead: 0, readings: 0, lateMs: [] };
  const dueAt = new Map<string, number>();
  const subscriber = new Redis(scope.redis.url);
  const reader = new Redis(scope.redis.url);
  scope.ends.add(() => {
    subscriber.disconnect();
    reader.disconnect();
  });
  const learn = async (user: string): Promise<void> => {
    const score = await reader.zscore(dueKey, user);
    if (score !== null) dueAt.set(user, Number(score));
  };
  await Promise.all(users.map(learn));
  await subscriber.subscribe('token-events');
  subscriber.on('message', (_channel, text) => {
    const { event, username } = JSON.parse(text) as { readonly event: string; readonly username: string };
    if (event !== 'refreshed') return;
    const due = dueAt.get(username);
    if (due !== undefined) seen.lateMs.push(Date.now() - due);
    learn(username).catch(() => undefined);
  });
  return {
    seen,
    look: async () => {
      const askedAt = Date.now();
      const tokens = await tokensOf(scope, users);
      seen.readings += tokens.length;
      seen.missing += tokens.filter((token) => token === null).length;
      // By the instant before the question: a token that died while it was answered was good when asked for.
      seen.dead += tokens.filter((token) => token !== null && untilOf(token) <= askedAt).length;
    },
    stop: () => {
      subscriber.disconnect();
      reader.disconnect();
    },
  };
}

/** Until when the broker honours a token; it says so itself. */
function untilOf(token: string): number {
  const body: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return typeof body === 'object' && body !== null && 'until' in body ? Number(body.until) : NaN;
}
