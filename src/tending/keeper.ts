import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import { decide, type Decision } from '../core/decide.ts';
import { BrokerError } from '../core/errors.ts';
import { isLive, type AccountRecord } from '../core/session.ts';
import type { RampOutcome } from '../core/store.ts';
import { within } from './deadline.ts';
import { takeLease, type HeldLease } from './lease.ts';
import { obtain, type Step } from './obtain.ts';
import { makeOutcomes } from './outcomes.ts';
import type { Keeper, KeeperParts, Tended } from './parts.ts';

/** A lease outlives the call it guards by half, so that a late answer still finds it ours. */
const LEASE_SHARE = 1.5;

/** Looks after accounts, one at a time under its lease; whatever asks (a job, a person) asks here. */
export function makeKeeper(parts: KeeperParts): Keeper {
  const { store, clock, log } = parts;
  const outcomes = makeOutcomes(parts);
  const timeoutOf = (account: Account): number => parts.broker(account.broker).policy.timeoutMs;

  async function tendHeld(account: Account, held: HeldLease): Promise<Tended> {
    const { record } = held;
    if (record.attempt) return closeOpenAttempt(account, held);
    const adopted = await adopt(account, record);
    if (adopted) {
      const tended = await outcomes.commit(account, held, record, { grant: adopted, source: 'adopted' });
      if (tended.outcome !== 'failed') return tended;
    }
    const decision = decide(outcomes.situationOf(account, record, held.silentUntil), clock.now());
    if (decision.do === 'rest') return outcomes.rest(account, held, record, decision);
    return act(account, held, stepFor(decision, account, record));
  }

  /**
   * A process died between the call and its outcome. That is written down before anything else is
   * done: a second death must not make the same refresh token look unspent.
   */
  function closeOpenAttempt(account: Account, held: HeldLease): Promise<Tended> {
    const during = held.record.attempt?.kind ?? 'sign-in';
    const error = new BrokerError('The attempt was interrupted; the broker may have acted on it.', {
      kind: 'outcome-unknown',
      code: 'interrupted',
    });
    log.warn(
      { event: 'attempt.interrupted', account: account.name, broker: account.broker, during },
      `An earlier ${during} for ${account.name} was interrupted; its outcome is unknown.`,
    );
    // Once may be a restart; what is interrupted again and again is a failure like any other.
    const quiet = held.record.unknownSignIns.length === 0 && held.record.failures === 0;
    return outcomes.fail(account, held, held.record, { error, during, quiet });
  }

  /** On a first start, a live token that somebody else wrote spares a sign-in. */
  async function adopt(account: Account, record: AccountRecord): Promise<Grant | undefined> {
    if (!account.enabled || record.session !== undefined || !account.connection.adopt) return undefined;
    const token = await store.foreignToken(account.name);
    return token === undefined ? undefined : account.connection.adopt(token, clock.now());
  }

  async function act(account: Account, held: HeldLease, step: Step): Promise<Tended> {
    const { record } = held;
    const startedAt = clock.now();
    const [fingerprint = ''] = parts.fingerprints(account.credentials);
    const noted = await store.note(
      held.lease,
      { kind: step.kind, startedAt, by: parts.instance, fingerprint },
      {
        ttlMs: timeoutOf(account) * LEASE_SHARE,
        now: startedAt,
        network: outcomes.networkOf(account),
        ramp: step.kind === 'sign-in',
        ...(step.seed && { seedSpent: outcomes.seedFingerprints(step.seed)[0] ?? '' }),
      },
    );
    if (noted !== 'noted') return { outcome: noted };
    const ramped = (outcome: RampOutcome): { ramp?: RampOutcome } =>
      step.kind === 'sign-in' ? { ramp: outcome } : {};
    try {
      const grant = await within(clock, timeoutOf(account), [held.signal], (signal) =>
        obtain(account, step, { signal }, clock),
      );
      if (step.kind === 'consent') sameOwner(account, record, grant);
      return await outcomes.commit(account, held, record, {
        grant,
        source: step.source,
        startedAt,
        ...ramped('success'),
      });
    } catch (error) {
      // The seed counts as spent from the moment it was noted, whatever became of it.
      const seedSpent = step.seed ? outcomes.seedFingerprints(step.seed)[0] : record.seedSpent;
      const before = { ...record, seedSpent };
      const known = error instanceof BrokerError ? error : unexpected(account, error);
      return outcomes.fail(account, held, before, {
        error: known,
        during: step.kind,
        ...ramped(rampOutcome(known)),
      });
    }
  }

  /** A defect of ours, or a Redis that refuses the write: never a reason to go on as if nothing were. */
  function unexpected(account: Account, error: unknown): BrokerError {
    const why = error instanceof Error ? error.message : 'unknown';
    log.error(
      { event: 'refresh.defect', account: account.name, broker: account.broker, error: why },
      `The refresh of ${account.name} ended in a defect or a refused write.`,
    );
    return new BrokerError(
      'The outcome could not be worked out or stored; the log says why. The next try waits, as the login may have counted.',
      { kind: 'outcome-unknown', code: 'internal' },
    );
  }

  /** The first login pins whose account it is; a browser may be logged in as somebody else. */
  function sameOwner(account: Account, record: AccountRecord, grant: Grant): void {
    const pinned = record.session?.identity === account.identity ? record.session.grant.owner : undefined;
    if (pinned === undefined) {
      log.info(
        { event: 'owner.pinned', account: account.name, owner: grant.owner },
        `${account.name} now belongs to the user ${grant.owner ?? 'the broker did not name'}; another user's login will be refused.`,
      );
    } else if (grant.owner !== pinned) {
      throw new BrokerError(
        `The browser was logged in as another user (${grant.owner ?? 'not named'}) than the account's (${pinned}); the token was not stored. Log out at the broker and start again.`,
        { kind: 'refused', code: 'someone_else' },
      );
    }
  }

  async function underLease(
    name: string,
    work: (account: Account, held: HeldLease) => Promise<Tended>,
  ): Promise<Tended> {
    const account = parts.account(name);
    if (!account) return { outcome: 'unknown' };
    const owner = `${parts.instance}:${parts.random().toString(36).slice(2)}`;
    const held = await takeLease(
      store,
      clock,
      name,
      outcomes.networkOf(account),
      owner,
      timeoutOf(account) * LEASE_SHARE,
    );
    if (!held) return { outcome: 'held' };
    let released = false;
    try {
      const tended = await work(account, held);
      released = tended.outcome !== 'lost';
      return tended;
    } finally {
      await held.end(released);
    }
  }

  return {
    tend: (name) => underLease(name, tendHeld),
    receive: (name, arrival) =>
      underLease(name, (account, held) =>
        act(account, held, { kind: 'consent', source: 'consent', arrival }),
      ),
    async restore(name) {
      const account = parts.account(name);
      if (!account?.enabled) return false;
      const record = await store.peek(name);
      const now = clock.now();
      if (!record.session || !isLive(record.session, account.identity, now)) return false;
      const commit = outcomes.commitOf(account, record, record.session, undefined);
      return store.restore(name, outcomes.networkOf(account), commit, now);
    },
  };
}

function stepFor(decision: Exclude<Decision, { do: 'rest' }>, account: Account, record: AccountRecord): Step {
  const seed = account.connection.seed;
  if (decision.do === 'seed' && seed) return { kind: 'renewal', source: 'renewal', from: seed, seed };
  if (decision.do === 'renew' && record.session) {
    return { kind: 'renewal', source: 'renewal', from: record.session.grant };
  }
  return { kind: 'sign-in', source: 'sign-in' };
}

/** A refusal says that the next sign-ins may be refused as well; no answer says nothing. */
function rampOutcome(error: BrokerError): RampOutcome {
  return error.kind === 'needs-human' || error.kind === 'refused' || error.kind === 'throttled'
    ? 'refusal'
    : 'other';
}
