import type { Redis } from 'ioredis';
import type { Network } from '../core/store.ts';
import { keys } from './keys.ts';
import { serverTime } from './replies.ts';

/** A pause that a broker asked of this network. */
export interface KnownSilence {
  readonly broker: string;
  readonly until: number;
  readonly code: string;
}

/** The network's own, and that of all who use its API key. */
export const silenceKeys = (network: Network): readonly string[] => [
  keys.silence(network),
  ...(network.key === undefined ? [] : [keys.keySilence(network.broker, network.key)]),
];

/** Clocks that stand less far apart are kept, ms: an instant that is told twice should be the same one. */
const APART_MS = 5_000;

/** The end of a silence (ms), which Redis dates, by the clock that says `now`; 0 where it is over. */
export function silenceEnd(until: number, serverNow: number, now: number): number {
  if (until <= serverNow) return 0;
  return Math.abs(serverNow - now) < APART_MS ? until : until + now - serverNow;
}

/** The silences of an egress that have not ended, by the clock that says `now` (ms). */
export async function readSilences(
  redis: Redis,
  brokers: readonly string[],
  egress: string,
  now: number,
): Promise<readonly KnownSilence[]> {
  const [time, ...read] = await Promise.all([
    redis.time(),
    ...brokers.map(async (broker) => {
      const [until, code] = await redis.hmget(keys.silence({ broker, egress }), 'until', 'code');
      return { broker, until: Number(until ?? 0), code: code ?? 'unknown' };
    }),
  ]);
  const serverNow = serverTime(time, now);
  return read
    .map((each) => ({ ...each, until: silenceEnd(each.until, serverNow, now) }))
    .filter(({ until }) => until > 0);
}
