import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import type { Penalties } from './simulator-penalties.ts';
import type { Sessions, SimulatedToken } from './simulator-sessions.ts';
import { accountsOf, deadToken, nativeToken } from './simulator-words.ts';
import { switched } from './simulator-switches.ts';

/** The calls with a token. */
export interface Reads {
  /** Whose token a request brings, alive or not. */
  tokenOf(request: DialectRequest): SimulatedToken | undefined;
  renew(request: DialectRequest): DialectAnswer;
  me(request: DialectRequest): DialectAnswer;
  accountList(request: DialectRequest): DialectAnswer;
  bridgeAccounts(request: DialectRequest): DialectAnswer;
  bridgeData(request: DialectRequest): DialectAnswer;
}

/**
 * What a token is good for. Switches: `renewPenalty` (`wait only`, `query`, `header`: where a renewal has to
 * bring a ticket), `bridge.renewable` (`on`, `off`), `deviceIdEnforced` (`off`, `on`: data calls of a native login
 * whose device id is missing or holds `wrong` are 401), `mePenalty` (`wait only`, `ticket`: the wait alone
 * does not end a penalty of `me`, and no document says where a read would bring a ticket).
 */
export function makeReads(host: DialectHost, sessions: Sessions, penalties: Penalties): Reads {
  const tokenOf = (request: DialectRequest): SimulatedToken | undefined =>
    sessions.byToken(bearerOf(request));

  /** `onDead`: what a call says without a living token, and what that costs. */
  const withSession = (
    request: DialectRequest,
    answer: (token: SimulatedToken) => DialectAnswer,
    onDead: () => DialectAnswer = () => deadToken(host, tokenOf(request)),
  ): DialectAnswer => {
    const token = tokenOf(request);
    return token && sessions.isAlive(token) ? answer(token) : onDead();
  };

  const renew = (request: DialectRequest): DialectAnswer => {
    const place = switched(host, 'renewPenalty');
    const ticket =
      place === 'query' ? (request.query.get('p-ticket') ?? undefined) : request.headers['p-ticket'];
    const body = bearerOf(request);
    const { egress } = request;
    const inTheWay = penalties.inTheWay({
      endpoint: 'renew',
      egress,
      body,
      ticket,
      waitOnly: place === 'wait only',
    });
    if (inTheWay) return inTheWay;
    penalties.count('renew', egress);
    return withSession(request, (token) => {
      const isRenewable = token.session.way === 'native' || switched(host, 'bridge.renewable') === 'on';
      return isRenewable ? nativeToken(host, sessions.renew(token), 'renew') : { status: 401 };
    });
  };

  const me = (request: DialectRequest): DialectAnswer => {
    const { egress } = request;
    const body = bearerOf(request);
    const waitOnly = switched(host, 'mePenalty') === 'wait only';
    const attempt = { endpoint: 'me', egress, body, ticket: undefined, waitOnly } as const;
    const inTheWay = penalties.inTheWay(attempt);
    if (inTheWay) return inTheWay;
    return withSession(
      request,
      ({ session: { userId, username } }) => ({
        status: 200,
        body: {
          userId: Number(userId),
          name: username,
          fullName: 'Made Up',
          emailVerified: true,
          isTrial: false,
        },
      }),
      () => {
        penalties.count('me', egress);
        return deadToken(host, tokenOf(request));
      },
    );
  };

  const accountList = (request: DialectRequest): DialectAnswer =>
    withSession(request, ({ session }) => {
      const isEnforced = switched(host, 'deviceIdEnforced') === 'on';
      if (isEnforced && session.way === 'native' && !session.hasDevice) {
        return { status: 401, body: 'Access is denied' };
      }
      const more = { userId: Number(session.userId), active: true, restricted: false, closed: false };
      return { status: 200, body: accountsOf(host, session).map((account) => ({ ...account, ...more })) };
    });

  /** What a list without a token gets. Switch `bridge.unauthorized` (401, 403, 404, `page`): only specified, never seen. */
  const unauthorized = (): DialectAnswer => {
    const status = switched(host, 'bridge.unauthorized');
    if (status === 401) return { status, body: { s: 'error', errmsg: 'Unauthorized' } };
    if (status === 403) return { status };
    return status === 404
      ? { status, body: 'Not Found' }
      : { status: 403, body: '<!doctype html><title>Attention Required!</title>' };
  };

  /** TradingView's specification: no token, or an expired one, is 401. */
  const bridgeRead = (request: DialectRequest, answer: (token: SimulatedToken) => unknown): DialectAnswer =>
    withSession(
      request,
      (token) => ({ status: 200, body: { s: 'ok', d: answer(token) } }),
      () => (bearerOf(request) === '' ? unauthorized() : deadToken(host, tokenOf(request))),
    );

  const bridgeAccounts = (request: DialectRequest): DialectAnswer =>
    bridgeRead(request, ({ session }) =>
      accountsOf(host, session).map(({ id, name }) => ({
        id: `D${String(id).padStart(7, '0')}`,
        name,
        type: 'demo',
        currency: 'USD',
        currencySign: '$',
        isVerified: true,
      })),
    );

  return {
    tokenOf,
    renew,
    me,
    accountList,
    bridgeAccounts,
    bridgeData: (request) => bridgeRead(request, () => []),
  };
}

function bearerOf(request: DialectRequest): string {
  return /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
}
