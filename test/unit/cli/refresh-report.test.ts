import { expect, it } from 'vitest';
import { progressLine } from '../../../src/cli/progress.ts';
import type { Refreshed } from '../../../src/cli/refresh-one.ts';
import { refreshSummary } from '../../../src/cli/refresh-report.ts';

const done = (name: string): Refreshed => ({
  name,
  broker: 'alpha',
  outcome: 'refreshed',
  code: null,
  message: 'refreshed',
});
const failed = (name: string, code: string, message: string): Refreshed => ({
  ...done(name),
  outcome: 'failed',
  code,
  message,
});

it('says each reason once, the most frequent first, with the names it concerns', () => {
  const late = Array.from({ length: 12 }, (_, i) => failed(`L${i}`, 'budget_spent', 'No room before 10:00.'));
  expect(refreshSummary([done('A'), failed('B', 'locked', 'Locked.'), ...late, done('C')])).toEqual([
    '2 of 15 accounts were refreshed.',
    '12 not (alpha, budget_spent): No room before 10:00.',
    '    L0, L1, L2, L3, L4, L5, L6, L7, L8, L9 and 2 more',
    '1 not (alpha, locked): Locked.',
    '    B',
  ]);
});

it('says whom it left out, since a person logs them in', () => {
  expect(refreshSummary([done('A')], ['UP_A', 'UP_B'])).toEqual([
    '1 of 1 account was refreshed.',
    '2 left out, for a person to log in: UP_A, UP_B',
  ]);
});

it('stays within the terminal', () => {
  const many = Array.from({ length: 9 }, (_, i) =>
    failed(`A_LONG_NAME_${i}`, 'locked', 'It is locked. '.repeat(9)),
  );
  for (const line of refreshSummary(many, [], 40)) expect(line.length).toBeLessThanOrEqual(40);
});

it('says how far it is, and how long the rest takes', () => {
  expect(progressLine({ total: 40, done: 0, failed: 0, elapsedMs: 900 })).toBe('0 done, 0 failed, 40 left');
  expect(progressLine({ total: 40, done: 8, failed: 2, elapsedMs: 5_000 })).toBe(
    '8 done, 2 failed, 30 left, about 15 s',
  );
  expect(progressLine({ total: 40, done: 38, failed: 2, elapsedMs: 20_000 })).toBe(
    '38 done, 2 failed, 0 left',
  );
});
