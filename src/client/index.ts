/**
 * `token-refresher/client`: what a bot needs beyond `GET token:<name>`. It talks to Redis alone, never to the
 * service, and to no broker but through the caller's own call.
 */
import { setTimeout as after } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { makeWithToken, type WithToken } from './calls.ts';
import { makeFetch, type Fetch, type FetchWithToken } from './fetching.ts';
import { makeHints } from './hints.ts';
import { makeMemory } from './memory.ts';
import { makeReadToken, type Lack, type Token } from './reading.ts';
import { makeSubscribe, type OnToken } from './subscriptions.ts';
import { makeWaiting } from './waiting.ts';

export type { CallOptions, Outcome } from './calls.ts';
export { NoTokenError, RedisAwayError } from './errors.ts';
export type { Fetch } from './fetching.ts';
export type { Lack, Token } from './reading.ts';
export type { OnToken } from './subscriptions.ts';

export interface TokenReader {
  /** The live token, or undefined. Throws RedisAwayError where that cannot be known. */
  get(name: string): Promise<string | undefined>;
  /** Every header that a call to the broker needs, or undefined. */
  headers(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Token, headers, base URL, generation and end, all of one generation; or undefined. */
  read(name: string): Promise<Token | undefined>;
  /** Why there is no token, as the service says. */
  why(name: string): Promise<Lack | undefined>;
  /** The first of these accounts that has a live token; its `name` says which. */
  getFirst(names: readonly string[]): Promise<Token | undefined>;
  /** Calls `onToken` with the present token and with each change; answers how to stop. */
  subscribe(name: string, onToken: OnToken): () => void;
  /** Makes a call, and again with a newer token where the broker refused this one (401): three tries in all. */
  withToken: WithToken;
  /** `fetch` with the token's headers, and again after a 401. */
  fetch: FetchWithToken;
  /** Closes the connection for events. The Redis that was handed in is the caller's. */
  close(): void;
}

export interface TokenReaderOptions {
  readonly redis: Redis;
  /** How long Redis may take to answer, ms; default 3,000. While a token is known to be good it gets less. */
  readonly timeoutMs?: number;
  /** In place of the global `fetch`. */
  readonly fetch?: Fetch;
  /** Hears what a subscriber's function throws; by default it is thrown where nothing catches it. */
  readonly onError?: (error: unknown) => void;
  /** Time and chance, for tests. */
  readonly clock?: {
    now(): number;
    elapsed(): number;
    /** Ends early, without an error, where the signal aborts. */
    sleep(ms: number, signal: AbortSignal): Promise<void>;
  };
  readonly random?: () => number;
}

const systemClock: NonNullable<TokenReaderOptions['clock']> = {
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: (ms, signal) => after(ms, undefined, { signal, ref: true }).catch(() => undefined),
};

/** Reads tokens that the service keeps; one reader serves a whole process. */
export function createTokenReader(options: TokenReaderOptions): TokenReader {
  const { redis, timeoutMs = 3_000, clock = systemClock, random = Math.random } = options;
  const { now, elapsed, sleep } = clock;
  const memory = makeMemory(makeReadToken(redis, now), elapsed, timeoutMs, sleep);
  const hints = makeHints(redis);
  const waiting = makeWaiting({ memory, hints, elapsed, sleep });
  const withToken = makeWithToken({ redis, memory, waiting, elapsed, sleep, random });
  const onError =
    options.onError ??
    ((error: unknown): void => {
      queueMicrotask(() => {
        throw error;
      });
    });

  const read = async (name: string): Promise<Token | undefined> => {
    const reading = await memory.read(name, false);
    return reading.found ? reading.token : undefined;
  };
  return {
    read,
    get: async (name) => (await read(name))?.token,
    headers: async (name) => (await read(name))?.headers,
    async why(name) {
      const reading = await memory.read(name, true);
      return reading.found ? undefined : reading.lack;
    },
    async getFirst(names) {
      const all = await Promise.allSettled(names.map(read));
      const live = all.flatMap((each) => (each.status === 'fulfilled' && each.value ? [each.value] : []));
      if (live[0]) return live[0];
      const failed = all.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
      return undefined;
    },
    subscribe: makeSubscribe({ memory, hints, sleep, onError }),
    withToken,
    fetch: makeFetch(withToken, options.fetch ?? ((url, init) => fetch(url, init))),
    close: () => hints.close(),
  };
}
