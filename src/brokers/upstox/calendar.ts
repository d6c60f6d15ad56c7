/**
 * Upstox' day, in India Standard Time. India has kept UTC+5:30 without a break since 1945, so plain
 * arithmetic is exact and no time zone data is needed.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const IST_OFFSET_MS = (5 * 60 + 30) * MINUTE_MS;
/** When every token dies, as minutes of the day in India. */
const ROLLOVER_MINUTE = 3 * 60 + 30;
/** When the calls that keep hours open, as minutes of the day in India; they close at midnight. */
const OPENING_MINUTE = 5 * 60 + 30;
/** Day 0 of the epoch, 1 January 1970, was a Thursday; days count from Sunday = 0. */
const EPOCH_WEEKDAY = 4;
/** A year of holidays in a row is a mistake in the list: people are asked all the same then. */
const LOOK_AHEAD_DAYS = 366;

/** When a person is asked where nothing is configured: 08:00, well before the market opens at 09:15. */
export const DEFAULT_APPROVAL_TIME = '08:00';

/** The day in India as a count from the epoch, and the minute of that day (with its fraction). */
function indianTime(at: number): { readonly day: number; readonly minute: number } {
  const shifted = at + IST_OFFSET_MS;
  const day = Math.floor(shifted / DAY_MS);
  return { day, minute: (shifted - day * DAY_MS) / MINUTE_MS };
}

const instant = (day: number, minute: number): number => day * DAY_MS + minute * MINUTE_MS - IST_OFFSET_MS;

const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

function isWeekday(day: number): boolean {
  const weekday = (day + EPOCH_WEEKDAY) % 7;
  return weekday >= 1 && weekday <= 5;
}

/**
 * When a token issued at `issuedAt` dies (both ms since the epoch): the next 03:30 IST strictly
 * after, be that a minute or a day away. Source: Upstox docs, get-token ("valid until 3:30 AM the
 * following day", with the example issued at 2:30 AM that dies an hour later). A token issued at
 * 03:30:00.000 belongs to the next day; that one instant is inferred.
 */
export function nextRollover(issuedAt: number): number {
  const { day, minute } = indianTime(issuedAt);
  return instant(minute < ROLLOVER_MINUTE ? day : day + 1, ROLLOVER_MINUTE);
}

/**
 * `HH:MM` as minutes of the day, or undefined where it is no such time or lies before 03:30: a token
 * that somebody is asked for between midnight and then would be dead before the market opens.
 */
export function parseApprovalTime(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (!match) return undefined;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return minute < ROLLOVER_MINUTE ? undefined : minute;
}

/**
 * The next moment (ms) at or after `now` at which a person may be asked to log in: Monday to Friday,
 * on no holiday, from `approvalMinute` to midnight in India. From midnight on the trading day is over
 * and a token would die at 03:30; after that nobody is woken before the approval time. Within the
 * window the answer is `now` itself: how often a person is reminded is the caller's matter.
 * `isHoliday` takes a day of India's calendar, `2026-01-26`, and its zone.
 */
export function nextAskAt(
  now: number,
  approvalMinute: number,
  isHoliday: (day: string, zone: string) => boolean = () => false,
): number {
  const { day: today, minute } = indianTime(now);
  for (let day = today; day <= today + LOOK_AHEAD_DAYS; day++) {
    if (!isWeekday(day) || isHoliday(dateOf(day), 'Asia/Kolkata')) continue;
    return day === today && minute >= approvalMinute ? now : instant(day, approvalMinute);
  }
  return nextAskAt(now, approvalMinute);
}

/**
 * How long (ms) until the calls that keep hours open at 05:30 IST; undefined from then to midnight,
 * when they are open. Source: the text of UDAPI100072 as users report it.
 */
export function untilOpeningMs(now: number): number | undefined {
  const { day, minute } = indianTime(now);
  return minute < OPENING_MINUTE ? instant(day, OPENING_MINUTE) - now : undefined;
}
