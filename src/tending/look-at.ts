import type { AccountRecord } from '../core/session.ts';

/** The end of a token is looked at when it comes, whatever else is planned: its state and event tell of it. */
export function lookAt(
  { session, expiredSaid }: AccountRecord,
  plannedAt: number | undefined,
  now: number,
): number | undefined {
  if (session === undefined) return plannedAt;
  // A clock that was ahead may have said so before its time: its end is looked at all the same.
  if (expiredSaid === session.generation && now >= session.grant.expiresAt) return plannedAt;
  return Math.min(plannedAt ?? Infinity, Math.max(now, session.grant.expiresAt));
}
