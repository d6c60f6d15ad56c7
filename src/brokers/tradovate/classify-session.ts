import type { HttpAnswer } from '../../core/broker.ts';
import type { BrokerError } from '../../core/errors.ts';
import { isHtml } from '../answer.ts';
import type { Bound } from './carry.ts';
import {
  barred,
  brokerFails,
  forAll,
  HOUR_MS,
  isTurnedAway,
  making,
  oddity,
  penalised,
  shown,
  silent,
  stopped,
  turnedAway,
  unclear,
  unreadable,
  type Make,
} from './verdict.ts';
import type { Said } from './wire.ts';

/** A call with a token: its renewal, or a read with it. */
export interface Asked {
  readonly call: 'renewal' | 'read';
  /** Values that must not be shown, should the broker's text repeat them: the token among them. */
  readonly secrets: readonly string[];
  /** Texts of the broker that an operator knows to pass by themselves; lower case. */
  readonly transientTexts: readonly string[];
  /** True where this call answered a penalty. */
  readonly repeated: boolean;
  /** What a penalty's ticket is bound to; undefined: a read, which carries none. */
  readonly bound?: Bound;
}

/** How a server fault is worded (github tradovate/api issue 15): a text, no JSON. */
const serverFault = /internal server error,? error id\b/i;
/** Beside a 401: a permission or a deviceId that is missing (community.tradovate.com/t/…/4210). The token lives. */
const accessDenied = /access is denied/i;

/**
 * Sorts the answer to a call with a token that should live. Never blames the password: at worst the
 * session is gone, and one full login follows.
 */
export function sessionRefusal(answer: HttpAnswer, said: Said | undefined, asked: Asked): BrokerError {
  const make = making(answer.status);
  if (said?.penalty) return penalised(said.penalty, { ...asked, bound: asked.bound }, make);
  const isNetworkWide = answer.status === 423 || answer.status === 429;
  const bar = barred(said?.userStatus, make);
  if (bar) return isNetworkWide ? forAll(bar, make) : bar;
  // They speak of the whole network, whatever else the answer says.
  if (isNetworkWide) return byStatus(answer, said, asked, make);
  const raw = said?.text?.toLowerCase() ?? '';
  if (asked.transientTexts.some((text) => raw.includes(text))) {
    return make('server_fault', brokerFails, `Tradovate could not take the call${shown(raw, asked.secrets)}`);
  }
  return byStatus(answer, said, asked, make);
}

function byStatus(answer: HttpAnswer, said: Said | undefined, asked: Asked, make: Make): BrokerError {
  const { status } = answer;
  if (status >= 500) {
    // A server fault by its own text; a bare 500 is also how an orphaned token was answered.
    const isFault = serverFault.test(answer.body);
    if (status === 500 && !isFault && !isHtml(answer)) return orphan(make);
    // A session that was closed may be answered so, too: of renewals that fail in a row one is followed by a proof.
    const doubtsSession = isFault && asked.call === 'renewal';
    return make('server_fault', { ...brokerFails, doubtsSession }, 'Tradovate failed');
  }
  if (status === 423) {
    return make(
      'lockout_near',
      silent(HOUR_MS),
      'Tradovate warns that this network is about to be locked out: nothing is sent from here for an hour',
    );
  }
  if (status === 429) return limited(answer, make);
  // Before any other 4xx: a page says nothing about the session, and a live token must not end by it.
  if (isTurnedAway(answer)) return turnedAway('call', make);
  if (status === 408) return orphan(make);
  return asked.call === 'renewal'
    ? refusedRenewal(answer, said, asked, make)
    : refusedRead(answer, said, make);
}

function refusedRenewal(answer: HttpAnswer, said: Said | undefined, asked: Asked, make: Make): BrokerError {
  if (answer.status === 401) return dead(make);
  if (said?.text === undefined && answer.status !== 403) return odd(answer, make);
  const words = said?.text === undefined ? '' : shown(said.text, asked.secrets);
  return make('renewal_refused', { kind: 'refused' }, `Tradovate refused the renewal${words}`);
}

function refusedRead(answer: HttpAnswer, said: Said | undefined, make: Make): BrokerError {
  const words = said?.text ?? (isHtml(answer) ? '' : answer.body);
  if (answer.status === 403 || accessDenied.test(words)) {
    return make(
      'access_denied',
      stopped,
      'Tradovate denies access with a token that lives: the login lacks a permission, or (live) its deviceId is missing or not accepted. Logging in again would not change it',
    );
  }
  return answer.status === 401 ? dead(make) : odd(answer, make);
}

function dead(make: Make): BrokerError {
  return make(
    'session_dead',
    { kind: 'refused' },
    'Tradovate no longer honours this session: its token has expired, or a third login of the same user has closed it',
  );
}

/** Not about the session: our call is wrong, or this is no answer. */
function odd(answer: HttpAnswer, make: Make): BrokerError {
  return answer.status >= 400
    ? make(
        'request_malformed',
        { kind: 'refused' },
        'Tradovate does not know this call. Check TRADOVATE_API_URL if it is set, mend it and restart; else this is a defect of this service, please report it',
      )
    : make('unreadable_answer', unreadable(answer), `Tradovate answered with ${oddity(answer)}`);
}

/**
 * An empty 429 is the limit of this user's calls, of which its bots make the most: nobody else is hit.
 * A page is the edge's, which counts by network. With any other body it is how an orphaned token was answered.
 */
function limited(answer: HttpAnswer, make: Make): BrokerError {
  if (answer.body.trim() === '') {
    return make(
      'rate_limited',
      silent(HOUR_MS, 'account'),
      "Tradovate takes no more calls of this user at the moment: nothing is sent for this account for an hour. Look what its bots send; a user's limit is 5,000 calls an hour",
    );
  }
  return isHtml(answer)
    ? make(
        'rate_limited',
        silent(HOUR_MS),
        'Tradovate takes no more calls from this network: nothing is sent from here for an hour',
      )
    : orphan(make);
}

/** A session that a third login closed was seen to answer 408, 429 or 500 in place of 401. */
function orphan(make: Make): BrokerError {
  return make(
    'orphan_suspected',
    { ...unclear, doubtsSession: true },
    'Tradovate answered a token that should live as it answers one whose session was closed by another login; it is proved, and replaced if that fails',
  );
}

/**
 * What an answer to a call without a session says of the broker: undefined where it answers as itself. That is
 * any complete answer below 500 that is no page: which one the list gives to a caller without a token is
 * documented for one of the two ways only, and whoever waits for a certain one waits for ever.
 */
export function unreached(answer: HttpAnswer, said: Said | undefined): BrokerError | undefined {
  const { status } = answer;
  const make = making(status);
  if (said?.penalty) return penalised(said.penalty, { bound: undefined, repeated: false, secrets: [] }, make);
  if (status === 423 || status === 429) {
    return make(
      status === 423 ? 'lockout_near' : 'rate_limited',
      silent(HOUR_MS),
      'Tradovate takes no calls from this network: nothing is sent from here for an hour',
    );
  }
  return status < 500 && !isHtml(answer)
    ? undefined
    : make(
        'server_fault',
        brokerFails,
        'Tradovate does not answer as itself: its service, or the way to it, is down',
      );
}
