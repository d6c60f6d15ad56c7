import type { RefreshPolicy } from './policy.ts';
import type { Random } from './clock.ts';
import type { BrokerError } from './errors.ts';
import {
  answeredSignInWaitMs,
  backoffMs,
  lastSafeStart,
  unknownSignInWaitMs,
  withUnknown,
} from './policy.ts';
import type { AccountRecord, AttemptKind, Session } from './session.ts';

/** A silence that an error asks for, beyond the account. */
export interface Silence {
  /** `key`: everybody who uses the same API key; else everybody behind this egress. */
  readonly scope: 'key' | 'egress' | 'broker';
  readonly until: number;
  readonly code: string;
  /** Why, for people; left out where what was said is of one login alone. */
  readonly message?: string;
}

export interface Consequence {
  readonly record: AccountRecord;
  readonly silence: Silence | undefined;
}

/** What a failed call is judged with. */
export interface Failed {
  readonly error: BrokerError;
  readonly during: Exclude<AttemptKind, 'proof'>;
  readonly before: AccountRecord;
  /** Of the credentials in use. */
  readonly fingerprint: string;
  readonly policy: RefreshPolicy;
  /** Until when an answer to a question that was asked now is of use (ms). */
  readonly deadline: number;
  readonly now: number;
  /** When the attempt was noted, ms, by the clock of whoever made it. Default: now. */
  readonly sentAt?: number | undefined;
  /** The same by the clock that is ahead, ours or Redis', ms: a token that is dead by either is waited for as a dead one. */
  readonly latest: number;
  readonly random: Random;
}

/** How long a throttling answer that names no time is obeyed, ms. */
export const THROTTLED_DEFAULT_MS = 30_000;
/** Most that a repeated quota answer is left alone, ms, where the broker names no time of its own. */
const QUOTA_CAP_MS = 60_000;
/** How long a call that could not be sent at all waits, ms: a setting must be mended first. */
export const UNSENT_WAIT_MS = 60_000;
/** How long everybody leaves a broker alone that turns the whole network away, ms; then one call finds out whether somebody mended it. */
export const BARRED_MS = 5 * 60_000;
/** Renewals of a kind that may be repeated, which nobody answered, before a sign-in is the better try. */
const UNANSWERED_RENEWALS = 2;
/** Sign-ins nobody answered beside a token that lives: each may have opened a session, and a broker closes the oldest. */
const UNKNOWN_BESIDE_A_TOKEN = 2;
/** How long the way to a person is left alone after the broker failed, ms: each try may ring a phone. */
const REQUEST_WAIT_MS = 60_000;

/**
 * What a failed call changes in the record. Pure; the caller stores the result and decides anew.
 * A failure never touches the session's token: what is still good stays served.
 */
export function consequence(failed: Failed): Consequence {
  const { error, during, before, now, random } = failed;
  const failures = before.failures + 1;
  const headroom = headroomOf(before, failed.latest);
  const noted: AccountRecord = {
    ...before,
    failures,
    attempt: undefined,
    request: undefined,
    heldBack: undefined,
    carry: error.carry,
    trouble: { code: error.code, kind: error.kind, message: error.message, at: now },
  };
  const after = (changes: Partial<AccountRecord>, silence?: Silence): Consequence => ({
    record: { ...noted, ...changes },
    silence,
  });

  // What never left cannot have been refused: no verdict on the credentials, only patience.
  if (!error.sent && (error.kind === 'refused' || error.kind === 'needs-human'))
    return after({ retryAt: now + UNSENT_WAIT_MS });
  if (error.kind === 'throttled') {
    const until = now + quietMs(error, before);
    return after(
      // Who brings a ticket goes first: the others' next call would only be penalised anew.
      { retryAt: error.carry ? until : until + Math.round(random() * 2_000) },
      silenceOf(error, before, now),
    );
  }
  const silence = silenceOf(error, before, now);
  // Nobody's phone has rung, and no login was looked at.
  if (silence && during !== 'consent') {
    // It said of this login, too, that it was looked at and not taken: that password waits for a person.
    const refused = error.doubtsPassword ? { ...spent(before.session), ...stopped(failed) } : {};
    return after({ ...refused, retryAt: silence.until + Math.round(random() * 2_000) }, silence);
  }
  switch (during) {
    // A person tried and it did not work out: they are asked again, no timer runs.
    case 'consent':
      return after({}, silence);
    case 'request':
      return after(afterRequest(failed));
    case 'renewal':
      return after(afterRenewal(failed, failures, headroom));
    case 'sign-in':
      return after(afterSignIn(failed, failures, headroom));
  }
}

/** The broker turns everybody behind this egress away until a person acts: no credentials are at fault, and none are stopped. */
export const isBarred = ({ kind, scope, sent }: BrokerError): boolean =>
  kind === 'needs-human' && sent && (scope === 'egress' || scope === 'broker');

/** A quota that is still spent is left alone for longer each time. */
export function quietMs(error: BrokerError, before: AccountRecord): number {
  const asked = error.retryAfterMs ?? THROTTLED_DEFAULT_MS;
  const repeats = before.trouble?.kind === 'throttled' ? Math.min(before.failures, 5) : 0;
  return Math.min(asked * 2 ** repeats, Math.max(asked, QUOTA_CAP_MS));
}

