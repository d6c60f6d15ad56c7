import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/** A pause that a broker asked of this network. */
export interface KnownSilence {
  readonly broker: string;
  readonly until: number;
  readonly code: string;
}

/** The silences of an egress that have not ended by `now` (ms). */
export async function readSilences(
  redis: Redis,
  brokers: readonly string[],
  egress: string,
  now: number,
): Promise<readonly KnownSilence[]> {
  const read = await Promise.all(
    brokers.map(async (broker) => {
      const [until, code] = await redis.hmget(keys.silence({ broker, egress }), 'until', 'code');
      return { broker, until: Number(until ?? 0), code: code ?? 'unknown' };
    }),
  );
  return read.filter(({ until }) => until > now);
}
