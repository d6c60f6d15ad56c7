import type { Account } from './account.ts';
import { rest, type Decision, type Situation } from './decision.ts';
import { nextWithin } from './hours.ts';
import { isSignOutDue, pauseAt } from './pause.ts';
import { reportOf } from './reports.ts';
import { isLive, type AccountRecord, type Asked, type Pending, type Session } from './session.ts';
import type { State } from './state.ts';
import { isRefused } from './verdicts.ts';

/** A token may seem this much younger than none, ms: clocks differ. */
const SKEW_MS = 60_000;
/** How often an account that waits for a person is looked at, ms. */
export const ASKED_LOOK_MS = 60 * 60_000;
/**
 * How often a stopped account is looked at, ms. It costs no call; another process may know newer
 * credentials by then, and an alert that was lost is said again.
 */
const STOPPED_LOOK_MS = 60_000;
/** The same of a paused one, ms: it costs no call, and every account has a next look. */
const PAUSED_LOOK_MS = 60 * 60_000;
/** How long after a silence those go on who did not cause it, ms. */
const TICKET_HEAD_START_MS = 1_000;
/** A grant in hand whose proof failed so often in a row keeps nobody from being asked for another. */
const PATIENT_PROOFS = 3;
/** Hours and the broker's own days meet within so many steps, or never. */
const ASK_STEPS = 20;

/**
 * The one rule of what happens next to an account. Pure: the same situation gives the same decision,
 * in a job, in the page and in a test.
 */
export function decide(situation: Situation, now: number): Decision {
  const { account, record, silence } = situation;
  const { connection } = account;
  if (!account.enabled) return rest('disabled', 'disabled');

  const session = record.session?.identity === account.identity ? record.session : undefined;
  const live = session !== undefined && isLive(session, account.identity, now);
  const needsPerson = connection.signIn === undefined && connection.consent !== undefined;
  const idle: State = idleState(live, needsPerson, session !== undefined);

  const fit = live ? (connection.fits?.(session.grant) ?? 'fits') : 'fits';
  if (fit === 'withdraw') return { do: 'withdraw', because: 'entry_changed' };

  const pause = pauseAt(record, now);
  if (pause && isSignOutDue(record, pause)) return { do: 'sign-out', because: 'logged_out' };
  if (pause) {
    const because = pause.signOut ? 'logged_out' : 'paused';
    return rest('paused', because, Math.min(pause.until ?? Infinity, now + PAUSED_LOOK_MS));
  }

  const pending = pendingOf(record, account, now);
  if (pending) {
    const until = Math.max(record.proofDueAt, silence.until);
    if (until <= now) return { do: 'prove', because: 'proof_pending', pending };
    // Anybody may post to a webhook: what cannot be proved does not keep the day's question back for long.
    const isPatient = live || !needsPerson || silence.until > now || record.failures < PATIENT_PROOFS;
    const next = isPatient ? undefined : person(situation, now);
    if (!next || (next.do === 'rest' && next.because === 'asked_later')) {
      return rest(live ? 'fresh' : idle, 'proof_pending', until);
    }
    return next.do === 'rest' ? { ...next, nextAt: Math.min(next.nextAt ?? until, until) } : next;
  }

  const requested = record.request !== undefined;
  // A clock that stands before the session's birth tells nothing about its age: renew.
  const young = live && fit === 'fits' && now >= session.grant.issuedAt - SKEW_MS && now < session.renewAt;
  // Where nothing proves a token, a consumer's word is all there is.
  const replaceAt = live && !connection.probe ? (reportOf(record, session)?.at ?? Infinity) : Infinity;
  const isReported = replaceAt <= now;
  const proofAt = live && connection.probe && record.proofDueAt > 0 ? record.proofDueAt : Infinity;
  if (proofAt <= now && silence.until <= now) return { do: 'probe', because: 'proof_due' };
  if (young && !requested && !isReported && record.failures === 0) {
    const askAt = silence.until > now ? Math.max(proofAt, afterSilence(situation)) : proofAt;
    return rest('fresh', 'fresh', Math.min(session.renewAt, askAt, replaceAt));
  }

  const canRenew =
    session !== undefined &&
    !session.renewalSpent &&
    connection.renew !== undefined &&
    now < (connection.renewableUntil?.(session.grant) ?? session.grant.expiresAt);
  const refused = isRefused(record.refused, situation.fingerprints);
  const mayRearm = record.request?.rearm === true;
  // A key that is refused is refused to a renewal, too.
  if (situation.refusedKey && !mayRearm) {
    return rest('stopped', situation.refusedKey.code, now + STOPPED_LOOK_MS);
  }
  const stopped = (refused || situation.isClaimed) && !mayRearm;

  if (stopped && !canRenew) {
    return rest('stopped', record.trouble?.code ?? 'stopped', now + STOPPED_LOOK_MS);
  }
  if (silence.until > now) {
    // Whoever was turned away with the whole network reads why; one whose own login was refused, also if it was mended since, waits like everybody.
    const isTurnedAway = record.trouble?.kind === 'needs-human' && record.refused.length === 0;
    const because = isTurnedAway ? record.trouble.code : silence.because;
    return rest(idle, because, afterSilence(situation));
  }
  // A person may overrule our own patience, never the broker's.
  const asked = requested && record.trouble?.kind !== 'throttled';
  const { retryAt } = record;
  if (retryAt > now && !asked) {
    // However long a login is put off: a token that lives is proved meanwhile as often as any other.
    return rest(idle, record.trouble?.code ?? 'backing_off', Math.min(retryAt, proofAt));
  }
  const because = requested ? 'requested' : isReported ? 'reported' : live ? 'due' : 'expired';
  if (canRenew) return { do: 'renew', because };
  const seedSpent = situation.seedFingerprints.some((fingerprint) => fingerprint === record.seedSpent);
  if (session === undefined && connection.seed !== undefined && !seedSpent) {
    return { do: 'seed', because: 'first_start' };
  }
  if (connection.signIn) {
    return { do: 'sign-in', because: session || requested ? because : 'no_token' };
  }
  if (live && !(requested && mayRequest(situation, now)))
    return rest('fresh', 'fresh', Math.min(session.grant.expiresAt, proofAt));
  return connection.consent ? person(situation, now) : rest('expired', 'no_way_in');
}

