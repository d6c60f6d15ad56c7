import { describe, expect, it } from 'vitest';
import type { Limit } from '../../../src/core/limit.ts';
import type { Planned, PlanParts } from '../../../src/core/plan.ts';
import { lackingRoom } from '../../../src/core/room.ts';
import type { Way } from '../../../src/core/way.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 30, 10);

const renewals: Limit = {
  name: 'renewals',
  calls: ['renewal'],
  max: 5,
  reserve: 2,
  windowMs: HOUR,
  per: 'egress',
  counts: 'every-call',
  variable: 'ALPHA_RENEWALS_PER_HOUR',
};
const way: Way = {
  by: 'renewal',
  signsIn: true,
  dueAtShare: 0.8,
  jitterShare: 0,
  timeoutMs: 10_000,
  lifeMs: 80 * MINUTE,
};
/** `left`: how long its token lives still, ms. */
const account = (name: string, left: number, changes: Partial<Planned> = {}): Planned => ({
  facts: {
    ...{ name, username: name, broker: 'alpha', environment: 'demo', enabled: true, subAccounts: [] },
    ...{ person: false, generation: 1, issuedAt: NOW - HOUR, renewAt: NOW + left / 2, expiresAt: NOW + left },
    ...{ provenAt: undefined, failures: 0, retryAt: undefined, trouble: undefined, heldBack: undefined },
    ...{ underWay: false, tokenType: undefined, scope: undefined, state: 'fresh', reason: undefined },
    ...{ since: undefined, dueAt: undefined },
  },
  way,
  renewalSpent: false,
  proven: true,
  ...changes,
});
const lacking = (
  accounts: readonly Planned[],
  parts: Partial<PlanParts> = {},
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [
      ...lackingRoom({
        accounts,
        limits: () => [renewals],
        egress: 'desk',
        counted: () => [],
        failed: () => [],
        from: NOW,
        ...parts,
      }),
    ].map(([name, { until }]) => [name, (until - NOW) / MINUTE]),
  );
const five = ['A', 'B', 'C', 'D', 'E'].map((name, i) => account(name, (i + 1) * MINUTE));
const later = (minutes: number): unknown => expect.closeTo(minutes, 2);

describe('who finds no room when all are asked for at once', () => {
  it('is nobody while the budget lasts', () => {
    expect(lacking(five.slice(0, 3))).toEqual({});
  });

  it('is who has the most time, and it is told when it fits', () => {
    expect(lacking([...five].reverse())).toEqual({ D: later(60), E: later(60) });
  });

  it('counts what was called before', () => {
    const counted = (): readonly number[] => [NOW - 50 * MINUTE, NOW - 20 * MINUTE];
    expect(lacking(five.slice(0, 3), { counted })).toEqual({ B: later(10), C: later(40) });
  });

  it('leaves the reserve to dead tokens', () => {
    const dead = (name: string): Planned => account(name, -MINUTE, { way: { ...way, signsIn: false } });
    expect(lacking([account('A', MINUTE), dead('B'), dead('C'), dead('D')])).toEqual({ A: later(60) });
  });

  it('lets a login that counts nowhere through, and takes nothing from who rests', () => {
    const signsIn = account('A', 30 * MINUTE, { way: { ...way, by: 'sign-in' } });
    const [first, second, third, fourth] = five;
    const paused = first && { ...first, facts: { ...first.facts, state: 'paused' } };
    const all = [signsIn, paused, second, third, fourth].flatMap((each) => each ?? []);
    expect(lacking(all)).toEqual({});
  });

  it('counts each call of a step', () => {
    const twice = five.map((each) => ({ ...each, way: { ...way, cost: { renewal: 2 } } }));
    expect(lacking(twice.slice(0, 2))).toEqual({ B: later(60) });
  });
});
