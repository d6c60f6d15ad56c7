import type { Account } from '../core/account.ts';
import { mayAskAt } from '../core/decide.ts';
import { nextWithin } from '../core/hours.ts';
import { isPersons } from '../tending/persons.ts';

/** The next moment (ms), at or after `at`, at which the people behind an account are there: their hours, and the broker's own day. */
export function thereAt(
  account: Account,
  isHoliday: (day: string, zone: string) => boolean,
  at: number,
): number {
  return isPersons(account) ? mayAskAt({ account, isHoliday }, at) : nextWithin(account.hours, isHoliday, at);
}
