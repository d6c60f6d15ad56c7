import type { Silence } from './consequence.ts';
import type { FailedSignIn, KeptFailure } from './ledger.ts';
import type { NetworkWord } from './network-word.ts';
import type { Budget, Ledger } from './limits.ts';
import type { Pause } from './pause.ts';
import type { AccountRecord, Attempt, Session, Trouble } from './session.ts';
import type { State } from './state.ts';
import type { Use } from './uses.ts';

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
  /** Until when, ms, where it is not the token's end that says so (a person's deadline). */
  readonly until?: number;
}

/** The sign-in ramp of one network; see docs/design.md. */
export type RampOutcome = 'success' | 'refusal' | 'other';

export interface Network {
  readonly broker: string;
  readonly egress: string;
  /** What of the broker its calls go to; where one part does not answer, the others may. */
  readonly part?: string | undefined;
  /** Fingerprint of the API key in use, where the broker has such. */
  readonly key?: string | undefined;
  /** Its fingerprints under the older keys of the ring. */
  readonly olderKeys?: readonly string[];
}

/** What a call answered, or did not, tells of the broker: `up` also where it refused. */
export type Answered = 'up' | 'down' | undefined;

/** A consumer's name and the hash it reads. */
export interface Publication {
  readonly name: string;
  readonly meta: Readonly<Record<string, string>>;
  /** True: the broker named it, not the configuration; its name may be another login's. */
  readonly discovered?: boolean;
}

/** What a success leaves in the record beside the session. */
export interface Facts {
  readonly owner: string | undefined;
  readonly proven: string | undefined;
  readonly provenAt: number;
  readonly proofDueAt: number;
  readonly discovered: readonly string[] | undefined;
  readonly listedAt: number;
  /** No call before then (ms), though the token came: the broker said so when it was asked for the sub-accounts. */
  readonly retryAt: number;
  readonly asked: AccountRecord['asked'];
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
  /** True where a person handed the token over; else an adopted one must still be what stands there. */
  readonly handed?: boolean;
  /** What is known of its pauses: one that Redis has lost is put back, and a newer one is looked at now. */
  readonly paused: Pause | undefined;
  readonly ramp: RampOutcome | undefined;
  readonly facts: Facts;
  /** True where the broker was called for it. */
  readonly answered: boolean;
  /** When the attempt that brought it was noted, ms; undefined where there was none. */
  readonly startedAt: number | undefined;
  /** The network's ledger, where this was a sign-in. */
  readonly ledger: Ledger | undefined;
  /** What it counts as, in the account's month. */
  readonly uses?: readonly Use[];
}

export type CommitResult =
  | { readonly outcome: 'committed'; readonly reports: readonly string[]; readonly woken: number }
  /** A newer lease was given out: what we hold is not published. */
  | { readonly outcome: 'stale' }
  /** Another login holds the same token or the same owner. */
  | { readonly outcome: 'claimed'; readonly by: string };

/** A budget that gets a call back, but for as many of its calls as are `kept`: those went out. */
export interface Refund extends Budget {
  readonly kept: number;
}

export interface Settlement {
  readonly record: AccountRecord;
  readonly standing: Standing;
  readonly names: readonly string[];
  /** When the account is looked at next, ms; undefined: not until somebody acts. */
  readonly dueAt: number | undefined;
  readonly event: 'failed' | 'expired' | 'confirmed' | 'removed' | undefined;
  readonly ramp: RampOutcome | undefined;
  readonly answered?: Answered;
  /** A harmless call before it was answered: the broker is there, whatever became of the call after it. */
  readonly reached?: boolean;
  /** Whether the password of a sign-in has gone out. */
  readonly signIn?: 'sent' | 'unsent';
  /** The call counts as a failed sign-in of its network. */
  readonly charge?: { readonly ledger: Ledger; readonly as: 'refused' | 'unknown' };
  /** Budgets that count failures, and this is one. */
  readonly failed?: readonly Budget[];
  /** Budgets that count every call, and this one never left. */
  readonly refunded?: readonly Refund[];
  /** The broker honours the token no longer: its keys go, whatever their TTL. `all`: those of its companions, too. */
  readonly withdraw?: boolean | 'all';
  /** What it counts as, in the account's month. */
  readonly uses?: readonly Use[];
}

