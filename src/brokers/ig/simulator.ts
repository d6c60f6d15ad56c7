import { z } from 'zod';
import type { DialectAnswer, DialectHost, DialectRequest, MakeDialect, Sample } from '../../core/dialect.ts';
import { makeLimits } from './simulator-limits.ts';
import { makePairs, personOf, type Pair } from './simulator-pairs.ts';

const credentials = z.object({
  identifier: z.string().min(1),
  password: z.string().min(1),
  encryptedPassword: z.boolean().nullish(),
});
const refreshBody = z.object({ refresh_token: z.string().min(1) });

/** What the operations are called in the ledger. */
const operations = ['login', 'refresh-token', 'session', 'logout'] as const;
type OperationName = (typeof operations)[number];

/** By method, path and VERSION. Header-pair logins (VERSION 1 and 2) and their calls belong here too. */
const routes: Readonly<Record<string, OperationName>> = {
  'POST /session 3': 'login',
  'POST /session/refresh-token 1': 'refresh-token',
  'GET /session 1': 'session',
  'DELETE /session 1': 'logout',
};

const entry = {
  broker: 'ig',
  username: 'made_up_ig',
  password: 'made-up-ig-pass',
  apiKey: 'made-up-demo-key',
};
const sample: Sample = {
  entry,
  wrong: { ...entry, password: 'made-up-wrong-pass' },
  // Not the API key: consumers get it in the clear, in `meta:`.
  secrets: ['made-up-ig-pass', 'made-up-wrong-pass'],
};

const error = (status: number, errorCode: string): DialectAnswer => ({ status, body: { errorCode } });

/** What a dead refresh token gets; which of these IG answers is not documented. Switch `deadRefreshAnswer`. */
const deadRefreshAnswers: Readonly<Record<string, DialectAnswer>> = {
  'oauth-token-invalid': error(401, 'error.security.oauth-token-invalid'),
  'invalid-details': error(401, 'error.security.invalid-details'),
  '400': error(400, 'invalid.input'),
  '403': error(403, 'error.security.oauth-token-invalid'),
};

/**
 * The session service of IG with v3 sessions, as labs.ig.com documents it; what is open there is a
 * switch, its default a guess. More switches: `environment` `demo` | `live`, `expiresInType` `string` |
 * `number`, `deleteKills` `access` | `pair`; the rest at makePairs and makeLimits. Commands:
 * `expire-all` (the weekend's maintenance; a username limits it), `unlock`.
 */
