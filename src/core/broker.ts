import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { MakeDialect } from './dialect.ts';
import type { Lack } from './lack.ts';
import type { Limit, LimitedCall } from './limit.ts';
import type { RefreshPolicy } from './policy.ts';
import type { Question } from './transcript.ts';

/** What a broker hands us. */
export interface Grant {
  /** The exact value published at `token:<name>`. */
  readonly token: string;
  /** All request headers a call to the broker needs, for the login's own account. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a renewal needs (a refresh token …). Sealed at rest, never published. */
  readonly renewal?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; local receive time where the broker does not say. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch; absolute: the broker's word, or its rule. */
  readonly expiresAt: number;
  /** Set where the broker names no instant, but a life from the call on, ms: our clock dated `expiresAt` then. */
  readonly lifeMs?: number;
  readonly tokenType: string;
  readonly scope?: string;
  /** Base URL for calls with this token. */
  readonly baseUrl: string;
  /** Whose token it is, as the broker names them (`sub`, user id). */
  readonly owner?: string;
  /** False where several logins may be the same owner's; else two of them are refused. */
  readonly ownerIsExclusive?: boolean;
  /** The broker's account the headers act on. */
  readonly accountId?: string;
  /** Further fields of the login's own `meta:<name>` (`streaming` …), as bots read them: they act on its account. */
  readonly meta?: Readonly<Record<string, string>>;
  /** Further tokens of the same login, served as `token:<name>:<suffix>` until their own end. */
  readonly companions?: readonly Companion[];
}

