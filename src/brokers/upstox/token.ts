import { readJwt, type JwtClaims } from '../jwt.ts';

const DAY_MS = 24 * 3_600_000;
/** A day, and a little for the seconds that a JWT rounds to. */
const LONGEST_LIFE_MS = DAY_MS + 60_000;
/** The same where a token does not say when it was issued: shorter than any kind that is not for trading. */
const UNDATED_LIFE_MS = 7 * DAY_MS;
/** How user ids look; a `sub` of another shape says nothing about whose token it is. */
const userIdShape = /^[A-Z]{1,4}[A-Z0-9]{3,16}$/i;

/** User ids are written in capitals, but a person may type them otherwise. */
export function sameUser(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}

/** Whose token it is by its own word, where that looks like a user id. */
export const ownerOf = ({ sub }: JwtClaims): string | undefined =>
  sub !== undefined && userIdShape.test(sub) ? sub : undefined;

/** True where the token itself names another user. Its `sub` was seen by users, the docs are silent. */
export function namesAnother(token: string, userId: string): boolean {
  const sub = readJwt(token)?.sub;
  return sub !== undefined && userIdShape.test(sub) && !sameUser(sub, userId);
}

/**
 * True for a token that lives longer than a trading day: the read-only one of a year, or a sandbox's.
 * It would look alive and be refused at the first order.
 */
export function isLongLived({ exp, iat }: JwtClaims, now: number): boolean {
  if (exp === undefined) return false;
  return iat === undefined ? exp - now > UNDATED_LIFE_MS : exp - iat > LONGEST_LIFE_MS;
}
