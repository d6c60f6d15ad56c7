import { DAYS_SHOWN, sumOfUses, uses, type DayOfUse } from '../core/uses.ts';

/** What an account was used for, a line a day, the newest first, and all of it together. */
export function usageTable(days: readonly DayOfUse[]): string {
  if (days.length === 0) return `Not used in the last ${DAYS_SHOWN} days.\n`;
  const all = { day: `${DAYS_SHOWN} days`, ...sumOfUses(days) };
  const rows = [...days, all].map((each) => [each.day, ...uses.map((use) => String(each[use]))]);
  const head = ['DAY (UTC)', ...uses.map((use) => use.toUpperCase())];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return `${[head, ...rows].map(line).join('\n')}\n`;
}
