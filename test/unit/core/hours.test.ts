import { describe, expect, it } from 'vitest';
import { isWithin, nextWithin, type Hours } from '../../../src/core/hours.ts';

const week: Hours['days'] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const everyDay: Hours['days'] = [...week, 'sat', 'sun'];
const kolkata: Hours = { days: week, from: '08:00', to: '23:30', zone: 'Asia/Kolkata' };
const newYork: Hours = { days: week, from: '09:30', to: '16:00', zone: 'America/New_York' };
const night: Hours = { days: week, from: '22:00', to: '06:00', zone: 'UTC' };

const none = (): boolean => false;
const on =
  (...days: readonly string[]) =>
  (day: string): boolean =>
    days.includes(day);

/** The next moment within the hours, written in UTC. */
const next = (hours: Hours | undefined, at: string, isHoliday: (day: string) => boolean = none): string =>
  new Date(nextWithin(hours, isHoliday, Date.parse(at))).toISOString().replace(':00.000Z', 'Z');

describe('the next moment within the hours', () => {
  it.each<readonly [string, Hours | undefined, string, string]>([
    ['is now where no hours are set', undefined, '2026-01-25T03:00Z', '2026-01-25T03:00Z'],
    ['is now within them', kolkata, '2026-01-23T10:15Z', '2026-01-23T10:15Z'],
    ['is their first minute', kolkata, '2026-01-23T02:30Z', '2026-01-23T02:30Z'],
    ['is later the same day, by the clock of the zone', kolkata, '2026-01-22T20:00Z', '2026-01-23T02:30Z'],
    ['is the next day from the minute they end', kolkata, '2026-01-22T18:00Z', '2026-01-23T02:30Z'],
    ['is after the weekend', kolkata, '2026-01-23T18:00Z', '2026-01-26T02:30Z'],
    ['is by the day of the zone, not of UTC', newYork, '2026-01-26T02:00Z', '2026-01-26T14:30Z'],
  ])('%s', (_what, hours, at, expected) => {
    expect(next(hours, at)).toBe(expected);
  });

  it('is the last minute of them, and no longer a second after', () => {
    const ends = Date.parse('2026-01-22T18:00Z');
    expect(isWithin(kolkata, none, ends - 1)).toBe(true);
    expect(isWithin(kolkata, none, ends)).toBe(false);
  });

  it('keeps the second and the millisecond of now', () => {
    const now = Date.parse('2026-01-23T10:15:21.123Z');
    expect(nextWithin(kolkata, none, now)).toBe(now);
  });
});

describe('a holiday of one zone', () => {
  it('is asked for with the zone of the hours, so that no other desk rests on it', () => {
    const asked: string[] = [];
    const now = Date.parse('2026-01-26T10:00Z');
    const isHoliday = (day: string, zone: string): boolean => {
      asked.push(`${day} ${zone}`);
      return false;
    };
    nextWithin(kolkata, isHoliday, now);
    expect(asked).toContain('2026-01-26 Asia/Kolkata');
  });
});

describe('hours that end after midnight', () => {
  it.each<readonly [string, string, string]>([
    ['began in the evening', '2026-01-21T23:00Z', '2026-01-21T23:00Z'],
    ['still run in the morning', '2026-01-22T05:59Z', '2026-01-22T05:59Z'],
    ['have ended', '2026-01-22T06:00Z', '2026-01-22T22:00Z'],
    ['run into a Saturday, as they began on Friday', '2026-01-24T03:00Z', '2026-01-24T03:00Z'],
    ['do not begin on a Saturday', '2026-01-24T22:30Z', '2026-01-26T22:00Z'],
    [
      'do not run on a Monday morning, as they did not begin on Sunday',
      '2026-01-26T03:00Z',
      '2026-01-26T22:00Z',
    ],
  ])('%s', (_what, at, expected) => {
    expect(next(night, at)).toBe(expected);
  });

  it('belong to the day they began on, where that is a holiday', () => {
    expect(next(night, '2026-01-22T03:00Z', on('2026-01-21'))).toBe('2026-01-22T22:00Z');
    expect(next(night, '2026-01-22T03:00Z', on('2026-01-22'))).toBe('2026-01-22T03:00Z');
  });

  it('last a whole day where they end when they begin', () => {
    const always: Hours = { days: everyDay, from: '00:00', to: '00:00', zone: 'Asia/Kolkata' };
    for (const at of ['2026-01-22T18:29Z', '2026-01-22T18:30Z', '2026-01-24T12:00Z']) {
      expect(next(always, at)).toBe(at);
    }
    const fromNine: Hours = { days: ['mon'], from: '09:00', to: '09:00', zone: 'UTC' };
    expect(next(fromNine, '2026-01-27T08:59Z')).toBe('2026-01-27T08:59Z');
    expect(next(fromNine, '2026-01-27T09:00Z')).toBe('2026-02-02T09:00Z');
  });
});

