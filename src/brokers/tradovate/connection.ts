import type { BrokerIo, Call, Connection, Grant, HttpAnswer, HttpRequest, Proof } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { TradovateAccount } from './account.ts';
import { carriedBy, sendCarrying, type Bound } from './carry.ts';
import { sessionRefusal, unreached } from './classify-session.ts';
import { refusal } from './classify.ts';
import { adopted, grantOf, tokenIn } from './grants.ts';
import { renewalPolicy } from './limits.ts';
import { accessTokenRequest, authorizeRequest, readRequest, renewalRequest } from './requests.ts';
import { readSettings } from './settings.ts';
import { readNames, readSaid } from './wire.ts';

/** One Tradovate login. Tradovate has no call that ends a session, so there is no `signOut`. */
export function connect(account: TradovateAccount, io: BrokerIo): Connection {
  const { username, password, api } = account;
  const { apiUrl, bridgeUrl, userAgent, bridgeHeaders, ticketIn, transientTexts } = readSettings(io);
  const secrets = api ? [password, api.sec] : [password];
  const way = api ? 'api' : 'bridge';

  const loginRequest = (ticket?: string): HttpRequest => {
    const login = { username, password, ticket, userAgent };
    return api
      ? accessTokenRequest({ ...login, api, baseUrl: apiUrl })
      : authorizeRequest({ ...login, bridgeHeaders, baseUrl: bridgeUrl });
  };

  const signIn = async (call: Call): Promise<Grant> => {
    const bound: Bound = { call: 'sign-in', to: loginRequest().body ?? '' };
    const { repeated, ticket } = carriedBy(call, bound);
    const answer = await sendCarrying(io.http, loginRequest(ticket), call);
    const said = readSaid(answer);
    const token = tokenIn(said, answer.status, api ? 'native' : 'bridge');
    if (token === undefined) throw refusal(answer, said, { way, secrets, transientTexts, repeated, bound });
    return grantOf(token, apiUrl, { said, status: answer.status, receivedAt: io.clock.now() });
  };

  const renew = async (from: Grant, call: Call): Promise<Grant> => {
    const bound: Bound = { call: 'renewal', to: from.token };
    const { repeated, ticket } = carriedBy(call, bound);
    const request = renewalRequest({ baseUrl: apiUrl, token: from.token, ticket, ticketIn, userAgent });
    const answer = await sendCarrying(io.http, request, call);
    const said = readSaid(answer);
    const token = tokenIn(said, answer.status, 'native');
    if (token === undefined) {
      throw sessionRefusal(answer, said, {
        call: 'renewal',
        secrets: [...secrets, from.token],
        transientTexts,
        repeated,
        bound,
      });
    }
    return grantOf(token, apiUrl, { said, status: answer.status, receivedAt: io.clock.now(), from });
  };

  /** The list of accounts: of the bridge as of whom it was made for, like its login. */
  const list = (call: Call, token?: string): Promise<HttpAnswer> => {
    const asked = { userAgent, ...(token !== undefined && { token }) };
    return io.http(
      api
        ? readRequest({ ...asked, baseUrl: apiUrl, path: '/account/list' })
        : readRequest({ ...asked, bridgeHeaders, baseUrl: bridgeUrl, path: '/accounts?locale=en' }),
      call,
    );
  };
  const refusedRead = (answer: HttpAnswer, { token }: Grant): BrokerError =>
    sessionRefusal(answer, readSaid(answer), {
      call: 'read',
      secrets: [...secrets, token],
      transientTexts,
      repeated: false,
    });

  const probe = async (grant: Grant, call: Call): Promise<Proof> => {
    const answer = await io.http(
      readRequest({ baseUrl: apiUrl, path: '/auth/me', userAgent, token: grant.token }),
      call,
    );
    const said = readSaid(answer);
    const isSaid = answer.status === 200 && said?.text === undefined && said?.penalty === undefined;
    if (isSaid && said?.userId !== undefined && grant.owner !== undefined) {
      return said.userId === grant.owner ? 'alive' : 'someone-else';
    }
    if (isSaid && said?.name !== undefined) {
      return said.name.toLowerCase() === username.toLowerCase() ? 'alive' : 'someone-else';
    }
    const error = refusedRead(answer, grant);
    if (error.code === 'session_dead') return 'dead';
    throw error;
  };

  const discover = async (grant: Grant, call: Call): Promise<readonly string[]> => {
    const answer = await list(call, grant.token);
    const names = answer.status === 200 ? readNames(answer) : undefined;
    if (!names) throw refusedRead(answer, grant);
    return names;
  };

  const reach = async (call: Call): Promise<void> => {
    const answer = await list(call).catch((error: unknown) => {
      throw unanswered(error);
    });
    const error = unreached(answer, readSaid(answer));
    if (error) throw error;
  };

  return {
    signIn,
    ...((api || account.renew) && {
      renew,
      renewableUntil: (grant: Grant) => grant.expiresAt,
      policy: renewalPolicy,
    }),
    probe,
    reach,
    discover,
    adopt: (token, now) => adopted(token, apiUrl, now),
    // One token serves the login and all its sub-accounts.
    headersFor: (grant) => grant.headers,
  };
}

/** Nothing was at stake in a call without a session: without an answer the broker is down, no more. */
function unanswered(error: unknown): unknown {
  if (!(error instanceof BrokerError) || error.kind !== 'outcome-unknown') return error;
  const { code, sent } = error;
  return new BrokerError(error.message, { kind: 'transient', code, scope: 'broker', sent });
}
