import type { Account } from '../core/account.ts';
import type { Call } from '../core/broker.ts';
import { silenceOf } from '../core/consequence.ts';
import { afterOutstanding } from '../core/proof.ts';
import { BrokerError } from '../core/errors.ts';
import { originOf, type AccountRecord } from '../core/session.ts';
import type { RampOutcome, Settlement } from '../core/store.ts';
import type { Commits, Got } from './commits.ts';
import { MOST_PENDING } from './arrivals.ts';
import { within } from './deadline.ts';
import { insist } from './insist.ts';
import type { HeldLease } from './lease.ts';
import { isListDue } from './listings.ts';
import type { Note } from './notes.ts';
import { obtain, type Obtained, type Reached, type Step } from './obtain.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { hasLiveToken, type Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

/** Calls that change something at the broker: noted and charged before they go out, closed by their outcome. */
export interface Attempts {
  /** Gets a grant and publishes it. */
  act(account: Account, held: HeldLease, record: AccountRecord, step: Step): Promise<Tended>;
  /** Publishes what is in hand, or fails with why it may not be. */
  publish(account: Account, held: HeldLease, record: AccountRecord, got: Got): Promise<Tended>;
  /** Keeps what is in hand for its proof. `error`: why a first proof brought nothing. */
  setAside(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    got: Got,
    error?: BrokerError,
  ): Promise<Tended>;
}

