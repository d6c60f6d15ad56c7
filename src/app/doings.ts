import type { Clock } from '../core/clock.ts';
import { originOf, type AccountRecord, type Session } from '../core/session.ts';
import type { Acquired } from '../core/store.ts';

/**
 * What this process did itself, in memory: by it a Redis is known that lost its last seconds (a failover
 * to a replica that lagged, a machine that lost power) though it seems well.
 */
export interface Doings {
  doubt(): void;
  /** True where Redis forgot a lease that this process took, and for some time after Redis failed. */
  isDoubtful(acquired: Pick<Acquired, 'lease' | 'lastFence' | 'behindMs'>): boolean;
  /** How far this clock stands behind Redis', as the last lease told, ms. */
  behindMs(): number;
  /** The record as Redis has it now. */
  seen(name: string, record: AccountRecord): void;
  /** The newest session that was seen of the account. */
  latest(name: string): Session | undefined;
  /** Whether that session came of the attempt of then (ms), or after it. */
  isAnswered(name: string, startedAt: number): boolean;
  /** A broker asked for silence, of all that this key stands for. */
  silenced(key: string, until: number): void;
  /** The end of a silence that was asked for a moment ago, ms; 0 for none. Redis knows it soon, and from then on says. */
  silentUntil(keys: readonly string[]): number;
}

/** Within this time a command to a slow Redis is answered or given up, ms. */
const ON_ITS_WAY_MS = 15_000;

/** Longer than any token with a single-use renewal lives: by then each account was looked at. */
const DOUBT_MS = 2 * 60_000;

export function makeDoings(clock: Clock): Doings {
  const fences = new Map<string, number>();
  const sessions = new Map<string, Session>();
  const silences = new Map<string, { readonly at: number; readonly until: number }>();
  let doubtUntil = 0;
  let behindMs = 0;
  return {
    doubt() {
      doubtUntil = clock.now() + DOUBT_MS;
    },
    behindMs: () => behindMs,
    isDoubtful({ lease, lastFence, ...acquired }) {
      behindMs = acquired.behindMs;
      const isForgotten = lastFence < (fences.get(lease.name) ?? 0);
      fences.set(lease.name, lease.fence);
      return isForgotten || clock.now() < doubtUntil;
    },
    seen(name, { session }) {
      if (session && originOf(session) >= originOf(sessions.get(name))) sessions.set(name, session);
    },
    latest: (name) => sessions.get(name),
    isAnswered: (name, startedAt) => (sessions.get(name)?.grant.issuedAt ?? 0) >= startedAt,
    silenced(key, until) {
      silences.set(key, { at: clock.now(), until });
    },
    silentUntil(keys) {
      const fresh = keys.flatMap((key) => silences.get(key) ?? []);
      const now = clock.now();
      return Math.max(0, ...fresh.filter(({ at }) => now - at < ON_ITS_WAY_MS).map(({ until }) => until));
    },
  };
}
