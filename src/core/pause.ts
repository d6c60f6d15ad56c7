/**
 * A person's word that an account rests. The latest one counts: the end of a pause is kept as well, so that an
 * older one, from a Redis that went back in time or from a disk, never comes back.
 */
export interface Pause {
  /** When it was said, ms. */
  readonly at: number;
  /** When it ends by itself, ms; undefined: not before a person resumes the account, who leaves its own instant here. */
  readonly until?: number;
  /** True: the account's session is ended at the broker, and its keys go, before it rests. */
  readonly signOut?: boolean;
}

/** What came of a logout. */
export interface SignedOut {
  /** The pause that asked for it, by its instant (ms). */
  readonly at: number;
  /**
   * `ended`: the broker ended the session. `none`: there was none that lived. `no-way`: the broker has no call for
   * it. `failed`: it was asked and did not do it, or could not be asked.
   */
  readonly how: 'ended' | 'none' | 'no-way' | 'failed';
  /** Why it failed, for a person. */
  readonly message?: string;
  /** Until when a token that was not ended lives on at the broker, ms. */
  readonly livesUntil?: number;
}

/** The pause that holds at `now` (ms), if one does. */
export function pauseAt({ paused }: { readonly paused: Pause | undefined }, now: number): Pause | undefined {
  return paused && (paused.until === undefined || now < paused.until) ? paused : undefined;
}

/** A logout that was asked for and has not been made. */
export const isSignOutDue = (
  { signedOut }: { readonly signedOut: SignedOut | undefined },
  pause: Pause,
): boolean => pause.signOut === true && signedOut?.at !== pause.at;

/** Of two words the one that was said later. */
export function laterPause(one: Pause | undefined, other: Pause | undefined): Pause | undefined {
  if (!one || !other) return one ?? other;
  return other.at > one.at ? other : one;
}
