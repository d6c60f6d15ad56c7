/** What is stored of an account, where its next look is judged. Instants in ms, 0 for none. */
export interface Planned {
  /** When it is looked at next, by the due index. */
  readonly at: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly renewAt: number;
  /** Until when nothing is tried, by the clock that judges. */
  readonly retryAt: number;
  /** The reason beside its state. */
  readonly reason: string;
}

/** Clocks differ, and some looks are planned a minute ahead, ms. */
const TOLERANCE_MS = 90_000;
/** Longer than anything that a broker or a limit is waited for, ms. */
const LONGEST_HOLD_MS = 2 * 60 * 60_000;
/** A broker that does not answer is tried again sooner than that, ms. */
const LONGEST_PAUSE_MS = 30_000;
/** Something beyond the account says when it goes on. */
const HELD_UP_BY: readonly string[] = ['broker_silence', 'budget_spent', 'proof_pending'];

/** A person says when it goes on. */
const RESTS_BY_WILL: readonly string[] = ['paused', 'logged_out'];

/**
 * True where the next look of an account that signs in by itself was planned by a clock that was ahead: it
 * lies beyond all that its record waits for. A process that put it there may be gone.
 *
 * @param silentUntil when the silence of its network ends, ms; 0 for none; undefined where nobody has looked
 */
export function isPlannedTooLate(planned: Planned, now: number, silentUntil?: number): boolean {
  const { at, issuedAt, expiresAt, renewAt, retryAt, reason } = planned;
  if (RESTS_BY_WILL.includes(reason)) return false;
  if (issuedAt > now + TOLERANCE_MS && at > now) return true;
  if (reason === 'broker_silence' && silentUntil !== undefined) {
    return at > Math.max(now, silentUntil) + TOLERANCE_MS;
  }
  if (HELD_UP_BY.includes(reason)) return at > now + LONGEST_HOLD_MS;
  if (reason === 'broker_down') return at > now + LONGEST_PAUSE_MS + TOLERANCE_MS;
  const wanted = Math.max(retryAt, Math.min(renewAt, expiresAt));
  return at > Math.max(now, wanted) + TOLERANCE_MS;
}
