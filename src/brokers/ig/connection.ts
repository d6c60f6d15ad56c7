import type { z } from 'zod';
import type { BrokerIo, Call, Connection, Grant, HttpAnswer, Proof } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { IgAccount } from './account.ts';
import { refusal, type Asked } from './classify.ts';
import {
  ACCOUNT_HEADER,
  callHeaders,
  errorCodeOf,
  renewalAnswer,
  renewalRequest,
  sessionAnswer,
  sessionRequest,
  signInAnswer,
  signInRequest,
  type TokenPair,
} from './wire.ts';

/**
 * How long after its issue a refresh token is still tried, ms. IG names no instant in its answers, only
 * "some time after the access token has expired (e.g. 10 minutes)", and not from when: 9 minutes from
 * issue stay inside either reading.
 */
const RENEWABLE_MS = 9 * 60_000;

/** What a pair is known to belong to. */
interface Whose {
  readonly accountId: string | undefined;
  readonly owner: string | undefined;
}

/**
 * One IG login with v3 sessions. `signIn` and `renew` send one call each; a renewal of a pair whose
 * account or client is unknown (one that came with the configuration) reads the session once besides.
 */
export function connect(account: IgAccount, io: BrokerIo): Connection {
  const { apiKey, username, password } = account;
  const baseUrl = io.baseUrl('api').replace(/\/+$/, '');

  const grantOf = (pair: TokenPair, sentAt: number, whose: Whose): Grant => ({
    token: pair.access_token,
    headers: callHeaders(apiKey, pair.access_token, whose.accountId),
    renewal: { refreshToken: pair.refresh_token, refreshIssuedAt: String(sentAt) },
    // From when the call left, not from when the answer came: a slow answer must not stretch the life
    // of a token that was born before it.
    issuedAt: sentAt,
    expiresAt: sentAt + pair.expires_in * 1_000,
    tokenType: pair.token_type,
    ...(pair.scope === undefined ? {} : { scope: pair.scope }),
    baseUrl,
    // Whether two logins can share a client id is not documented: it proves a token, it excludes nobody.
    ...(whose.owner === undefined ? {} : { owner: whose.owner, ownerIsExclusive: false }),
    ...(whose.accountId === undefined ? {} : { accountId: whose.accountId }),
  });

  const signIn = async (call: Call): Promise<Grant> => {
    const sentAt = io.clock.now();
    const answer = await io.http(signInRequest(baseUrl, apiKey, username, password), call);
    const { oauthToken, accountId, clientId } = read('sign-in', signInAnswer, answer);
    return grantOf(oauthToken, sentAt, { accountId: account.accountId ?? accountId, owner: clientId });
  };

  const renew = async (grant: Grant, call: Call): Promise<Grant> => {
    const refreshToken = grant.renewal?.refreshToken;
    if (refreshToken === undefined) throw noRefreshToken();
    const sentAt = io.clock.now();
    const answer = await io.http(renewalRequest(baseUrl, apiKey, refreshToken), call);
    const pair = read('renewal', renewalAnswer, answer);
    const known = { accountId: account.accountId ?? grant.accountId, owner: grant.owner };
    const renewed = grantOf(pair, sentAt, known);
    if (known.accountId !== undefined && known.owner !== undefined) return renewed;
    const found = await whoseIs(renewed, call);
    return grantOf(pair, sentAt, {
      accountId: known.accountId ?? found.accountId,
      owner: known.owner ?? found.owner,
    });
  };

  /** Never fails: the old pair is gone, and losing the new one over this would cost a login. */
  const whoseIs = async (grant: Grant, call: Call): Promise<Whose> => {
    try {
      const answer = await io.http(sessionRequest(baseUrl, grant.headers), call);
      const { accountId, clientId } = read('read', sessionAnswer, answer);
      return { accountId, owner: clientId };
    } catch (error) {
      if (error instanceof BrokerError) return { accountId: undefined, owner: undefined };
      throw error;
    }
  };

  const probe = async (grant: Grant, call: Call): Promise<Proof> => {
    const answer = await io.http(sessionRequest(baseUrl, grant.headers), call);
    try {
      const { clientId } = read('read', sessionAnswer, answer);
      const isOurs = grant.owner === undefined || clientId === undefined || clientId === grant.owner;
      return isOurs ? 'alive' : 'someone-else';
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'access_token_dead') return 'dead';
      throw error;
    }
  };

  const { oauthToken } = account;
  const seed: Grant | undefined = oauthToken && {
    token: oauthToken.access_token,
    headers: callHeaders(apiKey, oauthToken.access_token, account.accountId),
    renewal: { refreshToken: oauthToken.refresh_token },
    // Nobody knows when it was issued: already due, and worth one try however old. No clock in here, so
    // that the same pair looks the same at every start and is not spent again.
    issuedAt: 0,
    expiresAt: 0,
    tokenType: oauthToken.token_type ?? 'Bearer',
    ...(oauthToken.scope === undefined ? {} : { scope: oauthToken.scope }),
    baseUrl,
    ...(account.accountId === undefined ? {} : { accountId: account.accountId }),
  };

  return {
    signIn,
    renew,
    renewableUntil,
    probe,
    headersFor: (grant, subAccount) => ({ ...grant.headers, [ACCOUNT_HEADER]: subAccount }),
    ...(seed ? { seed } : {}),
  };
}

function renewableUntil(grant: Grant): number {
  if (grant.renewal?.refreshToken === undefined) return 0;
  const issuedAt = grant.renewal.refreshIssuedAt;
  return issuedAt === undefined ? Number.POSITIVE_INFINITY : Number(issuedAt) + RENEWABLE_MS;
}

function noRefreshToken(): BrokerError {
  const fields = { kind: 'refused', code: 'refresh_token_dead', sent: false } as const;
  return new BrokerError('This session has no refresh token: a full login follows', fields);
}

/** The body first: an error code in a 200 is an error, and a 200 that lacks the fields is no success. */
function read<Schema extends z.ZodType>(asked: Asked, schema: Schema, answer: HttpAnswer): z.output<Schema> {
  const isGood = errorCodeOf(answer.json) === undefined && answer.status >= 200 && answer.status < 300;
  const parsed = isGood ? schema.safeParse(answer.json) : undefined;
  if (parsed?.success !== true) throw refusal(asked, answer);
  return parsed.data;
}
