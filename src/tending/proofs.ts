import type { Account } from '../core/account.ts';
import type { Call } from '../core/broker.ts';
import { afterDoubt, isDoubtedTwice } from '../core/doubt.ts';
import { afterOutstanding, afterProbe, proofSilenceOf, type Proven } from '../core/proof.ts';
import { isProofLate } from '../core/describe.ts';
import { decide, pendingOf } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { BrokerError } from '../core/errors.ts';
import { isReportOpen } from '../core/reports.ts';
import type { AccountRecord, Pending } from '../core/session.ts';
import { afterCall, isVerdict, refusedByCall } from '../core/verdicts.ts';
import type { Attempts } from './attempts.ts';
import { within } from './deadline.ts';
import type { HeldLease } from './lease.ts';
import type { Note } from './notes.ts';
import { discover, isListDue } from './listings.ts';
import { deadOnArrival, prove } from './obtain.ts';
import { answeredOf } from './charges.ts';
import { lookAt } from './look-at.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { isPersons } from './persons.ts';
import { hasLiveToken, type Surroundings } from './surroundings.ts';
import { makeVainReports } from './vain-reports.ts';
import type { Telling } from './telling.ts';

/** Enough failures in a row to be said. */
const MANY = 3;
/** A silence shorter than this is no news, ms. */
const NEWS_MS = 60_000;

/** Another thing is to be done at once, at the next look. */
const soon = (now: number, isLive: boolean): Extract<Decision, { do: 'rest' }> => ({
  do: 'rest',
  state: isLive ? 'fresh' : 'due',
  because: 'proof_pending',
  nextAt: now,
});

/** Tokens are proved by a read that changes nothing at the broker. */
export interface Proofs {
  /** Is the session's token still honoured? */
  probe(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended>;
  /** May the grant in hand be published? */
  prove(account: Account, held: HeldLease, record: AccountRecord, pending: Pending): Promise<Tended>;
}

export function makeProofs(
  parts: KeeperParts,
  around: Surroundings,
  outcomes: Outcomes,
  attempts: Attempts,
  note: Note,
  tell: Telling,
): Proofs {
  const { store, clock, random, log } = parts;
  const vain = parts.vainReports ?? makeVainReports(log, clock);
  const call = <T>(account: Account, held: HeldLease, work: (call: Call) => Promise<T>): Promise<T> =>
    within(clock, policyOf(parts, account).timeoutMs, [held.signal], (signal) => work({ signal }));

  async function probe(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended> {
    const { session } = record;
    const ask = account.connection.probe;
    if (!session || !ask) return { outcome: 'held' };
    const noted = await note(account, held, record, 'proof', {});
    if (noted.may === 'not') return noted.tended;
    const said = await call(account, held, (each) => ask(session.grant, each)).catch(
      (error: unknown): Proven => {
        if (error instanceof BrokerError) return { error };
        throw error;
      },
    );
    const now = clock.now();
    const policy = policyOf(parts, account);
    const doubt =
      isPersons(account) && typeof said === 'object' && said.error.doubtsSession ? said.error : undefined;
    const proven = doubt && isDoubtedTwice(record, doubt) ? 'dead' : said;
    const refused = proven === 'alive' ? afterCall(record.refused) : record.refused;
    const isLifted = refused.length < record.refused.length;
    // Nothing is tried for an account that waits for a person: that its token lives is all there is to say.
    const isWell = proven === 'alive' && (isLifted || isPersons(account));
    const before = isWell ? { ...record, refused, failures: 0 } : record;
    const probed =
      doubt && proven !== 'dead'
        ? afterDoubt(before, doubt, now)
        : afterProbe(before, proven, policy, now, random);
    const fingerprint = around.signInFingerprintOf(account);
    const isStopped = fingerprint !== undefined && typeof proven === 'object' && isVerdict(proven.error);
    const after = isStopped ? refusedByCall(probed, proven.error, fingerprint, now) : probed;
    const isNews = after.refused.length > record.refused.length;
    // On disk before it is in Redis: a verdict that is lost would be asked for again.
    if (isNews) await parts.keepsake.remember(account, after, 'verdict');
    if (typeof proven === 'object') await outcomes.closeKey(account, proven.error);
    const free = isLifted ? { refusedKey: undefined } : {};
    if (isLifted) await parts.keepsake.keyWorks(around.networkOf(account), held.refusedKey, now);
    const isAwaited = record.request !== undefined || isReportOpen(record);
    const isOver = proven === 'dead' || proven === 'someone-else';
    const silence = typeof proven === 'object' ? proofSilenceOf(record, proven.error, now) : undefined;
    const silentUntil = Math.max(await outcomes.obey(account, silence, now), held.silentUntil);
    const next = decide(around.situationOf(account, after, { ...held, ...free, silentUntil }), now);
    const at = next.do === 'rest' ? next.nextAt : now;
    await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: isOver ? { ...after, expiredSaid: session.generation } : after,
        standing:
          next.do === 'rest'
            ? outcomes.standingOf(account, after, next)
            : { state: 'due', reason: after.trouble?.code ?? next.because },
        names: outcomes.namesOf(account, after),
        dueAt: lookAt(after, at, now),
        event: isOver
          ? 'expired'
          : isNews
            ? 'failed'
            : proven === 'alive' && isAwaited
              ? 'confirmed'
              : undefined,
        ramp: undefined,
        answered: typeof proven === 'object' ? answeredOf(proven.error) : 'up',
        withdraw: isOver,
        ...(proven !== 'alive' && { failed: around.failureBudgetsOf(account, 'proof') }),
      },
      now,
    );
    if (isOver) await parts.keepsake.remember(account, after, 'outcome');
    if (isLifted) await parts.keepsake.remember(account, after, 'proved');
    // After a renewal that nobody answered this was to be expected: the sign-in that follows has the say.
    const isSurprise = !(session.renewalSpent && record.trouble?.kind === 'outcome-unknown');
    const isLate = isProofLate(Math.max(record.provenAt, session.grant.issuedAt), policy.proveEveryMs, now);
    if (isReportOpen(record)) vain.tell(account, proven === 'alive');
    if (isOver) tell.diedEarly(account, after, isSurprise || proven === 'someone-else');
    else if (typeof proven === 'object') {
      const late = { state: 'fresh', at: after.proofDueAt, failures: MANY };
      // A silence that lasts holds others up, or this account's renewal: its reason in the broker's words must reach a person.
      const own = after.retryAt > record.retryAt ? after.retryAt : 0;
      const quietUntil = Math.max(silence?.until ?? 0, own);
      const news = quietUntil > now + NEWS_MS ? { state: 'fresh', at: quietUntil, failures: 0 } : undefined;
      const stop = isStopped ? { state: 'stopped', at: undefined, failures: after.failures } : undefined;
      tell.unproved(account, proven.error, stop ?? (isLate ? late : news));
    } else tell.proved(account, before);
    return isOver && after.trouble
      ? {
          outcome: 'failed',
          error: new BrokerError(after.trouble.message, { kind: 'refused', code: after.trouble.code }),
          again: next.do !== 'rest',
        }
      : { outcome: 'confirmed' };
  }

