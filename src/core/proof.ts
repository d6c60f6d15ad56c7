import type { RefreshPolicy } from './policy.ts';
import type { Random } from './clock.ts';
import {
  headroomOf,
  quietMs,
  silenceOf,
  THROTTLED_DEFAULT_MS,
  UNSENT_WAIT_MS,
  type Consequence,
  type Silence,
} from './consequence.ts';
import type { BrokerError } from './errors.ts';
import { backoffMs, pacedUntil, unknownSignInWaitMs, withUnknown } from './policy.ts';
import type { AccountRecord, Source } from './session.ts';
import { isVerdict, refusedByCall } from './verdicts.ts';

/** What the proof of a token says, or why there is none yet. */
export type Proven =
  | 'alive'
  | 'dead'
  | 'someone-else'
  /** Nothing is known: the call failed for a reason that speaks of no token. */
  | { readonly error: BrokerError };

/** How often a proof that brought nothing is tried again at least, ms. */
const PROOF_RETRY_CAP_MS = 5 * 60_000;
/** A proof that is overdue is tried again after this share of the time for which it has been. */
const OVERDUE_STEPS = 4;

/**
 * What the proof of the session's token changes. A dead one is over at once, whatever its own expiry
 * says; a failed call says nothing about it.
 */
export function afterProbe(
  before: AccountRecord,
  proven: Proven,
  policy: RefreshPolicy,
  now: number,
  random: Random,
): AccountRecord {
  const { session } = before;
  const record = { ...before, attempt: undefined };
  if (proven === 'alive') {
    // A renewal that failed is no better for it; but what a proof has said before is over.
    const trouble = record.failures > 0 ? record.trouble : undefined;
    const proofDueAt = policy.proveEveryMs ? now + policy.proveEveryMs : 0;
    return { ...record, provenAt: now, proofDueAt, trouble };
  }
  if (typeof proven === 'object') {
    const isOrphan = proven.error.doubtsSession;
    const atOnce = { proofDueAt: 0, retryAt: replacedAt(before, now) };
    // Answered, and not as a living token is: it stays served, since nobody knows, but a new one is got now.
    return isOrphan && session
      ? { ...record, session: { ...session, renewAt: now, renewalSpent: true }, ...atOnce }
      : {
          ...record,
          ...told(before, proven.error, now),
          proofDueAt: now + proofWaitMs(before, proven.error, random, overdueWaitMs(before, policy, now)),
        };
  }
  if (!session) return record;
  const grant = { ...session.grant, expiresAt: Math.min(session.grant.expiresAt, now) };
  return {
    ...record,
    session: {
      ...session,
      grant,
      withdrawn: true,
      renewalSpent: session.renewalSpent || !(proven === 'dead' && policy.renewalOutlivesToken === true),
    },
    proofDueAt: 0,
    retryAt: replacedAt(before, now),
    trouble: {
      code: proven === 'dead' ? 'died_early' : 'someone_else',
      kind: 'refused',
      message:
        proven === 'dead'
          ? 'The broker no longer honours the token, before its time: another login, a logout or the broker itself ended it.'
          : 'The broker says that the token is another user than this account; it was withdrawn.',
      at: now,
    },
  };
}

/**
 * When a token that a proof found dead may be replaced, ms: at once, whatever was put off for its sake. But
 * logins that nobody answered keep their pace, and what the broker asked of the account holds.
 */
function replacedAt({ unknownSignIns, trouble, retryAt }: AccountRecord, now: number): number {
  return Math.max(pacedUntil(unknownSignIns, now), trouble?.kind === 'throttled' ? retryAt : 0);
}

/**
 * When a proof that failed is tried again: as the broker says, else soon, but for `leastMs`; where a person must
 * act, seldom.
 */
function proofWaitMs(before: AccountRecord, error: BrokerError, random: Random, leastMs: number): number {
  if (error.kind === 'needs-human' || isAgain(before, error)) {
    return Math.max(PROOF_RETRY_CAP_MS, error.retryAfterMs ?? 0);
  }
  const asked =
    error.retryAfterMs ?? Math.max(leastMs, error.kind === 'throttled' ? THROTTLED_DEFAULT_MS : 0);
  return Math.max(asked, backoffMs(1, 0, random) + Math.round(random() * (PROOF_RETRY_CAP_MS / 10)));
}

/**
 * A served token is proved for good order only. The longer no proof has come, the more patient it is asked for,
 * so that a broker whose profile fails all day is not asked every few seconds for each account.
 */
