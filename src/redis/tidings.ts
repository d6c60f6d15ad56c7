import { Redis } from 'ioredis';
import { z } from 'zod';
import { connectionOptions, type RedisAddress } from './connection.ts';

/** What processes on this Redis tell of accounts, for who shows it to people. */
export interface Tidings {
  /**
   * Calls `heard` with the name of each account that something happened to, an empty one where it cannot be known,
   * until what this returns is called. Connected only while somebody listens; what happens while the connection is
   * away is not heard.
   */
  listen(heard: (name: string) => void): () => void;
  close(): void;
}

const CHANNEL = 'token-events';
const eventSchema = z.object({ username: z.string() });

export function makeTidings(address: RedisAddress): Tidings {
  const listeners = new Set<(name: string) => void>();
  let subscriber: Redis | undefined;

  function connect(): Redis {
    const redis = new Redis({
      ...connectionOptions(address),
      // Hours may pass without a word.
      socketTimeout: undefined,
      maxRetriesPerRequest: null,
    });
    // Whether Redis answers is said where it is asked.
    redis.on('error', () => undefined);
    redis.on('message', (_channel, text: string) => {
      const name = nameIn(text);
      for (const heard of listeners) heard(name);
    });
    redis.subscribe(CHANNEL).catch(() => undefined);
    return redis;
  }
  const close = (): void => {
    subscriber?.disconnect();
    subscriber = undefined;
  };

  return {
    listen(heard) {
      listeners.add(heard);
      subscriber ??= connect();
      return () => {
        listeners.delete(heard);
        if (listeners.size === 0) close();
      };
    },
    close,
  };
}

function nameIn(text: string): string {
  try {
    return eventSchema.safeParse(JSON.parse(text)).data?.username ?? '';
  } catch {
    return '';
  }
}
