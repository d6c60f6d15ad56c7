import type { DialectAnswer, DialectRequest, MakeDialect, Operation, Sample } from '../../core/dialect.ts';
import { cloudflarePage, exceptionDump, failure, profileOf, success } from './simulated-answers.ts';
import { answerDialog } from './simulated-dialog.ts';
import type { Client } from './simulated-dialog.ts';
import { isClosedInIndia, makeTokens, randomText, userIdFor } from './simulated-tokens.ts';
import type { IssuedToken } from './simulated-tokens.ts';

/** The calls of a browser login; the paths are Upstox' own. */
const operations: Readonly<Record<string, string>> = {
  'GET /v2/login/authorization/dialog': 'dialog',
  'POST /v2/login/authorization/dialog': 'dialog',
  'POST /v2/login/authorization/token': 'exchange',
  'GET /v2/user/profile': 'profile',
  'DELETE /v2/logout': 'logout',
};
/** What the exchange must carry, and the code for its absence. */
const exchangeFields = {
  client_id: 'UDAPI1017',
  redirect_uri: 'UDAPI1018',
  code: 'UDAPI1022',
  grant_type: 'UDAPI1023',
  client_secret: 'UDAPI1024',
} as const;

/** What an operator's `refuse` sounds like. */
const refusals: Readonly<Record<string, string>> = {
  dialog: 'UDAPI100068',
  exchange: 'UDAPI100057',
  profile: 'UDAPI100050',
};

const entry = {
  broker: 'upstox',
  username: 'MU0001',
  clientId: '00000000-0000-4000-8000-00000000000a',
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'MU0001',
};
const sample: Sample = {
  entry,
  wrong: { ...entry, clientSecret: 'made-up-wrong-secret' },
  secrets: ['made-up-app-secret', 'made-up-wrong-secret'],
};

interface LoginCode {
  readonly clientId: string;
  readonly userId: string;
  readonly issuedAt: number;
}

/**
 * Upstox' browser login: dialog, exchange, profile and logout, with 03:30 IST on the host's clock.
 * Switches and commands are listed in README.md.
 */
export const upstoxDialect: MakeDialect = (host) => {
  const { clientId: sampleId, userId: sampleUser } = entry;
  const clients = new Map<string, Client>([
    [sampleId, { clientId: sampleId, userId: sampleUser, redirectUri: undefined }],
  ]);
  const codes = new Map<string, LoginCode>();
  const tokens = makeTokens(host);

  const userOf = (clientId: string): string => clients.get(clientId)?.userId ?? userIdFor(clientId);
  const bearer = (request: DialectRequest): string =>
    /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const holder = (request: DialectRequest): IssuedToken | undefined => {
    const found = tokens.find(bearer(request));
    return found && host.clock.now() < found.expiresAt ? found : undefined;
  };

  const issueCode = (client: Client, userId: string): string => {
    const code = randomText(host, 6);
    codes.set(code, { clientId: client.clientId, userId, issuedAt: host.clock.now() });
    return code;
  };

  /** A code that was sent is spent, whatever the answer is. */
  const burn = (operation: Operation): void => void codes.delete(operation.spends ?? '');

  const exchange = (request: DialectRequest, operation: Operation): DialectAnswer => {
    const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
    const form = new URLSearchParams(isForm ? request.body : '');
    const code = codes.get(form.get('code') ?? '');
    burn(operation);

    const missing = Object.entries(exchangeFields).flatMap(([field, error]) =>
      form.get(field) ? [] : [error],
    );
    if (missing.length > 0) return failure(host, 400, ...missing);
    if (form.get('grant_type') !== 'authorization_code') return failure(host, 400, 'UDAPI1023');
    // The code is judged before the client; seen by users who sent a made-up code.
    const ttlMs = host.switch('codeTtl', 60) * 1000;
    const clientId = form.get('client_id') ?? '';
    if (!code || code.clientId !== clientId || host.clock.now() >= code.issuedAt + ttlMs) {
      return failure(host, 401, 'UDAPI100057');
    }
    const client = clients.get(clientId);
    const secret = form.get('client_secret') ?? '';
    if (!client || !host.accepts(clientId, secret)) return failure(host, 401, 'UDAPI100069');
    if (form.get('redirect_uri') !== client.redirectUri) return failure(host, 401, 'UDAPI100070');

    const issued = tokens.issue(code.userId);
    return { status: 200, body: exchanged(issued, form.get('refresh_extended_token') === 'true') };
  };

  const exchanged = (issued: IssuedToken, renewExtended: boolean): unknown => {
    const extended = host.switch<string>('extendedToken', 'present');
    return {
      ...profileOf(issued.userId),
      access_token: issued.token,
      ...(extended === 'absent'
        ? {}
        : {
            extended_token:
              extended === 'null' ? null : tokens.extendedFor(issued.userId, renewExtended).token,
          }),
      ...(host.switch<string>('oauthExtras', 'off') === 'on'
        ? {
            expires_in: 86_400,
            token_type: 'Bearer',
            refresh_token: randomText(host, 32),
            refresh_token_expires_in: 2_592_000,
          }
        : {}),
    };
  };

  const answer = (request: DialectRequest, operation: Operation): DialectAnswer => {
    const edge = cloudflarePage(host);
    if (edge) return edge;
    if (operation.name === 'dialog') return answerDialog(host, clients, request, issueCode);
    if (host.switch<string>('serviceHours', 'off') !== 'off' && isClosedInIndia(host.clock.now())) {
      return failure(host, 423, 'UDAPI100072');
    }
    if (operation.name === 'exchange') return exchange(request, operation);
    const held = holder(request);
    if (operation.name === 'profile') {
      return held ? success(profileOf(held.userId)) : failure(host, 401, 'UDAPI100050');
    }
    if (!held) return exceptionDump;
    tokens.kill(held.token);
    return success(true);
  };

  return {
    sample,
    demo: (callbackUrl) => ({
      entries: [
        {
          broker: 'upstox',
          name: 'UPSTOX_DEMO',
          clientId: 'made-up-app-of-upstox-demo',
          clientSecret: 'made-up-app-secret',
          redirectUri: callbackUrl,
        },
      ],
    }),
    identify(request) {
      const name = operations[`${request.method} ${request.path}`];
      if (name === undefined) return undefined;
      if (name === 'profile' || name === 'logout') {
        const username = tokens.find(bearer(request))?.userId;
        return username === undefined ? { name } : { name, username };
      }
      const sent = name === 'dialog' ? request.query : new URLSearchParams(request.body);
      const clientId = sent.get('client_id');
      const code = name === 'exchange' ? sent.get('code') : null;
      return {
        name,
        ...(clientId ? { username: userOf(clientId) } : {}),
        ...(code ? { spends: code } : {}),
      };
    },
    answer,
    refuse: (operation) => {
      burn(operation);
      return failure(host, 401, refusals[operation.name] ?? 'UDAPI100050');
    },
    throttle: (operation) => {
      burn(operation);
      return failure(host, 429, 'UDAPI10005');
    },
    command(name, argument) {
      switch (name) {
        case 'register': {
          const [clientId, userId, redirectUri] = (argument ?? '').split(' ');
          if (!clientId || !userId) return undefined;
          clients.set(clientId, { clientId, userId, redirectUri });
          return { clientId, userId };
        }
        case 'expire-all':
          return { expired: tokens.killAll() };
        default:
          return undefined;
      }
    },
  };
};
