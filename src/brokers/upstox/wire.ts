import { z } from 'zod';
import type { HttpRequest } from '../../core/broker.ts';

/** The app that a person registered at Upstox, as it stands there. */
export interface App {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Sent exactly as configured: Upstox compares it character by character. */
  readonly redirectUri: string;
}

const DIALOG_PATH = '/v2/login/authorization/dialog';
const EXCHANGE_PATH = '/v2/login/authorization/token';
const PROFILE_PATH = '/v2/user/profile';
const LOGOUT_PATH = '/v2/logout';
const APPROVAL_PATH = '/v3/login/auth/token/request';

/** The link a person logs in with. Source: Upstox docs, authorize; there is no PKCE. */
export function dialogUrl(baseUrl: string, app: App, state: string): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    state,
  });
  return `${baseUrl}${DIALOG_PATH}?${query.toString()}`;
}

/**
 * The one call that spends `code`, whatever it answers. Source: Upstox docs, get-token.
 * `refresh_extended_token` is never sent: without it the user's extended token stays as it is, with it
 * Upstox makes a new one (docs, announcements/extended-tokens-all-apps), and whoever else uses the old
 * one would lose it.
 */
export function exchangeRequest(baseUrl: string, app: App, code: string): HttpRequest {
  const form = new URLSearchParams({
    code,
    client_id: app.clientId,
    client_secret: app.clientSecret,
    redirect_uri: app.redirectUri,
    grant_type: 'authorization_code',
  });
  return {
    method: 'POST',
    url: `${baseUrl}${EXCHANGE_PATH}`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body: form.toString(),
  };
}

/** The cheap call that proves a token and its owner. Source: Upstox docs, get-profile. */
export function profileRequest(baseUrl: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return { method: 'GET', url: `${baseUrl}${PROFILE_PATH}`, headers };
}

/** Ends the session of this token. Source: Upstox docs, logout. */
export function logoutRequest(baseUrl: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return { method: 'DELETE', url: `${baseUrl}${LOGOUT_PATH}`, headers };
}

/**
 * Asks the app's user for a token: their phone rings. Source: Upstox docs, access-token-request; the
 * further fields that the OpenAPI lists for the body are documented nowhere and not sent.
 */
export function approvalRequest(baseUrl: string, app: App): HttpRequest {
  return {
    method: 'POST',
    url: `${baseUrl}${APPROVAL_PATH}/${encodeURIComponent(app.clientId)}`,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ client_secret: app.clientSecret }),
  };
}

/** All headers a call with this token needs. Source: Upstox docs, authentication. */
export function tokenHeaders(token: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${token}`, Accept: 'application/json' };
}

/** What becomes a header of other people's calls: nothing that could break out of one. */
export const headerSafe = z.string().regex(/^[\x21-\x7e]{1,8192}$/);

/**
 * An instant in milliseconds, as a string of digits (docs, appendix/notifier-webhook-endpoint) or as a
 * number. Seconds are none: they would lie in 1970.
 */
export const instantMs = z
  .union([z.string().regex(/^\d{13}$/), z.int().min(1e12).lt(1e13)])
  .transform((value) => Number(value));

export interface Exchanged {
  readonly token: string;
  readonly userId: string;
  /** The read-only token of a year, where one came. */
  readonly extendedToken?: string;
}

// A bare object, unlike every other success. Its enums are open and some of its fields come and go
// (`ddpi`, `extended_token`), so only what is needed is read. `expires_in`, which the OpenAPI
// declares, is never read: 86400 would outlive the token by up to a day.
const exchanged = z.object({
  access_token: headerSafe,
  user_id: z.string().min(1),
  extended_token: headerSafe.optional().catch(undefined),
});

/** The exchange's success, or undefined where the body is none. */
export function readExchanged(json: unknown): Exchanged | undefined {
  const read = exchanged.safeParse(json);
  if (!read.success) return undefined;
  const { access_token: token, user_id: userId, extended_token: extendedToken } = read.data;
  return { token, userId, ...(extendedToken !== undefined && { extendedToken }) };
}

const profile = z.object({ status: z.literal('success'), data: z.object({ user_id: z.string().min(1) }) });

/** Whose token the profile speaks of, or undefined where the body is no success. */
export function readProfileOwner(json: unknown): string | undefined {
  return profile.safeParse(json).data?.data.user_id;
}

const asked = z.object({
  status: z.literal('success'),
  data: z.object({
    authorization_expiry: instantMs.optional().catch(undefined),
    notifier_url: z.url().optional().catch(undefined),
  }),
});

/**
 * Where the person was asked: until when they may answer (ms), and where their token is posted, as far as
 * that can be read. Undefined: the body is no success. Source: Upstox docs, access-token-request.
 */
export function readAsked(
  json: unknown,
): { readonly until: number | undefined; readonly postsTo: string | undefined } | undefined {
  const data = asked.safeParse(json).data?.data;
  return data && { until: data.authorization_expiry, postsTo: data.notifier_url };
}

const loggedOut = z.object({ status: z.literal('success') });
const exceptionDump = z.object({ stackTrace: z.array(z.unknown()) });

/** True where the body says that the session has ended. */
export const isLoggedOut = (json: unknown): boolean => loggedOut.safeParse(json).success;

/**
 * True for the Java exception that the logout answers to a token that is dead already. It holds no
 * `errors`, and nothing in it may be shown. Source: Upstox docs, logout (its 401 schema).
 */
export const isExceptionDump = (json: unknown): boolean => exceptionDump.safeParse(json).success;

const code = z.string().optional().catch(undefined);
const anError = z
  .object({ error_code: code, errorCode: code })
  .catch({ error_code: undefined, errorCode: undefined });
const errorEnvelope = z.object({ errors: z.array(anError) });
const upstoxCode = /^UDAPI\d{1,10}$/;

/**
 * The error codes of a body, in either spelling (`errorCode` is deprecated, both come). Only what
 * looks like a code is kept, so that they may be shown. Source: Upstox docs, error-codes.
 */
export function readErrorCodes(json: unknown): readonly string[] {
  const errors = errorEnvelope.safeParse(json).data?.errors ?? [];
  const codes = errors.flatMap((error) => [error.error_code ?? '', error.errorCode ?? '']);
  return [...new Set(codes.filter((text) => upstoxCode.test(text)))];
}
