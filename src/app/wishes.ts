import type { Redis } from 'ioredis';
import { momentAfter } from '../core/day.ts';
import { pauseOf, stateAt, throttledUntil, type StatusFacts } from '../core/describe.ts';
import type { Refusal } from '../http/desk.ts';
import { keys } from '../redis/keys.ts';
import type { RosterEntry } from '../redis/roster.ts';
import { run, scripts } from '../redis/scripts.ts';

/** Asks for a refresh of one account; whichever process serves it does it next. */
export async function requestRefresh(
  redis: Redis,
  name: string,
  broker: string,
  rearm: boolean,
  now: number,
): Promise<boolean> {
  const request = JSON.stringify({ at: now, rearm });
  return (
    (await run(
      redis,
      scripts.request,
      [keys.record(name), keys.due(broker), keys.roster],
      [name, request, now],
    )) === 1
  );
}

/** Why nothing may be wished for an account: nobody serves it, or a person has it rest. */
export function outOfService(
  name: string,
  entry: RosterEntry,
  facts: StatusFacts | undefined,
  now: number,
): Refusal | undefined {
  if (entry.observed) {
    const message = `${name} is only observed (mode "observe"): whoever serves it refreshes it.`;
    return { outcome: 'disabled', message, retryAt: null };
  }
  const state = facts && stateAt(facts, now);
  if (state === 'disabled') {
    return { outcome: 'disabled', message: `${name} is disabled in the credentials file.`, retryAt: null };
  }
  // Also while a call from before the pause is under way: nothing would come of the wish.
  const pause = pauseOf(facts ?? {}, now);
  if (pause === undefined && state !== 'paused') return undefined;
  return {
    outcome: 'paused',
    message: `${name} is paused by a person: resume it first.`,
    retryAt: pause?.until === undefined ? null : new Date(pause.until).toISOString(),
  };
}

/** The silence that the broker wants, of the network (until when, ms) or of this account alone; undefined: none. */
export function silence(
  facts: StatusFacts | undefined,
  networkUntil: number,
  now: number,
): Refusal | undefined {
  const until = Math.max(networkUntil, (facts && throttledUntil(facts, now)) ?? 0);
  if (until <= now) return undefined;
  const message = `The broker asked for silence until ${momentAfter(until)}.`;
  return { outcome: 'silent', message, retryAt: new Date(until).toISOString() };
}
