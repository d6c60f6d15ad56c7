import type { Random } from './clock.ts';

/** When to act on a grant. */
export interface RefreshPolicy {
  /** Share of a grant's life after which it is due, 0 to 1. */
  readonly dueAtShare: number;
  /** Most of the life that jitter may take off the due time, 0 to 1. */
  readonly jitterShare: number;
  /** HTTP deadline of one call, ms. */
  readonly timeoutMs: number;
  /** True where a renewal spends what it sends: a call without an answer is never repeated. */
  readonly renewalIsSingleUse: boolean;
  /** True where a token's early death tells nothing of what renews it: that is tried once before a sign-in. */
  readonly renewalOutlivesToken?: boolean;
  /** How often a live token is proved against the broker, ms; absent: only where it is in doubt. */
  readonly proveEveryMs?: number;
  /** How long its tokens usually live, ms: for plans, where no token says so yet. */
  readonly typicalLifeMs?: number;
}

/** Tokens that live this long or less leave no room to wait: they are due earlier in their life. */
const SHORT_LIFE_MS = 5 * 60_000;
const SKEW_MS = 30_000;
const RETRY_BASE_MS = 5_000;
const RETRY_FLOOR_MS = 2_000;
const RETRY_CAP_MS = 5 * 60_000;
/** Once a token is dead every second counts: never wait longer than this between tries. */
const RETRY_CAP_EXPIRED_MS = 30_000;
const DAY_MS = 24 * 60 * 60_000;
/** Sign-ins without an answer that may follow each other in a day before they are paced. */
const UNKNOWN_SIGN_INS_PER_DAY = 3;
const UNKNOWN_SIGN_IN_PACE_MS = 15 * 60_000;

/**
 * When a grant becomes due (ms since the epoch). Drawn once and kept: drawing again at every look
 * would pull all accounts towards the earliest moment and lose the spread.
 */
export function drawRenewAt(
  issuedAt: number,
  expiresAt: number,
  policy: Pick<RefreshPolicy, 'dueAtShare' | 'jitterShare' | 'timeoutMs'>,
  random: Random,
): number {
  const life = Math.max(0, expiresAt - issuedAt);
  const share = life <= SHORT_LIFE_MS ? Math.min(policy.dueAtShare, 0.6) : policy.dueAtShare;
  const due = issuedAt + life * (share - policy.jitterShare * random());
  return Math.round(Math.min(due, lastSafeStart(issuedAt, expiresAt, policy)));
}

/** From when on (ms) fewer than three tries fit before a token's end: an emergency. */
export function lastSafeStart(
  issuedAt: number,
  expiresAt: number,
  policy: Pick<RefreshPolicy, 'timeoutMs'>,
): number {
  const life = Math.max(0, expiresAt - issuedAt);
  return expiresAt - Math.min(3 * policy.timeoutMs + SKEW_MS, life / 4);
}

/**
 * How long to wait after the `failures`-th failure in a row: full jitter over a doubling step, kept
 * within a quarter of the time that is left, so that several tries fit before the token dies.
 */
export function backoffMs(failures: number, headroomMs: number, random: Random): number {
  const step = RETRY_BASE_MS * 2 ** Math.min(failures - 1, 10);
  const cap = headroomMs <= 0 ? RETRY_CAP_EXPIRED_MS : Math.min(RETRY_CAP_MS, headroomMs / 4);
  const bound = Math.max(RETRY_FLOOR_MS, Math.min(step, cap));
  return Math.round(RETRY_FLOOR_MS + random() * (bound - RETRY_FLOOR_MS));
}

/** The unknown outcomes of the last day. */
export function recentUnknown(at: readonly number[], now: number): readonly number[] {
  return at.filter((instant) => instant > now - DAY_MS);
}

/**
 * The same with one more, by the instant at which its attempt was noted (ms). That tells it from all others: whoever
 * finds it open and whoever made it, and comes late, both write it down, and it counts once.
 */
export function withUnknown(at: readonly number[], sentAt: number, now: number): readonly number[] {
  return [...new Set([...recentUnknown(at, now), Math.min(sentAt, now)])].toSorted(
    (one, other) => one - other,
  );
}

/**
 * How long to wait after a sign-in nobody answered. It may have counted as a failed password: a few
 * tries are fair, then they are paced, never stopped, so that a long outage needs no person.
 */
export function unknownSignInWaitMs(unknownInADay: number, headroomMs: number, random: Random): number {
  return unknownInADay <= UNKNOWN_SIGN_INS_PER_DAY
    ? Math.max(RETRY_BASE_MS, backoffMs(unknownInADay, headroomMs, random))
    : UNKNOWN_SIGN_IN_PACE_MS;
}

/** When the next sign-in may follow those that nobody answered, ms. One that lies ahead was dated by a clock that was wrong. */
export function pacedUntil(unknownSignIns: readonly number[], now: number): number {
  const recent = recentUnknown(unknownSignIns, now);
  const last = recent.at(-1);
  return last === undefined ? 0 : Math.min(last, now) + unknownSignInWaitMs(recent.length, 0, () => 1);
}

/** Sign-ins a day that the broker says it did not look at, before they keep the longest wait. */
const ANSWERED_SIGN_INS_PER_DAY = 40;

/**
 * How long to wait after a sign-in that the broker answered with a failure of its own. The password went out
 * each time, so that after a while no draw shortens the wait; but a dead token waits no longer for that either: when
 * the broker is well again, its accounts must not be away for another quarter of an hour.
 */
export function answeredSignInWaitMs(sentInADay: number, headroomMs: number, random: Random): number {
  const waitMs = backoffMs(sentInADay, headroomMs, random);
  return sentInADay < ANSWERED_SIGN_INS_PER_DAY ? waitMs : Math.max(waitMs, RETRY_CAP_EXPIRED_MS);
}

/** Sign-ins of one network that may be under way before it counts as proven: the ramp's last step. */
export const rampOpenAt = 10;
