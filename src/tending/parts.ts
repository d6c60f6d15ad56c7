import type { Account } from '../core/account.ts';
import type { Arrival, Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import type { RefreshPolicy } from '../core/policy.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Decision } from '../core/decision.ts';
import type { BrokerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { AccountRecord, Session, Trouble } from '../core/session.ts';
import type { Pause, SignedOut } from '../core/pause.ts';
import type { Silence } from '../core/consequence.ts';
import type { Ledger } from '../core/limits.ts';
import type { Acquired, Network, TokenStore } from '../core/store.ts';
import type { VainReports } from './vain-reports.ts';

/** What went wrong, in a code and for a person. */
export interface Why {
  readonly code: string;
  readonly message: string;
}

/** What the keeper says to the rest of the service; none of it may hold up a refresh. */
export interface Listener {
  failed(
    account: Account,
    error: { code: string; message: string; kind: string },
    /**
     * `lacksToken`: nobody can use the account until then, whatever its state is called. `token`: the live one, where
     * it is its replacement that fails. `recurs`: a limit that is counted by the minute. `tokenUntil`: until when bots
     * have its token, ms; null where they have none, left out where that is not known.
     */
    next: {
      state: string;
      at: number | undefined;
      tokenUntil?: number | null;
      lacksToken?: boolean;
      recurs?: boolean;
      token?: { issuedAt: number; expiresAt: number } | undefined;
    },
  ): void;
  recovered(account: Account): void;
  /** A person has it rest: whatever was said of it is over, and no recovery. */
  rests(account: Account): void;
  /**
   * A person is needed, and it is an hour in which they may be asked. `asked`: the broker rang them.
   * `why`: what went wrong so far, for them to read. `tokenUntil`: until when bots have a token all the same, ms.
   */
  personNeeded(
    account: Account,
    how: { readonly asked: boolean; readonly why: Why | undefined; readonly tokenUntil: number | null },
  ): void;
  /** A try at a new token has ended; `result`: `ok`, or the kind of the error; `tookMs` where a call was made for it. */
  attempted(account: Account, kind: string, result: string, tookMs?: number): void;
  /** Accounts of this broker became due just now. */
  woken(broker: string): void;
}

export interface KeeperParts {
  readonly store: TokenStore;
  readonly account: (name: string) => Account | undefined;
  readonly broker: (name: string) => Broker;
  /** A broker's limits, with the numbers that settings give them. */
  readonly limits: (broker: string) => readonly Limit[];
  /** Keyed fingerprints, the sealing key's first. */
  readonly fingerprints: (secrets: readonly string[]) => readonly string[];
  /** True for an address at which what is posted for this account is taken. */
  readonly isWebhook: (account: Account, address: string) => boolean;
  /** True for a day (`2026-01-26`) on which nobody is asked. */
  readonly isHoliday: (day: string, zone: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: Listener;
  readonly keepsake: Keepsake;
  /** Shared with who reads what bots report; left out: its own. */
  readonly vainReports?: VainReports;
  /** True while another process lives whose entry for the account is newer than ours; left out: none does. */
  readonly isSuperseded?: (account: Account) => Promise<boolean>;
  readonly egress: string;
  /** Names this process in leases and attempts. */
  readonly instance: string;
  /** Longest TTL of an account's keys, ms; undefined: to the token's expiry. */
  readonly ttlCapMs: (account: Account) => number | undefined;
}

/** What outlives a loss of Redis: on this machine's disk, sealed. */
export interface Keepsake {
  /** Reads what other processes on this machine have written, if the disk gives it in time: before a recall whose answer matters. */
  look(): Promise<void>;
  /**
   * Writes a network's silence and failed sign-ins back into a Redis that knows nothing of an account, and
   * so may have lost them. Resolves with the end of the silence, ms (0 for none), and why its API key is refused:
   * `refusedKey`, as Redis says, or what came later.
   */
  restoreNetwork(
    network: Network,
    ledger: Ledger | undefined,
    refusedKey: Trouble | undefined,
  ): Promise<{ readonly silentUntil: number; readonly refusedKey: Trouble | undefined }>;
  /** The end (ms) of a silence that this process was asked for a moment ago, before Redis may know it; 0 for none. */
  silentUntil(network: Network): number;
  /** Redis failed, or is another server now: for some time what it says may be older than what is known here. */
  doubt(): void;
  /** Whether Redis may know less of an account than is known here. To be told of every lease that is taken. */
  isDoubtful(acquired: Acquired): boolean;
  /**
   * The record with what is known here. `isDoubtful`: Redis knows nothing of it, may have missed its last
   * outcome, or went back in time; else only what must hold whatever Redis says.
   */
  recall(account: Account, record: AccountRecord, isDoubtful: boolean): AccountRecord;
  /**
   * A grant that is newer than what the record holds: one that only a person could get again, one that
   * this process has published, or an answer that was held.
   */
  grantOf(
    account: Account,
    record: Pick<AccountRecord, 'session' | 'pending' | 'attempt'>,
  ):
    | (Pick<Session, 'grant' | 'source'> & {
        readonly proved: boolean;
        readonly spent: boolean;
        readonly origin: number | undefined;
      })
    | undefined;
  /** This process' own attempt of then (ms) has brought a session: a Redis that has it open went back in time. */
  isAnswered(account: Account, startedAt: number): boolean;
  /** True where a session is known here that is newer than one of this origin, and of use, or a later word on a pause. */
  isBehind(account: Account, origin: number, paused: Pause | undefined): boolean;
  /**
   * The material of a grant that can be renewed once is about to go out: no later look sends it again, whatever Redis
   * says. Resolves once that is on disk, or the disk did not take it in time.
   */
  spend(account: Account, grant: Session['grant']): Promise<void>;
  /** It was not looked at, or is good once more. */
  unspend(account: Account, grant: Session['grant']): void;
  /** An answer that Redis may not take. Resolves once it is on disk. */
  hold(account: Account, answer: HeldAnswer): Promise<void>;
  /** The answer to this account's attempt of then (ms), where it was held. */
  heldFor(account: Account, startedAt: number): HeldAnswer | undefined;
  /** This grant was judged: it is held no longer, where it was. */
  dismiss(account: Account, grant: Session['grant']): void;
  /** Redis has the answer to the attempt of then (ms). */
  release(account: Account, startedAt: number): void;
  /** What became known. A verdict, and a token that a person got, is on disk once this resolves; a sign-in ends the verdicts before it, and a proof those of other calls. */
  remember(
    account: Account,
    record: AccountRecord,
    how: 'verdict' | 'outcome' | 'published' | 'signed-in' | 'proved',
  ): Promise<void>;
  /** The same of a network: a silence, and a refused password, is on disk once this resolves. */
  rememberNetwork(
    network: Network,
    change: {
      readonly silence?: Silence;
      /** When the silence ends by Redis' clock (ms), once Redis has said it. */
      readonly endsAt?: number;
      readonly failed?: FailedSignIn;
      readonly succeededAt?: number;
      /** Why the broker refused the network's API key. */
      readonly apiKey?: Trouble;
    },
  ): Promise<void>;
  /** A call at `calledAt` (ms) worked with the API key: where Redis (`refusedKey`) or the disk has it refused, it no longer is. */
  keyWorks(network: Network, refusedKey: Trouble | undefined, calledAt: number): Promise<void>;
  /** Learns what Redis says of the API key, another process perhaps. */
  learnKey(network: Network): Promise<void>;
  /** Learns what another process was told of the network: a silence, and failed sign-ins. */
  learnNetwork(network: Network, ledger: Ledger | undefined): Promise<void>;
}

/** A failed sign-in as its network's ledger counts it. */
export interface FailedSignIn {
  /** Names the sign-in. */
  readonly member: string;
  readonly at: number;
  readonly as: 'refused' | 'unknown';
}

/** What a broker handed out, until it is stored. */
export interface HeldAnswer {
  /** Of the attempt that it answers, ms. */
  readonly startedAt: number;
  /** The origin of the session that was out when it was asked for; not known of what was posted. Clocks differ, this does not. */
  readonly since?: number;
  /** The fence of the call that brought it: the order in which sessions were got. */
  readonly origin?: number;
  readonly grant: Session['grant'];
  readonly source: Session['source'];
  readonly identity: string;
}

/** What became of one look at an account. `again`: look once more, at once. */
export type Tended =
  /** `abandoned`: it came to no end within the time that any look needs. */
  | { readonly outcome: 'unknown' | 'lost' | 'ramped' | 'abandoned' }
  /** `here`: by another look of this process, which may have let go of it in Redis already. */
  | { readonly outcome: 'held'; readonly here?: boolean }
  | { readonly outcome: 'rested'; readonly decision: Extract<Decision, { do: 'rest' }> }
  /** `same`: the broker handed out the token again that was there already. */
  | { readonly outcome: 'committed'; readonly session: Session; readonly same?: boolean }
  /** Its session was ended, its keys are gone. */
  | { readonly outcome: 'signed-out'; readonly signedOut: SignedOut }
  /** A token is in hand and waits for its proof. */
  | { readonly outcome: 'pending' }
  /** The live token was proved. */
  | { readonly outcome: 'confirmed' }
  /** The person was asked through the broker. */
  | { readonly outcome: 'asked'; readonly until: number; readonly trouble?: Trouble | undefined }
  /** What was posted is no token of this account: `reason` in one word. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly error: BrokerError; readonly again: boolean };

export interface Keeper {
  /** Looks at one account and does the one thing that is next. Throws only where Redis fails. */
  tend(name: string): Promise<Tended>;
  /** Ends a person's browser login: one exchange, whatever it answers. */
  receive(name: string, arrival: Arrival): Promise<Tended>;
  /** Publishes a token that a person hands over, if it may be; else says in a word why not. */
  adopt(name: string, token: string): Promise<Tended>;
  /** Takes what was posted to the account's webhook, for its proof at the next look. Calls nobody. */
  take(name: string, notice: unknown): Promise<Tended>;
  /** Keeps what was posted on this machine's disk, for the next look, where the account cannot be had. Asks Redis for nothing. */
  hold(name: string, notice: unknown): Promise<void>;
  /** Writes a live token's keys again after somebody removed them; false where there is none. */
  restore(name: string): Promise<boolean>;
  /** True where a live token is no longer what the entry asks for. Calls nobody. */
  isOutdated(name: string): Promise<boolean>;
  /** True where it has a live token, and nothing is wrong with it, under way or waits. Calls nobody. */
  isWell(name: string): Promise<boolean>;
  /** Takes what other processes found out about the account to this machine's disk. Calls nobody. */
  learn(name: string): Promise<void>;
  /** The same of the account's API key. */
  learnKey(account: Account): Promise<void>;
  /** The same of the network that the account's calls come from. */
  learnNetwork(account: Account): Promise<void>;
  /** True where a newer token is known here than one of this origin, or a later word on a pause: Redis went back in time. */
  isBehind(name: string, origin: number, paused: Pause | undefined): boolean;
  /**
   * Publishes what is known here to be newer than what Redis has; false where it cannot be. Calls no broker, but to
   * make a logout again. A pause that Redis lost holds again.
   */
  putBack(name: string): Promise<boolean>;
  /** Redis failed, or is another server now: it may have lost its last seconds. */
  doubt(): void;
}

/** The broker's policy, and where this login's sessions differ from it. */
export function policyOf(parts: Pick<KeeperParts, 'broker'>, account: Account): RefreshPolicy {
  return { ...parts.broker(account.broker).policy, ...account.connection.policy };
}
