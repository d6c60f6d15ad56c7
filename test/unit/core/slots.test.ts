import { expect, it } from 'vitest';
import { SLOTS, walk, type Walker } from '../../../src/core/walk.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const HOUR_MS = 60 * 60_000;

/** Replaced at half its life. */
const walker = (name: string, broker: string, lifeMs: number): Walker => ({
  name,
  broker,
  by: 'renewal',
  signsIn: true,
  pace: { dueAtShare: 0.5, jitterShare: 0, timeoutMs: 1 },
  lifeMs,
  dueAt: NOW + lifeMs / 2,
  issuedAt: NOW,
  expiresAt: NOW + lifeMs,
  renewable: true,
  meters: { renewal: [], 'sign-in': [], person: [] },
});
const sum = (numbers: readonly number[] = []): number => numbers.reduce((all, each) => all + each, 0);

it('counts the refreshes of each broker by quarters of an hour, listed or not', () => {
  const walkers = [walker('A', 'alpha', HOUR_MS), walker('B', 'beta', 4 * HOUR_MS)];
  const { slots, counts } = walk(walkers, NOW, NOW + 24 * HOUR_MS, 1);
  expect(slots.get('alpha')?.slice(0, 7)).toEqual([0, 0, 1, 0, 1, 0, 1]);
  expect(slots.get('beta')?.flatMap((count, slot) => (count > 0 ? [slot] : []))).toEqual(
    // The one at the very end belongs to the last part.
    [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 95],
  );
  for (const { broker, count } of counts) expect(sum(slots.get(broker))).toBe(count);
});

it('counts those that are too many to be walked through evenly', () => {
  const { slots, total } = walk([walker('A', 'alpha', 2_000)], NOW, NOW + 24 * HOUR_MS, 10);
  expect(total).toBeGreaterThan(80_000);
  expect(sum(slots.get('alpha'))).toBe(total);
  const busiest = Math.max(...(slots.get('alpha') ?? []));
  expect(Math.min(...(slots.get('alpha') ?? []))).toBeGreaterThan(0.9 * busiest);
  expect(slots.get('alpha')).toHaveLength(SLOTS);
});
