import { DAYS_SHOWN, sumOfUses, uses, type DayOfUse } from '../core/uses.ts';
import { table } from './table.ts';

/** What an account was used for, a line a day, the newest first, and all of it together. */
export function usageTable(days: readonly DayOfUse[], width?: number): string {
  if (days.length === 0) return `Not used in the last ${DAYS_SHOWN} days.\n`;
  const all = { day: `${DAYS_SHOWN} days`, ...sumOfUses(days) };
  const rows = [...days, all].map((each) => [each.day, ...uses.map((use) => String(each[use]))]);
  const head = ['DAY (UTC)', ...uses.map((use) => use.toUpperCase())];
  return `${table(head, rows, { width, right: uses.map((_, i) => i + 1) }).join('\n')}\n`;
}
