import { describe, expect, test } from 'vitest';
import type { Limit } from '../../../src/core/limit.ts';
import { limitsWith } from '../../../src/core/limits.ts';

const doubted: Limit = {
  name: 'by-the-minute',
  calls: ['sign-in'],
  max: 10,
  reserve: 0,
  windowMs: 60_000,
  per: 'egress',
  counts: 'every-call',
  variable: 'BY_THE_MINUTE',
  offByDefault: true,
};
const read = (limit: Limit, text?: string): unknown =>
  limitsWith([limit], (variable) => (variable === limit.variable ? text : undefined));

describe('a limit that its documents contradict', () => {
  test('is counted only where the setting gives it a number', () => {
    expect(read(doubted)).toEqual([]);
    expect(read(doubted, '0')).toEqual([]);
    expect(read(doubted, '10')).toMatchObject([{ max: 10, reserve: 0 }]);
  });

  test('and any other can be changed, and not turned off', () => {
    const stated: Limit = { ...doubted, offByDefault: false, reserve: 2 };
    expect(read(stated)).toEqual([stated]);
    expect(read(stated, '20')).toMatchObject([{ max: 20, reserve: 4 }]);
    expect(read(stated, '0')).toHaveProperty('faults');
    expect(read(doubted, 'ten')).toHaveProperty('faults');
  });
});
