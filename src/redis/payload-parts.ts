import { heldUpBy } from '../core/held-back.ts';
import { dayPayload } from '../core/last-day.ts';
import type { Pause } from '../core/pause.ts';
import type { Settlement } from '../core/store.ts';
import type { Fields } from './patience.ts';

/** What people read of a decision later. A trouble's message holds no secret. */
export function madeOf(
  { event, withdraw, standing: { state, reason }, record, dueAt }: Settlement,
  now: number,
): Readonly<Record<string, unknown>> {
  const message = record.trouble?.code === reason ? record.trouble.message : undefined;
  const isHeldUp = state === 'due' && heldUpBy(reason) !== undefined;
  const did = event ?? (withdraw ? 'withdrawn' : state === 'due' && !isHeldUp ? 'went_on' : 'rested');
  return {
    did,
    day: dayPayload(state, did, now, dueAt, isHeldUp),
    state,
    reason,
    ...(message !== undefined && { message }),
    ...(dueAt !== undefined && { nextAt: dueAt }),
  };
}

/** Always in the same words; empty for none. */
export const pauseText = (paused: Pause | undefined): string => (paused ? JSON.stringify(paused) : '');

/** `state:<name>`. */
export function standing(state: string, reason: string, now: number, expiresAt: number | undefined): Fields {
  return {
    state,
    reason,
    since: new Date(now).toISOString(),
    expiresAt: expiresAt === undefined ? '' : new Date(expiresAt).toISOString(),
  };
}

/** What goes out on `token-events`. */
export function event(
  kind: string,
  username: string,
  names: readonly string[],
  generation: number,
  expiresAt: number | undefined,
): string {
  return JSON.stringify({
    event: kind,
    username,
    names,
    generation,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  });
}
