import type { Grant } from '../../core/broker.ts';
import { readJwt } from '../jwt.ts';
import { namesAnother } from './token.ts';
import { tokenHeaders } from './wire.ts';

/** The extended token is served as `token:<name>:extended`. */
const SUFFIX = 'extended';
const DAY_MS = 24 * 3_600_000;
/** How long an extended token lives where it does not say. Source: Upstox docs, announcements/extended-tokens-all-apps. */
const EXTENDED_LIFE_MS = 365 * DAY_MS;

/** What a grant is made of. */
export interface GrantParts {
  readonly token: string;
  /** As the broker wrote it. */
  readonly owner: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly baseUrl: string;
  readonly extended?: Extended | undefined;
}

/** The read-only token that may come with a login. */
export interface Extended {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * A grant. An extended token is always kept, sealed with the rest, and handed out only where the
 * entry asks for it: who asks for it later needs no new login.
 */
export function makeGrant(parts: GrantParts, servesExtended: boolean): Grant {
  const { token, owner, issuedAt, expiresAt, baseUrl, extended } = parts;
  return {
    token,
    headers: tokenHeaders(token),
    issuedAt,
    expiresAt,
    tokenType: 'Bearer',
    baseUrl,
    // Compared over answers that may write it differently: one spelling everywhere.
    ...(owner !== undefined && { owner: owner.toUpperCase() }),
    ...(extended && extendedParts(extended, servesExtended)),
  };
}

function extendedParts({ token, expiresAt }: Extended, serves: boolean): Partial<Grant> {
  return {
    renewal: { extendedToken: token, extendedUntil: String(expiresAt) },
    ...(serves && { companions: [{ suffix: SUFFIX, token, expiresAt }] }),
  };
}

/**
 * The extended token that came at `now` with a login of `userId`; undefined where it is dead or names
 * somebody else. Its own end counts, up to a year and a day from now, or a year where it says none.
 */
export function readExtended(token: string | undefined, userId: string, now: number): Extended | undefined {
  if (token === undefined || namesAnother(token, userId)) return undefined;
  const stated = readJwt(token)?.exp ?? now + EXTENDED_LIFE_MS;
  const expiresAt = Math.min(stated, now + EXTENDED_LIFE_MS + DAY_MS);
  return expiresAt > now ? { token, expiresAt } : undefined;
}

/**
 * The grant with the extended token that is known: its own, else the previous one's of the same user.
 * A token that came by approval brings none, and a login need not.
 */
export function inherit(grant: Grant, previous: Grant, servesExtended: boolean, now: number): Grant {
  const { renewal: _renewal, companions: _companions, ...bare } = grant;
  const isSameUser = grant.owner !== undefined && grant.owner === previous.owner;
  const extended = keptExtended(grant, now) ?? (isSameUser ? keptExtended(previous, now) : undefined);
  return { ...bare, ...(extended && extendedParts(extended, servesExtended)) };
}

function keptExtended({ renewal = {} }: Grant, now: number): Extended | undefined {
  const { extendedToken: token, extendedUntil } = renewal;
  const expiresAt = Number(extendedUntil);
  return token !== undefined && expiresAt > now ? { token, expiresAt } : undefined;
}
