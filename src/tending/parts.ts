import type { Account } from '../core/account.ts';
import type { Arrival, Broker } from '../core/broker.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Decision } from '../core/decide.ts';
import type { BrokerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Session } from '../core/session.ts';
import type { TokenStore } from '../core/store.ts';

/** What the keeper says to the rest of the service; none of it may hold up a refresh. */
export interface Listener {
  failed(
    account: Account,
    error: { code: string; message: string; kind: string },
    next: { state: string; at: number | undefined },
  ): void;
  recovered(account: Account): void;
  /** A person is needed, and it is an hour in which they may be asked. */
  personNeeded(account: Account): void;
  /** Accounts of this broker became due just now. */
  woken(broker: string): void;
}

export interface KeeperParts {
  readonly store: TokenStore;
  readonly account: (name: string) => Account | undefined;
  readonly broker: (name: string) => Broker;
  /** Keyed fingerprints, the sealing key's first. */
  readonly fingerprints: (secrets: readonly string[]) => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: Listener;
  readonly egress: string;
  /** Names this process in leases and attempts. */
  readonly instance: string;
  /** Longest TTL of an account's keys, ms; undefined: to the token's expiry. */
  readonly ttlCapMs: (account: Account) => number | undefined;
}

/** What became of one look at an account. `again`: look once more, at once. */
export type Tended =
  | { readonly outcome: 'unknown' | 'held' | 'lost' | 'ramped' }
  | { readonly outcome: 'rested'; readonly decision: Decision }
  | { readonly outcome: 'committed'; readonly session: Session }
  | { readonly outcome: 'failed'; readonly error: BrokerError; readonly again: boolean };

export interface Keeper {
  /** Looks at one account and does the one thing that is next. Throws only where Redis fails. */
  tend(name: string): Promise<Tended>;
  /** Ends a person's browser login: one exchange, whatever it answers. */
  receive(name: string, arrival: Arrival): Promise<Tended>;
  /** Writes a live token's keys again after somebody removed them; false where there is none. */
  restore(name: string): Promise<boolean>;
}
