import type { Silence } from './consequence.ts';
import type { AccountRecord, Attempt, Session } from './session.ts';
import type { State } from './state.ts';

/** The right to act on one account, until it expires or is released by a commit or a settlement. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  /** Grows with every lease of the account; also the generation of what is committed under it. */
  readonly fence: number;
}

/** What bots and operators are told about an account: `state:<name>`. */
export interface Standing {
  readonly state: State;
  readonly reason: string;
}

/** The sign-in ramp of one network; see docs/design.md. */
export type RampOutcome = 'success' | 'refusal' | 'other';

export interface Network {
  readonly broker: string;
  readonly egress: string;
}

/** A consumer's name and the hash it reads. */
export interface Publication {
  readonly name: string;
  readonly meta: Readonly<Record<string, string>>;
}

export interface Commit {
  readonly session: Session;
  /** The login's own name first, then its sub-accounts. */
  readonly publications: readonly Publication[];
  /** Longest TTL of the keys, ms; undefined: to the token's expiry. */
  readonly ttlCapMs: number | undefined;
  /** Verdicts that stay: credentials refused earlier, without those that have just worked. */
  readonly refused: readonly string[];
  /** What no other login may hold: the broker's user behind the token. */
  readonly claims: readonly string[];
  readonly events: readonly ('refreshed' | 'recovered' | 'confirmed')[];
  /** When the account is looked at next, ms. */
  readonly dueAt: number;
  readonly ramp: RampOutcome | undefined;
}

export type CommitResult =
  | { readonly outcome: 'committed'; readonly reports: readonly string[]; readonly woken: number }
  /** A newer lease was given out: what we hold is not published. */
  | { readonly outcome: 'stale' }
  /** Another login holds the same token or the same owner. */
  | { readonly outcome: 'claimed'; readonly by: string };

export interface Settlement {
  readonly record: AccountRecord;
  readonly standing: Standing;
  readonly names: readonly string[];
  /** When the account is looked at next, ms; undefined: not until somebody acts. */
  readonly dueAt: number | undefined;
  readonly event: 'failed' | 'expired' | undefined;
  readonly ramp: RampOutcome | undefined;
}

/** What the holder of a lease knows of its account. */
export interface Acquired {
  readonly lease: Lease;
  readonly record: AccountRecord;
  /** Until when the broker asked this egress for silence, ms; 0 if it did not. */
  readonly silentUntil: number;
}

/** Where records, leases and published keys live. One implementation, over Redis: src/redis/store.ts. */
export interface TokenStore {
  /** Undefined while somebody else holds the account. */
  acquire(name: string, network: Network, owner: string, ttlMs: number): Promise<Acquired | undefined>;
  /** False: the lease is lost. */
  extend(lease: Lease, ttlMs: number): Promise<boolean>;
  /**
   * Writes the attempt before the call it is for. `ramped`: the network takes no further unproven
   * sign-in now; the account is woken when it does.
   */
  note(
    lease: Lease,
    attempt: Attempt,
    options: { ttlMs: number; now: number; network: Network; ramp: boolean; seedSpent?: string },
  ): Promise<'noted' | 'lost' | 'ramped'>;
  commit(lease: Lease, network: Network, commit: Commit, now: number): Promise<CommitResult>;
  /** False: a newer lease was given out, nothing was written. */
  settle(
    lease: Lease,
    network: Network,
    settlement: Settlement,
    now: number,
  ): Promise<{ settled: boolean; woken: number }>;
  /** Writes a live session's keys again where they were lost; false where a newer generation is out. */
  restore(name: string, network: Network, commit: Commit, now: number): Promise<boolean>;
  /** The record as it stands, without the right to act on it. */
  peek(name: string): Promise<AccountRecord>;
  /** Gives a lease back unchanged. */
  release(lease: Lease): Promise<void>;
  /** A published token that this service has no record of, as it stands in Redis. */
  foreignToken(name: string): Promise<string | undefined>;
  /** Until when the broker asked this egress for silence, ms; 0 if it did not. */
  silentUntil(network: Network, now: number): Promise<number>;
  silence(network: Network, silence: Silence, now: number): Promise<void>;
}
