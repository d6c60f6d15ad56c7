import { describe, expect, it } from 'vitest';
import { isPlannedTooLate, type Planned } from '../../../src/core/next-look.ts';

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const planned = (changes: Partial<Planned> = {}): Planned => ({
  at: NOW + 40 * MINUTE,
  issuedAt: NOW - 10 * MINUTE,
  expiresAt: NOW + 70 * MINUTE,
  renewAt: NOW + 40 * MINUTE,
  retryAt: 0,
  reason: '',
  ...changes,
});

describe('a next look', () => {
  it.for<[string, Partial<Planned>]>([
    ['at the renewal', {}],
    ['at the end of our patience', { at: NOW + 15 * MINUTE, renewAt: 0, retryAt: NOW + 15 * MINUTE }],
    ['a minute after a stop', { at: NOW + MINUTE, renewAt: 0, expiresAt: 0, reason: 'stopped' }],
    ['at the end of a pause', { at: NOW + MINUTE / 2, renewAt: NOW, reason: 'broker_down' }],
    ['at the end of a silence', { at: NOW + HOUR, renewAt: NOW, reason: 'broker_silence' }],
    ['at once', { at: NOW - 1, issuedAt: NOW + HOUR }],
  ])('%s is well planned', ([, changes]) => {
    expect(isPlannedTooLate(planned(changes), NOW)).toBe(false);
  });

  it.for<[string, Partial<Planned>]>([
    ['an hour after the renewal', { at: NOW + 100 * MINUTE }],
    ['after the end of the token', { at: NOW + 71 * MINUTE + HOUR, renewAt: NOW + 2 * HOUR }],
    ['an hour ahead, without a token', { at: NOW + HOUR, issuedAt: 0, expiresAt: 0, renewAt: 0 }],
    [
      'of a token that is not born yet',
      { issuedAt: NOW + HOUR, renewAt: NOW + 2 * HOUR, at: NOW + 2 * HOUR },
    ],
    ['longer than any pause lasts', { at: NOW + 5 * MINUTE, reason: 'broker_down' }],
    ['longer than any silence lasts', { at: NOW + 3 * HOUR, reason: 'broker_silence' }],
  ])('%s was planned by a clock that was ahead', ([, changes]) => {
    expect(isPlannedTooLate(planned(changes), NOW)).toBe(true);
  });

  it('after a silence that is known ends with it, and a minute and a half later is too late', () => {
    const waits = planned({ at: NOW + HOUR, renewAt: NOW, reason: 'broker_silence' });
    expect(isPlannedTooLate(waits, NOW, NOW + HOUR)).toBe(false);
    expect(isPlannedTooLate(waits, NOW, NOW + 50 * MINUTE)).toBe(true);
    expect(isPlannedTooLate(waits, NOW, 0)).toBe(true);
  });
});
