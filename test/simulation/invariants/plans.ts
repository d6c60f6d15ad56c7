import { issuedIn, kindOf } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, served, type InvariantOptions } from './rules.ts';
import { whileWell, type Wellness } from './wellness.ts';

const DAY_MS = 24 * 60 * 60_000;
/** An attempt that is found open was noted so long ago at most, ms. */
const NOTED_BEFORE_MS = 2 * 60_000;
/** After that somebody else may have closed the attempt of a process that stands still, ms. */
const LEAST_LEASE_MS = 9_000;
/** How often it is looked whose clock is ahead, ms. */
const WATCH_MS = 1_000;
/** Once a token is dead, nobody waits longer for the next try, with the way there and back, ms. */
const DEAD_RETRY_MS = 31_000;
/** A person is asked, or has to act; or the broker said when, or its limits do. */
const patientStates: readonly string[] = ['stopped', 'disabled', 'awaiting_approval'];
const patientReasons: readonly string[] = [
  'broker_silence',
  'budget_spent',
  'time_penalty',
  'captcha',
  'lockout_near',
  'rate_limited',
  'key_quota_exceeded',
  'account_quota_exceeded',
  'edge_throttled',
];

/**
 * While somebody works and Redis answers, every account has a next action, none is overdue, and none whose
 * token is dead waits longer than it must.
 */
export function watchPlans(
  world: World,
  wellness: Wellness,
  { planWithinMs, unknownPerDay }: InvariantOptions,
): void {
  /**
   * A process whose clock was ahead may be gone: what it has put off is taken up by a sweep, and not before. It is
   * watched also while nothing is judged: what was put off then is still put off afterwards.
   */
  let ahead = { byMs: 0, until: 0 };
  let watchedAt = 0;
  world.onStep(() => {
    const now = world.now();
    if (now - watchedAt < WATCH_MS) return;
    watchedAt = now;
    const most = Math.max(0, ...world.replicas().map(({ life }) => life.clockOffset()));
    if (most >= ahead.byMs || now > ahead.until) ahead = { byMs: most, until: now + planWithinMs };
  });
  whileWell(world, wellness, { everyMs: 5_000, afterMs: planWithinMs }, (now) => {
    // Due by the clock of whoever planned it: one that stands behind plans behind.
    const offsets = world.replicas().map(({ life }) => life.clockOffset());
    const slowest = Math.min(0, ...offsets);
    const fastest = ahead.byMs;
    for (const name of served(world)) {
      const at = world.dueAt(name);
      if (at === undefined) broken(`${name} has no next action`);
      else if (now + slowest - at > planWithinMs)
        broken(`${name} has been due for ${now - at} ms and nobody looks`);
      else if (at - now - fastest > DEAD_RETRY_MS && isDead(name, now) && !mayWait(name, now))
        broken(
          `${name} has no live token and waits for ${at - now} ms (${JSON.stringify(world.state(name))})`,
        );
    }
  });

  /** Keys that somebody removed are written again by the next sweep: their token lives. */
  function isDead(name: string, now: number): boolean {
    const { state, expiresAt = '' } = world.state(name);
    return state !== undefined && world.token(name) === undefined && !(Date.parse(expiresAt) > now);
  }

  function mayWait(name: string, now: number): boolean {
    const { state = '', reason = '' } = world.state(name);
    if (patientStates.includes(state) || patientReasons.includes(reason)) return true;
    // Logins that nobody answered are paced, whatever the reason is now: also one whose process was stopped past its lease.
    const unanswered = world
      .calls()
      .filter(
        (call) =>
          call.username === name &&
          call.startedAt > now - DAY_MS &&
          kindOf(call) === 'sign-in' &&
          (call.deliveredAt === undefined ||
            call.deliveredAt - call.startedAt > LEAST_LEASE_MS ||
            issuedIn(call, 0).length === 0),
      );
    // One whose process died before it was sent is as unknown: nobody can say afterwards that it never left.
    const neverSent = world.log.filter(
      ({ at, fields }) =>
        at > now - DAY_MS &&
        fields['event'] === 'attempt.interrupted' &&
        fields['account'] === name &&
        fields['during'] === 'sign-in' &&
        !unanswered.some(({ startedAt }) => startedAt < at && startedAt > at - NOTED_BEFORE_MS),
    );
    return unanswered.length + neverSent.length >= unknownPerDay;
  }
}
