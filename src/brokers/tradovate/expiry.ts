/** Where nothing says it: the shorter of the documented lives (partner.tradovate.com, access-token-request). */
export const FALLBACK_LIFE_MS = 80 * 60_000;
/** The longest life TradingView allows a bridge token: the limit of a timer, 2^31 - 1 ms. */
const MAX_LIFE_MS = 2_147_483_647;
/** 2020: a smaller number is a duration or another unit, and no instant. */
const EARLIEST_AT = Date.UTC(2020, 0, 1);
/** A greater number is milliseconds already; as seconds it would be the year 5138. */
const MAX_SECONDS = 1e11;
/** As `expirationTime` is written, with a fraction or without. One without a zone could mean anything. */
const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * When a token dies, ms since the epoch: the earlier of what the answer says and the JWT's `exp`. The
 * answer says it as `expiration` (the bridge: a "Unix Timestamp" that is optional and whose unit no
 * document proves, so seconds and milliseconds are read, and a small number as a duration in seconds) or
 * as `expirationTime` (the native login: ISO 8601; clients were seen to write `NaN`). A word that cannot be an
 * expiry (no instant, or further away than any token may live) is not believed; where none is
 * left, 80 minutes from `receivedAt`. The result may lie in the past.
 */
export function expiryOf(said: unknown, jwtExpiresAt: number | undefined, receivedAt: number): number {
  const words = [instantOf(said, receivedAt), jwtExpiresAt].filter(
    (at): at is number => at !== undefined && at >= EARLIEST_AT && at <= receivedAt + MAX_LIFE_MS,
  );
  return words.length > 0 ? Math.min(...words) : receivedAt + FALLBACK_LIFE_MS;
}

/** True for an instant that a token read at `now` may live until. */
export function isCredible(expiresAt: number, now: number): boolean {
  return expiresAt > now && expiresAt <= now + MAX_LIFE_MS;
}

function instantOf(value: unknown, receivedAt: number): number | undefined {
  if (typeof value === 'string' && isoInstant.test(value)) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : at;
  }
  const number = typeof value === 'string' && /^\d{1,16}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  // Too small for an instant: a duration. If that is a wrong guess, it costs an early login and no dead key.
  if (number > 0 && number <= MAX_LIFE_MS / 1_000) return Math.floor(receivedAt + number * 1_000);
  return Math.floor(number > MAX_SECONDS ? number : number * 1_000);
}
