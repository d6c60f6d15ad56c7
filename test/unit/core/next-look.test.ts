import { describe, expect, it } from 'vitest';
import { patienceOf } from '../../../src/core/decide.ts';
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
    ['longer than any silence lasts', { at: NOW + 3 * HOUR, reason: 'broker_silence' }],
  ])('%s was planned by a clock that was ahead', ([, changes]) => {
    expect(isPlannedTooLate(planned(changes), NOW)).toBe(true);
  });
});

describe('our patience with an account', () => {
  const trouble = { code: 'down', kind: 'transient', message: 'no answer', at: NOW } as const;
  it('is over where the trouble lies ahead: its clock stood wrong', () => {
    expect(patienceOf({ trouble, retryAt: NOW + MINUTE }, NOW)).toBe(NOW + MINUTE);
    expect(patienceOf({ trouble: { ...trouble, at: NOW + HOUR }, retryAt: NOW + HOUR }, NOW)).toBe(0);
  });
  it('is kept where the broker asked for it', () => {
    const asked = { ...trouble, kind: 'throttled', at: NOW + HOUR } as const;
    expect(patienceOf({ trouble: asked, retryAt: NOW + 2 * HOUR }, NOW)).toBe(NOW + 2 * HOUR);
  });
});
