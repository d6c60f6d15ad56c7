import type { DialectAnswer, DialectHost, DialectRequest, MakeDialect } from '../../core/dialect.ts';
import { makePenalties, penalty } from './simulator-penalties.ts';
import { makeSessions, type SimulatedSession } from './simulator-sessions.ts';

/** The calls there are so far. Paths come in camel and in lower case. */
const operations: Readonly<Record<string, string>> = {
  'POST /authorize': 'authorize',
  'GET /v1/account/list': 'account-list',
  'GET /v1/auth/me': 'me',
};

const WRONG_LOGIN =
  'Incorrect username or password. Please try again, noting that passwords are case-sensitive.';

/**
 * Tradovate's bridge login and two native calls that prove its tokens. What no document settles is a
 * switch, its default a guess; they are listed in README.md.
 */
export const tradovateDialect: MakeDialect = (host) => {
  const sessions = makeSessions(host);
  const penalties = makePenalties(host);

  const authorize = (request: DialectRequest): DialectAnswer => {
    const form = formOf(request, host);
    const username = form?.get('login');
    const password = form?.get('password');
    if (!form || !username || !password) return { status: 400 };
    if (
      host.switch<string>('bridge.browserHeaders', 'not needed') === 'needed' &&
      !request.headers['origin']
    ) {
      return { status: 403 };
    }
    const inTheWay = penalties.inTheWay(request.egress, form);
    if (inTheWay) return inTheWay;
    if (!host.accepts(username, password)) {
      penalties.failed(request.egress);
      return wrongLogin(host);
    }
    const { token, expiresAt } = sessions.open(username);
    return { status: 200, body: { s: 'ok', d: { access_token: token, ...expiration(host, expiresAt) } } };
  };

  const withSession = (
    request: DialectRequest,
    answer: (session: SimulatedSession) => unknown,
  ): DialectAnswer => {
    const session = sessions.byToken(bearerOf(request));
    if (session && sessions.isAlive(session)) return { status: 200, body: answer(session) };
    // A session closed by a third login was seen to answer otherwise than with 401.
    return { status: session?.closed ? host.switch('orphanAnswer', 401) : 401 };
  };

  return {
    sample: {
      entry: { username: 'USER_000000', password: 'made-up & + % # = @ / secret' },
      wrong: { username: 'USER_000000', password: 'made-up & wrong secret' },
      secrets: ['made-up & + % # = @ / secret', 'made-up & wrong secret'],
    },
    demo: () => ({
      entries: ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO', 'FOXTROT', 'GOLF', 'SHAKY'].map((name) => ({
        username: `DESK_${name}`,
        password: `made-up-${name.toLowerCase()}`,
        ...(name === 'ALPHA' && { accounts: ['DESK_ALPHA_EVAL_1', 'DESK_ALPHA_EVAL_2'] }),
      })),
      // A minute and a half instead of eighty: the demo shows refreshes, not patience.
      switches: { lifetimeSeconds: 90 },
      troubled: { operation: 'authorize', username: 'DESK_SHAKY' },
    }),
    identify: (request) => {
      const name = operations[`${request.method} ${request.path.toLowerCase()}`];
      if (name === undefined) return undefined;
      const username =
        name === 'authorize'
          ? formOf(request, host)?.get('login')
          : sessions.byToken(bearerOf(request))?.username;
      return username ? { name, username } : { name };
    },
    answer: (request, operation) => {
      switch (operation.name) {
        case 'authorize':
          return authorize(request);
        case 'account-list':
          return withSession(request, ({ username, userId }) => [
            { id: Number(userId), name: username, userId: Number(userId), active: true },
          ]);
        case 'me':
          return withSession(request, ({ username, userId }) => ({ userId: Number(userId), name: username }));
        default:
          return { status: 404 };
      }
    },
    refuse: (operation) => (operation.name === 'authorize' ? wrongLogin(host) : { status: 401 }),
    throttle: () => throttled(host),
    command: (name, argument) => {
      if (name === 'expire-all') return { closed: sessions.closeAll(argument) };
      if (name !== 'forget-penalties') return undefined;
      penalties.forget();
      return { forgotten: true };
    },
  };
};

function wrongLogin(host: DialectHost): DialectAnswer {
  return {
    status: host.switch('bridge.errorStatus', 200),
    body: { s: 'error', errmsg: host.switch('bridge.errmsg', WRONG_LOGIN) },
  };
}

/** Switch `throttleWith`: which of its ways to ask for silence an operator's `throttle` takes. */
function throttled(host: DialectHost): DialectAnswer {
  switch (host.switch<string>('throttleWith', 'ticket')) {
    case 'captcha':
      return penalty('T0', true);
    case '423':
      return { status: 423 };
    case '429':
      return { status: 429 };
    default:
      return penalty('T0', false);
  }
}

/** Switch `bridge.expiration`: the unit is not proven, and the field is optional. */
function expiration(host: DialectHost, expiresAt: number): { readonly expiration?: number | string } {
  switch (host.switch<string>('bridge.expiration', 's')) {
    case 'ms':
      return { expiration: expiresAt };
    case 'string':
      return { expiration: String(expiresAt / 1_000) };
    case 'absent':
      return {};
    default:
      return { expiration: expiresAt / 1_000 };
  }
}

/** The login's fields, from a form or (switch `bridge.accept`: `form or json`, `form`) from JSON. */
function formOf(request: DialectRequest, host: DialectHost): URLSearchParams | undefined {
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return new URLSearchParams(request.body);
  const takesJson = host.switch<string>('bridge.accept', 'form or json') === 'form or json';
  if (!takesJson || !type.startsWith('application/json')) return undefined;
  try {
    const fields: unknown = JSON.parse(request.body);
    if (typeof fields !== 'object' || fields === null) return undefined;
    return new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    );
  } catch {
    return undefined;
  }
}

function bearerOf(request: DialectRequest): string {
  return /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
}
