import type { DialectAnswer, DialectHost } from '../../core/dialect.ts';
import { waitSecondsOf } from './simulator-limits.ts';
import { penalty } from './simulator-penalties.ts';
import { jwt, type SimulatedSession, type SimulatedToken } from './simulator-sessions.ts';
import { switched } from './simulator-switches.ts';

const WRONG_LOGIN =
  'Incorrect username or password. Please try again, noting that passwords are case-sensitive.';

/** As github tradovate/api issue 15 has it. */
const SERVER_FAULT = 'Internal Server Error, error id: 5f0c0000-0000-4000-8000-000000000015';

/** Switches `bridge.errorStatus`, `bridge.errorField` and `bridge.errmsg`: no raw body is public. */
export function wrongBridge(host: DialectHost): DialectAnswer {
  const errmsg = switched(host, 'bridge.errmsg');
  return bridgeError(host, errmsg === 'as the API' ? WRONG_LOGIN : errmsg);
}

export function bridgeError(host: DialectHost, errmsg: string): DialectAnswer {
  const words = switched(host, 'bridge.errorField') === 'errmsg' ? { errmsg } : { errorText: errmsg };
  return { status: switched(host, 'bridge.errorStatus'), body: { s: 'error', ...words } };
}

/** Switch `badCredentials`: `200-errorText` was observed, `401` stands in the conformance page. */
export function wrongNative(host: DialectHost): DialectAnswer {
  return switched(host, 'badCredentials') === '401'
    ? { status: 401 }
    : { status: 200, body: { errorText: WRONG_LOGIN } };
}

/** The bridge's success. Switch `bridge.expiration` (`s`, `ms`, `string`, `absent`): its unit is not proven. */
export function bridgeToken(host: DialectHost, { token, expiresAt }: SimulatedToken): DialectAnswer {
  const written: Readonly<Record<string, object>> = {
    s: { expiration: expiresAt / 1_000 },
    ms: { expiration: expiresAt },
    string: { expiration: String(expiresAt / 1_000) },
    absent: {},
  };
  const expiration = written[switched(host, 'bridge.expiration')];
  return { status: 200, body: { s: 'ok', d: { access_token: token, ...expiration } } };
}

/**
 * The success of a native login or renewal (partner.tradovate.com, access-token-request). Switches
 * `mdAccessToken` (`login only`, `login+renew`, `never`), `expirationFraction` (`present`, `absent`), `apiHosts`
 * (`off`, `on`).
 */
export function nativeToken(
  host: DialectHost,
  { token, expiresAt, session }: SimulatedToken,
  by: 'login' | 'renew',
): DialectAnswer {
  const { userId, username } = session;
  const md = switched(host, 'mdAccessToken');
  const hasMd = md === 'login+renew' || (md === 'login only' && by === 'login');
  const iso = new Date(expiresAt).toISOString();
  const isWhole = switched(host, 'expirationFraction') === 'absent';
  const body = {
    accessToken: token,
    ...(hasMd && { mdAccessToken: jwt(userId, expiresAt / 1_000, `md ${token}`) }),
    expirationTime: isWhole ? iso.replace(/\.\d+/, '') : iso,
    passwordExpirationTime: new Date(expiresAt + 150 * 86_400_000).toISOString(),
    userStatus: 'Active',
    userId: Number(userId),
    name: username,
    hasLive: false,
    hasSimPlus: false,
    showKIDs: false,
    ...(switched(host, 'apiHosts') === 'on' && {
      apiHosts: {
        live: 'live.example',
        demo: 'demo.example',
        mdLive: 'md.example',
        replay: 'replay.example',
      },
    }),
  };
  return { status: 200, body };
}

/**
 * What answers a token that is not alive. Switch `orphanAnswer`, for one whose session was closed: 401, 408, 429, 500,
 * and the two that something else is answered with too, `429-empty` (a user's limit) and `500-error-id` (a server fault).
 */
export function deadToken(host: DialectHost, token: SimulatedToken | undefined): DialectAnswer {
  const bodies: Readonly<Record<number, string>> = {
    408: 'Request Timeout',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
  };
  const said = token?.session.closed ? switched(host, 'orphanAnswer') : 401;
  if (said === '429-empty') return { status: 429 };
  if (said === '500-error-id') return { status: 500, body: SERVER_FAULT };
  const body = bodies[said];
  return { status: said, ...(body !== undefined && { body }) };
}

/** The broker's ways to ask for silence; switch `throttleWith` (`ticket`, `captcha`, `423`, `429`) chooses. */
export function throttled(host: DialectHost, operation: string): DialectAnswer {
  const seconds = waitSecondsOf(host, operation === 'renew' || operation === 'me' ? operation : 'login');
  switch (switched(host, 'throttleWith')) {
    case 'captcha':
      return penalty(seconds, 'T0', true);
    case '423':
      return { status: 423 };
    case '429':
      return { status: 429 };
    default:
      return penalty(seconds, 'T0', false);
  }
}

/**
 * A user's sub-accounts: real lists have gaps and names that nobody could generate. Switch
 * `accountNames`: a list of names for everybody.
 */
export function accountsOf(
  host: DialectHost,
  { userId }: SimulatedSession,
): readonly { readonly id: number; readonly name: string }[] {
  const own = [1, 2, 5].map((n) => `SIM${userId}${String(n).padStart(7, '0')}`);
  const names = switched(host, 'accountNames');
  return (typeof names === 'string' ? own : names).map((name, index) => ({
    id: Number(userId.slice(-6)) * 100 + index,
    name,
  }));
}