  /** The record without this grant: the next one is proved at once, or the live token when its time comes. */
  function without(account: Account, record: AccountRecord, judged: Pending): AccountRecord {
    const now = clock.now();
    const pending = record.pending.filter(({ grant }) => grant.token !== judged.grant.token);
    const { proveEveryMs } = policyOf(parts, account);
    const isNext = pendingOf({ ...record, pending }, account, now) !== undefined;
    const proofDueAt = isNext || !proveEveryMs ? 0 : Math.max(now, record.provenAt + proveEveryMs);
    // Its sign-in was paced as an open question; now the verdict on it counts.
    const unknownSignIns =
      judged.source === 'sign-in' ? record.unknownSignIns.slice(0, -1) : record.unknownSignIns;
    return { ...record, pending, proofDueAt, unknownSignIns };
  }

  async function proveOne(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    pending: Pending,
  ): Promise<Tended> {
    const noted = await note(account, held, record, 'proof', {
      passesBreaker: account.connection.signIn === undefined,
      reads: isListDue(account, record, pending.source, clock.now()) ? 1 : 0,
    });
    if (noted.may === 'not') return noted.tended;
    const { grant, source } = pending;
    try {
      const startedAt = clock.now();
      const proof = await call(account, held, (each) => prove(account, grant, source, each));
      // What anybody may have posted is not kept for one odd answer after the other.
      const isDoubted = typeof proof === 'object' && isPersons(account) && proof.outstanding.doubtsSession;
      if (isDoubted) throw deadOnArrival(source);
      if (typeof proof === 'object') return await later(account, held, record, pending, proof.outstanding);
      const listing = isListDue(account, record, source, clock.now())
        ? await call(account, held, (each) => discover(account, grant, each))
        : undefined;
      const got = { grant, source, startedAt, proved: proof === 'alive', listing };
      return await attempts.publish(account, held, without(account, record, pending), got);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const rest = without(account, record, pending);
      // What was judged must not come back from this machine's disk to be judged again, whatever else still waits.
      parts.keepsake.dismiss(account, grant);
      if (rest.pending.length === 0) parts.keepsake.release(account, clock.now());
      if (source === 'consent' && hasLiveToken(account, record, clock.now())) {
        return drop(account, held, rest, error);
      }
      const during = source === 'sign-in' || source === 'renewal' ? source : 'consent';
      return outcomes.fail(account, held, rest, { error, during, counts: false });
    }
  }

  /** Somebody posted what is no token, beside a live one: nothing is wrong with the account. */
  async function drop(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    error: BrokerError,
  ): Promise<Tended> {
    log.warn(
      { event: 'arrival.dropped', account: account.name, broker: account.broker, code: error.code },
      `What was posted for ${account.name} was dropped, its live token stays: ${error.message}`,
    );
    const next = decide(around.situationOf(account, record, held), clock.now());
    await outcomes.rest(account, held, record, next.do === 'rest' ? next : soon(clock.now(), true));
    return { outcome: 'refused', reason: error.code };
  }

  /** The broker did not say: what is in hand is kept, and asked about again. */
  async function later(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    { source }: Pending,
    error: BrokerError,
  ): Promise<Tended> {
    const now = clock.now();
    const outstanding = { error, source, isNew: false, fingerprint: around.signInFingerprintOf(account) };
    const { record: after, silence } = afterOutstanding(record, outstanding, now, random);
    const isNews = after.refused.length > record.refused.length;
    if (isNews) await parts.keepsake.remember(account, after, 'verdict');
    await outcomes.closeKey(account, error);
    const silentUntil = Math.max(await outcomes.obey(account, silence, now), held.silentUntil);
    const next = decide(around.situationOf(account, after, { ...held, silentUntil }), now);
    const rest = next.do === 'rest' ? next : soon(now, hasLiveToken(account, after, now));
    const failed = around.failureBudgetsOf(account, 'proof');
    const event = isNews ? ('failed' as const) : undefined;
    await outcomes.rest(account, held, after, rest, { answered: answeredOf(error), failed, event });
    const { failures, proofDueAt: at } = after;
    tell.unproved(account, error, { state: rest.state, at, failures });
    return { outcome: 'pending' };
  }

  return { probe, prove: proveOne };
}
