import { DateTime, IANAZone } from 'luxon';
import { whyUnreadable } from '../core/errno.ts';
import type { Fault } from '../core/errors.ts';
import { withoutMark, type Surroundings } from './settings.ts';
import type { Parsed } from './values.ts';

/** The days of HOLIDAYS_FILE. */
export interface Holidays {
  /**
   * @param day like `2026-01-26`
   * @param zone whose day it is: a date may be listed for one zone alone
   */
  isHoliday(day: string, zone: string): boolean;
  /** Reads the file anew. The old list stays in force where there are faults. */
  reread(): readonly Fault[];
}

const SETTING = 'HOLIDAYS_FILE';
/** So many places are named in one fault; who mends these finds the others. */
const PLACES_NAMED = 10;

/** No day is a holiday. */
export const noHolidays: Holidays = { isHoliday: () => false, reread: () => [] };

/**
 * The holidays that a file lists, and what is wrong with it; with faults no day is one until a reread
 * finds it mended.
 * @param file absolute; undefined: no file, no holidays
 */
export function openHolidays(
  file: string | undefined,
  readText: Surroundings['readText'],
): { readonly holidays: Holidays; readonly faults: readonly Fault[] } {
  if (file === undefined) return { holidays: noHolidays, faults: [] };
  let days: ReadonlySet<string> = new Set();
  const reread = (): readonly Fault[] => {
    const read = readDays(file, readText);
    if ('wrong' in read) return [{ at: SETTING, message: `${file} ${read.wrong}` }];
    days = read.value;
    return [];
  };
  const faults = reread();
  return {
    holidays: { isHoliday: (day, zone) => days.has(day) || days.has(`${day} ${zone}`), reread },
    faults,
  };
}

function readDays(file: string, readText: Surroundings['readText']): Parsed<ReadonlySet<string>> {
  let text: string;
  try {
    text = withoutMark(readText(file));
  } catch (error) {
    return { wrong: `${whyUnreadable(error)}: mend its path or its permissions` };
  }
  return parseHolidays(text);
}

/**
 * Reads a list of holidays: one ISO date a line, with a zone behind it where it is that zone's alone, and `#` before
 * a comment; or a JSON array of the same.
 * What is wrong is said by its place, never by a piece of the text.
 */
export function parseHolidays(text: string): Parsed<ReadonlySet<string>> {
  return text.trimStart().startsWith('[') ? fromJson(text) : fromLines(text);
}

function fromLines(text: string): Parsed<ReadonlySet<string>> {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim());
  const wrong = lines.flatMap((line, index) => (line === '' || isDay(line) ? [] : [index + 1]));
  if (wrong.length > 0) return { wrong: `holds no date like 2026-01-26 in ${places('line', wrong)}` };
  return { value: new Set(lines.filter(isDay).map(canonical)) };
}

function fromJson(text: string): Parsed<ReadonlySet<string>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message would quote the file.
    document = undefined;
  }
  if (!Array.isArray(document)) return { wrong: 'begins like a JSON list, and is none: mend its brackets' };
  const entries: readonly unknown[] = document;
  const wrong = entries.flatMap((entry, index) => (isDay(entry) ? [] : [index + 1]));
  if (wrong.length > 0) return { wrong: `holds no date like 2026-01-26 in ${places('entry', wrong)}` };
  return { value: new Set(entries.filter(isDay).map(canonical)) };
}

/** A day that is in the calendar, the 30th of February would never come; and perhaps a zone that there is. */
const isDay = (value: unknown): value is string => {
  if (typeof value !== 'string') return false;
  const [, day = '', zone] = /^(\d{4}-\d{2}-\d{2})(?:[ \t]+([A-Za-z][\w+/-]*))?$/.exec(value) ?? [];
  return DateTime.fromISO(day, { zone: 'utc' }).isValid && (zone === undefined || IANAZone.isValidZone(zone));
};

const canonical = (entry: string): string => entry.replace(/\s+/, ' ');

function places(word: string, numbers: readonly number[]): string {
  const named = numbers.slice(0, PLACES_NAMED).join(', ');
  return `${word} ${named}${numbers.length > PLACES_NAMED ? ` and ${numbers.length - PLACES_NAMED} more` : ''}`;
}
