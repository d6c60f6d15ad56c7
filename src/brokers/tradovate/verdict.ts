import { BrokerError, type BrokerErrorFields } from '../../core/errors.ts';
import type { HttpAnswer } from '../../core/broker.ts';
import { isHtml } from '../answer.ts';
import { carryFor, type Bound } from './carry.ts';
import type { TradovateErrorCode } from './errors.ts';
import type { Penalty } from './wire.ts';

export type Fields = Omit<BrokerErrorFields, 'code'>;
/** An error of one answer: its status stands in it and at the end of its text. */
export type Make = (code: TradovateErrorCode, fields: Fields, text: string) => BrokerError;

export const making =
  (status: number): Make =>
  (code, fields, text) =>
    new BrokerError(`${text} (HTTP ${status}).`, { ...fields, code, status });

/**
 * Captcha, 423 and 429 ask for an hour's silence, and a call within it may lengthen it
 * (partner.tradovate.com, penalty-tickets and rate-limits).
 */
export const HOUR_MS = 60 * 60_000;

export const stopped: Fields = { kind: 'needs-human' };
/** A login that was refused for its password, or for what is not known: one of the failed ones that are counted. */
export const failedLogin: Fields = { ...stopped, doubtsPassword: true };
export const unclear: Fields = { kind: 'outcome-unknown' };
export const brokerFails: Fields = { kind: 'transient', scope: 'broker' };
export const silent = (retryAfterMs: number, scope: 'egress' | 'account' = 'egress'): Fields => ({
  kind: 'throttled',
  scope,
  retryAfterMs,
});

/**
 * A penalty belongs to the network, not to the login: everybody behind this address has to wait. Its
 * ticket goes with the next call of the same account, over restarts and replicas. `bound` undefined:
 * a read, which carries none.
 */
export function penalised(
  penalty: Penalty,
  given: { bound: Bound | undefined; repeated: boolean; secrets: readonly string[] },
  make: Make,
): BrokerError {
  const said = penalty.text === undefined ? '' : shown(penalty.text, given.secrets);
  if (penalty.captcha) {
    return make(
      'captcha',
      silent(HOUR_MS),
      `Tradovate wants a captcha from this network${said}, which is not for programs: nothing is sent from here for an hour. Find the account whose password fails and mend it, and let no other program log in from this address: each try begins the hour anew`,
    );
  }
  // The ticket was to settle it. Asking again every few seconds would go on for the hour that counts.
  if (given.repeated) {
    return make(
      'time_penalty',
      silent(HOUR_MS),
      `Tradovate did not take the answer to its time penalty${said}: nothing is sent from this network for an hour`,
    );
  }
  const what = given.bound?.call === 'sign-in' ? 'after failed logins' : 'after too many calls';
  return make(
    'time_penalty',
    {
      ...silent(penalty.waitMs),
      ...(given.bound !== undefined && { carry: carryFor(given.bound, penalty.ticket) }),
    },
    `Tradovate has put a time penalty of ${Math.round(penalty.waitMs / 1_000)} s on this network, ${what}${said}. The call is repeated once after that`,
  );
}

/**
 * True for a 4xx that is not Tradovate's: the page of a firewall or a proxy, or the bare text of whatever
 * stands in between ("default backend - 404"). Taken for a refusal it would stop accounts and end live tokens.
 */
export function isTurnedAway(answer: HttpAnswer): boolean {
  const { status, json, body } = answer;
  if (status < 400 || status >= 500 || status === 429) return false;
  if (isHtml(answer) || status === 407) return true;
  return (status === 404 || status === 405) && json === undefined && body.trim() !== '';
}

export function turnedAway(what: 'login' | 'call', make: Make): BrokerError {
  return make(
    'edge_blocked',
    { ...unclear, scope: 'egress', unreadable: true },
    `Something in front of Tradovate (its firewall, or a proxy of yours) turned the ${what} away. If it lasts, have this address let through, and check proxy and base URL`,
  );
}

/** States of a login that no call changes (github cgilly2fast/tradovate-typescript, src/types/index.ts). */
const barredStates: ReadonlyMap<string, { readonly code: TradovateErrorCode; readonly text: string }> =
  new Map([
    [
      'temporarylocked',
      {
        code: 'locked_out',
        text: 'Tradovate has locked this login for a time. Wait, sign in on the web page, then allow one more try here',
      },
    ],
    [
      'unconfirmedemail',
      {
        code: 'account_unavailable',
        text: 'The e-mail address of this login is not confirmed. Confirm it on the Tradovate web page, then allow one more try here',
      },
    ],
    [
      'closed',
      {
        code: 'account_unavailable',
        text: 'This login is closed. Ask Tradovate, or remove the account here',
      },
    ],
  ]);

/** True for a `userStatus` that bars the login, whatever else the answer holds. */
export function isBarred(userStatus: string | undefined): boolean {
  return barredStates.has(userStatus?.toLowerCase() ?? '');
}

/** What such a `userStatus` is worth; undefined for any other. */
export function barred(userStatus: string | undefined, make: Make): BrokerError | undefined {
  const state = barredStates.get(userStatus?.toLowerCase() ?? '');
  return state && make(state.code, state.code === 'locked_out' ? failedLogin : stopped, state.text);
}

/** The same beside a 423 or 429: this login stops, and nobody on the network is to call for an hour. */
export function forAll({ code, message }: BrokerError, make: Make): BrokerError {
  const text = message.replace(/ \(HTTP \d+\)\.$/, '');
  return make(
    code === 'locked_out' ? 'locked_out' : 'account_unavailable',
    { ...failedLogin, scope: 'egress', retryAfterMs: HOUR_MS },
    `${text}. Nothing is sent from this network for an hour`,
  );
}

/**
 * A `userStatus` that nobody has documented, where no token came with it. The known ones are misspelled in their
 * only source, so that the broker may write them otherwise: never a reason to send the password again.
 */
export function unknownStatus(
  userStatus: string | undefined,
  secrets: readonly string[],
  make: Make,
): BrokerError | undefined {
  if (userStatus === undefined || /^active$/i.test(userStatus)) return undefined;
  return make(
    /lock/i.test(userStatus) ? 'locked_out' : 'account_unavailable',
    failedLogin,
    `Tradovate gives no token and calls the state of this login${shown(userStatus, secrets)}. Sign in on the web page to see what it wants, then allow one more try here`,
  );
}

/** What an answer is that is none, for a person. */
export function oddity(answer: HttpAnswer): string {
  if (answer.status >= 300) return 'a redirect, which is not followed';
  return isHtml(answer) ? 'a page' : 'something unreadable';
}

/** An answer that cannot be read: where it is no JSON at all, it is not Tradovate that speaks. */
export const unreadable = ({ json }: HttpAnswer): Fields => ({ ...unclear, unreadable: json === undefined });

/** The broker's own words, cut and cleaned; nothing where they repeat a secret. */
export function shown(text: string, secrets: readonly string[]): string {
  const folded = text.toLowerCase();
  const repeats = secrets.some((secret) =>
    [secret, encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)].some(
      (form) => folded.includes(form.toLowerCase()),
    ),
  );
  if (repeats) return '';
  const plain = text.replaceAll(/[\p{C}\s<>{}]+/gu, ' ').trim();
  return plain === '' ? '' : `: "${plain.slice(0, 160).replaceAll('"', "'").replace(/\.$/, '')}"`;
}
