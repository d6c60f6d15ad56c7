/** Where nothing says it: the shorter of the documented lives (partner.tradovate.com, access-token-request). */
export const FALLBACK_LIFE_MS = 80 * 60_000;
/** The longest life TradingView allows a bridge token: the limit of a timer, 2^31 - 1 ms. */
const MAX_LIFE_MS = 2_147_483_647;
/** 2020: a smaller number is a duration or another unit, and no instant. */
const EARLIEST_AT = Date.UTC(2020, 0, 1);
/** A greater number is milliseconds already; as seconds it would be the year 5138. */
const MAX_SECONDS = 1e11;

/**
 * When a token dies, ms since the epoch: the earlier of the answer's `expiration` (a "Unix Timestamp"
 * that is optional and whose unit no document proves: seconds and milliseconds are read) and the JWT's
 * `exp`. A word that cannot be an expiry (no instant, or further away than any bridge token may live)
 * is not believed (a small number is read as a duration in seconds); where none is left, 80 minutes from `receivedAt`. The result may lie in the past.
 */
export function expiryOf(expiration: unknown, jwtExpiresAt: number | undefined, receivedAt: number): number {
  const said = [instantOf(expiration, receivedAt), jwtExpiresAt].filter(
    (at): at is number => at !== undefined && at >= EARLIEST_AT && at <= receivedAt + MAX_LIFE_MS,
  );
  return said.length > 0 ? Math.min(...said) : receivedAt + FALLBACK_LIFE_MS;
}

/** True for an instant that a token read at `now` may live until. */
export function isCredible(expiresAt: number, now: number): boolean {
  return expiresAt > now && expiresAt <= now + MAX_LIFE_MS;
}

function instantOf(value: unknown, receivedAt: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  // Too small for an instant: a duration. If that is a wrong guess, it costs an early login and no dead key.
  if (number > 0 && number <= MAX_LIFE_MS / 1_000) return Math.floor(receivedAt + number * 1_000);
  return Math.floor(number > MAX_SECONDS ? number : number * 1_000);
}
