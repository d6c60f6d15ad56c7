import type { Account } from '../core/account.ts';
import { isAsked, mayAskAt } from '../core/decide.ts';
import { liveGrant, type AccountRecord } from '../core/session.ts';
import type { KeeperParts, Why } from './parts.ts';

/** True for an account whose next token only a person gets. */
export const isPersons = ({ connection }: Pick<Account, 'connection'>): boolean =>
  connection.signIn === undefined && connection.consent !== undefined;

/**
 * Says that an account waits for its person; false where it does not, or at an hour at which they are not
 * asked. `why`: what went wrong; left out, the present day's trouble.
 */
export type Need = (account: Account, record: AccountRecord, state: string, why?: Why) => boolean;

/**
 * Whatever is wrong goes into the one message that has the person's link. Said apart from it, the one
 * would take the other away: an account fails for one cause at a time.
 */
export function makeNeed(parts: Pick<KeeperParts, 'listener' | 'clock' | 'isHoliday'>): Need {
  const { listener, clock, isHoliday } = parts;
  return (account, record, state, why) => {
    const now = clock.now();
    if (state !== 'awaiting_approval' || mayAskAt({ account, isHoliday }, now) > now) return false;
    const trouble = why ?? todaysTrouble(account, record, now);
    listener.personNeeded(account, {
      asked: isAsked(record, now),
      why: trouble,
      tokenUntil: liveGrant(record, account, now)?.expiresAt ?? null,
    });
    return true;
  };
}

/** What was wrong yesterday is no reason any more. */
export function todaysTrouble(
  { connection }: Account,
  { trouble }: AccountRecord,
  now: number,
): Why | undefined {
  const { consent } = connection;
  return trouble && consent?.deadline(trouble.at) === consent?.deadline(now) ? trouble : undefined;
}