export function makeAttempts(
  parts: KeeperParts,
  around: Surroundings,
  outcomes: Outcomes,
  commits: Commits,
  note: Note,
  tell: Telling,
): Attempts {
  const { store, clock, log, keepsake } = parts;

  const publish: Attempts['publish'] = async (account, held, record, got) => {
    try {
      const committed = await commits.commit(account, held, record, got);
      if (committed.outcome !== 'claimed') return committed;
      // It was found, not asked for: an alias that became an account still holds the other's token.
      if (got.source === 'adopted') return { outcome: 'failed', error: committed.error, again: true };
      // The password was right: not these credentials are refused, only this second entry for them.
      return await outcomes.fail(account, held, committed.record, {
        error: committed.error,
        during: 'consent',
        ramp: got.ramp && 'other',
        counts: false,
      });
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const during = got.source === 'sign-in' || got.source === 'renewal' ? got.source : 'consent';
      return await outcomes.fail(account, held, record, {
        error,
        during,
        ramp: got.ramp && 'other',
        counts: false,
      });
    } finally {
      // The token is out first: it cannot be had again.
      const now = clock.now();
      if (got.listing?.error) await outcomes.obey(account, silenceOf(got.listing.error, record, now), now);
    }
  };

  /** In hand, but the broker did not say whether it is good: kept sealed, the old token stays. */
  async function setAside(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    got: Got,
    error?: BrokerError,
  ): Promise<Tended> {
    const { grant, source } = got;
    const now = clock.now();
    const others = record.pending.filter((each) => each.grant.token !== grant.token);
    const pending = [{ grant, source, identity: account.identity }, ...others].slice(0, MOST_PENDING);
    // The renewal went through: what it was made from is gone, whatever the proof will say.
    const renewalSpent = record.session?.renewalSpent === true || source === 'renewal';
    const session = record.session && { ...record.session, renewalSpent };
    const waiting = { ...record, session, attempt: undefined, request: undefined, carry: undefined, pending };
    const { record: after, silence } = error
      ? afterOutstanding(
          waiting,
          { error, source, isNew: true, fingerprint: around.signInFingerprintOf(account) },
          now,
          parts.random,
        )
      : { record: { ...waiting, proofDueAt: now }, silence: undefined };
    const live = hasLiveToken(account, record, now);
    const state = live ? 'fresh' : account.connection.signIn ? 'expired' : 'awaiting_approval';
    const isVerdict = after.refused.length > record.refused.length;
    const settlement: Settlement = {
      record: after,
      standing: { state, reason: 'proof_pending' },
      names: outcomes.namesOf(account, after),
      dueAt: after.proofDueAt,
      event: isVerdict ? 'failed' : undefined,
      ramp: got.ramp,
      answered: 'up',
      ...(got.ramp && { signIn: 'sent' }),
      uses: got.ramp === 'success' ? ['logins'] : [],
      failed: error ? around.failureBudgetsOf(account, 'proof') : [],
    };
    const { startedAt = now } = got;
    // On disk before it is in Redis: a verdict that is lost would be asked for again.
    if (error) {
      await outcomes.closeKey(account, error);
      await keepsake.remember(account, after, isVerdict ? 'verdict' : 'outcome');
    }
    const { settled } = await insist(
      clock,
      () => store.settle(held.lease, around.networkOf(account), settlement, now),
      () =>
        keepsake.hold(account, {
          startedAt,
          since: originOf(record.session),
          origin: held.lease.fence,
          grant,
          source,
          identity: account.identity,
        }),
    );
    keepsake.release(account, startedAt);
    if (!settled) return { outcome: 'lost' };
    log.info(
      { event: 'token.pending', account: account.name, broker: account.broker, source },
      `A token for ${account.name} is in hand and waits for its proof.`,
    );
    await outcomes.obey(account, silence, now);
    if (error) tell.unproved(account, error, { state, at: after.proofDueAt, failures: after.failures });
    return { outcome: 'pending' };
  }

  async function act(account: Account, held: HeldLease, record: AccountRecord, step: Step): Promise<Tended> {
    const seedSpent = step.seed && around.seedFingerprints(step.seed)[0];
    const discover = isListDue(account, record, step.source, clock.now());
    const noted = await note(account, held, record, step.kind, {
      kind: step.kind,
      passesBreaker: step.kind === 'consent',
      passesSilence: step.kind === 'consent',
      reads: (account.verify && account.connection.probe ? 1 : 0) + (discover ? 1 : 0),
      ...(seedSpent !== undefined && { seedSpent }),
    });
    if (noted.may === 'not') return noted.tended;
    if (noted.may === 'sign-in instead') {
      return act(account, held, record, { kind: 'sign-in', source: 'sign-in' });
    }
    // On disk before it is sent: a Redis that is emptied must not make it look unspent.
    if (seedSpent !== undefined) await keepsake.remember(account, { ...record, seedSpent }, 'verdict');
    // A Redis that loses its last seconds loses the note as well; one that loses power with this machine, too.
    const policy = policyOf(parts, account);
    if (step.kind === 'renewal' && policy.renewalIsSingleUse) await keepsake.spend(account, step.from);
    // The attempt's own instant: an answer that is held is found again by it.
    const { startedAt } = noted;
    const ramped = (outcome: RampOutcome): { ramp?: RampOutcome } =>
      step.kind === 'sign-in' ? { ramp: outcome } : {};
    let got: Obtained;
    let reads = 0;
    let isReached = false;
    let quiet = false;
    const reached: Reached = (answered) => {
      reads += 1;
      isReached = answered;
    };
    try {
      const { timeoutMs } = policy;
      const isSilent = keepsake.silentUntil(around.networkOf(account)) > clock.now();
      // The next look, a moment later, tells of it under what brought the silence.
      quiet = isSilent && step.kind !== 'consent';
      if (quiet || clock.now() - startedAt > timeoutMs) throw heldUp();
      const call = (signal: AbortSignal): Call => ({ signal, ...(record.carry && { carry: record.carry }) });
      got = await within(clock, timeoutMs, [held.signal], (signal) =>
        obtain(account, step, call(signal), clock, {
          reachFirst: noted.reachFirst,
          reached,
          discover,
          timeoutMs,
        }),
      );
    } catch (error) {
      const known = error instanceof BrokerError ? error : tell.defect(account, error);
      // The seed counts as spent from the moment it was noted, whatever became of it.
      return outcomes.fail(
        account,
        held,
        { ...record, ...(seedSpent !== undefined && { seedSpent }) },
        {
          error: known,
          during: step.kind,
          counts: true,
          quiet,
          startedAt,
          reads,
          isReached,
          ...ramped(rampOutcome(known)),
        },
      );
    }
    const { grant, listing, proof } = got;
    // A broker that hands out the same material again has not used it up.
    keepsake.unspend(account, grant);
    const toPublish: Got = { grant, source: step.source, startedAt, listing, ...ramped('success') };
    try {
      if (typeof proof === 'object')
        return await setAside(account, held, record, toPublish, proof.outstanding);
      return await publish(account, held, record, { ...toPublish, proved: proof === 'alive' });
    } catch (error) {
      // Redis does not take it. The attempt stays open and the answer is held: the next look stores it.
      tell.unstored(account, error);
      throw error;
    }
  }

  return { act, publish, setAside };
}

/**
 * The machine slept, or Redis stood still, since the call was noted: others may have acted meanwhile, or the
 * broker asked one of them for silence.
 */
const heldUp = (): BrokerError =>
  new BrokerError('The call was held up until it was too late for it, so it was not sent.', {
    kind: 'transient',
    code: 'held_up',
    sent: false,
  });

/** A refused password says that the next ones may be refused as well; no answer says nothing. */
function rampOutcome(error: BrokerError): RampOutcome {
  return error.doubtsPassword || error.kind === 'throttled' ? 'refusal' : 'other';
}
