import type { Account } from '../core/account.ts';
import type { Silence } from '../core/consequence.ts';
import type { Decision } from '../core/decision.ts';
import type { BrokerError } from '../core/errors.ts';
import type { AccountRecord, AttemptKind, Session } from '../core/session.ts';
import type { Listing } from './listings.ts';

/** What became of an account, said in one place: to the log, and to the listener where people shall hear it. */
export interface Telling {
  published(
    account: Account,
    before: AccountRecord,
    session: Session,
    how: {
      readonly reports: readonly string[];
      readonly woken: number;
      readonly tookMs: number | undefined;
      readonly listing?: Listing | undefined;
    },
  ): void;
  /** A token came after somebody else had acted. */
  stale(account: Account, session: Session): void;
  /** `said` false: something else is tried at once, or it is no news. `at`: the next try, ms. */
  failed(
    account: Account,
    error: BrokerError,
    how: {
      readonly during: AttemptKind;
      readonly said: boolean;
      readonly state: string;
      readonly at: number | undefined;
      /** The account as it is now. */
      readonly record: AccountRecord;
      readonly tookMs?: number | undefined;
    },
  ): void;
  /** A defect of ours, or a Redis that refuses the write: never a reason to go on as if nothing were. */
  defect(account: Account, error: unknown): BrokerError;
  /** Redis does not take an answer; people hear of it until it has. */
  unstored(account: Account, error: unknown): void;
  expired(account: Account, reason: string): void;
  /** The account rests: people hear of it where it has no token for a reason that is not its own, or waits for them. */
  waits(
    account: Account,
    record: AccountRecord,
    decision: Extract<Decision, { do: 'rest' }>,
    isLive: boolean,
    /** What its network may not do, where that is why. */
    silence?: Silence,
  ): void;
  /** The broker honours the live token. */
  proved(account: Account, before: AccountRecord): void;
  /** The broker ended a token before its time. `said` false: a renewal whose answer was lost has taken it away. */
  diedEarly(account: Account, record: AccountRecord, said: boolean): void;
  /**
   * A proof brought nothing; the token is not in doubt. People hear of it where only they can help, where
   * a new token waits for it, or where none has come for long: `failures` in a row, next try `at` (ms).
   */
  unproved(
    account: Account,
    error: BrokerError,
    waiting?: { readonly state: string; readonly at: number | undefined; readonly failures: number },
  ): void;
  /** A limit of the broker leaves no room before `until` (ms). */
  overBudget(account: Account, limit: string, until: number, isLive: boolean): void;
}
