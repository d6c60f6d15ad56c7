import { expect, it } from 'vitest';
import { isCalm } from '../../../src/core/headroom.ts';

const MINUTE = 60_000;
const token = (minutes: number): { issuedAt: number; expiresAt: number } => ({
  issuedAt: 0,
  expiresAt: minutes * MINUTE,
});

it('a failure is calm while the next try comes before half of the time left', () => {
  const now = 60 * MINUTE;
  expect(isCalm(token(80), now + 10 * MINUTE, now)).toBe(true);
  expect(isCalm(token(80), now + 10 * MINUTE + 1, now)).toBe(false);
  expect(isCalm(token(80), undefined, now)).toBe(false);
});

it('it is not calm near the end of the token, whenever the next try is', () => {
  expect(isCalm(token(80), 74 * MINUTE + 1, 74 * MINUTE)).toBe(true);
  expect(isCalm(token(80), 75 * MINUTE + 1, 75 * MINUTE)).toBe(false);
  expect(isCalm(token(1), 53_001, 53_000)).toBe(true);
  expect(isCalm(token(1), 54_001, 54_000)).toBe(false);
  expect(isCalm(token(1), 61_001, 61_000)).toBe(false);
});
