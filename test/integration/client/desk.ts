import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { createTokenReader, type TokenReader, type TokenReaderOptions } from '../../../src/client/index.ts';

/** A Redis in which the test writes what the service would. */
export interface ClientDesk {
  readonly server: TestRedis;
  readonly redis: Redis;
  reader(options?: Partial<TokenReaderOptions>): TokenReader;
  /** Writes a generation, all keys in one step, and says so. */
  publish(name: string, generation: number, options?: PublishOptions): Promise<string>;
  /** The reports so far, field by field. */
  reports(): Promise<readonly Readonly<Record<string, string>>[]>;
  stop(): Promise<void>;
}

export interface PublishOptions {
  /** The TTL of its keys. */
  readonly livesMs?: number;
  /** The token's end, from now; its keys' where nothing is said. */
  readonly saysMs?: number;
  readonly event?: string;
  readonly baseUrl?: string;
}

/** `own`: on a Redis that may be killed, and keeps its data. */
export async function openDesk(own = false): Promise<ClientDesk> {
  const server = await startRedis({ own, durable: own });
  const redis = server.client();
  const readers: TokenReader[] = [];
  return {
    server,
    redis,
    reader(options = {}) {
      const reader = createTokenReader({ redis: server.client(), ...options });
      readers.push(reader);
      return reader;
    },
    async publish(name, generation, options = {}) {
      const { livesMs = 60_000, event = 'refreshed', baseUrl = 'http://127.0.0.1:9' } = options;
      const { saysMs = livesMs } = options;
      const token = `made-up-${name}-${generation}`;
      const expiresAt = new Date(Date.now() + saysMs).toISOString();
      await redis
        .multi()
        .set(`token:${name}`, token, 'PX', livesMs)
        .hset(`meta:${name}`, {
          generation,
          expiresAt,
          baseUrl,
          headers: JSON.stringify({ Authorization: `Bearer ${token}`, 'X-Account': name }),
        })
        .pexpire(`meta:${name}`, livesMs)
        .hset(`state:${name}`, { state: 'fresh', reason: '', since: expiresAt, expiresAt })
        .publish(
          'token-events',
          JSON.stringify({ event, username: name, names: [name], generation, expiresAt }),
        )
        .exec();
      return token;
    },
    async reports() {
      const entries = await redis.xrange('token-reports', '-', '+');
      return entries.map(([, fields]) =>
        Object.fromEntries(
          fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1] ?? ''] as const] : [])),
        ),
      );
    },
    async stop() {
      for (const reader of readers) reader.close();
      await server.stop();
    },
  };
}
