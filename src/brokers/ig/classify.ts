import { isHtml } from '../answer.ts';
import type { HttpAnswer } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { meaningOf, type Meaning } from './meanings.ts';
import type { IgErrorCode } from './errors.ts';
import { errorCodeOf } from './wire.ts';

/**
 * What was asked for; the same answer means different things to each. `switch`: another account, with
 * the pair of a login that has just worked. `read`: anything that changes nothing.
 */
export type Asked = 'sign-in' | 'renewal' | 'switch' | 'read';

/**
 * How long a spent quota is left alone, ms. IG documents no Retry-After; clients wait 10 s to 60 s. The
 * short end, because a renewal has some 24 s left before its 60 s token dies.
 */
const QUOTA_PAUSE_MS = 10_000;

/** The refusals of a login that IG may count towards its lock; after the others the password was right, or not looked at. */
const failedLogins: ReadonlySet<IgErrorCode> = new Set(['bad_credentials', 'locked_out', 'unknown_refusal']);

/** Refusals of a key that may speak of the very call: a login or a renewal on it shows whether it works. */
const ofTheCall: ReadonlySet<string> = new Set([
  'error.security.api-key-restricted',
  'endpoint.unavailable.for.api-key',
]);

/** A broken Retry-After must not silence a network for days, ms. */
const LONGEST_PAUSE_MS = 60 * 60_000;

/** The shape of IG's codes. Anything else in that place could be an echo of what we sent. */
const printableCode =
  /^(?:error|authentication|endpoint|invalid|service|system|unauthorised|validation)(?:\.[A-Za-z-]{1,60}){1,8}$/;

/** The header with which IG names each call in its answer. */
export const REQUEST_ID = 'x-request-id';
/** A word of the log: anything else in that place is none of IG's. */
const printableId = /^[\w-]{1,64}$/;

const pairGone: Meaning = {
  kind: 'refused',
  code: 'refresh_token_dead',
  scope: 'account',
  text: 'IG no longer honours the refresh token: a full login follows',
};
const unknownRefusal: Meaning = {
  kind: 'needs-human',
  code: 'unknown_refusal',
  scope: 'account',
  text: 'IG refused the login for a reason this service does not know. Sign in on the web platform, then allow one more try here; it is not repeated by itself, since it may count towards a lock',
};
const unconfirmed: Meaning = {
  kind: 'outcome-unknown',
  code: 'sign_in_unconfirmed',
  scope: 'account',
  text: 'IG failed while it checked the login, and may have counted the try',
};
const edgeThrottled: Meaning = {
  kind: 'throttled',
  code: 'edge_throttled',
  scope: 'egress',
  text: 'Something in front of IG asks this network for silence',
};
const unreadable: Meaning = {
  kind: 'outcome-unknown',
  code: 'unreadable_answer',
  scope: 'account',
  unreadable: true,
  text: 'IG answered with something unreadable: the call may have taken effect',
};
const notTaken: Meaning = {
  kind: 'transient',
  code: 'server_fault',
  scope: 'broker',
  text: 'IG could not take the call: usual at weekends, while it is closed for maintenance. Nothing is to be done, each login signs in when it is back',
};
const proofWithoutName: Meaning = {
  kind: 'transient',
  code: 'unreadable_answer',
  scope: 'account',
  text: 'IG does not say whose session this is, so that the token is not proved',
};
const notSwitched: Meaning = {
  kind: 'transient',
  code: 'switch_unconfirmed',
  scope: 'account',
  text: 'IG did not confirm that the new session acts on the configured accountId, so the session is not used',
};

/**
 * Sorts an answer that brought nothing of use. The body's `errorCode` decides before the status does,
 * and a 200 without what was asked for is never a success.
 */
export function refusal(asked: Asked, answer: HttpAnswer): BrokerError {
  const igCode = errorCodeOf(answer.json);
  const meaning =
    igCode === undefined
      ? withoutCode(asked, answer.status, isHtml(answer))
      : withCode(asked, answer.status, igCode);
  const doubtsPassword = asked === 'sign-in' && failedLogins.has(meaning.code);
  return brokerError({ ...meaning, doubtsPassword }, answer);
}

/** A switch of accounts after which nobody can say which one the session acts on. */
export function unconfirmedSwitch(answer: HttpAnswer): BrokerError {
  return brokerError(notSwitched, answer);
}

