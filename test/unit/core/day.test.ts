import { expect, it } from 'vitest';
import { dayOf, moment, momentAfter, todayAt } from '../../../src/core/day.ts';

it('a day is that of the zone, also where it has 23 hours', () => {
  expect(dayOf('Asia/Kolkata', Date.UTC(2026, 10, 29, 20)).day).toBe('2026-11-30');
  const { start, end } = dayOf('Europe/London', Date.UTC(2026, 2, 29, 12));
  expect([new Date(start).toISOString(), end - start]).toEqual(['2026-03-29T00:00:00.000Z', 23 * 3_600_000]);
});

it('a time of day is that of the zone, summer time included', () => {
  const at = (now: number): string => new Date(todayAt('08:00', 'Europe/London', now)).toISOString();
  expect(at(Date.UTC(2026, 2, 28, 12))).toBe('2026-03-28T08:00:00.000Z');
  expect(at(Date.UTC(2026, 2, 29, 12))).toBe('2026-03-29T07:00:00.000Z');
});

it('an instant is said to the minute, and what is to be waited for not before it', () => {
  const at = Date.UTC(2026, 10, 20, 10, 42, 1);
  expect(moment(at)).toBe('Fri 20 Nov 10:42 UTC');
  expect(momentAfter(at)).toBe('Fri 20 Nov 10:43 UTC');
  expect(momentAfter(Date.UTC(2026, 10, 20, 23, 59, 1))).toBe('Sat 21 Nov 00:00 UTC');
  expect(momentAfter(Date.UTC(2026, 10, 20, 10, 42))).toBe('Fri 20 Nov 10:42 UTC');
});
