import { isHtml } from '../answer.ts';
import type { HttpAnswer } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { meaningOf, type Meaning } from './errors.ts';
import { errorCodeOf } from './wire.ts';

/** What was asked for; the same answer means different things to each. */
export type Asked = 'sign-in' | 'renewal' | 'read';

/**
 * How long a spent quota is left alone, ms. IG documents no Retry-After; clients wait 10 s to 60 s. The
 * short end, because a renewal has some 24 s left before its 60 s token dies.
 */
const QUOTA_PAUSE_MS = 10_000;

/** The shape of IG's codes. Anything else in that place could be an echo of what we sent. */
const printableCode =
  /^(?:error|authentication|endpoint|invalid|service|system|unauthorised|validation)(?:\.[A-Za-z-]{1,60}){1,8}$/;

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
  text: 'IG answered with something unreadable: the call may have taken effect',
};
const notTaken: Meaning = {
  kind: 'transient',
  code: 'server_fault',
  scope: 'broker',
  text: 'IG could not take the call',
};

/**
 * Sorts an answer that brought no grant. The body's `errorCode` decides before the status does, and a
 * 200 without what was asked for is never a success.
 */
export function refusal(asked: Asked, answer: HttpAnswer): BrokerError {
  const { status, json } = answer;
  const igCode = errorCodeOf(json);
  const { kind, code, scope, text } =
    igCode === undefined ? withoutCode(asked, status, isHtml(answer)) : withCode(asked, status, igCode);
  const said = igCode !== undefined && printableCode.test(igCode) ? `, ${igCode}` : '';
  const pause = kind === 'throttled' ? { retryAfterMs: QUOTA_PAUSE_MS } : {};
  return new BrokerError(`${text} (HTTP ${status}${said}).`, { kind, code, scope, status, ...pause });
}

function withCode(asked: Asked, status: number, igCode: string): Meaning {
  const meaning = meaningOf(igCode);
  if (meaning?.kind === 'throttled') return meaning;
  if (meaning === undefined && status === 429) return edgeThrottled;
  switch (asked) {
    case 'sign-in':
      // "Server-side error", yet an answer to a password: a few tries are fair, then it must be paced.
      if (igCode === 'error.security.generic') return unconfirmed;
      return meaning ?? (status >= 500 ? unconfirmed : unknownRefusal);
    case 'renewal':
      // IG documents the login's list for this call too, `invalid-details` included. Whatever it says,
      // a 400 or 401 here speaks of the pair: no password was sent, so none can be in doubt.
      if (isPairGone(status) || meaning?.code === 'access_token_dead') return pairGone;
      return meaning ?? (status < 500 ? pairGone : withoutCode(asked, status));
    case 'read':
      return meaning ?? withoutCode(asked, status);
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
    case 'read':
      return notTaken;
  }
}

function isPairGone(status: number): boolean {
  return status === 400 || status === 401;
}
