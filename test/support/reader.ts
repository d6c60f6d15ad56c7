import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { track } from './leaks.ts';

/** A bot that reads an account's token and asks the broker whether it works. */
export interface Reader {
  /** One look; says what was wrong with what it found. */
  look(): Promise<string | undefined>;
  /** Waits for the first token, then looks every 50 ms for so long. */
  follow(durationMs: number): Promise<void>;
  /** What was wrong while following, with the instant. */
  faults(): readonly string[];
  looks(): number;
  /** The generations it met, in order, each once. */
  generations(): readonly number[];
  stop(): Promise<void>;
}

const EVERY_MS = 50;
/** What rounding may add to a TTL. */
const CLOCK_MS = 2;
const FIRST_TOKEN_MS = 20_000;

/** Reads `token:`, `auth:` and `meta:` of an IG account as the contract tells bots to; one that is not stopped fails the file. */
export async function followTokens(redisUrl: string, name: string): Promise<Reader> {
  const redis = new Redis(redisUrl);
  const stop = async (): Promise<void> => {
    untrack();
    redis.disconnect();
  };
  const untrack = track(`a reader of ${name}`, stop);
  const faults: string[] = [];
  const generations: number[] = [];
  let looks = 0;

  async function look(): Promise<string | undefined> {
    const read = await redis
      .multi()
      .get(`token:${name}`)
      .get(`auth:${name}`)
      .hgetall(`meta:${name}`)
      .pttl(`token:${name}`)
      .time()
      .exec();
    const [token, auth, meta, ttl, time] = (read ?? []).map(([, value]) => value) as [
      string | null,
      string | null,
      Record<string, string>,
      number,
      readonly [string, string],
    ];
    looks += 1;
    if (token === null || meta['headers'] === undefined) return 'no token';
    if (auth !== token) return 'auth: is another token than token:';
    const headers = JSON.parse(meta['headers']) as Record<string, string>;
    if (headers['Authorization'] !== `Bearer ${token}`) return 'meta: is of another token than token:';
    // By the server's own time, whenever its answer got here.
    const readAt = Number(time[0]) * 1000 + Number(time[1]) / 1000;
    if (readAt + ttl > Date.parse(meta['expiresAt'] ?? '') + CLOCK_MS) return 'a key outlives its token';
    const generation = Number(meta['generation']);
    if (generations.at(-1) !== generation) generations.push(generation);
    const answer = await fetch(`${meta['baseUrl']}/session`, { headers: { ...headers, version: '1' } });
    await answer.body?.cancel();
    return answer.status === 200 ? undefined : `a dead token (HTTP ${answer.status})`;
  }

  return {
    look,
    async follow(durationMs) {
      const firstBy = Date.now() + FIRST_TOKEN_MS;
      while ((await look()) !== undefined) {
        if (Date.now() > firstBy) throw new Error(`no token of ${name} within ${FIRST_TOKEN_MS} ms`);
        await sleep(EVERY_MS);
      }
      const startedAt = Date.now();
      while (Date.now() - startedAt < durationMs) {
        const lookedAt = Date.now();
        const fault = await look();
        if (fault !== undefined) faults.push(`${fault} after ${lookedAt - startedAt} ms`);
        await sleep(Math.max(0, lookedAt + EVERY_MS - Date.now()));
      }
    },
    faults: () => faults,
    looks: () => looks,
    generations: () => generations,
    stop,
  };
}