export const igDialect: MakeDialect = (host) => {
  const pairs = makePairs(host);
  const limits = makeLimits(host);

  const handlers: Readonly<
    Record<OperationName, (request: DialectRequest, apiKey: string) => DialectAnswer>
  > = {
    login: (request, apiKey) => {
      const body = bodyOf(request, credentials);
      const isJson = request.headers['content-type']?.startsWith('application/json') === true;
      if (!body || !isJson) return error(400, 'validation.null-not-allowed.authenticationRequest');
      const attempt = { username: body.identifier, apiKey, egress: request.egress };
      if (limits.isLocked(attempt)) return error(401, 'error.security.too-many-failed-attempts');
      // v3 takes no encrypted password: observed as `invalid-details` (ig-python/trading-ig#348).
      if (body.encryptedPassword === true || !host.accepts(body.identifier, body.password)) {
        limits.failed(attempt);
        return error(401, 'error.security.invalid-details');
      }
      limits.succeeded(attempt);
      return { status: 200, body: signedIn(host, pairs.issue(body.identifier)) };
    },
    'refresh-token': (request) => {
      const token = bodyOf(request, refreshBody)?.refresh_token;
      if (token === undefined) return error(400, 'invalid.input');
      const pair = pairs.byRefresh(token);
      return pair ? { status: 200, body: tokensOf(host, pairs.rotate(pair)) } : deadRefresh(host);
    },
    session: (request) =>
      withToken(request, (pair) => ({
        status: 200,
        body: sessionOf(pair, request.headers['ig-account-id']),
      })),
    logout: (request) =>
      withToken(request, (pair) => {
        pairs.end(pair, host.switch<string>('deleteKills', 'access') === 'pair');
        return { status: 204 };
      }),
  };

  const withToken = (request: DialectRequest, answer: (pair: Pair) => DialectAnswer): DialectAnswer => {
    const token = bearerOf(request);
    if (token === undefined) return error(401, 'error.security.client-token-missing');
    const pair = pairs.byAccess(token);
    return pair ? answer(pair) : error(401, 'error.security.oauth-token-invalid');
  };

  const usernameOf = (name: OperationName, request: DialectRequest): string | undefined => {
    switch (name) {
      case 'login':
        return bodyOf(request, credentials)?.identifier;
      case 'refresh-token':
        return pairs.byRefresh(bodyOf(request, refreshBody)?.refresh_token ?? '')?.username;
      case 'session':
      case 'logout':
        return pairs.byAccess(bearerOf(request) ?? '')?.username;
    }
  };

  return {
    sample,
    demo: () => ({
      entries: ['IG_ALPHA', 'IG_BRAVO', 'IG_CHARLIE'].map((username) => ({
        broker: 'ig',
        username,
        password: `made-up-${username.toLowerCase()}`,
        apiKey: `made-up-key-${username.toLowerCase()}`,
      })),
    }),
    identify: (request) => {
      const name = routes[`${methodOf(request)} ${pathOf(request)} ${request.headers.version ?? '1'}`];
      if (name === undefined) return undefined;
      const username = usernameOf(name, request);
      const spends = name === 'refresh-token' ? bodyOf(request, refreshBody)?.refresh_token : undefined;
      return {
        name,
        ...(username === undefined ? {} : { username }),
        ...(spends === undefined ? {} : { spends }),
      };
    },
    answer: (request, operation) => {
      const name = operations.find((known) => known === operation.name);
      if (name === undefined) return error(404, 'invalid.url');
      const apiKey = request.headers['x-ig-api-key'];
      if (!apiKey) return error(400, 'error.security.api-key-missing');
      const isOfOtherEnvironment = apiKey.includes(otherEnvironment(host));
      if (isOfOtherEnvironment) return error(403, 'error.security.api-key-invalid');
      const isAuth = name === 'login' || name === 'refresh-token';
      const over = limits.spend(apiKey, operation.username, isAuth);
      return over
        ? error(403, `error.public-api.exceeded-${over === 'key' ? 'api-key' : 'account'}-allowance`)
        : handlers[name](request, apiKey);
    },
    refuse: (operation) => {
      if (operation.name === 'refresh-token') return deadRefresh(host);
      const code = operation.name === 'login' ? 'invalid-details' : 'oauth-token-invalid';
      return error(401, `error.security.${code}`);
    },
    throttle: () => error(403, 'error.public-api.exceeded-api-key-allowance'),
    command: (name, argument) => {
      if (name === 'expire-all') return { ended: pairs.endAll(argument) };
      if (name === 'unlock') return { unlocked: limits.unlockAll() };
      return undefined;
    },
  };
};

function otherEnvironment(host: DialectHost): string {
  return host.switch<string>('environment', 'demo') === 'live' ? 'demo' : 'live';
}

function deadRefresh(host: DialectHost): DialectAnswer {
  const chosen = deadRefreshAnswers[host.switch<string>('deadRefreshAnswer', 'oauth-token-invalid')];
  return chosen ?? error(401, 'error.security.oauth-token-invalid');
}

/** The pair as IG writes it; `expires_in` is a string there. */
function tokensOf(host: DialectHost, pair: Pair): Readonly<Record<string, unknown>> {
  const life = Math.round((pair.accessUntil - host.clock.now()) / 1_000);
  return {
    access_token: pair.access,
    refresh_token: pair.refresh,
    scope: 'profile',
    token_type: 'Bearer',
    expires_in: host.switch<string>('expiresInType', 'string') === 'number' ? life : String(life),
  };
}

function signedIn(host: DialectHost, pair: Pair): Readonly<Record<string, unknown>> {
  return {
    ...personOf(pair.username),
    timezoneOffset: 1,
    lightstreamerEndpoint: 'https://push.example',
    oauthToken: tokensOf(host, pair),
  };
}

/** Without IG-ACCOUNT-ID the login's default account answers, silently (ig-python/trading-ig#332). */
function sessionOf(pair: Pair, accountId: string | undefined): Readonly<Record<string, unknown>> {
  const person = personOf(pair.username);
  return {
    ...person,
    accountId: accountId ?? person.accountId,
    currency: 'EUR',
    lightstreamerEndpoint: 'https://push.example',
    locale: 'en_GB',
    timezoneOffset: 1,
  };
}

/** A DELETE may come as a POST that says so (labs.ig.com, REST API guide). */
function methodOf(request: DialectRequest): string {
  return request.method === 'POST' && request.headers._method === 'DELETE' ? 'DELETE' : request.method;
}

function pathOf(request: DialectRequest): string {
  return request.path.replace(/^\/gateway\/deal(?=\/)/, '').replace(/\/+$/, '');
}

function bearerOf(request: DialectRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}

function bodyOf<Schema extends z.ZodType>(
  request: DialectRequest,
  schema: Schema,
): z.output<Schema> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(request.body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
