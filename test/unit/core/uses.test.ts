import { describe, expect, it } from 'vitest';
import { dayOf, daysOf, firstDayKept, sumOfUses, useField } from '../../../src/core/uses.ts';

const NOW = Date.UTC(2026, 10, 30, 23, 59, 59, 999);

describe('the uses of an account', () => {
  it('are counted by UTC day', () => {
    expect(dayOf(NOW)).toBe('2026-11-30');
    expect(dayOf(NOW + 1)).toBe('2026-12-01');
  });

  it('show the days on which anything was, the newest first', () => {
    const counts = {
      [useField('2026-11-29', 'refreshes')]: '22',
      [useField('2026-11-29', 'logins')]: '1',
      [useField('2026-11-30', 'reports')]: '2',
    };
    expect(daysOf(counts, NOW)).toEqual([
      { day: '2026-11-30', refreshes: 0, logins: 0, reports: 2 },
      { day: '2026-11-29', refreshes: 22, logins: 1, reports: 0 },
    ]);
    expect(sumOfUses(daysOf(counts, NOW))).toEqual({ refreshes: 22, logins: 1, reports: 2 });
  });

  it('show a month, and no day that is kept no longer', () => {
    const counts = { [useField('2026-10-31', 'logins')]: '1', [useField('2026-10-30', 'logins')]: '1' };
    expect(daysOf(counts, NOW).map(({ day }) => day)).toEqual(['2026-10-31']);
    expect(firstDayKept(NOW)).toBe('2026-10-27');
    expect(useField('2026-10-27', 'logins') >= firstDayKept(NOW)).toBe(true);
    expect(useField('2026-10-26', 'reports') < firstDayKept(NOW)).toBe(true);
  });
});
