import { describe, expect, it } from 'vitest';
import { openHolidays, parseHolidays } from '../../../src/config/holidays.ts';
import { inspect, surroundings } from './surroundings.ts';

const days = (text: string): readonly string[] => {
  const parsed = parseHolidays(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return [...parsed.value];
};
const wrongWith = (text: string): string => {
  const parsed = parseHolidays(text);
  return 'wrong' in parsed ? parsed.wrong : 'nothing';
};

describe('a list of holidays', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['a date a line', '2026-01-26\n2026-03-03\n', ['2026-01-26', '2026-03-03']],
    ['comments and empty lines', '# 2026\n\n2026-01-26 # Republic Day\n  # none\n', ['2026-01-26']],
    ['line ends of Windows', '2026-01-26\r\n\r\n2026-03-03\r\n', ['2026-01-26', '2026-03-03']],
    ['no line break at its end, and spaces', '  2026-01-26  ', ['2026-01-26']],
    ['the same day twice', '2026-01-26\n2026-01-26', ['2026-01-26']],
    ['nothing', '', []],
    ['nothing but comments', '# later\n', []],
    ['a JSON list', ' ["2026-01-26",\n "2026-03-03"]\n', ['2026-01-26', '2026-03-03']],
    ['an empty JSON list', '[]', []],
    ['a leap day', '2028-02-29', ['2028-02-29']],
    ['a day of one zone', '2026-01-26 \t Asia/Kolkata # Republic Day', ['2026-01-26 Asia/Kolkata']],
    ['the same in JSON', '["2026-07-03 America/New_York"]', ['2026-07-03 America/New_York']],
  ])('may hold %s', (_what, text, expected) => {
    expect(days(text)).toEqual(expected);
  });

  it.each<readonly [string, string]>([
    ['2026-01-26\nMARKER\n26.01.2026', 'line 2, 3'],
    ['2026-02-30', 'line 1'],
    ['2027-02-29', 'line 1'],
    ['2026-1-26', 'line 1'],
    ['2026-01-26 2026-03-03', 'line 1'],
    ['2026-01-26T00:00:00Z', 'line 1'],
    ['2026-01-26 Asia/Nowhere', 'line 1'],
    ['2026-01-26 Asia/Kolkata Europe/Paris', 'line 1'],
    ['["2026-01-26", 20260303, "MARKER", null]', 'entry 2, 3, 4'],
    [Array.from({ length: 12 }, () => 'MARKER').join('\n'), 'line 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more'],
  ])('%j is refused by its place', (text, place) => {
    expect(wrongWith(text)).toBe(`holds no date like 2026-01-26 in ${place}`);
  });

  it.each(['["2026-01-26"', '["MARKER",]', '[MARKER]'])('%j is refused whole', (text) => {
    expect(wrongWith(text)).toBe('begins like a JSON list, and is none: mend its brackets');
  });
});

describe('HOLIDAYS_FILE', () => {
  const named = { HOLIDAYS_FILE: 'holidays.txt' };

  it('may be left out', () => {
    expect(inspect({}).config?.holidays.isHoliday('2026-01-26', 'Asia/Kolkata')).toBe(false);
  });

  it('keeps a day of one zone from all others', () => {
    const { config } = inspect(named, { '/desk/holidays.txt': '2026-01-26 Asia/Kolkata\n2026-12-25\n' });
    const holidays = config?.holidays;
    const of = (day: string): unknown =>
      ['Asia/Kolkata', 'America/New_York'].map((zone) => holidays?.isHoliday(day, zone));
    expect(of('2026-01-26')).toEqual([true, false]);
    expect(of('2026-12-25')).toEqual([true, true]);
  });

  it('is read from the working directory, and is one of the files read', () => {
    const { config } = inspect(named, { '/desk/holidays.txt': '\uFEFF2026-01-26\n' });
    expect(config?.holidays.isHoliday('2026-01-26', 'Asia/Kolkata')).toBe(true);
    expect(config?.holidays.isHoliday('2026-01-27', 'Asia/Kolkata')).toBe(false);
    expect(config?.filesRead()).toContain('/desk/holidays.txt');
  });

  it('has its faults said beside the others, and nothing of it is repeated', () => {
    const { config, faults, basis } = inspect(
      { ...named, HTTP_PORT: 'x' },
      { '/desk/holidays.txt': 'MARKER' },
    );
    expect(config).toBeUndefined();
    expect(faults.map(({ at, message }) => `${at}: ${message}`)).toEqual([
      'HOLIDAYS_FILE: /desk/holidays.txt holds no date like 2026-01-26 in line 1',
      expect.stringContaining('HTTP_PORT'),
    ]);
    expect(basis.holidays.isHoliday('2026-01-26', 'Asia/Kolkata')).toBe(false);
  });

  it('must be there where it is named', () => {
    expect(inspect(named).faults).toEqual([
      {
        at: 'HOLIDAYS_FILE',
        message: '/desk/holidays.txt does not exist (ENOENT): mend its path or its permissions',
      },
    ]);
  });

  it('is read anew on demand; a bad one leaves the old in force', () => {
    const files: Record<string, string> = { '/desk/holidays.txt': '2026-01-26' };
    const { holidays } = openHolidays('/desk/holidays.txt', surroundings({}, files).readText);
    files['/desk/holidays.txt'] = '2026-03-03\nMARKER';
    expect(holidays.reread()).toEqual([
      { at: 'HOLIDAYS_FILE', message: '/desk/holidays.txt holds no date like 2026-01-26 in line 2' },
    ]);
    expect(holidays.isHoliday('2026-01-26', 'Asia/Kolkata')).toBe(true);
    expect(holidays.isHoliday('2026-03-03', 'Asia/Kolkata')).toBe(false);
    files['/desk/holidays.txt'] = '2026-03-03';
    expect(holidays.reread()).toEqual([]);
    expect(holidays.isHoliday('2026-01-26', 'Asia/Kolkata')).toBe(false);
    expect(holidays.isHoliday('2026-03-03', 'Asia/Kolkata')).toBe(true);
  });
});
