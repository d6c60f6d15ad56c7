import { describe, expect, it } from 'vitest';
import type { FailedSignIn } from '../../../src/core/ledger.ts';
import { costOfOneMore } from '../../../src/core/one-more-try.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { busyPlan } from '../../support/desks.ts';

const NOW = Date.parse('2026-11-20T10:00:00.000Z');
const MINUTE = 60_000;
/** One after the other, a minute apart, the first 48 minutes ago. */
const cost = (failures: readonly FailedSignIn['as'][]): string => {
  const failed = failures.map((as, i) => ({ name: `F${i}`, at: NOW - (48 - i) * MINUTE, as }));
  const plan: Pick<Plan, 'budgets'> = {
    budgets: busyPlan(NOW).budgets.map((each) => ({
      ...each,
      ...(each.ledger && { ledger: { ...each.ledger, failed } }),
    })),
  };
  return costOfOneMore(plan, { name: 'DESK', broker: 'alpha' }, NOW).join(' ');
};

describe('what one more refused password costs a network of which five may fail', () => {
  it.each<[readonly FailedSignIn['as'][], string, string]>([
    [[], '0 of 5', '5 are left. A further wrong one leaves 4; with 2 left no login that has never succeeded'],
    [['refused'], '1 of 5', '1 refused (F0). 4 are left. A further wrong one leaves 3; with 2 left no login'],
    [
      ['refused', 'refused'],
      '2 of 5',
      '3 are left. After a further wrong one no login that has never succeeded goes out before 10:13 UTC.',
    ],
    [
      ['refused', 'refused', 'refused'],
      '3 of 5',
      '2 are left. A further wrong one is the last that may fail: after it no login of this network goes out before 10:13 UTC',
    ],
    [
      ['refused', 'refused', 'refused', 'refused'],
      '4 of 5',
      '1 is left. One more could bar all its logins, so that this one, too, waits until 10:13 UTC.',
    ],
    [
      ['refused', 'unknown', 'unknown'],
      '3 of 5',
      '2 are left. After a further wrong one no login that has never succeeded goes out before 10:14 UTC.',
    ],
  ])('%o', (failures, used, words) => {
    expect(cost(failures)).toContain(`${used} failed logins of this network in 60 min are used`);
    expect(cost(failures)).toContain(words);
  });

  it('is nothing where nobody counts them', () => {
    expect(costOfOneMore(busyPlan(NOW), { name: 'DESK', broker: 'gamma' }, NOW)).toEqual([]);
  });
});