describe('holidays', () => {
  it('are left out, by the day of the zone', () => {
    const republicDay = on('2026-01-26');
    expect(next(kolkata, '2026-01-26T05:00Z', republicDay)).toBe('2026-01-27T02:30Z');
    // 20:00 UTC on the 25th is the 26th in Kolkata, and still the 25th in New York.
    expect(next(kolkata, '2026-01-25T20:00Z', republicDay)).toBe('2026-01-27T02:30Z');
    expect(next(newYork, '2026-01-25T20:00Z', republicDay)).toBe('2026-01-27T14:30Z');
  });

  it('may be many in a row', () => {
    const thatJanuary = (day: string): boolean => day.startsWith('2026-01');
    expect(next(kolkata, '2026-01-01T05:00Z', thatJanuary)).toBe('2026-02-02T02:30Z');
  });

  it('do not count where no hours are set', () => {
    expect(next(undefined, '2026-01-26T05:00Z', () => true)).toBe('2026-01-26T05:00Z');
  });

  it('that never end are taken for a mistake: people are asked all the same', () => {
    expect(next(kolkata, '2026-01-26T05:00Z', () => true)).toBe('2026-01-26T05:00Z');
    expect(next({ ...kolkata, days: [] }, '2026-01-26T05:00Z')).toBe('2026-01-26T05:00Z');
  });
});

describe('when the clocks change', () => {
  it.each<readonly [string, string, string]>([
    // New York: summer time from 8 March 2026, until 1 November 2026.
    ['the same wall clock opens an hour earlier in UTC', '2026-03-06T22:00Z', '2026-03-09T13:30Z'],
    ['and an hour later in autumn', '2026-10-30T21:00Z', '2026-11-02T14:30Z'],
  ])('%s', (_what, at, expected) => {
    expect(next(newYork, at)).toBe(expected);
  });

  const small: Hours = { days: everyDay, from: '02:15', to: '02:45', zone: 'America/New_York' };

  it('hours within the hour that is skipped come an hour later by the wall clock', () => {
    expect(next(small, '2026-03-08T05:00Z')).toBe('2026-03-08T07:15Z');
    expect(next(small, '2026-03-08T07:30Z')).toBe('2026-03-08T07:30Z');
    expect(next(small, '2026-03-08T07:45Z')).toBe('2026-03-09T06:15Z');
  });

  it('hours within the hour that comes twice are kept once', () => {
    const twice: Hours = { ...small, from: '01:15', to: '01:45' };
    expect(next(twice, '2026-11-01T04:00Z')).toBe('2026-11-01T05:15Z');
    expect(next(twice, '2026-11-01T05:45Z')).toBe('2026-11-02T06:15Z');
  });

  it('a night over the change is an hour shorter or longer', () => {
    const over: Hours = { days: everyDay, from: '22:00', to: '06:00', zone: 'America/New_York' };
    const lasted = (opens: string): number => {
      const start = Date.parse(opens);
      let now = start;
      while (isWithin(over, none, now)) now += 15 * 60_000;
      return (now - start) / 3_600_000;
    };
    expect(lasted('2026-03-06T03:00Z')).toBe(8);
    expect(lasted('2026-03-08T03:00Z')).toBe(7);
    expect(lasted('2026-11-01T02:00Z')).toBe(9);
  });

  it('a day that begins at one o’clock is a day', () => {
    // Cairo skips midnight: 24 April 2026 begins at 01:00.
    const cairo: Hours = { days: everyDay, from: '08:00', to: '09:00', zone: 'Africa/Cairo' };
    expect(next(cairo, '2026-04-23T20:00Z')).toBe('2026-04-24T05:00Z');
    expect(next(cairo, '2026-04-24T20:00Z')).toBe('2026-04-25T05:00Z');
  });
});
