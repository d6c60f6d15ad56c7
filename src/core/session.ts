import type { Connection, Grant } from './broker.ts';
import type { ErrorKind } from './errors.ts';
import type { HeldBack } from './held-back.ts';
import type { Pause, SignedOut } from './pause.ts';

/** How a session came to be. */
export type Source = 'sign-in' | 'renewal' | 'consent' | 'adopted';

/** A grant we keep. */
export interface Session {
  /** Only grows, over data loss too; every publication has its own. */
  readonly generation: number;
  /** The generation under which it was published first; absent where that is `generation`. See `originOf`. */
  readonly origin?: number;
  readonly grant: Grant;
  readonly source: Source;
  /** The login it was made for; a session of another login is no session. */
  readonly identity: string;
  /** When it is due, ms; drawn once, with its jitter, when the session was made. */
  readonly renewAt: number;
  /** True once its renewal material was spent or refused: only a sign-in is left. */
  readonly renewalSpent: boolean;
  /** Tokens in a row before this one that could not be renewed, though it was tried; absent for none. */
  readonly unrenewed?: number;
  /** The token was found dead, or must not be used: over by every clock, also by one that stands before its end. */
  readonly withdrawn?: true;
}

/**
 * Which of two sessions of an account was got later: one that is put back after a loss of Redis has a new generation,
 * above all that bots may have seen, and is as old as it ever was.
 */
export const originOf = (session: Pick<Session, 'generation' | 'origin'> | undefined): number =>
  session?.origin ?? session?.generation ?? 0;

/** Said of a login whose token is the one from before. */
export const SAME_TOKEN = 'The broker handed out the same token as before.';

/** True where a login brought the token that was there already. */
export const isSameToken = (
  before: Pick<Session, 'grant'> | undefined,
  { grant, source }: Pick<Session, 'grant' | 'source'>,
): boolean => before?.grant.token === grant.token && source !== 'adopted';

/** `request`: the broker is asked to ask the person. `proof`: a read that changes nothing at the broker. */
export type AttemptKind = 'sign-in' | 'renewal' | 'consent' | 'request' | 'proof';

/** Written before a call goes out and closed by its outcome: found open, its outcome is unknown. */
export interface Attempt {
  readonly kind: AttemptKind;
  readonly startedAt: number;
  /** The process that made it. */
  readonly by: string;
  /** Fingerprint of the credentials in use. */
  readonly fingerprint: string;
}

/** The last thing that went wrong, for people; kept until a success. */
export interface Trouble {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly at: number;
}

/** A grant in hand that may not be published before it is proved. */
export interface Pending {
  readonly grant: Grant;
  readonly source: Source;
  /** The login it was made for. */
  readonly identity: string;
}

/** When a person was asked through the broker, and until when they are not asked again (both ms). */
export interface Asked {
  readonly at: number;
  readonly until: number;
  /** Nobody was asked: the broker refused to, for the credentials of this fingerprint. */
  readonly refused?: string;
}

/** A person's wish for a refresh, whatever the schedule says. */
export interface RefreshRequest {
  readonly at: number;
  /** True: also try once more where the account is stopped. */
  readonly rearm: boolean;
}

/** The last report of a refused token that was taken up: of this generation, to be acted on at `at` (ms). */
export interface Reported {
  readonly generation: number;
  readonly at: number;
}