function afterSignIn(failed: Failed, failures: number, headroom: number): Partial<AccountRecord> {
  const { error, before, now, random } = failed;
  switch (error.kind) {
    case 'outcome-unknown': {
      const unknownSignIns = withUnknown(before.unknownSignIns, failed.sentAt ?? now, now);
      const retryAt = now + unknownSignInWaitMs(unknownSignIns.length, headroom, random);
      return { unknownSignIns, retryAt, ...besideAToken(failed, unknownSignIns, retryAt) };
    }
    case 'refused':
      return stopped(failed);
    case 'needs-human':
      return { ...spent(before.session), ...stopped(failed) };
    default: {
      if (!error.sent) return { retryAt: now + backoffMs(failures, headroom, random) };
      // The password went out, and the broker says that it looked at nothing: fair a few times.
      const answeredSignIns = withUnknown(before.answeredSignIns, now, now);
      return {
        answeredSignIns,
        retryAt: now + answeredSignInWaitMs(answeredSignIns.length, headroom, random),
      };
    }
  }
}

/**
 * Two sign-ins that nobody answered may have opened two sessions, and closed the one that is served. So it
 * is asked about, and the next one waits for as long as the token itself allows.
 */
function besideAToken(
  { before, policy, now, latest }: Failed,
  unknownSignIns: readonly number[],
  retryAt: number,
): Partial<AccountRecord> {
  const { session } = before;
  if (session === undefined || session.withdrawn || session.grant.expiresAt <= latest) return {};
  const { issuedAt, expiresAt } = session.grant;
  if (unknownSignIns.filter((at) => at >= issuedAt).length < UNKNOWN_BESIDE_A_TOKEN) return {};
  const waitMs = lastSafeStart(issuedAt, expiresAt, policy) - latest;
  return { proofDueAt: now, retryAt: Math.max(retryAt, now + waitMs) };
}

function afterRenewal(failed: Failed, failures: number, headroom: number): Partial<AccountRecord> {
  const { error, before, policy, now, random } = failed;
  const later = { retryAt: now + backoffMs(failures, headroom, random) };
  // Another way is tried at once, and a person's wish goes on with it.
  const otherwise = { ...spent(before.session), retryAt: now, request: before.request };
  switch (error.kind) {
    case 'outcome-unknown':
      // What was rotated away may be dead by now: a read tells, and the sign-in waits no longer for it.
      if (policy.renewalIsSingleUse) return { ...otherwise, proofDueAt: now };
      // Answered, but not as a living token is: it may have been closed at the broker.
      if (error.doubtsSession && before.trouble?.kind !== 'outcome-unknown')
        return { ...later, proofDueAt: now };
      return before.trouble?.kind === 'outcome-unknown' && failures >= UNANSWERED_RENEWALS
        ? otherwise
        : later;
    case 'refused':
      // The grant is gone, the password is not in doubt: one sign-in, at once.
      return otherwise;
    case 'needs-human':
      return { ...spent(before.session), ...stopped(failed) };
    default:
      // A server that fails for this token only may be one that no longer knows it.
      if (error.doubtsSession && failures === UNANSWERED_RENEWALS) return { ...later, proofDueAt: now };
      // An error page does not say whether the pair was rotated before it: sent is spent.
      return policy.renewalIsSingleUse && error.sent ? { ...later, ...spent(before.session) } : later;
  }
}

/**
 * The person's phone rings at each request: one that may have been made counts as made. One that was
 * refused rang nobody, but would be refused again with the same credentials.
 */
function afterRequest({ error, deadline, fingerprint, now }: Failed): Partial<AccountRecord> {
  if (error.kind === 'transient') {
    return { retryAt: now + Math.max(REQUEST_WAIT_MS, error.retryAfterMs ?? 0) };
  }
  const isRefused = error.kind === 'refused' || error.kind === 'needs-human';
  return { asked: { at: now, until: deadline, ...(isRefused && { refused: fingerprint }) }, retryAt: 0 };
}

function stopped({ before, fingerprint }: Failed): Partial<AccountRecord> {
  return { refused: [...new Set([...before.refused, fingerprint])], retryAt: 0 };
}

function spent(session: Session | undefined): { readonly session: Session | undefined } {
  return { session: session && { ...session, renewalSpent: true } };
}

export const headroomOf = (record: AccountRecord, now: number): number =>
  record.session && !record.session.withdrawn ? record.session.grant.expiresAt - now : 0;

/** The silence that an answer asks for, where it concerns more than the account. */
export function silenceOf(error: BrokerError, before: AccountRecord, now: number): Silence | undefined {
  const { scope, code, message } = error;
  if (scope === 'account') return undefined;
  if (error.kind === 'throttled') return { scope, until: now + quietMs(error, before), code, message };
  // "This login is locked" would be a lie to all the others.
  const why = error.doubtsPassword ? {} : { message };
  if (isBarred(error)) return { scope, until: now + (error.retryAfterMs ?? BARRED_MS), code, ...why };
  return undefined;
}

/** For how long a refused API key is not tried, ms; the verdicts on its accounts outlive it. */
export const KEY_REFUSED_MS = 7 * 24 * 60 * 60_000;
