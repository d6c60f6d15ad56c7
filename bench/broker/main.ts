/**
 * The broker of the benches, a process of its own: two brokers' logins, renewals and proofs, as their simulators
 * answer them, without ledger, faults, quotas and switches. The simulator itself would be what is measured: it looks through
 * all living pairs at each login. Every contestant meets the same one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { makeBrokerState, type BrokerState } from './state.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const state = makeBrokerState();
const server = createServer((request, response) => {
  answer(state, request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});

async function answer(
  broker: BrokerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const body = request.method === 'GET' ? '' : await textOf(request);
  const said = path.startsWith('/bench/')
    ? control(broker, path, body)
    : await played(broker, `${request.method} ${path}`, request, body);
  const text = said.body === undefined ? '' : JSON.stringify(said.body);
  response.writeHead(said.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** One call of a login: counted while it lasts, and as long as the latency. */
async function played(
  broker: BrokerState,
  call: string,
  request: IncomingMessage,
  body: string,
): Promise<Answer> {
  const play = calls[call];
  if (!play) {
    broker.refuse();
    return { status: 404, body: { errorCode: 'invalid.url' } };
  }
  const { user, act } = play(broker, request, body);
  const end = broker.begin(user);
  try {
    const { latencyMs } = broker.behaviour;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    return act();
  } finally {
    end();
  }
}

interface Play {
  readonly user: string;
  readonly act: () => Answer;
}

const calls: Readonly<Record<string, (broker: BrokerState, request: IncomingMessage, body: string) => Play>> =
  {
    'POST /tradovate/authorize': (broker, _request, body) => {
      const user = new URLSearchParams(body).get('login') ?? '';
      return {
        user,
        act: () => {
          const { token, expiresAt } = broker.signIn(user);
          return {
            status: 200,
            body: { s: 'ok', d: { access_token: token, expiration: Math.floor(expiresAt / 1_000) } },
          };
        },
      };
    },
    'GET /tradovate/v1/auth/me': proof((user) => ({ userId: user, name: user }), undefined),
    'POST /ig/gateway/deal/session': (broker, _request, body) => {
      const user = textIn(body, 'identifier');
      return {
        user,
        act: () => ({
          status: 200,
          body: {
            clientId: `client-${user}`,
            accountId: `account-${user}`,
            timezoneOffset: 1,
            lightstreamerEndpoint: 'https://push.example',
            oauthToken: pairOf(broker.signIn(user), broker.behaviour.lifeS),
          },
        }),
      };
    },
    'POST /ig/gateway/deal/session/refresh-token': (broker, _request, body) => {
      const refresh = textIn(body, 'refresh_token');
      return {
        user: broker.userOfRefresh(refresh),
        act: () => {
          const renewed = broker.renew(refresh);
          if (renewed) return { status: 200, body: pairOf(renewed, broker.behaviour.lifeS) };
          broker.refuse();
          return { status: 401, body: { errorCode: 'error.security.oauth-token-invalid' } };
        },
      };
    },
    'GET /ig/gateway/deal/session': proof(
      (user) => ({ clientId: `client-${user}`, accountId: `account-${user}` }),
      { errorCode: 'error.security.oauth-token-invalid' },
    ),
  };

/** A read that tells whether a token is honoured: `found` of its user, else 401 with `refusal`. */
function proof(
  found: (user: string) => object,
  refusal: object | undefined,
): (broker: BrokerState, request: IncomingMessage) => Play {
  return (broker, request) => {
    const token = bearerOf(request);
    const user = broker.userOfToken(token);
    return {
      user,
      act: () => (broker.prove(token) ? { status: 200, body: found(user) } : { status: 401, body: refusal }),
    };
  };
}

/** The runner's own calls. */
function control(broker: BrokerState, path: string, body: string): Answer {
  switch (path) {
    case '/bench/counts':
      return { status: 200, body: broker.counts() };
    case '/bench/users':
      return { status: 200, body: broker.users() };
    case '/bench/instants':
      return { status: 200, body: broker.instants() };
    case '/bench/behave':
      Object.assign(broker.behaviour, JSON.parse(body));
      return { status: 200, body: {} };
    case '/bench/revoke':
      broker.revoke(textIn(body, 'user'));
      return { status: 200, body: {} };
    case '/bench/forget':
      broker.forget();
      return { status: 200, body: {} };
    default:
      return { status: 404, body: {} };
  }
}

const pairOf = (
  { token, refresh }: { readonly token: string; readonly refresh: string },
  lifeS: number,
): object => ({
  access_token: token,
  refresh_token: refresh,
  scope: 'profile',
  token_type: 'Bearer',
  expires_in: String(lifeS),
});

const bearerOf = (request: IncomingMessage): string =>
  (request.headers.authorization ?? '').replace(/^Bearer /, '');

function textIn(body: string, field: string): string {
  const parsed = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const value = parsed[field];
  return typeof value === 'string' ? value : '';
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
