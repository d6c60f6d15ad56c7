import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { showPlan } from '../../../src/cli/plan.ts';
import { makeProgram } from '../../../src/cli/program.ts';
import type { Limit } from '../../../src/core/limit.ts';
import type { Plan, PlannedBudget } from '../../../src/core/plan.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

const limit: Limit = {
  name: 'renewals',
  calls: ['renewal'],
  max: 15,
  reserve: 3,
  windowMs: 60 * MINUTE,
  per: 'egress',
  counts: 'every-call',
  variable: 'ALPHA_RENEWALS_PER_HOUR',
};
const budget = (changes: Partial<PlannedBudget> = {}): PlannedBudget => ({
  broker: 'alpha',
  limit,
  budget: {
    limit: 'renewals',
    subject: 'desk',
    max: 15,
    routine: 12,
    windowMs: 60 * MINUTE,
    counts: 'every-call',
  },
  verdict: 'fits',
  names: ['A', 'B'],
  used: 1,
  freesAt: undefined,
  busiest: 2,
  carries: 12.8,
  doubt: undefined,
  stayMs: 64 * MINUTE,
  held: [],
  ...changes,
});
const plan = (changes: Partial<Plan> = {}): Plan => ({
  hours: 24,
  from: NOW,
  budgets: [budget()],
  refreshes: [
    { name: 'A', broker: 'alpha', call: 'renewal', at: NOW },
    { name: 'LONGER_NAME', broker: 'alpha', call: 'sign-in', at: NOW + 5 * MINUTE },
  ],
  total: 2,
  slots: new Map(),
  counts: [
    { broker: 'alpha', call: 'renewal', count: 240 },
    { broker: 'alpha', call: 'sign-in', count: 24 },
    { broker: 'beta', call: 'person', count: 3 },
  ],
  ...changes,
});
const shown = (of: Plan): readonly string[] => stripVTControlCharacters(showPlan(of)).split('\n');

describe('plan for a person', () => {
  it('lists the budgets, then the next refreshes, then what it comes to', () => {
    expect(shown(plan())).toEqual([
      'BROKER  LIMIT     WHOSE  ROOM              USED  BUSIEST  CARRIES  HAS  VERDICT',
      'alpha   renewals  desk   12 of 15 an hour  1     2        12       2    fits',
      '',
      'NEXT      NAME         BROKER  CALL',
      'now       A            alpha   renewal',
      'in 5 min  LONGER_NAME  alpha   sign-in',
      '',
      'alpha: 10 renewals and 1 sign-in an hour on average.',
      'beta: 3 logins by a person in 24 h.',
      '2 refreshes in the next 24 h. The limits carry them all.',
      '',
    ]);
  });

  it('explains in a sentence what does not fit', () => {
    const held = [{ name: 'B', dueAt: NOW, until: NOW, instead: true, gapMs: 0 }];
    const lines = shown(plan({ budgets: [budget({ verdict: 'over', held }), budget()] }));
    expect(lines.filter((line) => line.startsWith('over'))).toEqual([
      expect.stringMatching(
        /^over alpha: From the network "desk" .* Nothing fails: 1 signs in instead of renewing\. Serve some/,
      ),
    ]);
    expect(lines.at(-2)).toBe('2 refreshes in the next 24 h. The limits do not carry them all.');
  });

  it('says what is unsure beside what fits', () => {
    const unsure = budget({ limit: { ...limit, seen: 2 }, doubt: { needs: 2.4, seen: 2 } });
    const lines = shown(plan({ budgets: [unsure] }));
    expect(lines.slice(1, 5)).toEqual([
      expect.stringMatching(/ fits$/),
      '',
      expect.stringMatching(
        /^unsure alpha: From the network "desk", 2 accounts need 2\.4 calls an hour\. 15 are/,
      ),
      '',
    ]);
  });

  it('shows one refresh of each account, its next', () => {
    const at = (name: string, minutes: number): Plan['refreshes'][number] => ({
      name,
      broker: 'alpha',
      call: 'renewal',
      at: NOW + minutes * MINUTE,
    });
    const refreshes = [at('A', 0), at('B', 3), at('B', 4), at('A', 5)];
    expect(shown(plan({ refreshes })).filter((line) => line.endsWith(' renewal'))).toEqual([
      'now       A     alpha   renewal',
      'in 3 min  B     alpha   renewal',
    ]);
  });

  it('shows the first refreshes and counts all', () => {
    const refreshes = Array.from({ length: 30 }, (_, i) => ({
      name: `A${i}`,
      broker: 'alpha',
      call: 'renewal' as const,
      at: NOW,
    }));
    const lines = shown(plan({ refreshes, total: 500 }));
    expect(lines.filter((line) => line.startsWith('now'))).toHaveLength(20);
    expect(lines.at(-2)).toContain('500 refreshes');
  });

  it('says so where there is nothing to plan', () => {
    expect(showPlan(plan({ budgets: [], refreshes: [], total: 0 }))).toBe(
      'No accounts are served from this Redis. Is the service running?\n',
    );
  });
});

describe('plan --hours', () => {
  const parse = (...args: readonly string[]): unknown => {
    const program = makeProgram('0.0.0');
    let hours: unknown;
    for (const command of program.commands) {
      command
        .configureOutput({ writeErr: () => undefined })
        .action((options: { hours?: number }) => void (hours = options.hours));
    }
    program.configureOutput({ writeErr: () => undefined }).parse(['plan', ...args], { from: 'user' });
    return hours;
  };

  it('is 24 where nobody says, and a whole number up to a week', () => {
    expect([parse(), parse('--hours', '1'), parse('--hours', '168')]).toEqual([24, 1, 168]);
  });

  it.each(['0', '169', '-1', '1.5', 'soon', ''])('refuses %j', (hours) => {
    expect(() => parse('--hours', hours)).toThrow(/1 to 168|missing/);
  });
});
