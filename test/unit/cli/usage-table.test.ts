import { expect, it } from 'vitest';
import { usageTable } from '../../../src/cli/usage-table.ts';

it('shows a line a day and all of it together', () => {
  const table = usageTable([
    { day: '2026-11-30', refreshes: 9, logins: 0, reports: 0 },
    { day: '2026-11-29', refreshes: 1_022, logins: 1, reports: 2 },
  ]);
  expect(table).toBe(
    [
      'DAY (UTC)   REFRESHES  LOGINS  REPORTS',
      '2026-11-30          9       0        0',
      '2026-11-29       1022       1        2',
      '31 days          1031       1        2',
      '',
    ].join('\n'),
  );
});

it('says that nothing was', () => {
  expect(usageTable([])).toBe('Not used in the last 31 days.\n');
});
