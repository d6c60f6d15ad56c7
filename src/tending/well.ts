import type { Account } from '../core/account.ts';
import { isLive, type AccountRecord } from '../core/session.ts';

/** True where an account has a live token, and nothing is wrong with it, under way or waits, as far as its record says. */
export function isWell({ identity }: Account, record: AccountRecord, now: number): boolean {
  const { session, attempt, trouble, failures, pending } = record;
  const isLeftAlone = !attempt && !trouble && failures === 0 && pending.length === 0;
  return session !== undefined && isLive(session, identity, now) && isLeftAlone;
}
