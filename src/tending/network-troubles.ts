import type { Account } from '../core/account.ts';
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

/** The same; a limit says more where it is known which. Undefined for any other reason. */
export function networkTrouble(
  because: string,
  { heldBack }: AccountRecord,
): Pick<Trouble, 'code' | 'kind' | 'message'> | undefined {
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
