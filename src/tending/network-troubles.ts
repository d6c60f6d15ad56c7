import type { Account } from '../core/account.ts';
import type { Silence } from '../core/consequence.ts';
import type { AccountRecord, Trouble } from '../core/session.ts';
import { isPersons } from './persons.ts';

/** So long an account may wait for its first token, ms, before that is as bad as one that was lost. */
const SHORT_WAIT_MS = 60_000;
/** So often its first login may fail before that is as bad. */
const SHORT_TRIES = 2;

/** Why an account without a token waits though nothing is wrong with it. */
const networkTroubles: Readonly<Record<string, string | undefined>> = {
  broker_silence:
    'The broker asked this network for silence, or turns it away; an account without a token waits for its end.',
  broker_down: 'The broker does not answer; one call at a time shows whether it is back.',
  budget_spent:
    'A limit of the broker leaves no room for another call yet. More accounts than the limit carries, or failed logins: see the budgets.',
};

/** What makes it wait, in words; `recurs`: what is counted by the minute. */
export interface NetworkTrouble extends Pick<Trouble, 'code' | 'kind' | 'message'> {
  readonly recurs?: boolean;
}

/** So soon a limit that is counted by the minute has room again, ms. */
export const MINUTE_MS = 60_000;

/**
 * The same; a limit says more where it is known which. A silence is told as what brought it, under the name that whoever
 * met it is told of: one cause, one message. Undefined for any other reason.
 */
export function networkTrouble(
  because: string,
  { heldBack }: Pick<AccountRecord, 'heldBack'>,
  silence: Silence | undefined,
  now: number,
): NetworkTrouble | undefined {
  if (because === 'broker_silence' && silence?.message !== undefined) {
    const { code, message, scope, until } = silence;
    return { code, kind: 'throttled', message, recurs: scope === 'key' && until - now < MINUTE_MS };
  }
  const message = (because === 'budget_spent' ? heldBack?.message : undefined) ?? networkTroubles[because];
  return message === undefined ? undefined : { code: because, kind: 'throttled', message };
}

export const isLongWait = (until: number | undefined, now: number): boolean =>
  until === undefined || until - now > SHORT_WAIT_MS;

/** True where an account without a live token is badly off: its token is gone, or its first one will be long in coming. */
export function isLack(
  account: Account,
  { session, failures }: Pick<AccountRecord, 'session' | 'failures'>,
  until: number | undefined,
  now: number,
): boolean {
  // A person's token ends each day: who gets the next one is asked for it.
  return isLongWait(until, now) || (!isPersons(account) && (session !== undefined || failures > SHORT_TRIES));
}

/** True for a renewal that a limit holds back: before it would come too late the account signs in instead, so that nobody need hear of it. */
export function goesAnotherWay(
  { connection }: Pick<Account, 'connection'>,
  { session }: Pick<AccountRecord, 'session'>,
  because: string,
): boolean {
  const mayRenew = connection.renew !== undefined && session?.renewalSpent === false;
  return because === 'budget_spent' && mayRenew && connection.signIn !== undefined;
}
