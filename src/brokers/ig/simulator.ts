import type {
  DialectAnswer,
  DialectHost,
  DialectRequest,
  MakeDialect,
  Operation,
  Sample,
} from '../../core/dialect.ts';
import { error, makeHoldings } from './simulator-answers.ts';
import { makeHeaderPairs } from './simulator-header-pairs.ts';
import { makeQuotas } from './simulator-limits.ts';
import { makeLockout } from './simulator-lockout.ts';
import { deadRefresh, identifierOf, makeLogins, refreshTokenOf } from './simulator-logins.ts';
import { makePairs } from './simulator-pairs.ts';
import { makePasswords } from './simulator-passwords.ts';
import { maintenanceAnswer, makeScript } from './simulator-script.ts';
import { makeSessions } from './simulator-sessions.ts';
import { switched } from './simulator-switches.ts';

/** By method, path and VERSION, which is 1 where it is not given. */
const routes = {
  'POST /session 1': 'login',
  'POST /session 2': 'login',
  'POST /session 3': 'login',
  'POST /session/refresh-token 1': 'refresh-token',
  'GET /session/encryptionKey 1': 'encryption-key',
  'GET /session 1': 'session',
  'PUT /session 1': 'switch-account',
  'DELETE /session 1': 'logout',
  'GET /accounts 1': 'accounts',
  'GET /operations/application 1': 'application',
} as const;
type OperationName = (typeof routes)[keyof typeof routes] | 'session-tokens';

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

/**
 * The session service of IG with sessions of all three versions, as labs.ig.com documents it; what is open
 * there is a switch, its default a guess. `environment` `demo` | `live` is here, the others are at the parts.
 * Commands: `expire-all` (a username limits it), `maintenance` `on` | `off` (`on` ends all tokens, as the
 * weekend's does), `answer` (orders answers; see makeScript) and `clear-answers`, `unlock`, `forget-calls` (of the quotas).
 */
export const igDialect: MakeDialect = (host) => {
  const pairs = makePairs(host);
  const headers = makeHeaderPairs(host, pairs);
  const lockout = makeLockout(host);
  const quotas = makeQuotas(host);
  const script = makeScript();
  const holdings = makeHoldings();
  const sessions = makeSessions(host, { oauth: pairs, headers, holdings, quotas });
  const logins = makeLogins(host, { pairs, headers, lockout, passwords: makePasswords(host), holdings });
  const handlers = { ...sessions.handlers, ...logins.handlers };
  let isMaintained = false;
  let answered = 0;

  const usernameOf = (name: OperationName, request: DialectRequest): string | undefined => {
    if (name === 'login') return identifierOf(request);
    if (name === 'refresh-token') return pairs.byRefresh(refreshTokenOf(request) ?? '')?.username;
    return name === 'encryption-key' ? undefined : sessions.usernameOf(request);
  };

  const answer = (request: DialectRequest, { username }: Operation, name: OperationName): DialectAnswer => {
    const apiKey = request.headers['x-ig-api-key'];
    if (!apiKey) return error(400, 'error.security.api-key-missing');
    if (apiKey.includes(otherEnvironment(host))) return error(403, 'error.security.api-key-invalid');
    const isAuth = name === 'login' || name === 'refresh-token' || name === 'encryption-key';
    const over = quotas.spend(apiKey, username, isAuth);
    return over
      ? error(403, `error.public-api.exceeded-${over === 'key' ? 'api-key' : 'account'}-allowance`)
      : handlers[name](request, apiKey);
  };

  /** The answer that an operator ordered, or the one that IG gives. */
  const played = (request: DialectRequest, operation: Operation): DialectAnswer => {
    const name = nameOf(request);
    if (name === undefined) return error(404, 'invalid.url');
    const ordered = script.take(operation);
    if (ordered && !ordered.effect) return ordered.answer;
    const maintained = isMaintained ? maintenanceAnswer(host, operation) : undefined;
    const own = maintained ?? answer(request, operation, name);
    return ordered?.answer ?? own;
  };

  const expireAll = (username?: string): { readonly ended: number } => ({
    ended: pairs.endAll(username) + headers.endAll(username),
  });

  return {
    sample,
    demo: () => ({
      entries: ['IG_ALPHA', 'IG_BRAVO', 'IG_CHARLIE', 'IG_SHAKY'].map((username) => ({
        broker: 'ig',
        username,
        password: `made-up-${username.toLowerCase()}`,
        apiKey: `made-up-key-${username.toLowerCase()}`,
      })),
      // A renewal and no login: what nobody answered of logins would hold up those of the whole network.
      troubled: { operation: 'refresh-token', username: 'IG_SHAKY' },
    }),
    introduce: ({ identity, accountIds = [] }) =>
      holdings.introduce(identity.split('/').slice(2).join('/'), accountIds),
    identify: (request) => {
      const name = nameOf(request);
      if (name === undefined) return undefined;
      const username = usernameOf(name, request);
      const spends = name === 'refresh-token' ? refreshTokenOf(request) : undefined;
      return {
        name,
        ...(username === undefined ? {} : { username }),
        ...(spends === undefined ? {} : { spends }),
      };
    },
    answer: (request, operation) => {
      const given = played(request, operation);
      answered += 1;
      return { ...given, headers: { 'X-REQUEST-ID': `made-up-${answered}`, ...given.headers } };
    },
    refuse: ({ name }) => {
      if (name === 'refresh-token') return deadRefresh(host);
      if (name === 'encryption-key') return error(403, 'error.security.api-key-invalid');
      if (name === 'switch-account') return error(400, 'error.switch.invalid-accountId');
      return error(401, `error.security.${name === 'login' ? 'invalid-details' : 'oauth-token-invalid'}`);
    },
    throttle: () => error(403, 'error.public-api.exceeded-api-key-allowance'),
    command: (name, argument) => {
      switch (name) {
        case 'expire-all':
          return expireAll(argument);
        case 'maintenance':
          isMaintained = argument !== 'off';
          return isMaintained ? expireAll() : { ended: 0 };
        case 'answer':
          script.order(argument);
          return { ordered: true };
        case 'clear-answers':
          script.clear();
          return { ordered: false };
        case 'forget-calls':
          quotas.forget();
          return { forgotten: true };
        case 'unlock':
          return { unlocked: lockout.unlockAll() };
        default:
          return undefined;
      }
    },
  };
};

function nameOf(request: DialectRequest): OperationName | undefined {
  const route = `${methodOf(request)} ${pathOf(request)} ${request.headers.version ?? '1'}`;
  const name = Object.entries(routes).find(([known]) => known === route)?.[1];
  return name === 'session' && request.query.get('fetchSessionTokens') === 'true' ? 'session-tokens' : name;
}

function otherEnvironment(host: DialectHost): string {
  return switched(host, 'environment') === 'live' ? 'demo' : 'live';
}

/** A DELETE may come as a POST that says so (labs.ig.com, REST API guide). */
function methodOf(request: DialectRequest): string {
  return request.method === 'POST' && request.headers._method === 'DELETE' ? 'DELETE' : request.method;
}

function pathOf(request: DialectRequest): string {
  return request.path.replace(/^\/gateway\/deal(?=\/)/, '').replace(/\/+$/, '');
}
