/**
 * What an account is used for, counted by UTC day: new tokens, logins at the broker (refused ones too), and
 * reports of bots whose call was refused.
 */
export const uses = ['refreshes', 'logins', 'reports'] as const;
export type Use = (typeof uses)[number];

/** One UTC day (`2026-11-30`) of an account. */
export interface DayOfUse extends Readonly<Record<Use, number>> {
  readonly day: string;
}

/** How many days are shown, today among them. They are kept a little longer. */
export const DAYS_SHOWN = 31;
const DAYS_KEPT = 35;
const DAY_MS = 24 * 60 * 60_000;

export const USES_KEPT_MS = DAYS_KEPT * DAY_MS;

export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The first day that is still kept. */
export const firstDayKept = (now: number): string => dayOf(now - (DAYS_KEPT - 1) * DAY_MS);

/** Names a count of one day where it is kept; days sort as text. */
export const useField = (day: string, use: Use): string => `${day}:${use}`;

/** The days that are shown and on which anything was, the newest first. */
export function daysOf(counts: Readonly<Record<string, string>>, now: number): readonly DayOfUse[] {
  const days = Array.from({ length: DAYS_SHOWN }, (_, i) => dayOf(now - i * DAY_MS));
  return days
    .map((day) => ({
      day,
      refreshes: Number(counts[useField(day, 'refreshes')] ?? 0),
      logins: Number(counts[useField(day, 'logins')] ?? 0),
      reports: Number(counts[useField(day, 'reports')] ?? 0),
    }))
    .filter((each) => uses.some((use) => each[use] > 0));
}

/** All of it together. */
export function sumOfUses(days: readonly DayOfUse[]): Readonly<Record<Use, number>> {
  const sum = (use: Use): number => days.reduce((total, each) => total + each[use], 0);
  return { refreshes: sum('refreshes'), logins: sum('logins'), reports: sum('reports') };
}
