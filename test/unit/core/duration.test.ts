import { describe, expect, it } from 'vitest';
import { duration, readDuration } from '../../../src/core/duration.ts';

const MINUTE_MS = 60_000;

describe('a length of time as people write it', () => {
  it.each([
    ['2h', 120 * MINUTE_MS],
    ['90m', 90 * MINUTE_MS],
    ['1d', 1440 * MINUTE_MS],
    ['1h30m', 90 * MINUTE_MS],
    ['1d2h3m4s', 1563 * MINUTE_MS + 4_000],
    ['45s', 45_000],
    ['366d', 366 * 1440 * MINUTE_MS],
  ])('%s', (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });

  it.each(['', '2', 'h', '2 h', '-2h', '2.5h', '0s', '0h0m', '2h2h', '30m1h', '367d', '1w', '2H', '2h\n'])(
    '%j is none',
    (text) => {
      expect(readDuration(text)).toBeUndefined();
    },
  );

  it('is said shortly', () => {
    expect([duration(45_000), duration(720_000), duration(12_000_000)]).toEqual([
      '45 s',
      '12 min',
      '3 h 20 min',
    ]);
  });
});
