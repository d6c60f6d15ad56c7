import type { HttpAnswer } from '../../core/broker.ts';
import type { BrokerError } from '../../core/errors.ts';
import type { TradovateAccount } from './account.ts';
import type { Bound } from './carry.ts';
import {
  barred,
  failedLogin,
  forAll,
  HOUR_MS,
  isTurnedAway,
  making,
  oddity,
  penalised,
  shown,
  silent,
  turnedAway,
  unclear,
  unknownStatus,
  unreadable,
  type Fields,
  type Make,
} from './verdict.ts';
import type { Said } from './wire.ts';

/** Whether the login counted, a failing server does not say: the ledger charges it, and the next one is paced. */
const brokerFailed: Fields = { ...unclear, scope: 'broker' };

/** What the answer to a login is judged with beside itself. */
export interface Judging {
  readonly way: TradovateAccount['login'];
  /** Values that must not be shown, should the broker's text repeat them. */
  readonly secrets: readonly string[];
  /** Texts of the broker that an operator knows to pass by themselves; lower case. */
  readonly transientTexts: readonly string[];
  /** True where this call answered a penalty. */
  readonly repeated: boolean;
  /** What a penalty's ticket is bound to. */
  readonly bound: Bound;
}

/**
 * Sorts the answer to a login that brought no usable token. The body decides before the status
 * does: Tradovate answers wrong passwords and penalties with HTTP 200. A text that is not known is
 * never a reason to send the password again.
 */
export function refusal(answer: HttpAnswer, said: Said | undefined, judging: Judging): BrokerError {
  const { status } = answer;
  const make = making(status);
  if (said?.penalty) return penalised(said.penalty, judging, make);
  const words = said?.text === undefined ? '' : shown(said.text, judging.secrets);
  const raw = said?.text?.toLowerCase() ?? '';
  // These statuses speak of the network or the server, unless the text speaks of the password.
  const isOutside = status === 408 || status >= 500;
  if (status === 423 || status === 429) return networkWide(answer, said, words, judging, make);
  const isJudged = said !== undefined && (said.error || said.text !== undefined);
  const bar = isAboutPassword(raw) ? undefined : barred(said?.userStatus, make);
  if (bar) return bar;
  const hasWords = isOutside || said?.text !== undefined;
  const state = hasWords ? undefined : unknownStatus(said?.userStatus, judging.secrets, make);
  if (state) return state;
  if (isJudged && (!isOutside || isAboutPassword(raw))) {
    if (judging.transientTexts.some((text) => raw.includes(text))) {
      // Known to pass, but a login all the same: who counts it, nobody knows, so that it is paced.
      return make('server_fault', brokerFailed, `Tradovate could not take the login${words}`);
    }
    return byText(raw, words, status, judging.way, make);
  }
  return byStatus(answer, judging.way, make);
}

/**
 * 423 and 429: an hour's silence for everybody on this network, whatever else the answer says (broker file, error rows). Where
 * it speaks of this login as well, its password is not sent again after that hour either.
 */
function networkWide(
  answer: HttpAnswer,
  said: Said | undefined,
  words: string,
  { way }: Judging,
  make: Make,
): BrokerError {
  const hour: Fields = { ...failedLogin, scope: 'egress', retryAfterMs: HOUR_MS };
  const nobody = 'Nothing is sent from this network for an hour';
  if (isAboutPassword(said?.text?.toLowerCase() ?? '')) {
    return make(
      'bad_credentials',
      hour,
      `Tradovate does not accept this login${words}. ${nobody}. ${checkOf(way)}`,
    );
  }
  const bar = barred(said?.userStatus, make);
  if (bar) return forAll(bar, make);
  return byStatus(answer, way, make);
}

function byText(raw: string, words: string, status: number, way: Judging['way'], make: Make): BrokerError {
  if (!isAboutPassword(raw) && isAboutDevice(raw)) {
    return make(
      'device_unapproved',
      failedLogin,
      `Tradovate wants this device approved first${words}. Follow the link in its e-mail, then allow one more try here; tries before that lengthen the wait`,
    );
  }
  return isAboutPassword(raw) || status === 401
    ? make('bad_credentials', failedLogin, `Tradovate does not accept this login${words}. ${checkOf(way)}`)
    : make(
        'login_refused',
        failedLogin,
        `Tradovate refused the login${words}. Sign in on the Tradovate web page to see what it wants, then allow one more try here`,
      );
}

/** What to look at after a wrong password. An API key without a subscription was reported to say the same. */
function checkOf(way: Judging['way']): string {
  const what = way === 'api' ? 'username, password and API key' : 'username and password';
  return `Check ${what} on the Tradovate web page, then change them in the credentials file: nothing is sent until they change, since five failures in an hour block every login of this network`;
}

/** The body says nothing that is known: it is empty, a page, a text or something else. */
function byStatus(answer: HttpAnswer, way: Judging['way'], make: Make): BrokerError {
  const { status } = answer;
  if (status === 423) {
    return make(
      'lockout_near',
      silent(HOUR_MS),
      'Tradovate warns that this network is about to be locked out: no login from here for an hour',
    );
  }
  if (status === 429) {
    return make(
      'rate_limited',
      silent(HOUR_MS),
      'Tradovate takes no more calls from this network: no login from here for an hour',
    );
  }
  // Before any other 4xx: a firewall's or a proxy's word says nothing about the login.
  if (isTurnedAway(answer)) return turnedAway('login', make);
  if (status === 401)
    return make('bad_credentials', failedLogin, `Tradovate does not accept this login. ${checkOf(way)}`);
  if (status === 403) {
    // No client has told what the bridge answers where it misses a browser's headers.
    const also =
      way === 'bridge'
        ? '. If it lets every login in there and none here, TRADOVATE_BRIDGE_HEADERS says what else to send'
        : '';
    return make(
      'login_refused',
      failedLogin,
      `Tradovate refused the login and did not say why. Sign in on the Tradovate web page to see what it wants, then allow one more try here${also}`,
    );
  }
  if (status === 408)
    return make(
      'sign_in_unconfirmed',
      unclear,
      'Tradovate gave up on the login; a session may have been opened',
    );
  if (status >= 500) {
    return make(
      'server_fault',
      brokerFailed,
      'Tradovate failed during the login; a session may have been opened',
    );
  }
  if (status >= 400) {
    return make(
      'request_malformed',
      { kind: 'refused' },
      `Tradovate does not know this call. Check ${way === 'api' ? 'TRADOVATE_API_URL' : 'TRADOVATE_BRIDGE_URL'} if it is set, mend it, restart and allow one more try here (refresh --force); else this is a defect of this service, please report it`,
    );
  }
  return make(
    'unreadable_answer',
    unreadable(answer),
    `Tradovate answered the login with ${oddity(answer)}; a session may have been opened`,
  );
}

function isAboutPassword(text: string): boolean {
  return /password|credential|incorrect user|invalid (?:user|login)|wrong (?:user|login)/.test(text);
}

/** Reported, with no text given: a login from a new device waits for a click in an e-mail. */
function isAboutDevice(text: string): boolean {
  return /\bdevice\b/.test(text);
}
