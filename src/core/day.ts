import { DateTime } from 'luxon';

/** The day of an instant (ms) by the clock of `zone`, like `2026-11-30`, and where it begins and ends (ms). */
export function dayOf(
  zone: string,
  now: number,
): { readonly day: string; readonly start: number; readonly end: number } {
  const start = DateTime.fromMillis(now, { zone }).startOf('day');
  return {
    day: start.toISODate() ?? '',
    start: start.toMillis(),
    end: start.plus({ days: 1 }).toMillis(),
  };
}

/** The instant (ms) of `HH:MM` on the day of `now` by the clock of `zone`. */
export function todayAt(time: string, zone: string, now: number): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return DateTime.fromMillis(now, { zone }).startOf('day').set({ hour, minute }).toMillis();
}

const MINUTE_MS = 60_000;

/** The same for an instant that is waited for: never before it, as one that is over already would be no answer. */
export const momentAfter = (at: number): string => moment(Math.ceil(at / MINUTE_MS) * MINUTE_MS);

/** An instant (ms) for people, to the minute: `Fri 20 Nov 10:42 UTC`. Programs get ISO 8601, in a field of its own. */
export function moment(at: number): string {
  const instant = new Date(at);
  const day = instant.toLocaleDateString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
  return `${day.replace(',', '')} ${instant.toISOString().slice(11, 16)} UTC`;
}