function overdueWaitMs(
  { session, provenAt }: AccountRecord,
  { proveEveryMs }: RefreshPolicy,
  now: number,
): number {
  if (proveEveryMs === undefined) return 0;
  const overdueMs = now - Math.max(provenAt, session?.grant.issuedAt ?? 0) - proveEveryMs;
  return Math.min(Math.max(0, overdueMs) / OVERDUE_STEPS, PROOF_RETRY_CAP_MS);
}

/**
 * Where a person must act, or the broker wants silence, the record says why, for as long as the token itself
 * is well. A silence of the account is its renewal's, too.
 */
function told(before: AccountRecord, error: BrokerError, now: number): Partial<AccountRecord> {
  const { failures, trouble, retryAt } = before;
  const { code, kind, message, scope } = error;
  const isOwn = kind === 'throttled' && scope === 'account';
  // Whatever failed before: from here on it is the broker that keeps the account from its next try.
  const isSaid = isOwn || ((kind === 'needs-human' || kind === 'throttled') && failures === 0);
  return {
    trouble: isSaid ? { code, kind, message, at: now } : trouble,
    retryAt: isOwn ? Math.max(retryAt, now + quietMs(error, before)) : retryAt,
  };
}

/** The same throttling answer as before, though the silence was kept. */
const isAgain = ({ trouble }: AccountRecord, { kind, code }: BrokerError): boolean =>
  kind === 'throttled' && trouble?.kind === 'throttled' && trouble.code === code;

/**
 * The silence that the answer to a proof asks for. A read brings no ticket, so that a short penalty in answer
 * to it comes anew each time: from the second one on it is the account's proofs that wait, and nobody else.
 */
export function proofSilenceOf(before: AccountRecord, error: BrokerError, now: number): Silence | undefined {
  const silence = silenceOf(error, before, now);
  const isShort = silence !== undefined && silence.until - now <= PROOF_RETRY_CAP_MS;
  return isShort && isAgain(before, error) ? undefined : silence;
}

/** How soon the first proof of a grant in hand is made up for, ms. */
const FIRST_PROOF_WAIT_MS = 2_000;

/** A grant in hand whose proof brought nothing. */
export interface Outstanding {
  readonly error: BrokerError;
  readonly source: Source;
  /** True where it came just now: its sign-in, if it was one, is paced like one that nobody answered. */
  readonly isNew: boolean;
  /** Of the credentials in use; undefined where the service signs in by none. */
  readonly fingerprint: string | undefined;
}

/**
 * What it changes that the proof of a grant in hand brought nothing. The grant is kept and asked about
 * again, as patiently as after any other failure: what stands in its way is an answer of the broker's, too.
 * Where only a person can mend it, no password goes out either, whatever call brought the grant: its login would
 * be told the same, and its token could not be proved.
 */
export function afterOutstanding(
  before: AccountRecord,
  { error, source, isNew, fingerprint }: Outstanding,
  now: number,
  random: Random,
): Consequence {
  const silence = proofSilenceOf(before, error, now);
  const waitMs = outstandingMs(error, before, now, random);
  const isSignIn = source === 'sign-in';
  const unknownSignIns =
    isSignIn && isNew ? withUnknown(before.unknownSignIns, now, now) : before.unknownSignIns;
  const paceMs = isSignIn && isNew ? unknownSignInWaitMs(unknownSignIns.length, 0, () => 0) : 0;
  const isStopped = fingerprint !== undefined && isVerdict(error);
  const heeded = isStopped ? refusedByCall(before, error, fingerprint, now) : before;
  return {
    record: {
      ...heeded,
      attempt: undefined,
      failures: before.failures + 1,
      trouble: { code: error.code, kind: error.kind, message: error.message, at: now },
      unknownSignIns,
      proofDueAt: now + waitMs,
      // Should the grant die unproved: the next one is not fetched sooner than it could be proved.
      retryAt: Math.max(before.retryAt, now + Math.max(waitMs, paceMs)),
    },
    silence,
  };
}

/** Once may be a hiccup; where a person must act, time alone mends nothing. */
function outstandingMs(error: BrokerError, before: AccountRecord, now: number, random: Random): number {
  if (error.kind === 'throttled') return quietMs(error, before);
  const soon =
    before.failures === 0
      ? FIRST_PROOF_WAIT_MS
      : backoffMs(before.failures + 1, headroomOf(before, now), random);
  return Math.max(soon, error.retryAfterMs ?? (error.kind === 'needs-human' ? UNSENT_WAIT_MS : 0));
}
