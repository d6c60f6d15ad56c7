import type { Redis } from 'ioredis';

/** All that a reader sees of one name at one moment. */
export interface Sample {
  readonly name: string;
  /** The server's time, ms since the epoch. */
  readonly at: number;
  /** When the read left, by the own clock. */
  readonly askedAt: number;
  readonly token: string | undefined;
  readonly auth: string | undefined;
  readonly meta: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly list: readonly string[];
  /** What is in the keys of its list that were known before, and the `username` of whom they belong to. */
  readonly carried: readonly Carried[];
  /** How long each key lives on, ms; -1 where it does not end. Keys that are missing are left out. */
  readonly ttlMs: Readonly<Record<string, number>>;
  /** Keys of another type than the contract's. */
  readonly wrongTypes: readonly string[];
}

export interface Carried {
  readonly key: string;
  readonly token: string | undefined;
  readonly username: string | undefined;
}

/** Reads a name in one MULTI, with rights that every reader has; `known`: the keys its list had when it was read last. */
export async function readSample(
  redis: Redis,
  name: string,
  known: readonly string[],
  askedAt: number,
): Promise<Sample> {
  const [token, auth, meta, state] = [`token:${name}`, `auth:${name}`, `meta:${name}`, `state:${name}`];
  const carriers = known.filter((key) => key.startsWith('token:'));
  const asked = redis.multi().get(token).get(auth).hgetall(meta).hgetall(state).lrange(name, 0, -1);
  for (const key of [token, auth, meta]) asked.pttl(key);
  asked.time();
  for (const key of carriers) asked.get(key).hget(key.replace('token:', 'meta:'), 'username');
  const replies = await asked.exec();
  if (replies === null) throw new Error('Redis gave the read up');
  for (const [error] of replies) if (error && !/WRONGTYPE/.test(error.message)) throw error;
  const [tokenIs, authIs, metaIs, stateIs, list, tokenTtl, authTtl, metaTtl, time, ...carried] = replies.map(
    ([, value]) => value,
  );
  const at = Array.isArray(time) ? Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000) : 0;
  const ttls = [
    [token, tokenTtl],
    [auth, authTtl],
    [meta, metaTtl],
  ] as const;
  return {
    name,
    at,
    askedAt,
    token: text(tokenIs),
    auth: text(authIs),
    meta: fields(metaIs),
    state: fields(stateIs),
    list: Array.isArray(list) ? list.map(String) : [],
    carried: carriers.map((key, i) => ({
      key,
      token: text(carried[2 * i]),
      username: text(carried[2 * i + 1]),
    })),
    ttlMs: Object.fromEntries(ttls.flatMap(([key, ms]) => (Number(ms) === -2 ? [] : [[key, Number(ms)]]))),
    // A list of another type is left alone by the service, and only reported.
    wrongTypes: [token, auth, meta, state].filter((_, i) => replies[i]?.[0]),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const fields = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([field, said]) => [field, String(said)]))
    : {};