/** The stored truth about one account. Jobs and timers are only hints to look at it. */
export interface AccountRecord {
  /** The newest lease's number; a writer with an older one is turned away. */
  readonly fence: number;
  readonly session: Session | undefined;
  readonly attempt: Attempt | undefined;
  /** Failures in a row. */
  readonly failures: number;
  readonly trouble: Trouble | undefined;
  /** No try before this instant (ms). */
  readonly retryAt: number;
  /** When sign-ins went out that brought no token and no refusal, since the last that did; the last day's, ms. */
  readonly unknownSignIns: readonly number[];
  /** The same of those that the broker answered with a failure of its own: it says that it looked at nothing. */
  readonly answeredSignIns: readonly number[];
  /** Fingerprints of credentials that were refused: none of them is sent again. */
  readonly refused: readonly string[];
  /** Fingerprint of a seed grant that was used; it is never used again. */
  readonly seedSpent: string | undefined;
  readonly request: RefreshRequest | undefined;
  /** Consumers say that the broker refuses its token; only their reports change it. */
  readonly reported: Reported | undefined;
  /** The last word of a person on whether it rests; it may be over. Only a person's own step changes it. */
  readonly paused: Pause | undefined;
  /** What came of the last logout. */
  readonly signedOut: SignedOut | undefined;
  /** The account that holds the same broker user; while it is there, this one is not signed in. */
  readonly claimedBy: string | undefined;
  /** The generation whose end was announced already, 0 for none. */
  readonly expiredSaid: number;
  /** Grants whose proof is outstanding, newest first. */
  readonly pending: readonly Pending[];
  readonly asked: Asked | undefined;
  /** When the session's token was last found alive, ms; 0 for never. */
  readonly provenAt: number;
  /** When a token (the pending one, else the session's) is to be proved next, ms; 0: not. */
  readonly proofDueAt: number;
  /** Whose tokens this account takes: the owner of its first one. */
  readonly owner: string | undefined;
  /** Fingerprint of the credentials that signed in last: a login that is known to be good. */
  readonly proven: string | undefined;
  /** Set while a limit of the broker leaves no room for it. */
  readonly heldBack: HeldBack | undefined;
  /** What the next call has to bring along, by the broker's last word. Secret. */
  readonly carry: Readonly<Record<string, string>> | undefined;
  /** Sub-accounts as the broker lists them; undefined: not asked yet. */
  readonly discovered: readonly string[] | undefined;
  /** When the broker listed them last, ms; 0 for never. */
  readonly listedAt: number;
}

export const emptyRecord: AccountRecord = {
  fence: 0,
  session: undefined,
  attempt: undefined,
  failures: 0,
  trouble: undefined,
  retryAt: 0,
  unknownSignIns: [],
  answeredSignIns: [],
  refused: [],
  seedSpent: undefined,
  request: undefined,
  reported: undefined,
  paused: undefined,
  signedOut: undefined,
  claimedBy: undefined,
  expiredSaid: 0,
  pending: [],
  asked: undefined,
  provenAt: 0,
  proofDueAt: 0,
  owner: undefined,
  proven: undefined,
  heldBack: undefined,
  carry: undefined,
  discovered: undefined,
  listedAt: 0,
};

/**
 * The record once its token acts on what the entry no longer names: over at once, whatever its own expiry
 * says. What it may be renewed from is as good as before.
 */
export function withdrawn(record: AccountRecord, now: number): AccountRecord {
  const { session } = record;
  if (!session) return record;
  const grant = { ...session.grant, expiresAt: Math.min(session.grant.expiresAt, now) };
  return {
    ...record,
    session: { ...session, grant, withdrawn: true },
    expiredSaid: session.generation,
    proofDueAt: 0,
  };
}

/**
 * The record of an account whose session a person ended: over at once, with what it could be renewed from, and
 * whatever waited for its proof. So is every session before the lease of this fence: none is put back.
 */
export function loggedOut(record: AccountRecord, now: number, fence: number): AccountRecord {
  const after = {
    ...withdrawn(record, now),
    pending: [],
    proofDueAt: 0,
    attempt: undefined,
    request: undefined,
  };
  if (!after.session) return after;
  const { renewal: _, companions: __, ...grant } = after.session.grant;
  return { ...after, session: { ...after.session, grant, origin: fence } };
}

/** True while the broker honours the session's token for this login. */
export function isLive(session: Session, identity: string, now: number): boolean {
  return session.identity === identity && !session.withdrawn && now < session.grant.expiresAt;
}

/** The grant of the session while the broker honours its token for this login. */
export function liveGrant(
  { session }: Pick<AccountRecord, 'session'>,
  { identity }: { readonly identity: string },
  now: number,
): Grant | undefined {
  return session && isLive(session, identity, now) ? session.grant : undefined;
}

/** True while a grant's token is honoured, or a new one can be got with it. */
export function isOfUse(
  connection: Pick<Connection, 'renew' | 'renewableUntil'>,
  grant: Grant,
  now: number,
): boolean {
  const renewableUntil = connection.renew ? (connection.renewableUntil?.(grant) ?? 0) : 0;
  return now < Math.max(grant.expiresAt, renewableUntil);
}
