/** A length of time for people: `45 s`, `12 min`, `3 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
}

const UNITS_MS = { d: 24 * 60 * 60_000, h: 60 * 60_000, m: 60_000, s: 1_000 } as const;
const LONGEST_MS = 366 * UNITS_MS.d;

/** What `readDuration` takes, for schemas and for people. */
export const durationPattern = /^(?=\d)(?:\d{1,3}d)?(?:\d{1,4}h)?(?:\d{1,6}m)?(?:\d{1,8}s)?$/;
export const durationRule = 'a length of time like 2h, 90m, 1d or 1h30m, of a year at most';

/** A length of time as people write it (`2h`, `1h30m`), in ms; undefined where it is none, is zero, or over a year. */
export function readDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([dhms])/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitOf(unit) ?? 0), 0);
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}

const unitOf = (unit: string | undefined): number | undefined =>
  unit === 'd' || unit === 'h' || unit === 'm' || unit === 's' ? UNITS_MS[unit] : undefined;