/** The first pending grant that is still worth its proof: of this login, and what its entry asks for. */
export function pendingOf(
  record: AccountRecord,
  { identity, connection }: Pick<Account, 'identity' | 'connection'>,
  now: number,
): Pending | undefined {
  const isWanted = ({ grant }: Pending): boolean => (connection.fits?.(grant) ?? 'fits') === 'fits';
  return record.pending.find(
    (each) => each.identity === identity && now < each.grant.expiresAt && isWanted(each),
  );
}

/** When the account's person may be asked next, at or after `now` (ms): the broker's day and their own hours. */
export function mayAskAt(situation: Pick<Situation, 'account' | 'isHoliday'>, now: number): number {
  const { consent } = situation.account.connection;
  let at = now;
  for (let step = 0; step < ASK_STEPS; step++) {
    const opens = nextWithin(situation.account.hours, situation.isHoliday, consent?.askAt(at) ?? at);
    if (opens === at) return at;
    at = opens;
  }
  return at;
}

/** What of a session tells whether it answers a question. */
type Answer = { readonly source: string; readonly grant: Pick<Session['grant'], 'issuedAt'> };

/** True while the broker's question to the person is open: it rang them, and no token came since. */
export function isAsked(
  { asked, session }: Pick<AccountRecord, 'asked'> & { readonly session: Answer | undefined },
  now: number,
): boolean {
  return (
    asked !== undefined && asked.until > now && asked.refused === undefined && !isAnswered(asked, session)
  );
}

/** A token came since, though it may be over by now: the person did answer. */
const isAnswered = (asked: Asked, session: Answer | undefined): boolean =>
  session?.source === 'consent' && session.grant.issuedAt >= asked.at - SKEW_MS;

/** One request a window, but for one that rang nobody: that is made again with other credentials, or for a person. */
function mayRequest({ record, account, fingerprints }: Situation, now: number): boolean {
  const { asked, request } = record;
  if (!account.connection.consent?.request) return false;
  if (asked === undefined || asked.until <= now) return true;
  return asked.refused !== undefined && (request !== undefined || !fingerprints.includes(asked.refused));
}

/** Only a person gets the next token. */
function person(situation: Situation, now: number): Decision {
  const { record } = situation;
  const { asked, session } = record;
  const isWished = record.request !== undefined && mayRequest(situation, now);
  if (asked && isAsked(record, now)) {
    return rest('awaiting_approval', 'asked', Math.min(asked.until, now + ASKED_LOOK_MS));
  }
  const askAt = isWished ? now : mayAskAt(situation, now);
  if (askAt > now) {
    const isLapsed = asked && asked.refused === undefined && !isAnswered(asked, session);
    return rest('awaiting_approval', isLapsed ? 'approval_lapsed' : 'asked_later', askAt);
  }
  // After one that was refused the link is the way in.
  if (mayRequest(situation, now)) return { do: 'request', because: 'awaiting_approval' };
  const isRefused = asked?.refused !== undefined && asked.until > now;
  const because = isRefused ? record.trouble?.code : undefined;
  return rest('awaiting_approval', because ?? 'awaiting_approval', now + ASKED_LOOK_MS);
}

/** Whoever brings the ticket of a penalty goes first: anybody before it would only be penalised anew. */
function afterSilence({ silence, record }: Situation): number {
  const hasTicket = record.carry !== undefined || silence.because === 'broker_down';
  return hasTicket ? silence.until : silence.until + TICKET_HEAD_START_MS;
}

function idleState(live: boolean, needsPerson: boolean, hadSession: boolean): State {
  if (live) return 'backing_off';
  if (needsPerson) return 'awaiting_approval';
  return hadSession ? 'expired' : 'backing_off';
}
