import type { BrokerIo, Call, Connection, Grant, HttpAnswer, Proof } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { TradovateAccount } from './account.ts';
import { carriedBy, sendCarrying } from './carry.ts';
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
  const { apiUrl, bridgeUrl, userAgent, origin, ticketIn, transientTexts } = readSettings(io);
  const secrets = api ? [password, api.sec] : [password];
  const way = api ? 'api' : 'bridge';

  const signIn = async (call: Call): Promise<Grant> => {
    const { repeated, ticket } = carriedBy(call, 'sign-in');
    const login = { username, password, ticket, userAgent };
    const request = api
      ? accessTokenRequest({ ...login, api, baseUrl: apiUrl })
      : authorizeRequest({ ...login, origin, baseUrl: bridgeUrl });
    const answer = await sendCarrying(io.http, request, call);
    const said = readSaid(answer);
    const token = tokenIn(said, answer.status, api ? 'native' : 'bridge');
    if (token === undefined) throw refusal(answer, said, { way, secrets, transientTexts, repeated });
    return grantOf(token, apiUrl, { said, status: answer.status, receivedAt: io.clock.now() });
  };

  const renew = async (from: Grant, call: Call): Promise<Grant> => {
    const { repeated, ticket } = carriedBy(call, 'renewal');
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
      });
    }
    return grantOf(token, apiUrl, { said, status: answer.status, receivedAt: io.clock.now(), from });
  };

  const read = (baseUrl: string, path: string, call: Call, token?: string): Promise<HttpAnswer> =>
    io.http(readRequest({ baseUrl, path, userAgent, ...(token !== undefined && { token }) }), call);
  const refusedRead = (answer: HttpAnswer, { token }: Grant): BrokerError =>
    sessionRefusal(answer, readSaid(answer), {
      call: 'read',
      secrets: [...secrets, token],
      transientTexts,
      repeated: false,
    });

  const probe = async (grant: Grant, call: Call): Promise<Proof> => {
    const answer = await read(apiUrl, '/auth/me', call, grant.token);
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
    const answer = api
      ? await read(apiUrl, '/account/list', call, grant.token)
      : await read(bridgeUrl, '/accounts?locale=en', call, grant.token);
    const names = answer.status === 200 ? readNames(answer) : undefined;
    if (!names) throw refusedRead(answer, grant);
    return names;
  };

  const reach = async (call: Call): Promise<void> => {
    const asked = api ? read(apiUrl, '/account/list', call) : read(bridgeUrl, '/accounts?locale=en', call);
    const answer = await asked.catch((error: unknown) => {
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
