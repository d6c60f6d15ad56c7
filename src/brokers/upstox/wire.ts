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
 * The one call that spends `code`, whatever it answers. Source: Upstox docs, get-token. Without
 * `refresh_extended_token` the user's extended token stays as it is.
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

/** All headers a call with this token needs. Source: Upstox docs, authentication. */
export function tokenHeaders(token: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${token}`, Accept: 'application/json' };
}

export interface Exchanged {
  readonly token: string;
  readonly userId: string;
}

// A bare object, unlike every other success. Its enums are open and some of its fields come and go
// (`ddpi`, `extended_token`), so only what is needed is read. `expires_in`, which the OpenAPI
// declares, is never read: 86400 would outlive the token by up to a day.
const exchanged = z.object({
  // Becomes a header of other people's calls: nothing that could break out of one.
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  user_id: z.string().min(1),
});

/** The exchange's success, or undefined where the body is none. */
export function readExchanged(json: unknown): Exchanged | undefined {
  const read = exchanged.safeParse(json);
  return read.success ? { token: read.data.access_token, userId: read.data.user_id } : undefined;
}

const profile = z.object({ status: z.literal('success'), data: z.object({ user_id: z.string().min(1) }) });

/** Whose token the profile speaks of, or undefined where the body is no success. */
export function readProfileOwner(json: unknown): string | undefined {
  return profile.safeParse(json).data?.data.user_id;
}

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
