/** The record as it lies in its hash. */
export type Fields = Readonly<Record<string, string>>;

/** Clocks that stand less far apart are kept, ms. */
const APART_MS = 5_000;
/** The longest wait of our own, ms: what a server's clock that was set back may add where nobody wrote down how long it was. */
const LONGEST_WAIT_MS = 15 * 60_000;

/** The fields that say until when nothing is tried. */
export const patienceFields = ['retryAt', 'retryBy', 'retryFor'] as const;

/**
 * Until when nothing is tried for an account (ms), by the clock that says `now`. Who wrote it down may have had
 * another one: how long that is after the server's own time stands beside it (`retryBy`), and how long the wait was
 * (`retryFor`): a server's clock that was set back adds no more than that.
 */
export function patienceIn(fields: Fields, serverNow: number, now: number): number {
  const retryAt = Number(fields['retryAt'] ?? 0);
  const retryBy = Number(fields['retryBy'] ?? 0);
  if (retryAt === 0 || retryBy === 0) return retryAt;
  const byThisClock = now + retryBy - serverNow;
  if (byThisClock < retryAt - APART_MS) return byThisClock;
  const longestMs = Number(fields['retryFor'] ?? LONGEST_WAIT_MS);
  return byThisClock > retryAt + APART_MS
    ? Math.max(retryAt, Math.min(byThisClock, now + longestMs))
    : retryAt;
}
