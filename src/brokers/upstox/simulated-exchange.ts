import type { DialectAnswer, DialectHost, DialectRequest, Operation } from '../../core/dialect.ts';
import { failure, profileOf } from './simulated-answers.ts';
import type { Apps, Client } from './simulated-apps.ts';
import { randomText, type IssuedToken, type Tokens } from './simulated-tokens.ts';
import { switched } from './simulated-switches.ts';

/** What the exchange must carry, and the code for its absence. */
const required = {
  client_id: 'UDAPI1017',
  redirect_uri: 'UDAPI1018',
  code: 'UDAPI1022',
  grant_type: 'UDAPI1023',
  client_secret: 'UDAPI1024',
} as const;

interface LoginCode {
  readonly clientId: string;
  readonly userId: string;
  readonly issuedAt: number;
}

/** Login codes: made by the dialog, spent by the exchange. */
export interface Exchange {
  issueCode(client: Client, userId: string): string;
  /** Who got this code; undefined where it is none, or spent. */
  userOf(code: string): string | undefined;
  /** A code that was sent is spent, whatever the answer is. */
  burn(operation: Operation): void;
  answer(request: DialectRequest, operation: Operation): DialectAnswer;
}

export function makeExchange(host: DialectHost, apps: Apps, tokens: Tokens): Exchange {
  const codes = new Map<string, LoginCode>();

  const exchanged = (issued: IssuedToken, renewExtended: boolean): unknown => ({
    ...profileOf(issued.userId),
    access_token: issued.token,
    ...extendedPart(issued.userId, renewExtended),
    ...(switched(host, 'oauthExtras') === 'on' && {
      expires_in: 86_400,
      token_type: 'Bearer',
      refresh_token: randomText(host, 32),
      refresh_token_expires_in: 2_592_000,
    }),
  });

  const extendedPart = (userId: string, renew: boolean): Readonly<Record<string, unknown>> => {
    const extended = switched(host, 'extendedToken');
    if (extended === 'absent') return {};
    return { extended_token: extended === 'null' ? null : tokens.extendedFor(userId, renew).token };
  };

  const exchange: Exchange = {
    issueCode: ({ clientId }, userId) => {
      const code = randomText(host, 6);
      codes.set(code, { clientId, userId, issuedAt: host.clock.now() });
      return code;
    },
    userOf: (code) => codes.get(code)?.userId,
    burn: ({ spends = '' }) => void codes.delete(spends),

    answer(request, operation) {
      const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
      const form = new URLSearchParams(isForm ? request.body : '');
      const code = codes.get(form.get('code') ?? '');
      exchange.burn(operation);

      const missing = Object.entries(required).flatMap(([field, error]) => (form.get(field) ? [] : [error]));
      if (missing.length > 0) return failure(host, 400, ...missing);
      if (form.get('grant_type') !== 'authorization_code') return failure(host, 400, 'UDAPI1023');
      // The code is judged before the client; seen by users who sent a made-up code.
      const ttlMs = switched(host, 'codeTtl') * 1000;
      const clientId = form.get('client_id') ?? '';
      if (!code || code.clientId !== clientId || host.clock.now() >= code.issuedAt + ttlMs) {
        return failure(host, 401, 'UDAPI100057');
      }
      const secret = form.get('client_secret') ?? '';
      if (!host.accepts(clientId, secret)) return failure(host, 401, 'UDAPI100069');
      if (form.get('redirect_uri') !== apps.of(clientId).redirectUri)
        return failure(host, 401, 'UDAPI100070');
      if (switched(host, 'appUsers') === 'own only' && code.userId !== apps.of(clientId).userId) {
        return failure(host, 403, 'UDAPI100049');
      }
      const issued = tokens.issue(code.userId);
      return { status: 200, body: exchanged(issued, form.get('refresh_extended_token') === 'true') };
    },
  };
  return exchange;
}
