import type { BrokerIo, Call, Connection, Grant, HttpAnswer, Proof } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { IgAccount } from './account.ts';
import { brokerError, refusal, refusedAccount, unconfirmedSwitch } from './classify.ts';
import { encryptedPassword } from './encryption.ts';
import { fitOf } from './fit.ts';
import { missed } from './listed.ts';
import { proofOf } from './proof.ts';
import { atBest, harmless, isGood, read } from './reading.ts';
import {
  logout,
  PAIR_TYPE,
  pairHeaders,
  pairLogin,
  readSession,
  switchAccount,
  type Caller,
} from './requests.ts';
import { endSession } from './sessions.ts';
import { errorCodeOf, pairLoginAnswer, sessionAnswer, tokenHeaders } from './wire.ts';

/** The two tokens of a v2 session. CST stands for the client, X-SECURITY-TOKEN for the account it acts on. */
interface HeaderPair {
  readonly cst: string;
  readonly xst: string;
}

/** How long ending a session that is of no use may take, ms. */
const END_PATIENCE_MS = 2_000;

/**
 * When a header pair is signed in anew: at 0.75 to 0.8 of the six hours that it is sure to live. There
 * is no call that renews it, and what each use adds to its life is described in three ways (six hours at
 * a time to 72 h, twelve hours without end, "a pre-configured amount of time").
 */
const policy = {
  dueAtShare: 0.8,
  jitterShare: 0.05,
  timeoutMs: 10_000,
  renewalIsSingleUse: false,
  // The weekend's maintenance ends every pair, and nothing else tells of it for hours.
  proveEveryMs: 30 * 60_000,
} as const;

/**
 * One IG login with v2 sessions. `signIn` is one call; two with `encryptPassword`, and one or two more
 * where the entry names another account than the login's default one, and the end where that fails.
 */
export function connectHeaderPair(
  account: IgAccount,
  io: BrokerIo,
  caller: Caller,
  lifeMs: number,
): Connection {
  const { apiKey, baseUrl } = caller;

  const signIn = async (call: Call): Promise<Grant> => {
    const sent = account.encryptPassword
      ? await encryptedPassword(io, caller, account, call)
      : { password: account.password, encryptedPassword: false };
    const sentAt = io.clock.now();
    const answer = await io.http(pairLogin(caller, account.username, sent), call);
    const { currentAccountId, clientId, accounts } = read('sign-in', pairLoginAnswer, answer);
    const fresh = pairOf(answer);
    const wanted = account.accountId;
    const isThere = wanted === undefined || wanted === currentAccountId;
    const listed = accounts.map((each) => each.accountId);
    const pair = isThere ? fresh : await orEnded(fresh, call, switched(fresh, wanted, listed, call));
    const accountId = wanted ?? currentAccountId;
    return {
      token: pair.cst,
      headers: pairHeaders(apiKey, pair),
      // No call renews it; kept for the day on which the entry names no account any more.
      ...(currentAccountId === undefined ? {} : { renewal: { defaultAccountId: currentAccountId } }),
      issuedAt: sentAt,
      expiresAt: sentAt + lifeMs,
      lifeMs,
      tokenType: PAIR_TYPE,
      baseUrl,
      ...(clientId === undefined ? {} : { owner: clientId }),
      ...(accountId === undefined ? {} : { accountId }),
    };
  };

  /**
   * Moves a new pair to another account. The new X-SECURITY-TOKEN replaces the old one, which is dead
   * from then on (ig-python/trading-ig#220, #225); an answer without one never does (#66), and then the
   * session has to say itself where it is.
   */
  const switched = async (
    pair: HeaderPair,
    wanted: string,
    listed: readonly string[],
    call: Call,
  ): Promise<HeaderPair> => {
    const headers = pairHeaders(apiKey, pair);
    const answer = await harmless(io.http(switchAccount(baseUrl, headers, wanted), call));
    // Documented with 400, seen with 412 (ig-python/trading-ig#66).
    if (errorCodeOf(answer.json) === 'error.switch.accountId-must-be-different') return pair;
    if (errorCodeOf(answer.json) === 'error.switch.invalid-accountId')
      throw refusedAccount(answer, missed(wanted, listed));
    if (!isGood(answer)) throw refusal('switch', answer);
    const xst = tokenHeaders.parse(answer.headers)['x-security-token'];
    if (xst !== undefined) return { ...pair, xst };
    const session = await harmless(io.http(readSession(baseUrl, headers), call));
    if (sessionAnswer.safeParse(session.json).data?.accountId === wanted) return pair;
    const unread = refusal('read', session);
    throw unread.kind === 'throttled' ? unread : unconfirmedSwitch(answer);
  };

  /** Where this fails, the session that the login opened is ended, as well as that goes in the time left. */
  const orEnded = async <T>(pair: HeaderPair, call: Call, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      // Each try opens a session that nobody will use; but a spent quota is left alone.
      if (!(error instanceof BrokerError && error.kind === 'throttled')) {
        const end = logout(baseUrl, pairHeaders(apiKey, pair));
        await atBest(io.clock, call, END_PATIENCE_MS, (patient) => endSession(io, end, patient));
      }
      throw error;
    }
  };

  /** Somebody may have switched the pair to another account. */
  const probe = (grant: Grant, call: Call): Promise<Proof> =>
    proofOf(io, baseUrl, grant, grant.accountId === undefined ? [] : [grant.accountId], call);

  return {
    signIn,
    probe,
    fits: (grant) => fitOf(account, caller, grant),
    policy: { ...policy, typicalLifeMs: lifeMs },
    // The encryption key, the login, and a switch of the account with its confirmation or its end.
    cost: {
      'sign-in': 1 + (account.encryptPassword ? 1 : 0) + (account.accountId === undefined ? 0 : 3),
    },
    signOut: (grant, call) => endSession(io, logout(baseUrl, grant.headers), call),
  };
}

