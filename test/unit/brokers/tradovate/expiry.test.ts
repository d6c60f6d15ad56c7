import { describe, expect, test } from 'vitest';
import { expiryOf, FALLBACK_LIFE_MS, isCredible } from '../../../../src/brokers/tradovate/expiry.ts';

const now = Date.UTC(2026, 0, 15, 8);
const s = (at: number): number => at / 1_000;
const in80 = now + 80 * 60_000;
const in90 = now + 90 * 60_000;
const farAway = now + 2_147_483_648;

describe('a token dies', () => {
  test.each<[string, unknown, number | undefined, number]>([
    ['at `expiration` in seconds', s(in80), undefined, in80],
    ['at `expiration` in milliseconds', in80, undefined, in80],
    ['at `expiration` as a text of seconds', String(s(in80)), undefined, in80],
    ['at `expiration` as a text of milliseconds', String(in80), undefined, in80],
    ['at `expirationTime` with a fraction', new Date(in80).toISOString(), undefined, in80],
    ['at `expirationTime` without one', '2026-01-15T09:20:00Z', undefined, in80],
    ['at `expirationTime` with an offset', '2026-01-15T14:50:00+05:30', undefined, in80],
    ['at `expirationTime` where it is the earlier', '2026-01-15T09:20:00Z', in90, in80],
    ['at the JWT exp where `expirationTime` is the later', '2026-01-15T09:30:00.000Z', in80, in80],
    ['at the JWT exp where `expirationTime` is NaN', 'NaN', in80, in80],
    ['at the JWT exp where `expirationTime` has no zone', '2026-01-15T08:30:00', in80, in80],
    ['at the JWT exp where `expirationTime` is no day', '2026-13-45T08:30:00Z', in80, in80],
    ['after 80 minutes where `expirationTime` is Invalid Date', 'Invalid Date', undefined, in80],
    ['at the JWT exp where `expiration` is absent', undefined, in80, in80],
    ['at `expiration` where it is the earlier', s(in80), in90, in80],
    ['at the JWT exp where it is the earlier', s(in90), in80, in80],
    ['after 80 minutes where nothing says it', undefined, undefined, now + FALLBACK_LIFE_MS],
    ['at the JWT exp where `expiration` is a duration', 4_800, in80, in80],
    ['at the JWT exp where `expiration` is NaN', Number.NaN, in80, in80],
    ['at the JWT exp where `expiration` is negative', -1, in80, in80],
    ['at the JWT exp where `expiration` is another text', 'soon', in80, in80],
    ['at the JWT exp where `expiration` is an object', {}, in80, in80],
    ['at the JWT exp where `expiration` is past the 24.8 days allowed', s(farAway), in80, in80],
    [
      'after 80 minutes where the JWT exp is past the 24.8 days allowed',
      undefined,
      farAway,
      now + FALLBACK_LIFE_MS,
    ],
    ['in the past where the broker says so', s(now - 1_000), in80, now - 1_000],
  ])('%s', (_, expiration, exp, expected) => {
    expect(expiryOf(expiration, exp, now)).toBe(expected);
  });

  test('not now and not in a month', () => {
    expect([now, farAway, in80].map((at) => isCredible(at, now))).toEqual([false, false, true]);
  });
});
