import type { Redis } from 'ioredis';
import { until } from '../../support/poll.ts';
import type { ClientOptions } from '../../support/redis.ts';
import { brokerOf, nameOf, type Entry } from './entries.ts';

/** Where a Redis is. */
export interface Ground {
  /** A client of its own; whoever asks closes it. */
  connect(how: ClientOptions): Redis;
}

/** The accounts of a desk as they stand in one Redis. */
export interface View extends Ground {
  readonly redis: Redis;
  readonly entries: readonly Entry[];
  readonly names: readonly string[];
  token(name: string): Promise<string | null>;
  stateOf(name: string): Promise<string>;
  /** Waits until these accounts are fresh; left out: all. */
  fresh(names?: readonly string[], timeoutMs?: number): Promise<void>;
  /** Makes an account due now. */
  due(name: string): Promise<void>;
  /** Asks for a refresh, as a person does. */
  request(name: string, how?: { readonly rearm: boolean }): Promise<void>;
}

export function viewOf({ connect }: Ground, redis: Redis, entries: readonly Entry[]): View {
  const names = entries.map(nameOf);
  const brokers = new Map(entries.map((entry) => [nameOf(entry), brokerOf(entry)]));
  const stateOf: View['stateOf'] = async (name) => (await redis.hget(`state:${name}`, 'state')) ?? 'none';
  const due: View['due'] = async (name) =>
    void (await redis.zadd(`refresher:due:${brokers.get(name)}`, Date.now(), name));

  // Errors reach the test through its commands; without a listener ioredis prints them too.
  redis.on('error', () => undefined);
  return {
    connect,
    redis,
    entries,
    names,
    token: (name) => redis.get(`token:${name}`),
    stateOf,
    async fresh(wanted = names, timeoutMs = 30_000) {
      const areFresh = async (): Promise<boolean> => {
        const seen = await Promise.all(
          wanted.map(
            async (name) => [name, await stateOf(name), await redis.exists(`token:${name}`)] as const,
          ),
        );
        const others = seen.filter(([, state, keys]) => state !== 'fresh' || keys === 0);
        if (others.length === 0) return true;
        throw new Error(others.map(([name, state, keys]) => `${name} ${state} ${keys}`).join(', '));
      };
      await until(areFresh, { what: `${wanted.join(', ')} to be fresh`, timeoutMs });
    },
    due,
    async request(name, { rearm } = { rearm: false }) {
      const request = JSON.stringify({ at: Date.now(), rearm });
      await redis.hset(`refresher:account:${name}`, 'request', request);
      await due(name);
    },
  };
}
