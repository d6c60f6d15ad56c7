import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { MakeDialect } from './dialect.ts';

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
}

/** One call under way. `signal` aborts at the deadline, and as soon as the lease is lost. */
export interface Call {
  readonly signal: AbortSignal;
}

/** What comes back from a person's browser login. Untrusted. */
export interface Arrival {
  readonly code?: string;
  readonly error?: string;
}

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
  /** A grant to start from that the account brought with it; spent at most once, ever. */
  readonly seed?: Grant;
  /** A harmless authenticated read: alive, and this account's? */
  probe?(grant: Grant, call: Call): Promise<Proof>;
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
  /** What a person would have to change after a refusal; fingerprinted, never stored. */
  readonly credentials: readonly string[];
  connect(io: BrokerIo): Connection;
}

/** When to act on a grant; see core/policy.ts. */
export interface RefreshPolicy {
  /** Share of a grant's life after which it is due, 0 to 1. */
  readonly dueAtShare: number;
  /** Most of the life that jitter may take off the due time, 0 to 1. */
  readonly jitterShare: number;
  /** HTTP deadline of one call, ms. */
  readonly timeoutMs: number;
  /** True where a renewal spends what it sends: a call without an answer is never repeated. */
  readonly renewalIsSingleUse: boolean;
}

/** A broker's hosts: which setting overrides which default, by purpose and environment. */
export interface BaseUrl {
  readonly variable: string;
  readonly hosts: Readonly<Record<string, string>>;
}

/** An entry as it stands in a file or in the environment, before it is checked. */
export type RawEntry = Readonly<Record<string, unknown>>;

/** What the rest of the service knows of a broker. A new one is a folder and a line in brokers/index.ts. */
export interface Broker {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly policy: RefreshPolicy;
  /** True: TOKEN_TTL_SECONDS caps the TTL of its keys; else they live as long as the token. */
  readonly ttlIsCapped?: boolean;
  /** What `verify` is where an entry does not say: true proves each new token first. Default false. */
  readonly verifyByDefault?: boolean;
  readonly baseUrls: Readonly<Record<string, BaseUrl>>;
  /**
   * The broker's own fields of an entry (`environment` among them, where it has any); the common ones
   * are in accounts/. A common one given here too follows the broker's rule (`username` left out).
   */
  readonly fields: Readonly<Record<string, z.ZodType>>;
  /** `path` and what to do, for fields that are read but whose work comes later. */
  readonly notYet: (entry: RawEntry) => readonly { readonly field: string }[];
  /** The checked entry as a login. `entry` has passed `fields` and the common schema. No message holds a value. */
  login(
    entry: RawEntry,
  ): { readonly login: Login } | { readonly faults: readonly { field: string; message: string }[] };
  /**
   * Entries that the environment alone makes. `fileEntries` are the file's, with their references
   * resolved: a login that is there already, filled up from the same variables, is not made again.
   */
  fromEnvironment?(
    setting: (variable: string) => string | undefined,
    fileEntries: readonly RawEntry[],
  ): readonly RawEntry[];
  /** Entries of an older file shape of this broker, or undefined where the document is none. */
  fromOlderShape?(
    document: unknown,
    setting: (variable: string) => string | undefined,
  ): readonly RawEntry[] | undefined;
  /** Loads its simulator's dialect. Only src/simulator calls it, so that production never loads one. */
  dialect?(): Promise<MakeDialect>;
}
