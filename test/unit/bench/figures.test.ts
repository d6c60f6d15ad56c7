import { describe, expect, it } from 'vitest';
import { isMet, type Figure } from '../../../bench/bench.ts';
import { ratiosOf } from '../../../bench/benches/rounds.ts';
import { slotsFor } from '../../../bench/benches/sixty-seconds.ts';
import { median, quantile } from '../../../bench/ground/numbers.ts';
import { tableOf } from '../../../bench/print.ts';

const figure = (value: number, target?: Figure['target']): Figure => ({
  what: 'made up',
  unit: 'ms',
  value,
  ...(target && { target }),
});

describe('a figure', () => {
  it.each([
    [0.4, { most: 0.4 }, true],
    [0.41, { most: 0.4 }, false],
    [0.98, { least: 0.98 }, true],
    [0.97, { least: 0.98 }, false],
    [Number.NaN, { most: 1 }, false],
    [Number.NaN, { least: 1 }, false],
  ])('of %d with the target %o is met: %s', (value, target, met) => {
    expect(isMet(figure(value, target))).toBe(met);
  });

  it('without a target is neither met nor missed', () => {
    expect(isMet(figure(1))).toBeUndefined();
    expect(tableOf([figure(1)])).not.toMatch(/met/i);
  });

  it('is printed beside its target, and a missed one cannot be overlooked', () => {
    const table = tableOf([
      { ...figure(3.14159, { most: 2 }), spread: [2.5, 12.25] },
      { ...figure(250, { most: 1_000 }), unit: '/s' },
    ]);
    expect(table.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))).toEqual([
      'made up | 3.14 ms | (2.50 to 12.3) | <= 2.00 ms | NOT MET',
      'made up | 250/s | <= 1000/s | met',
    ]);
  });
});

describe('the numbers', () => {
  it('are the middle one of a run, whatever the order, and between two the mean', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
    expect(median([])).toBeNaN();
  });

  it('have as their quantile the value that this share lies below', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(quantile(values, 0.5)).toBe(101);
    expect(quantile(values, 0.99)).toBe(199);
    expect(quantile(values, 1)).toBe(200);
  });

  it('are ratios of the same round, and none of a round that one of the two lacks', () => {
    const measured = new Map([
      ['service', [2, 30, 5]],
      ['floor', [1, 10]],
    ]);
    expect(ratiosOf(measured, 'service', 'floor', (each) => each)).toEqual([2, 3]);
  });
});

it('the sizing rule gives slots for the rate times the latency, and a third to spare', () => {
  // 10 000 in 34.5 s are 290 a second; at 300 ms 87 of them are under way.
  expect(slotsFor(10_000)).toBe(114);
  expect(slotsFor(100)).toBe(10);
});
