import { describe, expect, it } from 'vitest';
import { backoffMs, drawRenewAt, unknownSignInWaitMs } from '../../../src/core/policy.ts';

const policy = { dueAtShare: 0.8, jitterShare: 0.08, timeoutMs: 10_000, renewalIsSingleUse: false };
const quick = { ...policy, timeoutMs: 6_000 };
const MINUTE = 60_000;
const lowest = (): number => 0;
const highest = (): number => 0.999_999;

describe('when a token is due', () => {
  it('is a share of its life, less a drawn jitter', () => {
    expect(drawRenewAt(0, 80 * MINUTE, policy, lowest)).toBe(64 * MINUTE);
    expect(drawRenewAt(0, 80 * MINUTE, policy, highest)).toBeCloseTo(57.6 * MINUTE, -2);
  });
  it('comes earlier for minute-long tokens: 36 s of 60', () => {
    expect(drawRenewAt(0, MINUTE, quick, lowest)).toBe(36_000);
  });
  it('is never after the last safe start', () => {
    const late = { ...policy, dueAtShare: 1, jitterShare: 0 };
    expect(drawRenewAt(0, 80 * MINUTE, late, lowest)).toBe(80 * MINUTE - 60_000);
    expect(drawRenewAt(0, MINUTE, { ...late, timeoutMs: 6_000 }, lowest)).toBeLessThanOrEqual(45_000);
  });
});

describe('how long a failed account waits', () => {
  it('doubles from 5 s, drawn over the whole step, never under 2 s', () => {
    const hour = 60 * MINUTE;
    expect([1, 2, 3, 4].map((failures) => backoffMs(failures, hour, highest))).toEqual([
      5_000, 10_000, 20_000, 40_000,
    ]);
    expect(backoffMs(1, hour, lowest)).toBe(2_000);
  });
  it('stays within a quarter of the time that is left, so that several tries fit', () => {
    expect(backoffMs(10, 24_000, highest)).toBeLessThanOrEqual(6_000);
    expect(backoffMs(10, 60 * MINUTE, highest)).toBe(5 * MINUTE);
  });
  it('is at most 30 s once the token is dead', () => {
    expect(backoffMs(20, 0, highest)).toBe(30_000);
  });
});

describe('a sign-in nobody answered', () => {
  it('is tried again a few times', () => {
    expect(unknownSignInWaitMs(1, 0, lowest)).toBe(5_000);
    expect(unknownSignInWaitMs(3, 0, highest)).toBe(20_000);
  });
  it('is paced, not stopped, past three in a day', () => {
    expect(unknownSignInWaitMs(4, 0, lowest)).toBe(15 * MINUTE);
    expect(unknownSignInWaitMs(40, 0, lowest)).toBe(15 * MINUTE);
  });
});