/** What an attempt needs before its call may go out. */
export interface NoteOptions {
  readonly ttlMs: number;
  readonly now: number;
  readonly network: Network;
  readonly budgets: readonly Budget[];
  /** Budgets that the account waits for no longer, since it goes another way. */
  readonly leaves?: readonly Budget[];
  /** How many calls the step makes at most. */
  readonly cost: number;
  /** How many reads may follow it; budgets that count reads count them, too. */
  readonly reads?: number;
  /** True where a harmless call goes before it while the broker seems down: a read like the others. */
  readonly reaches?: boolean;
  /** Set for a sign-in: it passes the ramp and this ledger (where the broker counts failures). */
  readonly signIn?: {
    readonly ledger: Ledger | undefined;
    /** These credentials signed in before. */
    readonly proven: boolean;
    /** A person asked for it by name. */
    readonly forced: boolean;
  };
  /** The token is dead, or dies before another try would fit. */
  readonly emergency: boolean;
  /** When the present token dies, ms; 0 for none. */
  readonly expiresAt: number;
  /** True: not held up by a broker that seems down (a person waits for the answer), nor by a silence that it asked for. */
  readonly passesBreaker?: boolean;
  readonly passesSilence?: boolean;
  readonly seedSpent?: string;
}

export type Noted =
  /** `reachFirst`: the broker seemed down; a harmless call has to be answered before a password goes out. */
  | { readonly outcome: 'noted'; readonly reachFirst: boolean }
  | { readonly outcome: 'lost' | 'ramped' }
  /** A budget has no room before `until` (ms). */
  | { readonly outcome: 'over'; readonly until: number; readonly limit: string }
  /** The broker does not answer; nobody calls it before `until` (ms). */
  | { readonly outcome: 'down'; readonly until: number }
  /** The broker asked for silence after the lease was taken. */
  | { readonly outcome: 'silent'; readonly until: number };

/** What the holder of a lease knows of its account. */
export interface Acquired {
  readonly lease: Lease;
  readonly record: AccountRecord;
  /** True where nothing was known of the account before: its first look, or Redis was emptied. */
  readonly isNew: boolean;
  /** The number of the lease before this one; 0 where Redis knows of none. */
  readonly lastFence: number;
  /** Until when the broker asked this egress (or everybody on the key) for silence, ms; 0 if it did not. */
  readonly silentUntil: number;
  /** Until when nobody calls a broker that does not answer, ms; 0 where it does. */
  readonly downUntil: number;
  /** How far the clock that said `now` stands behind Redis', ms; less than 0 where it is ahead. */
  readonly behindMs: number;
  /** Why the broker refused the API key that the account uses, another account's call perhaps. */
  readonly refusedKey: Trouble | undefined;
}

/** By which clock a silence is dated: the one that says this instant (ms), or Redis'. */
export type SilenceClock = number | 'redis';

/** A silence as Redis keeps it. */
export interface KeptSilence {
  /** By Redis' clock, ms. */
  readonly endsAt: number;
  /** How long that is yet, ms. */
  readonly leftMs: number;
}

/** Where records, leases and published keys live. One implementation, over Redis: src/redis/store.ts. */
export interface TokenStore {
  /** Undefined while somebody else holds the account. `now` (ms): what the record waits for is told by this clock. */
  acquire(
    name: string,
    network: Network,
    owner: string,
    ttlMs: number,
    now: number,
  ): Promise<Acquired | undefined>;
  /** False: the lease is lost. */
  extend(lease: Lease, ttlMs: number): Promise<boolean>;
  /**
   * Writes the attempt before the call it is for, and charges it. `ramped`: the network takes no further
   * sign-in now; the account is woken when it does, and the lease is given back. An undefined attempt is
   * charged but leaves no trace: it changes nothing at the broker.
   */
  note(lease: Lease, attempt: Attempt | undefined, options: NoteOptions): Promise<Noted>;
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
  /** What the broker asked of this egress, or of all on the key, and has not ended: the longest of it. */
  silenceOf(network: Network, now: number): Promise<Silence | undefined>;
  silence(network: Network, silence: Silence, now: SilenceClock): Promise<KeptSilence>;
  /** Keeps (`KEY_REFUSED_MS`), for all accounts on it, that the broker refused the network's API key. */
  refuseKey(network: Network, why: Trouble): Promise<void>;
  /** For the rest of that week, where Redis has no word on the key; resolves with why it is refused, by what Redis has then. */
  restoreKey(network: Network, why: Trouble, now: number): Promise<Trouble | undefined>;
  keyWord(network: Network): Promise<Trouble | 'works' | undefined>;
  allowKey(network: Network): Promise<void>;
  /** What the ledger counts in its window, oldest first. */
  failedIn(network: Network, ledger: Ledger, now: number): Promise<readonly FailedSignIn[]>;
  networkWord(network: Network, ledger: Ledger | undefined, now: number): Promise<NetworkWord>;
  /** Counts failed sign-ins again that Redis may have lost; those it knows count once. */
  recharge(network: Network, ledger: Ledger, failed: readonly KeptFailure[]): Promise<void>;
}
