import { z } from 'zod';
import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import {
  accountsBody,
  applicationBody,
  bodyOf,
  error,
  isAccountOf,
  personOf,
  sessionBody,
  switchBody,
  tokenHeadersOf,
  type Holdings,
} from './simulator-answers.ts';
import type { HeaderPair, HeaderPairs } from './simulator-header-pairs.ts';
import type { Quotas } from './simulator-limits.ts';
import type { Pair, Pairs } from './simulator-pairs.ts';
import { switched } from './simulator-switches.ts';

const switchRequest = z.object({ accountId: z.string().min(1), defaultAccount: z.boolean().nullish() });

type Handler = (request: DialectRequest, apiKey: string) => DialectAnswer;

/** Whose session a call brings, by which of the two kinds of token. */
type Bearer =
  | { readonly kind: 'oauth'; readonly username: string; readonly accountId: string; readonly pair: Pair }
  | {
      readonly kind: 'header';
      readonly username: string;
      readonly accountId: string;
      readonly pair: HeaderPair;
    };

/** The calls that need a session. */
export type SessionCall =
  'session' | 'session-tokens' | 'switch-account' | 'logout' | 'accounts' | 'application';

export interface Sessions {
  readonly handlers: Readonly<Record<SessionCall, Handler>>;
  usernameOf(request: DialectRequest): string | undefined;
}

/**
 * Calls with a session of either kind. Switches: `bothAuthStyles` `bearer` | `refused`; `putWithBearer` `refused` |
 * `works`; `sameAccountStatus` 412 | 400; `switchBringsToken` `yes` | `no`; `deleteKills` `access` | `pair` |
 * `all` (the fetched CST and X-SECURITY-TOKEN too).
 */
export function makeSessions(
  host: DialectHost,
  parts: {
    readonly oauth: Pairs;
    readonly headers: HeaderPairs;
    readonly holdings: Holdings;
    readonly quotas: Pick<Quotas, 'inForce'>;
  },
): Sessions {
  const { oauth, headers, holdings, quotas } = parts;
  const bearerOf = (request: DialectRequest): Bearer | DialectAnswer => {
    const token = bearerToken(request);
    const { cst, 'x-security-token': xst } = request.headers;
    if (token !== undefined) {
      const isBoth = cst !== undefined || xst !== undefined;
      if (isBoth && switched(host, 'bothAuthStyles') === 'refused') return error(400, 'invalid.input');
      const pair = oauth.byAccess(token);
      if (!pair) return error(401, 'error.security.oauth-token-invalid');
      // Without IG-ACCOUNT-ID the login's default account answers, silently (ig-python/trading-ig#332).
      const accountId = request.headers['ig-account-id'] ?? personOf(pair.username).accountId;
      return { kind: 'oauth', username: pair.username, accountId, pair };
    }
    if (!cst) return error(401, 'error.security.client-token-missing');
    if (!xst) return error(401, 'error.security.account-token-missing');
    const pair = headers.use(cst, xst);
    if (typeof pair === 'string') return error(401, `error.security.${pair}`);
    return { kind: 'header', username: pair.username, accountId: pair.accountId, pair };
  };

  const withBearer =
    (answer: (bearer: Bearer, request: DialectRequest, apiKey: string) => DialectAnswer): Handler =>
    (request, apiKey) => {
      const bearer = bearerOf(request);
      return 'kind' in bearer ? answer(bearer, request, apiKey) : bearer;
    };

  const moved = (bearer: Bearer, request: DialectRequest): DialectAnswer => {
    const accountId = bodyOf(request, switchRequest)?.accountId;
    if (accountId === undefined) return error(400, 'invalid.input');
    const isBearer = bearer.kind === 'oauth';
    // One client says that it fails with an access token, another does not try (bennycode/ig-trading-api).
    if (isBearer && switched(host, 'putWithBearer') === 'refused')
      return error(401, 'error.security.client-token-missing');
    if (!isAccountOf(bearer.username, accountId)) return error(400, 'error.switch.invalid-accountId');
    if (bearer.accountId === accountId) {
      const status = switched(host, 'sameAccountStatus');
      return error(status, 'error.switch.accountId-must-be-different');
    }
    if (isBearer) return { status: 200, body: switchBody };
    if (switched(host, 'switchBringsToken') === 'no') return { status: 200, body: switchBody };
    return { status: 200, headers: tokenHeadersOf(headers.move(bearer.pair, accountId)), body: switchBody };
  };

  const ended = (bearer: Bearer): DialectAnswer => {
    if (bearer.kind === 'header') headers.end(bearer.pair);
    else {
      const kills = switched(host, 'deleteKills');
      oauth.end(bearer.pair, kills !== 'access');
      if (kills === 'all') headers.endFetched(bearer.pair.session);
    }
    return { status: 204 };
  };

  const session = ({ username, accountId }: Bearer): DialectAnswer => ({
    status: 200,
    body: sessionBody(host, username, accountId),
  });

  return {
    handlers: {
      session: withBearer(session),
      'session-tokens': withBearer((bearer) => {
        const { kind, pair, username, accountId } = bearer;
        const tokens = kind === 'oauth' ? headers.open(username, accountId, pair) : pair;
        return { ...session(bearer), headers: tokenHeadersOf(tokens) };
      }),
      'switch-account': withBearer(moved),
      logout: withBearer(ended),
      accounts: withBearer(({ username }) => ({
        status: 200,
        body: accountsBody(username, holdings.of(username)),
      })),
      application: withBearer((_bearer, _request, apiKey) => ({
        status: 200,
        body: applicationBody(apiKey, quotas.inForce()),
      })),
    },
    usernameOf: (request) => {
      const token = bearerToken(request);
      if (token !== undefined) return oauth.byAccess(token)?.username;
      return headers.usernameOf(request.headers.cst ?? '');
    },
  };
}

function bearerToken(request: DialectRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}
