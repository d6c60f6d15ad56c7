import type { BrokerIo, Call, Connection, Grant, Proof } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { IgAccount } from './account.ts';
import { fitOf, renewableUntil, wantedAccount } from './fit.ts';
import { proofOf } from './proof.ts';
import { atBest, read } from './reading.ts';
import {
  ACCOUNT_HEADER,
  bearerHeaders,
  listAccounts,
  logout,
  oauthLogin,
  readSession,
  renewal,
  type Caller,
} from './requests.ts';
import { makeListed } from './listed.ts';
import { makeStreaming } from './streaming.ts';
import { accountsAnswer, oauthLoginAnswer, renewalAnswer, sessionAnswer, type TokenPair } from './wire.ts';
import { endSession } from './sessions.ts';

/** How long finding out whose a given pair is may hold up the new access token, ms. */
const WHOSE_PATIENCE_MS = 2_000;

/** What a pair is known to belong to. */
interface Whose {
  readonly accountId: string | undefined;
  /** The login's own one: the entry may name no other some day. */
  readonly defaultAccountId: string | undefined;
  readonly owner: string | undefined;
}

/**
 * One IG login with v3 sessions. `signIn` and `renew` send one call each; where the account or the client
 * of a pair is unknown (of one that came with the configuration) they read the session once besides, accounts
 * that the entry names are looked up in IG's list, and streaming tokens cost up to two more.
 */
export function connectOauth(
  account: IgAccount,
  io: BrokerIo,
  caller: Caller,
  pairLifeMs: number,
): Connection {
  const { username, password } = account;
  const { apiKey, baseUrl } = caller;
  const streaming = account.streaming ? makeStreaming(io, apiKey, pairLifeMs) : undefined;
  const listed = makeListed(account, io);
  /** With all that the entry wants beside the access token. */
  const besides = async (fresh: Grant, before: Grant | undefined, call: Call): Promise<Grant> => {
    const grant = listed ? await listed.withList(fresh, before, call) : fresh;
    return streaming ? streaming.withTokens(grant, before, call) : grant;
  };

  const grantOf = (pair: TokenPair, sentAt: number, whose: Whose): Grant => ({
    token: pair.access_token,
    headers: bearerHeaders(apiKey, pair.access_token, whose.accountId),
    renewal: {
      refreshToken: pair.refresh_token,
      refreshIssuedAt: String(sentAt),
      ...(whose.defaultAccountId === undefined ? {} : { defaultAccountId: whose.defaultAccountId }),
    },
    // From when the call left, not from when the answer came: a slow answer must not stretch the life
    // of a token that was born before it.
    issuedAt: sentAt,
    expiresAt: sentAt + pair.expires_in * 1_000,
    lifeMs: pair.expires_in * 1_000,
    tokenType: pair.token_type,
    ...(pair.scope === undefined ? {} : { scope: pair.scope }),
    baseUrl,
    ...(whose.owner === undefined ? {} : { owner: whose.owner }),
    ...(whose.accountId === undefined ? {} : { accountId: whose.accountId }),
  });

  const signIn = async (call: Call): Promise<Grant> => {
    const sentAt = io.clock.now();
    const answer = await io.http(oauthLogin(caller, username, password), call);
    const { oauthToken, accountId, clientId } = read('sign-in', oauthLoginAnswer, answer);
    const known = {
      accountId: account.accountId ?? accountId,
      defaultAccountId: accountId,
      owner: clientId,
    };
    const whose = await completed(known, grantOf(oauthToken, sentAt, known), call);
    if (whose.accountId === undefined) throw accountUnnamed('sign-in');
    return besides(grantOf(oauthToken, sentAt, whose), undefined, call);
  };

  const renew = async (grant: Grant, call: Call): Promise<Grant> => {
    const refreshToken = grant.renewal?.refreshToken;
    if (refreshToken === undefined) throw noRefreshToken();
    const sentAt = io.clock.now();
    const answer = await io.http(renewal(caller, refreshToken), call);
    const pair = read('renewal', renewalAnswer, answer);
    // Never the account of the old headers: it may be one that the entry named once.
    const known = {
      accountId: wantedAccount(account, grant),
      defaultAccountId: grant.renewal?.defaultAccountId,
      owner: grant.owner,
    };
    const whose = await completed(known, grantOf(pair, sentAt, known), call);
    if (whose.accountId === undefined) throw accountUnnamed('renewal');
    return besides(grantOf(pair, sentAt, whose), grant, call);
  };

  /**
   * Without IG-ACCOUNT-ID a call silently acts on the default account (ig-python/trading-ig#332), so that
   * the session is asked where nothing else names it. Never fails: a client that is not known costs nothing.
   */
  const completed = async (known: Whose, grant: Grant, call: Call): Promise<Whose> => {
    if (known.accountId !== undefined && known.owner !== undefined) return known;
    const found = await atBest(io.clock, call, WHOSE_PATIENCE_MS, async (patient) => {
      const answer = await io.http(readSession(baseUrl, grant.headers), patient);
      return read('read', sessionAnswer, answer);
    });
    const accountId = known.accountId ?? found?.accountId;
    // Asked without an account, IG has named the default one.
    const defaultAccountId =
      known.defaultAccountId ?? (account.accountId === undefined ? accountId : undefined);
    return { accountId, defaultAccountId, owner: known.owner ?? found?.clientId };
  };

  /** Its own account is named by IG-ACCOUNT-ID; IG may name the login's default one all the same. */
  const probe = (grant: Grant, call: Call): Promise<Proof> => {
    const { accountId, renewal: { defaultAccountId } = {} } = grant;
    const isKnown = accountId !== undefined && defaultAccountId !== undefined;
    return proofOf(io, baseUrl, grant, isKnown ? [accountId, defaultAccountId] : [], call);
  };

  const discover = async (grant: Grant, call: Call): Promise<readonly string[]> => {
    const { accounts } = read(
      'read',
      accountsAnswer,
      await io.http(listAccounts(baseUrl, grant.headers), call),
    );
    return accounts.map(({ accountId }) => accountId);
  };

  /**
   * Streaming tokens have a life of their own, and are ended by a call of their own: also where the first one fails, as
   * they may live on for hours. Not where IG wants no call.
   */
  const signOut = async (grant: Grant, call: Call): Promise<void> => {
    const end = (headers: Grant['headers']): Promise<unknown> =>
      endSession(io, logout(baseUrl, headers), call).catch((error: unknown) => error);
    const failure = await end(grant.headers);
    const isTold = failure instanceof BrokerError && failure.kind === 'throttled';
    const headers = isTold ? undefined : streaming?.headersOf(grant);
    const other = headers ? await end(headers) : undefined;
    if (failure !== undefined || other !== undefined) throw failure ?? other;
  };

  const seed = seedOf(account, caller);
  return {
    signIn,
    renew,
    renewableUntil: (grant) => renewableUntil(caller, grant),
    fits: (grant) => fitOf(account, caller, grant),
    probe,
    discover,
    signOut,
    headersFor: (grant, subAccount) => ({ ...grant.headers, [ACCOUNT_HEADER]: subAccount }),
    ...(seed ? { seed } : {}),
    // Besides the login or the refresh: the list of accounts; the pair for streaming is asked for, and now and then proved.
    ...((streaming ?? listed) && {
      cost: { 'sign-in': 1 + (listed ? 1 : 0) + (streaming ? 1 : 0), renewal: streaming ? 3 : 1 },
      lacks: (grant: Grant) => listed?.lackOf(grant) ?? streaming?.lackOf(grant),
    }),
  };
}

