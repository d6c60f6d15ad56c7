import type { HttpAnswer } from '../../core/broker.ts';
import { isHtml } from '../answer.ts';
import { BrokerError, type BrokerErrorFields } from '../../core/errors.ts';
import type { TradovateErrorCode } from './errors.ts';
import type { Penalty, Said } from './wire.ts';

/** What a refusal is judged with beside the answer. */
export interface Judging {
  /** Values that must not be shown, should the broker's text repeat them. */
  readonly secrets: readonly string[];
  /** Texts of the broker that an operator knows to pass by themselves; lower case. */
  readonly transientTexts: readonly string[];
  /** True where this call answered a penalty with its ticket. */
  readonly withTicket: boolean;
}

/** Captcha, 423 and 429 ask for an hour's silence; a call within it may lengthen it. */
const HOUR_MS = 60 * 60_000;

type Fields = Omit<BrokerErrorFields, 'code'>;
const stopped: Fields = { kind: 'needs-human' };
const unclear: Fields = { kind: 'outcome-unknown' };
const silent = (retryAfterMs: number): Fields => ({ kind: 'throttled', scope: 'egress', retryAfterMs });

const CHECK_PASSWORD =
  'Check username and password on the Tradovate web page, then change them in the credentials file: nothing is sent until they change, since five failures in an hour block every login of this network';

/**
 * Sorts the answer to a bridge login that brought no usable token. The body decides before the status
 * does: Tradovate answers wrong passwords and penalties with HTTP 200. A text that is not known is
 * never a reason to send the password again.
 */
export function refusal(answer: HttpAnswer, said: Said | undefined, judging: Judging): BrokerError {
  const { status } = answer;
  const make = (code: TradovateErrorCode, fields: Fields, text: string): BrokerError =>
    new BrokerError(`${text} (HTTP ${status}).`, { ...fields, code, status });

  if (said?.penalty) return penalised(said.penalty, judging, make);
  const words = said?.text === undefined ? '' : shown(said.text, judging.secrets);
  const raw = said?.text?.toLowerCase() ?? '';
  // These statuses speak of the network or the server, unless the text speaks of the password.
  const isOutside = [408, 423, 429].includes(status) || status >= 500;
  const isJudged = said !== undefined && (said.error || said.text !== undefined);
  if (isJudged && (!isOutside || isAboutPassword(raw))) {
    if (judging.transientTexts.some((text) => raw.includes(text))) {
      return make(
        'server_fault',
        { kind: 'transient', scope: 'broker' },
        `Tradovate could not take the login${words}`,
      );
    }
    return isAboutPassword(raw) || status === 401
      ? make('bad_credentials', stopped, `Tradovate does not accept this login${words}. ${CHECK_PASSWORD}`)
      : make(
          'login_refused',
          stopped,
          `Tradovate refused the login${words}. Sign in on the Tradovate web page to see what it wants, then allow one more try here`,
        );
  }
  const barred = barredStates.get(said?.userStatus ?? '');
  return barred ? make(barred.code, stopped, barred.text) : byStatus(answer, make);
}

/** States of a login that no call changes (github cgilly2fast/tradovate-typescript, src/types/index.ts). */
const barredStates: ReadonlyMap<string, { readonly code: TradovateErrorCode; readonly text: string }> =
  new Map([
    [
      'TemporaryLocked',
      {
        code: 'locked_out',
        text: 'Tradovate has locked this login for a time. Wait, sign in on the web page, then allow one more try here',
      },
    ],
    [
      'UnconfirmedEmail',
      {
        code: 'account_unavailable',
        text: 'The e-mail address of this login is not confirmed. Confirm it on the Tradovate web page, then allow one more try here',
      },
    ],
    [
      'Closed',
      {
        code: 'account_unavailable',
        text: 'This login is closed. Ask Tradovate, or remove the account here',
      },
    ],
  ]);

/** True for a `userStatus` that bars the login, whatever else the answer holds. */
export function isBarred(userStatus: string | undefined): boolean {
  return barredStates.has(userStatus ?? '');
}

type Make = (code: TradovateErrorCode, fields: Fields, text: string) => BrokerError;

/** A penalty belongs to the network, not to the login: everybody behind this address has to wait. */
function penalised(penalty: Penalty, judging: Judging, make: Make): BrokerError {
  if (penalty.captcha) {
    return make(
      'captcha',
      silent(HOUR_MS),
      'Tradovate wants a captcha from this network, which is not for programs: no login from here for an hour. Look for the account whose password fails',
    );
  }
  // The ticket was to settle it. Asking again every few seconds would go on for the hour that counts.
  return judging.withTicket
    ? make(
        'time_penalty',
        silent(HOUR_MS),
        'Tradovate did not take the answer to its time penalty: no login from this network for an hour',
      )
    : make(
        'time_penalty',
        silent(penalty.waitMs),
        `Tradovate has put a time penalty of ${Math.round(penalty.waitMs / 1_000)} s on this network, after failed logins. The login is repeated once after that`,
      );
}

/** The body says nothing that is known: it is empty, a page, a text or something else. */
function byStatus(answer: HttpAnswer, make: Make): BrokerError {
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
  if (status === 403 && isHtml(answer)) {
    return make(
      'edge_blocked',
      { ...unclear, scope: 'egress' },
      'Something in front of Tradovate (its firewall, or a proxy of yours) turned the login away. If it lasts, have this address let through',
    );
  }
  if (status === 401)
    return make('bad_credentials', stopped, `Tradovate does not accept this login. ${CHECK_PASSWORD}`);
  if (status === 403) {
    return make(
      'login_refused',
      stopped,
      'Tradovate refused the login and did not say why. Sign in on the Tradovate web page to see what it wants, then allow one more try here',
    );
  }
  if (status === 408)
    return make(
      'sign_in_unconfirmed',
      unclear,
      'Tradovate gave up on the login; a session may have been opened',
    );
  if (status === 503) {
    return make(
      'server_fault',
      { kind: 'transient', scope: 'broker' },
      'Tradovate takes no logins at the moment',
    );
  }
  if (status >= 500) {
    return make(
      'server_fault',
      { ...unclear, scope: 'broker' },
      'Tradovate failed during the login; a session may have been opened',
    );
  }
  if (status >= 400) {
    return make(
      'request_malformed',
      { kind: 'refused' },
      'Tradovate does not know this call. Check TRADOVATE_BRIDGE_URL if it is set; else this is a defect of this service, please report it',
    );
  }
  const what =
    status >= 300 ? 'a redirect, which is not followed' : isHtml(answer) ? 'a page' : 'something unreadable';
  return make(
    'unreadable_answer',
    unclear,
    `Tradovate answered the login with ${what}; a session may have been opened`,
  );
}

function isAboutPassword(text: string): boolean {
  return /password|credential|incorrect user|invalid (?:user|login)|wrong (?:user|login)/.test(text);
}

/** The broker's own words, cut and cleaned; nothing where they repeat a secret. */
function shown(text: string, secrets: readonly string[]): string {
  const folded = text.toLowerCase();
  const repeats = secrets.some((secret) =>
    [secret, encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)].some(
      (form) => folded.includes(form.toLowerCase()),
    ),
  );
  if (repeats) return '';
  const plain = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  return plain === '' ? '' : `: "${plain.slice(0, 160).replaceAll('"', "'").replace(/\.$/, '')}"`;
}
