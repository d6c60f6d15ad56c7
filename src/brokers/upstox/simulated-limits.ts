import type { DialectHost } from '../../core/dialect.ts';

/** Calls of one user that are answered within these windows, ms. */
const windows = [
  { most: 50, windowMs: 1_000 },
  { most: 500, windowMs: 60_000 },
  { most: 2_000, windowMs: 30 * 60_000 },
] as const;
const LONGEST_MS = 30 * 60_000;

/** The calls of each user's programs, ours and others. */
export interface RateLimit {
  /** True where this call is one too many for its user; one that is let through counts. */
  isOver(userId: string): boolean;
  /** Counts calls that the user's other programs make: at once, or so many in each second of the next `seconds`. */
  add(userId: string, count: number, seconds?: number): void;
}

/** An empty count, by the host's clock. */
export function makeRateLimit(host: DialectHost): RateLimit {
  const calls = new Map<string, readonly number[]>();
  const recentOf = (userId: string): readonly number[] =>
    (calls.get(userId) ?? []).filter((at) => at > host.clock.now() - LONGEST_MS);
  const limit: RateLimit = {
    isOver: (userId) => {
      const now = host.clock.now();
      const recent = recentOf(userId);
      const isOver = windows.some(
        ({ most, windowMs }) => recent.filter((at) => at > now - windowMs).length >= most,
      );
      if (!isOver) limit.add(userId, 1);
      return isOver;
    },
    add: (userId, count, seconds = 1) => {
      const now = host.clock.now();
      const made = Array.from({ length: count * seconds }, (_, i) => now + 1_000 * Math.floor(i / count));
      calls.set(userId, [...recentOf(userId), ...made]);
    },
  };
  return limit;
}
