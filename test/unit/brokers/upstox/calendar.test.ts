import { describe, expect, it } from 'vitest';
import {
  nextAskAt,
  nextRollover,
  parseApprovalTime,
  untilOpeningMs,
} from '../../../../src/brokers/upstox/calendar.ts';

/** An instant written as the wall clock in India shows it. 2026-01-12 is a Monday. */
const ist = (wallClock: string): number => Date.parse(`${wallClock}+05:30`);

describe('a token dies at the next 03:30 in India strictly after it was issued', () => {
  it.each([
    ['Tuesday evening', '2026-01-13T20:00:00', '2026-01-14T03:30:00'],
    ['Wednesday night, an hour before', '2026-01-14T02:30:00', '2026-01-14T03:30:00'],
    ['a millisecond before', '2026-01-14T03:29:59.999', '2026-01-14T03:30:00'],
    ['exactly then: a whole day', '2026-01-14T03:30:00.000', '2026-01-15T03:30:00'],
    ['a millisecond after', '2026-01-14T03:30:00.001', '2026-01-15T03:30:00'],
    ['at midnight in India', '2026-01-14T00:00:00', '2026-01-14T03:30:00'],
    ['at midnight UTC', '2026-01-14T05:30:00', '2026-01-15T03:30:00'],
    ['Friday: Saturday, weekends change nothing', '2026-01-16T10:00:00', '2026-01-17T03:30:00'],
    ['the last evening of a year', '2026-12-31T23:00:00', '2027-01-01T03:30:00'],
    ['the day before a leap day', '2028-02-28T23:59:00', '2028-02-29T03:30:00'],
  ])('%s', (_name, issued, dies) => {
    expect(new Date(nextRollover(ist(issued))).toISOString()).toBe(new Date(ist(dies)).toISOString());
  });

  it('which is 22:00 UTC', () => {
    expect(new Date(nextRollover(Date.parse('2026-09-12T08:27:47Z'))).toISOString()).toBe(
      '2026-09-12T22:00:00.000Z',
    );
  });
});

describe('a person is asked on weekdays, from the approval time to midnight', () => {
  const same = undefined;
  it.each([
    ['Monday after the time: now', '2026-01-12T10:00:00', same],
    ['Monday at the time, to the millisecond: now', '2026-01-12T08:00:00.000', same],
    ['a millisecond before the time: at the time', '2026-01-12T07:59:59.999', '2026-01-12T08:00:00'],
    ['after the tokens died at 03:30: at the time', '2026-01-12T03:30:00', '2026-01-12T08:00:00'],
    ['between midnight and 03:30: at the time', '2026-01-13T01:00:00', '2026-01-13T08:00:00'],
    ['the last millisecond of Friday: now', '2026-01-16T23:59:59.999', same],
    ['Saturday from midnight on: Monday', '2026-01-17T00:00:00', '2026-01-19T08:00:00'],
    ['Saturday noon: Monday', '2026-01-17T12:00:00', '2026-01-19T08:00:00'],
    ['Sunday night: Monday', '2026-01-18T23:59:59', '2026-01-19T08:00:00'],
    ['Monday in India while UTC still has Sunday: at the time', '2026-01-19T01:00:00', '2026-01-19T08:00:00'],
  ])('%s', (_name, now, expected) => {
    const at = nextAskAt(ist(now), 8 * 60);
    expect(new Date(at).toISOString()).toBe(new Date(ist(expected ?? now)).toISOString());
  });

  it('at another time where one is set', () => {
    expect(nextAskAt(ist('2026-01-12T08:00:00'), 8 * 60 + 45)).toBe(ist('2026-01-12T08:45:00'));
  });
});

describe('nobody is asked on a holiday', () => {
  // Monday 26 January 2026 is Republic Day; the Tuesday after it is made up.
  const holidays = ['2026-01-26', '2026-01-27'];
  const isHoliday = (day: string): boolean => holidays.includes(day);
  it.each([
    ['on a holiday: the next day that is none', '2026-01-26T10:00:00', '2026-01-28T08:00:00'],
    ['before the time on a holiday', '2026-01-26T01:00:00', '2026-01-28T08:00:00'],
    [
      'in the night before a holiday in India, UTC still has the day before',
      '2026-01-26T02:00:00',
      '2026-01-28T08:00:00',
    ],
    ['on a Saturday before two holidays', '2026-01-24T12:00:00', '2026-01-28T08:00:00'],
    ['on the day after', '2026-01-28T09:00:00', '2026-01-28T09:00:00'],
    ['on the Friday before', '2026-01-23T09:00:00', '2026-01-23T09:00:00'],
  ])('%s', (_name, now, expected) => {
    const at = nextAskAt(ist(now), 8 * 60, isHoliday);
    expect(new Date(at).toISOString()).toBe(new Date(ist(expected)).toISOString());
  });

  it('but in a year of nothing else, which is a mistake of the list', () => {
    expect(nextAskAt(ist('2026-01-13T10:00:00'), 8 * 60, () => true)).toBe(ist('2026-01-13T10:00:00'));
  });
});

describe('the calls that keep hours open at 05:30', () => {
  it.each([
    ['2026-01-14T00:00:00', 5.5 * 3_600_000],
    ['2026-01-14T05:29:59.999', 1],
    ['2026-01-14T05:30:00', undefined],
    ['2026-01-14T23:59:59.999', undefined],
  ])('%s: in %s ms', (at, ms) => {
    expect(untilOpeningMs(ist(at))).toBe(ms);
  });
});

describe('the approval time', () => {
  it.each([
    ['08:00', 480],
    ['03:30', 210],
    ['23:59', 1439],
  ])('%s is read', (text, minute) => {
    expect(parseApprovalTime(text)).toBe(minute);
  });

  it.each([
    ['8:00', 'two digits are asked for'],
    ['24:00', 'is no time'],
    ['08:60', 'is no time'],
    ['08:00 IST', 'carries a zone'],
    ['', 'is empty'],
    ['03:29', 'lies before the tokens die'],
    ['00:00', 'lies before the tokens die'],
  ])('"%s" is refused: it %s', (text) => {
    expect(parseApprovalTime(text)).toBeUndefined();
  });
});
