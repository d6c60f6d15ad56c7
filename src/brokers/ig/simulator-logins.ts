import { z } from 'zod';
import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import {
  bodyOf,
  error,
  oauthLoginBody,
  pairLoginBody,
  personOf,
  tokenHeadersOf,
  tokensOf,
  type Holdings,
} from './simulator-answers.ts';
import type { HeaderPairs } from './simulator-header-pairs.ts';
import type { Lockout } from './simulator-lockout.ts';
import type { Pairs } from './simulator-pairs.ts';
import type { Passwords } from './simulator-passwords.ts';
import { switched } from './simulator-switches.ts';

const credentials = z.object({
  identifier: z.string().min(1),
  password: z.string().min(1),
  encryptedPassword: z.boolean().nullish(),
});
const refreshBody = z.object({ refresh_token: z.string().min(1) });

/** IG's own patterns (session.html). What breaks them is nobody's login; that it counts as a failed one is inferred. */
const patterns = { identifier: /^[A-Za-z0-9_-]{1,30}$/, password: /^.{1,350}$/ };

type Handler = (request: DialectRequest, apiKey: string) => DialectAnswer;

/** The calls that need the API key only. */
export interface Logins {
  readonly handlers: Readonly<Record<'login' | 'refresh-token' | 'encryption-key', Handler>>;
}

/** What a dead refresh token gets; which of these IG answers is not documented. Switch `deadRefreshAnswer`. */
const deadRefreshAnswers: Readonly<Record<string, DialectAnswer>> = {
  'oauth-token-invalid': error(401, 'error.security.oauth-token-invalid'),
  'invalid-details': error(401, 'error.security.invalid-details'),
  '400': error(400, 'invalid.input'),
  '403': error(403, 'error.security.oauth-token-invalid'),
};

/**
 * Logins of all three versions, and refreshes. Switches: `encryptionRequired` `no` | `yes` (a site like IG
 * Singapore's), `defaultAccountKind` `cfd` | `isa` (which v1 and v2 do not serve), `rerouting` `none` | `DEMO` |
 * `LIVE` | `TEST` | `UAT` (a v2 login without X-SECURITY-TOKEN), `authenticationStatus` `none` | `AUTHENTICATED` | the
 * others of IG's Java sample (without X-SECURITY-TOKEN).
 */
export function makeLogins(
  host: DialectHost,
  parts: { pairs: Pairs; headers: HeaderPairs; lockout: Lockout; passwords: Passwords; holdings: Holdings },
): Logins {
  const { pairs, headers, lockout, passwords, holdings } = parts;

  const opened = (username: string, isOauth: boolean): DialectAnswer => {
    if (isOauth) return { status: 200, body: oauthLoginBody(host, pairs.issue(username)) };
    const rerouting = switched(host, 'rerouting');
    const tokens = tokenHeadersOf(headers.open(username, personOf(username).accountId));
    const said = switched(host, 'authenticationStatus');
    const status = said === 'none' ? undefined : said;
    const isOpen = rerouting === 'none' && (status === undefined || status === 'AUTHENTICATED');
    return {
      status: 200,
      headers: isOpen ? tokens : { CST: tokens.CST ?? '' },
      body: pairLoginBody(
        host,
        username,
        holdings.of(username),
        rerouting === 'none' ? null : rerouting,
        status,
      ),
    };
  };

  const login: Handler = (request, apiKey) => {
    const body = bodyOf(request, credentials);
    const isJson = request.headers['content-type']?.startsWith('application/json') === true;
    if (!body || !isJson) return error(400, 'validation.null-not-allowed.authenticationRequest');
    // Required as well; what IG says where it is missing is not documented.
    if (!request.headers.accept) return error(400, 'invalid.input');
    const version = request.headers.version ?? '1';
    const isOauth = version === '3';
    const isEncrypted = body.encryptedPassword === true;
    const attempt = { username: body.identifier, apiKey, egress: request.egress };
    if (lockout.isLocked(attempt)) return error(401, 'error.security.too-many-failed-attempts');
    const isRequired = switched(host, 'encryptionRequired') === 'yes';
    if (isRequired && !(isEncrypted && version === '2'))
      return error(400, 'error.public-api.failure.encryption.required');
    // v3 takes no encrypted password: observed as `invalid-details` (ig-python/trading-ig#348).
    const isGood =
      patterns.identifier.test(body.identifier) &&
      patterns.password.test(body.password) &&
      !(isOauth && isEncrypted) &&
      passwords.accepts(body.identifier, body.password, isEncrypted);
    if (!isGood) {
      lockout.failed(attempt);
      return error(401, 'error.security.invalid-details');
    }
    lockout.succeeded(attempt);
    if (!isOauth && switched(host, 'defaultAccountKind') === 'isa')
      return error(403, 'error.public-api.failure.stockbroking-not-supported');
    return opened(body.identifier, isOauth);
  };

  return {
    handlers: {
      login,
      'refresh-token': (request) => {
        const token = refreshTokenOf(request);
        if (token === undefined) return error(400, 'invalid.input');
        const pair = pairs.byRefresh(token);
        return pair ? { status: 200, body: tokensOf(host, pairs.rotate(pair)) } : deadRefresh(host);
      },
      'encryption-key': () => ({ status: 200, body: passwords.key() }),
    },
  };
}

export function deadRefresh(host: DialectHost): DialectAnswer {
  const chosen = deadRefreshAnswers[switched(host, 'deadRefreshAnswer')];
  return chosen ?? error(401, 'error.security.oauth-token-invalid');
}

export const identifierOf = (request: DialectRequest): string | undefined =>
  bodyOf(request, credentials)?.identifier;

export const refreshTokenOf = (request: DialectRequest): string | undefined =>
  bodyOf(request, refreshBody)?.refresh_token;