/** A second token that came with a grant and has a life of its own. */
export interface Companion {
  /** Lower-case letters: the end of its key. */
  readonly suffix: string;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** One call under way. `signal` aborts at the deadline, and as soon as the lease is lost. */
export interface Call {
  readonly signal: AbortSignal;
  /** What the error of this account's last call asked to bring along (a penalty's ticket). */
  readonly carry?: Readonly<Record<string, string>>;
}

/** What comes back from a person's browser login. Untrusted. */
export interface Arrival {
  readonly code?: string;
  readonly error?: string;
}

/**
 * Is a grant still what its entry asks for, which may have changed since (account, API key, host, kind of session)?
 * `replace`: a new one is due, the old one is served meanwhile. `withdraw`: it acts on what is named no longer, for too long.
 */
export type Fit = 'fits' | 'replace' | 'withdraw';

/** What a probe found out about a token. */
export type Proof = 'alive' | 'dead' | 'someone-else';

/**
 * One account at one broker, with whichever of these the broker allows. Every method makes at most
 * the calls it names, never retries, and throws `BrokerError` only.
 */
export interface Connection {
  /** Gets a new grant with the password. Absent where only a person can. */
  signIn?(call: Call): Promise<Grant>;
  /** Gets a new grant from the present one. Only called while `renewableUntil` lies ahead. */
  renew?(grant: Grant, call: Call): Promise<Grant>;
  /** Until when `renew` may be tried for this grant, in ms since the epoch. */
  renewableUntil?(grant: Grant): number;
  /** Is this grant still what the entry asks for? Pure; absent where only another identity makes another grant. */
  fits?(grant: Grant): Fit;
  /** What `fits` judges by, as the entry has it. Secret: only ever fingerprinted. */
  readonly wants?: readonly string[];
  /** A grant to start from that the account brought with it; spent at most once, ever. */
  readonly seed?: Grant;
  /** A harmless authenticated read: alive, and this account's? A failure that says neither is thrown. */
  probe?(grant: Grant, call: Call): Promise<Proof>;
  /** Needs no session and spends nothing: resolves where the broker answers as itself. Goes first after an outage. */
  reach?(call: Call): Promise<void>;
  /** The names of the login's sub-accounts, as the broker lists them; never generated. */
  discover?(grant: Grant, call: Call): Promise<readonly string[]>;
  /**
   * The grant with what it keeps of the previous one of the same owner (a companion that does not come with every
   * grant), as the entry stands now. Pure. `previous` may be the grant itself, where only the entry has changed.
   */
  inherit?(grant: Grant, previous: Grant, now: number): Grant;
  /** What of the entry's wishes this grant came without, worth a word to people; the token is served. Pure. */
  lacks?(grant: Grant): Lack | undefined;
  signOut?(grant: Grant, call: Call): Promise<void>;
  /** How many calls each step of this login makes at most, where it is more than one: limits count them all. */
  readonly cost?: Partial<Readonly<Record<LimitedCall, number>>>;
  /** Where this login's sessions differ from the broker's policy (a kind that lives longer …). */
  readonly policy?: Partial<RefreshPolicy>;
  /** Reads a token that somebody else wrote; undefined where it cannot be judged. */
  adopt?(token: string, now: number): Grant | undefined;
  /** The headers for one of the login's sub-accounts. */
  headersFor?(grant: Grant, subAccount: string): Readonly<Record<string, string>>;
  /** The way in through a person. */
  readonly consent?: Consent;
}

export interface Consent {
  /** Where to send the person's browser; `state` comes back with them, once. */
  url(state: string): string;
  /** Where the broker sends the browser back to. */
  readonly redirectUri: string;
  /** Turns what came back into a grant: one exchange, whatever it answers. */
  receive(arrival: Arrival, call: Call): Promise<Grant>;
  /** The next moment (ms) at or after `now` at which a person may be asked. */
  askAt(now: number): number;
  /** Until when (ms) an answer to a question asked at `now` is of use. */
  deadline(now: number): number;
  /**
   * Asks the person through the broker, who rings their phone. `until` (ms): the end of its window, in which they are
   * not asked again. `postsTo`: where the approved token goes, if the broker says so. Secret, as all webhooks' addresses.
   */
  request?(call: Call): Promise<{ readonly until: number; readonly postsTo?: string | undefined }>;
  /** What somebody posted to the webhook: a grant to be proved, or why it is none. Makes no call; no reason holds a value. */
  read?(notice: unknown, now: number): { readonly grant: Grant } | { readonly refused: string };
}

/** What an adapter gets from outside. */
export interface BrokerIo {
  readonly clock: Clock;
  /** Base URLs by the broker's own words (`bridge`, `api`), environment already chosen. */
  readonly baseUrl: (purpose: string) => string;
  /** One request over the shared pool; see brokers/http.ts. */
  readonly http: Http;
  /** Broker-wide settings taken from the environment, by variable name. */
  readonly setting: (variable: string) => string | undefined;
  /** True for a day (`2026-01-26`) that HOLIDAYS_FILE lists for this zone, or for all. */
  readonly isHoliday: (day: string, zone: string) => boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON, or undefined where it is none (never throws). */
  readonly json: unknown;
}

/** Sends once, never retries, never follows a redirect, reads at most 256 KiB. */
export type Http = (request: HttpRequest, call: Call) => Promise<HttpAnswer>;

/** One account's login, read and checked; secrets stay inside `connect`'s closure. */
export interface Login {
  readonly username: string;
  readonly environment: string;
  /** Which login this is at the broker; two entries with the same identity are the same person. */
  readonly identity: string;
  /** What no other login may use as well, and why not, for a person. */
  readonly alone?: { readonly key: string; readonly why: string };
  /** What a person would have to change after a refusal; fingerprinted, never stored. */
  readonly credentials: readonly string[];
  /** Which of the broker's ways in it uses, in the broker's own words, where there are several. */
  readonly kind?: string;
  /** What of the broker its calls go to (environment, host), where one part can fail and the others answer; lower case and dashes. */
  readonly part?: string;
  /** The API key that limits of scope `key` are counted by; fingerprinted, never stored. */
  readonly key?: string;
  /** What is allowed and yet may go wrong, for a person, without a value; `check` says it. */
  readonly warnings?: readonly string[];
  /** Accounts of the broker that the entry names: a simulated broker has them, so that a rehearsal is none of mistakes. */
  readonly accountIds?: readonly string[];
  connect(io: BrokerIo): Connection;
}

/** A broker's hosts: which setting overrides which default, by purpose and environment. */
export interface BaseUrl {
  readonly variable: string;
  readonly hosts: Readonly<Record<string, string>>;
}

/** An entry before it is checked. */
export type RawEntry = Readonly<Record<string, unknown>>;

/** What the rest of the service knows of a broker. A new one is a folder and a line in brokers/index.ts. */
export interface Broker {
  readonly name: string;
  readonly title: string;
  readonly policy: RefreshPolicy;
  /** Every limit that its documents name, with its source. */
  readonly limits: readonly Limit[];
  /** True: TOKEN_TTL_SECONDS caps the TTL of its keys; else they live as long as the token. */
  readonly ttlIsCapped?: boolean;
  /** What `verify` is where an entry does not say: true proves each new token first. Default false. */
  readonly verifyByDefault?: boolean;
  readonly baseUrls: Readonly<Record<string, BaseUrl>>;
  /** The broker's own fields of an entry, `environment` among them; a common one (accounts/) given here follows its rule. */
  readonly fields: Readonly<Record<string, z.ZodType>>;
  /** `path` and what to do, for fields that are read but whose work comes later. */
  readonly notYet: (entry: RawEntry) => readonly { readonly field: string }[];
  /** The checked entry as a login. `entry` has passed `fields` and the common schema. No message holds a value. */
  login(
    entry: RawEntry,
  ): { readonly login: Login } | { readonly faults: readonly { field: string; message: string }[] };
  /** Entries that the environment alone makes, but for logins that stand in the file (`fileEntries`, references resolved) already. */
  fromEnvironment?(
    setting: (variable: string) => string | undefined,
    fileEntries: readonly RawEntry[],
  ): readonly RawEntry[];
  /** Entries of an older file shape of this broker, or undefined where the document is none. */
  fromOlderShape?(
    document: unknown,
    setting: (variable: string) => string | undefined,
  ): readonly RawEntry[] | undefined;
  /** What its documents leave open, and how a real login would settle it. */
  readonly questions: readonly Question[];
  /** Loads its simulator's dialect. Only src/simulator calls it, so that production never loads one. */
  dialect?(): Promise<MakeDialect>;
}
