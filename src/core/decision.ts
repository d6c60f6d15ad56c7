import type { Account } from './account.ts';
import type { AccountRecord, Pending, Trouble } from './session.ts';
import type { State } from './state.ts';

/** What is known of an account when its next step is decided. */
export interface Situation {
  readonly account: Pick<Account, 'enabled' | 'identity' | 'connection' | 'hours'>;
  /** Keyed fingerprints of the present credentials, one for each key of the ring, the sealing key's first. */
  readonly fingerprints: readonly string[];
  /** The same for the seed the account came with; empty where it has none. */
  readonly seedFingerprints: readonly string[];
  readonly record: AccountRecord;
  /** True while the account that holds the same broker user is configured. */
  readonly isClaimed: boolean;
  /** Set where the broker has refused the account's API key, whoever's call that was. */
  readonly refusedKey?: Trouble | undefined;
  /** No call before this instant (ms), 0 where nothing forbids one, and why. */
  readonly silence: { readonly until: number; readonly because: 'broker_silence' | 'broker_down' };
  readonly isHoliday: (day: string, zone: string) => boolean;
}

/** Why an account rests, where no error is the reason; docs/errors.md explains each. */
export const restReasons = [
  'fresh',
  'disabled',
  'paused',
  'logged_out',
  'stopped',
  'backing_off',
  'broker_silence',
  'broker_down',
  'budget_spent',
  'proof_pending',
  'awaiting_approval',
  'asked',
  'asked_later',
  'approval_lapsed',
  'no_way_in',
] as const;

/** The next step and why. `nextAt` undefined: nothing will happen until somebody acts. */
export type Decision =
  | {
      readonly do: 'rest';
      readonly state: State;
      readonly because: string;
      readonly nextAt: number | undefined;
    }
  | { readonly do: 'renew' | 'seed' | 'sign-in'; readonly because: string }
  /** The session's token acts on what the entry no longer names. */
  | { readonly do: 'withdraw'; readonly because: string }
  /** A person asked for it: the session ends at the broker, and its keys go. */
  | { readonly do: 'sign-out'; readonly because: string }
  /** The session's token: does the broker still honour it? */
  | { readonly do: 'probe'; readonly because: string }
  /** A grant in hand: may it be published? */
  | { readonly do: 'prove'; readonly because: string; readonly pending: Pending }
  /** Ask the person through the broker. */
  | { readonly do: 'request'; readonly because: string };

export const rest = (state: State, because: string, nextAt?: number): Decision => ({
  do: 'rest',
  state,
  because,
  nextAt,
});