/** The tokens of a login's answer. Without X-SECURITY-TOKEN it is none, whatever its status (IG's Java sample). */
function pairOf(answer: HttpAnswer): HeaderPair {
  const { cst, 'x-security-token': xst } = tokenHeaders.parse(answer.headers);
  const { reroutingEnvironment } = pairLoginAnswer.parse(answer.json);
  if (cst !== undefined && xst !== undefined && !reroutingEnvironment) return { cst, xst };
  throw notSignedIn(answer);
}

/** A 200 that is no session: IG says in the body what it wants first, in so far as it still does. */
function notSignedIn(answer: HttpAnswer): BrokerError {
  const { authenticationStatus, reroutingEnvironment, currentAccountId } = pairLoginAnswer.parse(answer.json);
  const { cst } = tokenHeaders.parse(answer.headers);
  const needsHuman = { kind: 'needs-human', scope: 'account' } as const;
  switch (authenticationStatus) {
    case 'AUTHENTICATED_MISSING_CREDENTIALS':
    case 'DISABLED_PREFERRED_ACCOUNT':
    case 'MISSING_PREFERRED_ACCOUNT':
      return brokerError(
        {
          ...needsHuman,
          code: 'platform_action_needed',
          text: "IG wants the login's credentials or its default account completed. Sign in on the web platform and do it",
        },
        answer,
      );
    case 'REJECTED_INVALID_CLIENT_VERSION':
      return brokerError(
        {
          ...needsHuman,
          code: 'client_refused',
          text: 'IG does not let this version of a client in through the API',
        },
        answer,
      );
    default:
      // Anything that is JSON gets here: only what speaks of a login says that there was one.
      if (!cst && !reroutingEnvironment && !authenticationStatus && !currentAccountId)
        return refusal('sign-in', answer);
      return brokerError(
        {
          ...needsHuman,
          code: 'rerouted',
          text: 'IG took the login but opened no session (no X-SECURITY-TOKEN): it wants this login in another environment. Check whether the login is a demo or a live one, and set environment and apiKey to match',
        },
        answer,
      );
  }
}
