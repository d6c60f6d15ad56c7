import { z } from 'zod';
import type { HttpRequest } from '../../core/broker.ts';

/**
 * The calls and answers of IG's session service. Sources: labs.ig.com /reference/session.html,
 * /reference/session-refresh-token.html and /rest-trading-api-guide.html.
 */

/** Required on every call; logins without them fail (labs.ig.com, REST API guide). */
const jsonHeaders = {
  'Content-Type': 'application/json',
  Accept: 'application/json; charset=UTF-8',
} as const;

/** Ends up in a request header: nothing that could break out of one. */
const headerSafe = z.string().regex(/^[\x21-\x7e]{1,4096}$/);

/**
 * The longest life an access token is believed to have, seconds: no IG session is documented to live
 * longer unextended (6 h, header pair). More than that is another unit or a defect, and would publish a
 * dead token for hours.
 */
const LONGEST_LIFE_S = 6 * 60 * 60;

/** `expires_in` is a string in IG's examples and fixtures; a number is read too. Seconds. */
const expiresIn = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.number().min(1).max(LONGEST_LIFE_S));

const tokenPair = z.object({
  access_token: headerSafe,
  refresh_token: headerSafe,
  expires_in: expiresIn,
  token_type: z.string().default('Bearer'),
  scope: z.string().optional(),
});

/** An OAuth pair as IG answers it. */
export type TokenPair = z.output<typeof tokenPair>;

const accountId = headerSafe.optional().catch(undefined);
const clientId = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);

/** `POST /session`, VERSION 3: the pair is nested. `accountId` is the login's default account. */
export const signInAnswer = z.object({ clientId, accountId, oauthToken: tokenPair });

/** `POST /session/refresh-token`: the pair is the body itself, nothing says whose it is. */
export const renewalAnswer = tokenPair;

/** `GET /session`. An answer that names neither proves nothing. */
export const sessionAnswer = z
  .object({ clientId, accountId })
  .refine((session) => session.clientId !== undefined || session.accountId !== undefined);

const errorAnswer = z.object({ errorCode: z.string().min(1) });

/** IG's word for what went wrong, whatever the status; undefined where the body names none. */
export function errorCodeOf(json: unknown): string | undefined {
  const parsed = errorAnswer.safeParse(json);
  return parsed.success ? parsed.data.errorCode : undefined;
}

/**
 * A login for an OAuth pair. It carries no header of an earlier session: stale ones are suspected to
 * fail logins (ig-python/trading-ig#101). The account is not part of it.
 */
export function signInRequest(
  baseUrl: string,
  apiKey: string,
  identifier: string,
  password: string,
): HttpRequest {
  return {
    method: 'POST',
    url: `${baseUrl}/session`,
    headers: { ...jsonHeaders, VERSION: '3', 'X-IG-API-KEY': apiKey },
    body: JSON.stringify({ identifier, password }),
  };
}

/** Swaps a refresh token for a new pair; allowed before and after the access token's expiry. */
export function renewalRequest(baseUrl: string, apiKey: string, refreshToken: string): HttpRequest {
  return {
    method: 'POST',
    url: `${baseUrl}/session/refresh-token`,
    headers: { ...jsonHeaders, VERSION: '1', 'X-IG-API-KEY': apiKey },
    body: JSON.stringify({ refresh_token: refreshToken }),
  };
}

/** Reads whose session it is; the cheapest call that proves a token. */
export function sessionRequest(baseUrl: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return { method: 'GET', url: `${baseUrl}/session`, headers: { ...headers, VERSION: '1' } };
}

/** The header that chooses the account of a call. */
export const ACCOUNT_HEADER = 'IG-ACCOUNT-ID';

/** All headers that a call with this token needs; VERSION, which differs by call, is the caller's. */
export function callHeaders(
  apiKey: string,
  accessToken: string,
  accountId: string | undefined,
): Readonly<Record<string, string>> {
  return {
    ...jsonHeaders,
    'X-IG-API-KEY': apiKey,
    Authorization: `Bearer ${accessToken}`,
    ...(accountId === undefined ? {} : { [ACCOUNT_HEADER]: accountId }),
  };
}
