import type { HttpRequest } from '../../core/broker.ts';

/**
 * The calls of IG's session service. Sources: labs.ig.com /reference/session.html,
 * /reference/session-refresh-token.html, /reference/session-encryption-key.html and
 * /rest-trading-api-guide.html. Every one names its VERSION: without it, it is 1.
 */

/** Required on every call; logins without them fail (labs.ig.com, REST API guide). */
const jsonHeaders = {
  'Content-Type': 'application/json',
  Accept: 'application/json; charset=UTF-8',
} as const;

/** The header that chooses the account of a v3 call. */
export const ACCOUNT_HEADER = 'IG-ACCOUNT-ID';

/** The header with the API key, on every call. */
export const KEY_HEADER = 'X-IG-API-KEY';
/** What `tokenType` a header pair is published with. */
export const PAIR_TYPE = 'CST';

type Headers = Readonly<Record<string, string>>;

/** Where calls go and the API key that every one of them carries, those without a session too. */
export interface Caller {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** The password as it is sent, in the clear (over TLS) or encrypted; see encryption.ts. */
export interface SentPassword {
  readonly password: string;
  readonly encryptedPassword: boolean;
}

/**
 * All headers that a v3 call needs; VERSION, which differs by call, is the caller's. Without an account only to ask
 * which one it is: what is served has one.
 */
export function bearerHeaders(apiKey: string, accessToken: string, accountId: string | undefined): Headers {
  return {
    ...jsonHeaders,
    [KEY_HEADER]: apiKey,
    Authorization: `Bearer ${accessToken}`,
    ...(accountId === undefined ? {} : { [ACCOUNT_HEADER]: accountId }),
  };
}

/** All headers that a v2 call needs. The account is on IG's side, behind X-SECURITY-TOKEN. */
export function pairHeaders(apiKey: string, pair: { readonly cst: string; readonly xst: string }): Headers {
  return { ...jsonHeaders, [KEY_HEADER]: apiKey, CST: pair.cst, 'X-SECURITY-TOKEN': pair.xst };
}

/**
 * A login for an OAuth pair. It carries no header of an earlier session: stale ones are suspected to
 * fail logins (ig-python/trading-ig#101). The account is not part of it.
 */
export function oauthLogin(caller: Caller, identifier: string, password: string): HttpRequest {
  return withoutSession(caller, 'POST', '/session', '3', { identifier, password });
}

/** A login for a header pair. VERSION 1 has the same shapes, but cannot serve sites that need encryption. */
export function pairLogin(caller: Caller, identifier: string, sent: SentPassword): HttpRequest {
  return withoutSession(caller, 'POST', '/session', '2', { identifier, ...sent });
}

/** Swaps a refresh token for a new pair; allowed before and after the access token's expiry. */
export function renewal(caller: Caller, refreshToken: string): HttpRequest {
  return withoutSession(caller, 'POST', '/session/refresh-token', '1', { refresh_token: refreshToken });
}

/** The key that passwords are encrypted with. Needs the API key, no login. */
export function encryptionKey(caller: Caller): HttpRequest {
  return withoutSession(caller, 'GET', '/session/encryptionKey', '1');
}

/** Reads whose session it is; the cheapest call that proves a token. */
export function readSession(baseUrl: string, headers: Headers): HttpRequest {
  return withSession(baseUrl, 'GET', '/session', headers);
}

/** The same, and CST and X-SECURITY-TOKEN come along in the answer's headers. */
export function fetchSessionTokens(baseUrl: string, headers: Headers): HttpRequest {
  return withSession(baseUrl, 'GET', '/session?fetchSessionTokens=true', headers);
}

/** Moves a header pair to another account. `defaultAccount` is left out: the login's default stays. */
export function switchAccount(baseUrl: string, headers: Headers, accountId: string): HttpRequest {
  return { ...withSession(baseUrl, 'PUT', '/session', headers), body: JSON.stringify({ accountId }) };
}

/** Ends a session. It has no body, so that it needs no `_method`. */
export function logout(baseUrl: string, headers: Headers): HttpRequest {
  return withSession(baseUrl, 'DELETE', '/session', headers);
}

/** The login's accounts. */
export function listAccounts(baseUrl: string, headers: Headers): HttpRequest {
  return withSession(baseUrl, 'GET', '/accounts', headers);
}

function withoutSession(
  { baseUrl, apiKey }: Caller,
  method: 'GET' | 'POST',
  path: string,
  version: string,
  body?: unknown,
): HttpRequest {
  return {
    method,
    url: `${baseUrl}${path}`,
    headers: { ...jsonHeaders, VERSION: version, [KEY_HEADER]: apiKey },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

function withSession(
  baseUrl: string,
  method: HttpRequest['method'],
  path: string,
  headers: Headers,
): HttpRequest {
  return { method, url: `${baseUrl}${path}`, headers: { ...headers, VERSION: '1' } };
}
