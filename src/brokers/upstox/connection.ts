import type {
  Arrival,
  BrokerIo,
  Call,
  Connection,
  Grant,
  HttpAnswer,
  HttpRequest,
  Proof,
} from '../../core/broker.ts';
import { BrokerError, ConfigurationError } from '../../core/errors.ts';
import { readJwt } from '../jwt.ts';
import { DEFAULT_APPROVAL_TIME, nextAskAt, nextRollover, parseApprovalTime } from './calendar.ts';
import { classify, NEVER_THE_SAME_CODE, type Purpose } from './classify.ts';
import {
  dialogUrl,
  exchangeRequest,
  profileRequest,
  readExchanged,
  readProfileOwner,
  tokenHeaders,
} from './wire.ts';
import type { App } from './wire.ts';

/** Longest text that is taken for a login code; the docs show 6 characters. */
const LONGEST_CODE = 512;
/** A day, and a little for the seconds that a JWT rounds to. */
const LONGEST_LIFE_MS = 24 * 3_600_000 + 60_000;
/** The same where a token does not say when it was issued: shorter than any kind that is not for trading, ms. */
const UNDATED_LIFE_MS = 7 * 24 * 60 * 60_000;

/**
 * One Upstox user through one app. There is no sign-in and no renewal: only a person gets the next
 * token, by browser. `userId`, in upper case, is whose tokens are taken; undefined: anybody's.
 */
export function makeConnection(app: App, userId: string | undefined, io: BrokerIo): Connection {
  const baseUrl = io.baseUrl('api').replace(/\/+$/, '');
  const approvalMinute = readApprovalTime(io);

  const grant = (token: string, owner: string | undefined, issuedAt: number, expiresAt: number): Grant => ({
    token,
    headers: tokenHeaders(token),
    issuedAt,
    expiresAt,
    tokenType: 'Bearer',
    baseUrl,
    // Compared over answers that may write it differently: one spelling everywhere.
    ...(owner === undefined ? {} : { owner: owner.toUpperCase() }),
  });

  const receive = async (arrival: Arrival, call: Call): Promise<Grant> => {
    const code = readCode(arrival);
    // Before the call: a token that is made while the clock passes 03:30 counts for the shorter day.
    const issuedAt = io.clock.now();
    const answer = await send(io, exchangeRequest(baseUrl, app, code), call, 'exchange');
    const exchanged = readExchanged(answer.json);
    if (!exchanged) throw classify(answer, 'exchange');
    if (userId !== undefined && !sameUser(exchanged.userId, userId)) {
      throw new BrokerError(
        'Somebody else logged in: the token belongs to another Upstox user than this account and was not kept. ' +
          'Log out at Upstox in that browser, then log in again as the right user.',
        { kind: 'refused', code: 'someone_else', status: answer.status },
      );
    }
    const expiresAt = Math.min(nextRollover(issuedAt), readJwt(exchanged.token)?.exp ?? Infinity);
    if (expiresAt <= io.clock.now()) {
      throw new BrokerError(
        "The new token is already dead: tokens end at 03:30 IST. Log in again; if it happens at another hour, check this machine's clock.",
        { kind: 'refused', code: 'token_expired', status: answer.status },
      );
    }
    return grant(exchanged.token, exchanged.userId, issuedAt, expiresAt);
  };

  return {
    consent: {
      url: (state) => dialogUrl(baseUrl, app, state),
      redirectUri: app.redirectUri,
      receive,
      askAt: (now) => nextAskAt(now, approvalMinute),
    },

    async probe(present: Grant, call: Call): Promise<Proof> {
      const answer = await send(io, profileRequest(baseUrl, present.headers), call, 'probe');
      const owner = readProfileOwner(answer.json);
      if (owner !== undefined) {
        const expected = userId ?? present.owner;
        return expected === undefined || sameUser(owner, expected) ? 'alive' : 'someone-else';
      }
      const error = classify(answer, 'probe');
      if (error.code === 'token_refused') return 'dead';
      throw error;
    },

    adopt(token: string, now: number): Grant | undefined {
      const { exp, iat, sub } = readJwt(token) ?? {};
      if (exp === undefined) return undefined;
      // No trading token lives longer than a day: this is the read-only one of a year, or a sandbox's.
      // A year-long or a sandbox token is read-only: it would be refused at the first order.
      if (iat === undefined ? exp - now > UNDATED_LIFE_MS : exp - iat > LONGEST_LIFE_MS) return undefined;
      if (userId !== undefined && sub !== undefined && !sameUser(sub, userId)) return undefined;
      const issuedAt = Math.min(iat ?? now, now);
      const expiresAt = Math.min(exp, nextRollover(issuedAt));
      return expiresAt <= now ? undefined : grant(token, sub, issuedAt, expiresAt);
    },
  };
}

/**
 * One call. What nobody answered means something else by purpose: an exchange that has left counts as
 * the end of its code; a read that was lost has changed nothing.
 */
async function send(io: BrokerIo, request: HttpRequest, call: Call, purpose: Purpose): Promise<HttpAnswer> {
  try {
    return await io.http(request, call);
  } catch (error) {
    if (!(error instanceof BrokerError) || !error.sent) throw error;
    throw purpose === 'exchange'
      ? new BrokerError(`${error.message} ${NEVER_THE_SAME_CODE}`, {
          kind: 'outcome-unknown',
          code: error.code,
        })
      : new BrokerError('Upstox did not answer the profile call; the token is not in doubt.', {
          kind: 'transient',
          code: error.code,
          scope: 'broker',
        });
  }
}

/** The code that came back with the browser. What comes when a person cancels is not documented. */
function readCode(arrival: Arrival): string {
  const { code, error } = arrival;
  if (error === undefined && code !== undefined && code !== '' && code.length <= LONGEST_CODE) return code;
  const failed = error !== undefined && error !== 'access_denied';
  throw new BrokerError(
    failed
      ? "Upstox ended the login with an error of its own. Try once more; if it stays, check the app's page at Upstox."
      : 'The login was cancelled: Upstox sent no code. Log in again with a new link.',
    { kind: 'refused', code: failed ? 'login_failed' : 'login_cancelled' },
  );
}

/** User ids are written in capitals, but a person may type them otherwise. */
function sameUser(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}

function readApprovalTime(io: BrokerIo): number {
  const minute = parseApprovalTime(io.setting('UPSTOX_APPROVAL_TIME') ?? DEFAULT_APPROVAL_TIME);
  if (minute !== undefined) return minute;
  throw new ConfigurationError([
    {
      at: 'UPSTOX_APPROVAL_TIME',
      message: 'must be a time in India as HH:MM, from 03:30 to 23:59, e.g. 08:00; or leave it out',
    },
  ]);
}
