import type { HttpAnswer } from '../../../../src/core/broker.ts';
import type { Bench } from './harness.ts';

/** Calls of the simulated IG as other people's programs make them. */

const json = { 'content-type': 'application/json', accept: 'application/json; charset=UTF-8' };
export const key = { ...json, 'x-ig-api-key': 'key-demo-1' };

export const login = (
  bench: Bench,
  changes: {
    readonly password?: string;
    readonly headers?: Record<string, string>;
    readonly egress?: string;
    readonly user?: string;
    readonly version?: string;
    readonly encryptedPassword?: boolean;
  } = {},
) =>
  bench.raw({
    method: 'POST',
    path: '/session',
    headers: { ...key, version: changes.version ?? '3', ...changes.headers },
    body: JSON.stringify({
      identifier: changes.user ?? 'desk_one',
      password: changes.password ?? 'made-up',
      ...(changes.encryptedPassword === undefined ? {} : { encryptedPassword: changes.encryptedPassword }),
    }),
    egress: changes.egress ?? 'a',
  });

export const refresh = (bench: Bench, refreshToken: string) =>
  bench.raw({
    method: 'POST',
    path: '/session/refresh-token',
    headers: { ...key, version: '1' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });

export const session = (bench: Bench, token: string, headers: Record<string, string> = {}, method = 'GET') =>
  bench.raw({ method, path: '/session', headers: { ...key, authorization: `Bearer ${token}`, ...headers } });

/** CST and X-SECURITY-TOKEN, as request headers. */
export interface Tokens extends Record<string, string> {
  readonly cst: string;
  readonly 'x-security-token': string;
}

export const tokensOf = ({ headers }: HttpAnswer): Tokens => ({
  cst: headers.cst ?? '',
  'x-security-token': headers['x-security-token'] ?? '',
});

/** A call with a header pair; `query` and `body` as needed. */
export const withPair = (bench: Bench, tokens: Record<string, string>, method = 'GET', body?: unknown) =>
  bench.raw({
    method,
    path: '/session',
    headers: { ...key, ...tokens },
    body: body === undefined ? '' : JSON.stringify(body),
  });

export const fetchTokens = (bench: Bench, headers: Record<string, string>) =>
  bench.raw({
    path: '/session',
    query: new URLSearchParams({ fetchSessionTokens: 'true' }),
    headers: { ...key, ...headers },
  });

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: string | number;
}

// The dialect's answers are ours: their shape is what these tests are about.
export const pairOf = ({ json: body }: HttpAnswer): Pair => {
  const nested = (body as { oauthToken?: Pair }).oauthToken;
  return nested ?? (body as Pair);
};

export const codeOf = ({ status, json: body }: HttpAnswer): string =>
  `${status} ${(body as { errorCode?: string } | undefined)?.errorCode ?? ''}`.trim();