/** A switch to an account that is none. @param why in a few words, which one may be meant */
export function refusedAccount(answer: HttpAnswer, why: string): BrokerError {
  const meaning = withCode('switch', answer.status, 'error.switch.invalid-accountId');
  return brokerError({ ...meaning, text: `${meaning.text}: ${why}` }, answer);
}

/** An answer to a proof that names no client, where one is expected. */
export function unnamed(answer: HttpAnswer): BrokerError {
  return brokerError(proofWithoutName, answer);
}

/** The error for an answer whose meaning is known. IG's code is shown where it looks like one. */
export function brokerError(meaning: Meaning, answer: HttpAnswer): BrokerError {
  const { status, json } = answer;
  const { kind, text, ...fields } = meaning;
  const igCode = errorCodeOf(json);
  const said = igCode !== undefined && printableCode.test(igCode) ? `, ${igCode}` : '';
  const pause = kind === 'throttled' ? { retryAfterMs: pauseOf(answer) } : {};
  const requestId = requestIdOf(answer);
  return new BrokerError(`${text} (HTTP ${status}${said}).`, {
    ...fields,
    kind,
    status,
    requestId,
    ...pause,
  });
}

/** What IG's support is told of a call ("worth logging", labs.ig.com, REST API guide). */
function requestIdOf({ headers }: HttpAnswer): string | undefined {
  const id = headers[REQUEST_ID];
  return id !== undefined && printableId.test(id) ? id : undefined;
}

/** IG documents no Retry-After, but what stands in front of it may send one: seconds. */
function pauseOf({ headers }: HttpAnswer): number {
  const asked = 1_000 * Number(headers['retry-after']);
  return asked > QUOTA_PAUSE_MS ? Math.min(asked, LONGEST_PAUSE_MS) : QUOTA_PAUSE_MS;
}

function withCode(asked: Asked, status: number, igCode: string): Meaning {
  const meaning = meaningOf(igCode);
  if (meaning?.kind === 'throttled') return meaning;
  if (meaning === undefined && status === 429) return edgeThrottled;
  switch (asked) {
    case 'sign-in':
      // "Server-side error", yet an answer to a password: a few tries are fair, then it must be paced.
      if (igCode === 'error.security.generic') return { ...unconfirmed, scope: 'broker' };
      return meaning ?? (status >= 500 ? unconfirmed : unknownRefusal);
    case 'renewal':
      // IG documents the login's list for this call too, `invalid-details` included. Whatever it says,
      // a 400 or 401 here speaks of the pair: no password was sent, so none can be in doubt.
      if (isPairGone(status) || speaksOfPair(meaning)) return pairGone;
      return meaning ?? (status < 500 ? pairGone : withoutCode(asked, status));
    case 'switch':
      // The login has just worked: a pair that is dead already, or silence, is IG's trouble.
      if (meaning?.kind === 'outcome-unknown' || meaning?.code === 'access_token_dead') return notSwitched;
      return meaning ?? (status >= 500 ? notSwitched : unknownRefusal);
    case 'read':
      if (meaning && ofTheCall.has(igCode)) return { ...meaning, scope: 'account' };
      // It changed nothing, so that nothing can be unknown about it.
      return meaning?.kind === 'outcome-unknown' ? notTaken : (meaning ?? withoutCode(asked, status));
  }
}

/** No code to go by: a proxy's page, a maintenance page, an empty body, a 200 without tokens. */
function withoutCode(asked: Asked, status: number, isPage = false): Meaning {
  if (status === 429) return edgeThrottled;
  switch (asked) {
    case 'sign-in':
      if (status === 503) return notTaken;
      // A refusal is a refusal without IG's code too; a firewall's page is none.
      return status >= 400 && status < 500 && status !== 408 && !isPage ? unknownRefusal : unreadable;
    case 'renewal':
      if (isPairGone(status)) return pairGone;
      // A 2xx took effect, and a gateway that gave up (502, 504) cannot know whether the call did: the
      // pair counts as spent. Other pages hardly come from behind the session service: the broker failed.
      return status < 300 || status === 502 || status === 504 ? unreadable : notTaken;
    case 'switch':
      return notSwitched;
    case 'read':
      return notTaken;
  }
}

function isPairGone(status: number): boolean {
  return status === 400 || status === 401;
}

function speaksOfPair(meaning: Meaning | undefined): boolean {
  return meaning?.code === 'access_token_dead' || meaning?.code === 'bad_credentials';
}
