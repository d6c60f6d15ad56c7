import { setTimeout as sleep } from 'node:timers/promises';
import type { Endings } from '../../support/endings.ts';
import type { Desk } from './desk.ts';
import { brokerOf, nameOf, type Entry } from './entries.ts';

/** What a bot met, and must never meet. */
export interface Fault {
  readonly at: string;
  readonly name: string;
  readonly what: string;
}

/** Bots that read every account's token all the time and ask its broker whether it works. */
export interface Bots {
  faults(): readonly Fault[];
  looks(): number;
  /** For how long, of what was looked at, there was no token to read, ms. */
  missingMs(name: string): number;
  stop(): Promise<void>;
}

/** How a look begins whose token the broker does not take. */
export const DEAD = 'a dead token';
const EVERY_MS = 50;
/** Upstox counts a user's calls. */
const SLOWLY_MS = 500;
const CLOCK_MS = 5;

/** An authenticated read of each broker, and the header it needs. */
const reads: Readonly<Record<string, { readonly path: string; readonly headers: Record<string, string> }>> = {
  ig: { path: '/session', headers: { version: '1' } },
  tradovate: { path: '/account/list', headers: {} },
  upstox: { path: '/v2/user/profile', headers: {} },
};

interface Seen {
  readonly token: string | null;
  readonly auth: string | null;
  readonly meta: Readonly<Record<string, string>>;
  readonly ttlMs: number;
  readonly readAt: number;
}

/** Starts one bot for each account. They are quiet while Redis is away. */
export function startBots(ends: Endings, desk: Desk): Bots {
  const redis = desk.connect({
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 2_000,
    retryStrategy: () => 100,
  });
  redis.on('error', () => undefined);
  const faults: Fault[] = [];
  const missing = new Map<string, number>();
  const generations = new Map<string, { generation: number; token: string }>();
  let looks = 0;
  let stopped = false;
  const isStopped = (): boolean => stopped;

  async function read(name: string): Promise<Seen> {
    const replies = await redis
      .multi()
      .get(`token:${name}`)
      .get(`auth:${name}`)
      .hgetall(`meta:${name}`)
      .pttl(`token:${name}`)
      .time()
      .exec();
    const [token, auth, meta, ttlMs, time] = (replies ?? []).map(([, value]) => value) as [
      string | null,
      string | null,
      Record<string, string>,
      number,
      readonly [string, string],
    ];
    return { token, auth, meta, ttlMs, readAt: Number(time[0]) * 1_000 + Number(time[1]) / 1_000 };
  }

  /** What a look shows to be wrong; undefined: nothing. */
  async function judge(
    entry: Entry,
    { token, auth, meta, ttlMs, readAt }: Seen,
  ): Promise<string | undefined> {
    const name = nameOf(entry);
    if (token === null) return meta['generation'] === undefined ? undefined : 'meta: without token:';
    const expiresAt = Date.parse(meta['expiresAt'] ?? '');
    if (auth !== token) return 'auth: is another token than token:';
    if (!(meta['headers'] ?? '').includes(token)) return 'meta: is of another token than token:';
    if (!(readAt + ttlMs <= expiresAt + CLOCK_MS)) return 'a key outlives its token';
    const generation = Number(meta['generation']);
    const before = generations.get(name);
    generations.set(name, { generation, token });
    if (before && generation < before.generation) return 'a generation fell';
    if (before?.generation === generation && before.token !== token) return 'two tokens under one generation';
    const { path, headers } = reads[brokerOf(entry)] ?? { path: '', headers: {} };
    const answer = await fetch(`${meta['baseUrl']}${path}`, {
      headers: { ...(JSON.parse(meta['headers'] ?? '{}') as Record<string, string>), ...headers },
    });
    await answer.body?.cancel();
    // It may have run out between the two reads; that is no news to a bot that knows `expiresAt`.
    if (answer.status === 200 || Date.now() >= expiresAt) return undefined;
    return `${DEAD} (HTTP ${answer.status}), ${Math.round(expiresAt - Date.now())} ms before its end`;
  }

  async function follow(entry: Entry): Promise<void> {
    const name = nameOf(entry);
    const everyMs = brokerOf(entry) === 'upstox' ? SLOWLY_MS : EVERY_MS;
    while (!isStopped()) {
      const lookedAt = Date.now();
      try {
        const seen = await read(name);
        const what = await judge(entry, seen);
        if (what !== undefined) faults.push({ at: new Date(lookedAt).toISOString(), name, what });
        if (seen.token === null) missing.set(name, (missing.get(name) ?? 0) + everyMs);
        looks += 1;
      } catch {
        // Redis or the brokers are away: bots have nothing to read, and nothing to be misled by.
      }
      await sleep(Math.max(1, lookedAt + everyMs - Date.now()));
    }
  }

  const following = desk.entries.map(follow);
  const bots: Bots = {
    faults: () => faults,
    looks: () => looks,
    missingMs: (name) => missing.get(name) ?? 0,
    async stop() {
      stopped = true;
      await Promise.all(following);
      redis.disconnect();
    },
  };
  return ends.add(bots, () => bots.stop());
}
