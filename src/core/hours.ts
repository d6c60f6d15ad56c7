import { DateTime } from 'luxon';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** When the people behind an account are there: on these days from `from` to `to`, by the clock of `zone`. */
export interface Hours {
  readonly days: readonly Weekday[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`; at or before `from`: on the next day. */
  readonly to: string;
  /** IANA name. */
  readonly zone: string;
}

const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** A year of holidays in a row is a mistake in the file; people are asked all the same then. */
const LOOK_AHEAD_DAYS = 366;

/**
 * The next moment (ms) at or after `now` that lies within the hours and on no holiday; `now` itself
 * where no hours are set. `isHoliday` takes a day like `2026-01-26`, and the zone whose day it is.
 */
export function nextWithin(
  hours: Hours | undefined,
  isHoliday: (day: string, zone: string) => boolean,
  now: number,
): number {
  if (!hours) return now;
  const today = DateTime.fromMillis(now, { zone: hours.zone }).startOf('day');
  // From yesterday: hours that end after midnight belong to the day they began on.
  for (let ahead = -1; ahead <= LOOK_AHEAD_DAYS; ahead++) {
    const day = today.plus({ days: ahead });
    const weekday = weekdays[day.weekday - 1];
    if (
      weekday === undefined ||
      !hours.days.includes(weekday) ||
      isHoliday(day.toISODate() ?? '', hours.zone)
    )
      continue;
    const from = at(day, hours.from);
    const to = hours.to > hours.from ? at(day, hours.to) : at(day.plus({ days: 1 }), hours.to);
    if (now < to) return Math.max(now, from);
  }
  return now;
}

/** True while people are there. */
export function isWithin(
  hours: Hours | undefined,
  isHoliday: (day: string, zone: string) => boolean,
  now: number,
): boolean {
  return nextWithin(hours, isHoliday, now) === now;
}

function at(day: DateTime, time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return day.set({ hour, minute }).toMillis();
}
