import { ledgerHold, type FailedSignIn, type LedgerHold } from './ledger.ts';
import type { Ledger } from './limits.ts';
import type { Meter } from './meter.ts';

/** What a ledger of failed sign-ins counts, and what it says to a login now. */
export interface PlannedLedger {
  readonly failed: readonly FailedSignIn[];
  /** Whose refused credentials are not in force any more: there is nothing to correct. */
  readonly corrected?: readonly string[];
  /** To one that is known to be good. */
  readonly known: LedgerHold | undefined;
  /** To one that has never succeeded. */
  readonly untried: LedgerHold | undefined;
}

/** @param corrected whose refused credentials are not in force any more */
export function plannedLedger(
  ledger: Ledger,
  failed: readonly FailedSignIn[],
  corrected: readonly string[],
  now: number,
): PlannedLedger {
  const to = (proven: boolean): LedgerHold | undefined =>
    ledgerHold(ledger, failed, { proven, forced: false }, now);
  return { failed, corrected, known: to(true), untried: to(false) };
}

/** A ledger as an account meets it on its way through a plan. */
export interface Gate {
  readonly meter: Meter;
  /** Until when a sign-in waits that is wanted at `at`, ms; undefined where it goes. */
  readonly heldUntil: (at: number) => number | undefined;
}

export const makeGate = (
  ledger: Ledger,
  failed: readonly FailedSignIn[],
  proven: boolean,
  meter: Meter,
): Gate => ({
  meter,
  heldUntil: (at) => ledgerHold(ledger, failed, { proven, forced: false }, at)?.latest,
});
