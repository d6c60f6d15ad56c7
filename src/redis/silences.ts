import type { Redis } from 'ioredis';
import type { Silence } from '../core/consequence.ts';
import type { Network } from '../core/store.ts';
import { keys } from './keys.ts';
import { serverTime } from './replies.ts';

/** A pause that a broker asked of this network. */
export interface KnownSilence {
  readonly broker: string;
  readonly until: number;
  readonly code: string;
  /** Why, for people; not where what was said is of one login alone. */
  readonly message?: string;
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

/** The longest of the silences at these keys that have not ended, by the clock that says `now` (ms). */
export async function readSilence(
  redis: Redis,
  at: readonly string[],
  now: number,
): Promise<Silence | undefined> {
  const [time, ...read] = await Promise.all([
    redis.time(),
    ...at.map((key) => redis.hmget(key, 'until', 'code', 'scope', 'message')),
  ]);
  const serverNow = serverTime(time, now);
  return read
    .map(([until, code, scope, message]) => ({
      until: silenceEnd(Number(until ?? 0), serverNow, now),
      code: code ?? 'unknown',
      scope: scope === 'key' ? ('key' as const) : ('egress' as const),
      ...(message && { message }),
    }))
    .filter(({ until }) => until > 0)
    .sort((a, b) => b.until - a.until)[0];
}

/** The silences of an egress that have not ended, by the clock that says `now` (ms). */
export async function readSilences(
  redis: Redis,
  brokers: readonly string[],
  egress: string,
  now: number,
): Promise<readonly KnownSilence[]> {
  const found = await Promise.all(
    brokers.map(async (broker) => {
      const silence = await readSilence(redis, [keys.silence({ broker, egress })], now);
      return silence && { ...silence, broker };
    }),
  );
  return found.filter((each) => each !== undefined);
}