/** The pair that came with the configuration. */
function seedOf({ oauthToken, accountId }: IgAccount, { apiKey, baseUrl }: Caller): Grant | undefined {
  return (
    oauthToken && {
      token: oauthToken.access_token,
      headers: bearerHeaders(apiKey, oauthToken.access_token, accountId),
      renewal: { refreshToken: oauthToken.refresh_token },
      // Nobody knows when it was issued: already due, and worth one try however old. No clock in here, so
      // that the same pair looks the same at every start and is not spent again.
      issuedAt: 0,
      expiresAt: 0,
      tokenType: oauthToken.token_type ?? 'Bearer',
      ...(oauthToken.scope === undefined ? {} : { scope: oauthToken.scope }),
      baseUrl,
      ...(accountId === undefined ? {} : { accountId }),
    }
  );
}

/**
 * What has no IG-ACCOUNT-ID is no token of ours. After a refresh (of a configured pair) a login follows, which IG
 * documents to name the account; where that does not, it is paced, and the password is not in doubt.
 */
function accountUnnamed(during: 'sign-in' | 'renewal'): BrokerError {
  return new BrokerError(
    'IG did not say which account the new session acts on, so that its token has no IG-ACCOUNT-ID and is not served. If it lasts, name the account: accountId (My Account on the web platform shows it)',
    {
      kind: during === 'sign-in' ? 'outcome-unknown' : 'refused',
      code: 'account_unnamed',
      status: 200,
    },
  );
}

function noRefreshToken(): BrokerError {
  const fields = { kind: 'refused', code: 'refresh_token_dead', sent: false } as const;
  return new BrokerError('This session has no refresh token: a full login follows', fields);
}
