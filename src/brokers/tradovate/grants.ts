import type { Grant } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { readJwt } from '../jwt.ts';
import { expiryOf, isCredible } from './expiry.ts';
import { isBarred } from './verdict.ts';
import type { Said } from './wire.ts';

/** Becomes a header of other people's calls: nothing that could break out of one. */
const headerSafe = /^[\x21-\x7e]{1,8192}$/;

/** A usable token in an answer; undefined where there is none, or where the answer is no success. */
export function tokenIn(
  said: Said | undefined,
  status: number,
  from: 'bridge' | 'native',
): string | undefined {
  // `s: "ok"` or a token alone are no success: an error text or a penalty beside them wins.
  const isRefused = said?.text !== undefined || said?.penalty !== undefined || isBarred(said?.userStatus);
  if (!said || status < 200 || status >= 300 || isRefused) return undefined;
  const token = from === 'bridge' ? (said.ok ? said.bridgeToken : undefined) : said.nativeToken;
  return token !== undefined && headerSafe.test(token) ? token : undefined;
}

/** What came with a token. */
interface Arrived {
  readonly said: Said | undefined;
  readonly status: number;
  readonly receivedAt: number;
  /** The grant that was renewed, if it was a renewal. */
  readonly from?: Grant;
}

/** The grant of a token that has just come. Throws where it has expired by its own word. */
export function grantOf(token: string, baseUrl: string, arrived: Arrived): Grant {
  const { said, status, receivedAt, from } = arrived;
  const claims = readJwt(token);
  const expiresAt = expiryOf(said?.expiration, claims?.exp, receivedAt);
  if (expiresAt <= receivedAt) throw alreadyExpired(status);
  const owner = claims?.sub ?? said?.userId ?? from?.owner;
  const meta = marketData(said?.mdToken, receivedAt) ?? stillGood(from, receivedAt);
  return {
    ...bearer(token, baseUrl),
    issuedAt: receivedAt,
    expiresAt,
    ...(owner !== undefined && { owner }),
    ...(meta && { meta }),
  };
}

/** A token that somebody else wrote; undefined where it cannot be judged. */
export function adopted(token: string, baseUrl: string, now: number): Grant | undefined {
  const claims = headerSafe.test(token) ? readJwt(token) : undefined;
  if (claims?.exp === undefined || !isCredible(claims.exp, now)) return undefined;
  return {
    ...bearer(token, baseUrl),
    // These tokens do not say when they were issued: counted from now, what is left is its life.
    issuedAt: Math.min(claims.iat ?? now, now),
    expiresAt: claims.exp,
    ...(claims.sub !== undefined && { owner: claims.sub }),
  };
}

function bearer(token: string, baseUrl: string): Pick<Grant, 'token' | 'headers' | 'tokenType' | 'baseUrl'> {
  return { token, headers: { Authorization: `Bearer ${token}` }, tokenType: 'Bearer', baseUrl };
}

/** The market data token, for bots that read it, and until when it says it is good. */
function marketData(token: string | undefined, now: number): Grant['meta'] {
  if (token === undefined || !headerSafe.test(token)) return undefined;
  const until = readJwt(token)?.exp;
  if (until === undefined) return { mdAccessToken: token };
  return until <= now ? undefined : { mdAccessToken: token, mdExpiresAt: new Date(until).toISOString() };
}

/** A renewal may bring no market data token: then the login's is kept for as long as it says it is good. */
function stillGood(from: Grant | undefined, now: number): Grant['meta'] {
  const until = from?.meta?.['mdExpiresAt'];
  return until !== undefined && Date.parse(until) > now ? from?.meta : undefined;
}

function alreadyExpired(status: number): BrokerError {
  const text = `Tradovate's token had expired by its own word when it came: is this machine's clock right (HTTP ${status})?`;
  return new BrokerError(text, { kind: 'outcome-unknown', code: 'token_expired', status });
}
