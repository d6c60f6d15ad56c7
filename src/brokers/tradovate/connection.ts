import type { BrokerIo, Call, Connection, Grant, HttpAnswer } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { readJwt } from '../jwt.ts';
import type { TradovateAccount } from './account.ts';
import { isBarred, refusal } from './classify.ts';
import { expiryOf, isCredible } from './expiry.ts';
import { authorizeRequest, BRIDGE_ORIGIN, readSaid } from './wire.ts';

/** Becomes a header of other people's calls: nothing that could break out of one. */
const headerSafe = /^[\x21-\x7e]{1,8192}$/;

/** One Tradovate login by the bridge: `signIn` is one POST, there is nothing to renew. */
export function connect(account: TradovateAccount, io: BrokerIo): Connection {
  const { username, password } = account;
  const baseUrl = io.baseUrl('api').replace(/\/+$/, '');
  const bridgeUrl = io.baseUrl('bridge').replace(/\/+$/, '');
  const userAgent = io.setting('TRADOVATE_USER_AGENT');
  const origin = originOf(io.setting('TRADOVATE_BRIDGE_ORIGIN'));
  const transientTexts = textsOf(io.setting('TRADOVATE_TRANSIENT_TEXTS'));
  /** Of the last penalty, for the next login. Lost with the process: then that login is penalised anew. */
  let ticket: string | undefined;

  const grantOf = (token: string, issuedAt: number, expiresAt: number, owner: string | undefined): Grant => ({
    token,
    headers: { Authorization: `Bearer ${token}` },
    issuedAt,
    expiresAt,
    tokenType: 'Bearer',
    baseUrl,
    ...(owner !== undefined && { owner }),
  });

  const send = async (sent: string | undefined, call: Call): Promise<HttpAnswer> => {
    try {
      ticket = undefined;
      return await io.http(
        authorizeRequest({ baseUrl: bridgeUrl, username, password, ticket: sent, origin, userAgent }),
        call,
      );
    } catch (error) {
      if (error instanceof BrokerError && !error.sent) ticket = sent;
      throw error;
    }
  };

  return {
    signIn: async (call) => {
      const sentTicket = ticket;
      const answer = await send(sentTicket, call);
      const receivedAt = io.clock.now();
      const said = readSaid(answer);
      const token = said && answer.status < 300 && isSuccess(said) ? said.token : undefined;
      if (token === undefined || !headerSafe.test(token)) {
        ticket = said?.penalty?.ticket;
        const withTicket = sentTicket !== undefined;
        throw refusal(answer, said, { secrets: [password], transientTexts, withTicket });
      }
      const claims = readJwt(token);
      const expiresAt = expiryOf(said?.expiration, claims?.exp, receivedAt);
      if (expiresAt <= receivedAt) throw alreadyExpired(answer.status);
      return grantOf(token, receivedAt, expiresAt, claims?.sub);
    },
    adopt: (token, now) => {
      const claims = headerSafe.test(token) ? readJwt(token) : undefined;
      if (claims?.exp === undefined || !isCredible(claims.exp, now)) return undefined;
      // These tokens do not say when they were issued: counted from now, what is left is its life.
      return grantOf(token, Math.min(claims.iat ?? now, now), claims.exp, claims.sub);
    },
    // One token serves the login and all its sub-accounts.
    headersFor: (grant) => grant.headers,
  };
}

/** `s: "ok"` alone is none: an error text or a penalty beside it wins. */
function isSuccess(said: NonNullable<ReturnType<typeof readSaid>>): boolean {
  return said.ok && said.text === undefined && said.penalty === undefined && !isBarred(said.userStatus);
}

function alreadyExpired(status: number): BrokerError {
  const text = `Tradovate's token had expired by its own word when it came: is this machine's clock right (HTTP ${status})?`;
  return new BrokerError(text, { kind: 'outcome-unknown', code: 'token_expired', status });
}

function originOf(setting: string | undefined): string | undefined {
  if (setting === 'none') return undefined;
  return (setting ?? BRIDGE_ORIGIN).replace(/\/+$/, '');
}

function textsOf(setting: string | undefined): readonly string[] {
  const texts = (setting ?? '').split('|').map((text) => text.trim().toLowerCase());
  return texts.filter((text) => text !== '');
}
