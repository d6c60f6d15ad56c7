import { namesOf, type Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import { consequence } from '../core/consequence.ts';
import { decide, type Decision, type Situation } from '../core/decide.ts';
import { BrokerError } from '../core/errors.ts';
import { drawRenewAt } from '../core/policy.ts';
import { isLive, type AccountRecord, type AttemptKind, type Session, type Source } from '../core/session.ts';
import type { Commit, Network, RampOutcome, Settlement, Standing } from '../core/store.ts';
import { insist } from './insist.ts';
import type { HeldLease } from './lease.ts';
import type { KeeperParts, Tended } from './parts.ts';
import { claimsOf, publicationsOf } from './publications.ts';
import { makeTelling } from './telling.ts';

/** How soon a login that another account holds is tried again once that account is gone, ms. */
const CLAIMED_WAIT_MS = 5 * 60_000;

/** How a look at an account ends: each of these writes once, under the lease, and says what happened. */
export interface Outcomes {
  networkOf(account: Account): Network;
  seedFingerprints(seed: Grant): readonly string[];
  situationOf(account: Account, record: AccountRecord, silentUntil: number): Situation;
  rest(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    decision: Extract<Decision, { do: 'rest' }>,
  ): Promise<Tended>;
  commit(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    got: {
      readonly grant: Grant;
      readonly source: Source;
      readonly ramp?: RampOutcome;
      readonly startedAt?: number;
    },
  ): Promise<Tended>;
  /** The commit that would write this session again. */
  commitOf(account: Account, record: AccountRecord, session: Session, ramp: RampOutcome | undefined): Commit;
  fail(
    account: Account,
    held: HeldLease,
    before: AccountRecord,
    failure: {
      readonly error: BrokerError;
      readonly during: AttemptKind;
      readonly quiet?: boolean;
      readonly ramp?: RampOutcome | undefined;
    },
  ): Promise<Tended>;
}

export function makeOutcomes(parts: KeeperParts): Outcomes {
  const { store, clock, listener } = parts;
  const tell = makeTelling(parts);

  function situationOf(account: Account, record: AccountRecord, silentUntil: number): Situation {
    const seed = account.connection.seed;
    return {
      account,
      record,
      fingerprints: parts.fingerprints(account.credentials),
      seedFingerprints: seed ? seedFingerprints(seed) : [],
      silentUntil,
      isClaimed: record.claimedBy !== undefined && parts.account(record.claimedBy) !== undefined,
    };
  }

  const seedFingerprints = (seed: Grant): readonly string[] =>
    parts.fingerprints(['seed', ...Object.values(seed.renewal ?? {})]);
  const networkOf = (account: Account): Network => ({ broker: account.broker, egress: parts.egress });

  async function rest(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    decision: Extract<Decision, { do: 'rest' }>,
  ): Promise<Tended> {
    const now = clock.now();
    const { session } = record;
    const ended =
      session !== undefined && now >= session.grant.expiresAt && record.expiredSaid !== session.generation;
    // A verdict is kept under the ring's first key, so that an older one can leave it.
    const [fingerprint = '', ...older] = parts.fingerprints(account.credentials);
    const isOld =
      !record.refused.includes(fingerprint) && older.some((each) => record.refused.includes(each));
    const after: AccountRecord = {
      ...record,
      ...(isOld && { refused: [...record.refused, fingerprint] }),
      ...(ended && { expiredSaid: session.generation }),
    };
    await store.settle(
      held.lease,
      networkOf(account),
      {
        record: after,
        standing: { state: decision.state, reason: decision.state === 'fresh' ? '' : decision.because },
        names: namesOf(account),
        dueAt: lookAt(after, decision.nextAt, now),
        event: ended ? 'expired' : undefined,
        ramp: undefined,
      },
      now,
    );
    if (ended) tell.expired(account, decision.because);
    // Said again at every look: an alert that a killed process could not store is not lost. Repeats are free.
    if (decision.state === 'stopped' && record.trouble) {
      listener.failed(account, record.trouble, { state: 'stopped', at: undefined });
    }
    const isLiving = session !== undefined && isLive(session, account.identity, now);
    if (decision.because === 'broker_silence' && !isLiving) {
      tell.waitsForSilence(account, decision.because, decision.state, decision.nextAt);
    }
    if (decision.state === 'awaiting_approval' && decision.because === 'awaiting_approval')
      listener.personNeeded(account);
    return { outcome: 'rested', decision };
  }

  const commit: Outcomes['commit'] = async (account, held, record, { grant, source, ramp, startedAt }) => {
    const now = clock.now();
    const session: Session = {
      generation: held.lease.fence,
      grant,
      source,
      identity: account.identity,
      renewAt: drawRenewAt(
        grant.issuedAt,
        grant.expiresAt,
        parts.broker(account.broker).policy,
        parts.random,
      ),
      renewalSpent: false,
    };
    const toCommit = commitOf(account, record, session, ramp);
    const result = await insist(clock, () => store.commit(held.lease, networkOf(account), toCommit, now));
    if (result.outcome === 'stale') {
      tell.stale(account, session);
      return { outcome: 'lost' };
    }
    if (result.outcome === 'claimed') {
      const error = new BrokerError(
        `The broker's answer belongs to the same user as the account ${result.by}; two entries must not share a login. Remove one of them.`,
        { kind: 'refused', code: 'claimed_by_another' },
      );
      // It was found, not asked for: an alias that became an account still holds the other's token.
      if (source === 'adopted') return { outcome: 'failed', error, again: true };
      const claimed = { ...record, claimedBy: result.by, retryAt: now + CLAIMED_WAIT_MS };
      // The password was right: not these credentials are refused, only this second entry for them.
      return fail(account, held, claimed, { error, during: 'consent', ramp: ramp && 'other' });
    }
    const tookMs = startedAt === undefined ? undefined : now - startedAt;
    tell.published(account, record, session, { ...result, tookMs });
    return { outcome: 'committed', session };
  };

  function commitOf(
    account: Account,
    record: AccountRecord,
    session: Session,
    ramp: RampOutcome | undefined,
  ): Commit {
    const worked = parts.fingerprints(account.credentials);
    return {
      session,
      publications: publicationsOf(account, session),
      ttlCapMs: parts.ttlCapMs(account),
      claims: claimsOf(account, session),
      refused: record.refused.filter((fingerprint) => !worked.includes(fingerprint)),
      events:
        session.source === 'adopted'
          ? ['confirmed']
          : record.trouble
            ? ['refreshed', 'recovered']
            : ['refreshed'],
      dueAt: session.renewAt,
      ramp,
    };
  }

  const fail: Outcomes['fail'] = async (account, held, before, { error, during, quiet = false, ramp }) => {
    const now = clock.now();
    const [fingerprint = ''] = parts.fingerprints(account.credentials);
    const policy = parts.broker(account.broker).policy;
    const { record, silence } = consequence(error, during, before, fingerprint, policy, now, parts.random);
    if (silence) await store.silence(networkOf(account), silence, now);
    const next = decide(situationOf(account, record, silence?.until ?? held.silentUntil), now);
    // Something else is tried at once (a sign-in after a refused renewal): no failure for people yet.
    const again = next.do !== 'rest';
    const said = !quiet && !again;
    const at = again ? now : next.nextAt;
    // One that is stopped or waits for a person is looked at again, but nothing is tried by itself.
    const waits = next.do === 'rest' && (next.state === 'stopped' || next.state === 'awaiting_approval');
    const triedAt = waits ? undefined : at;
    const standing: Standing = again
      ? { state: 'due', reason: error.code }
      : { state: next.state, reason: next.because };
    const settlement: Settlement = {
      record: again ? { ...record, failures: before.failures, trouble: before.trouble } : record,
      standing,
      names: namesOf(account),
      dueAt: lookAt(record, at, now),
      event: said ? 'failed' : undefined,
      ramp,
    };
    const { settled, woken } = await insist(clock, () =>
      store.settle(held.lease, networkOf(account), settlement, now),
    );
    if (woken > 0) listener.woken(account.broker);
    if (!settled) return { outcome: 'lost' };
    tell.failed(account, error, { during, said, state: standing.state, at: triedAt });
    return { outcome: 'failed', error, again };
  };

  return { networkOf, seedFingerprints, situationOf, rest, commit, commitOf, fail };
}

/** The end of a token is looked at when it comes, whatever else is planned: its state and event tell of it. */
function lookAt(
  { session, expiredSaid }: AccountRecord,
  plannedAt: number | undefined,
  now: number,
): number | undefined {
  if (session === undefined || expiredSaid === session.generation) return plannedAt;
  return Math.min(plannedAt ?? Infinity, Math.max(now, session.grant.expiresAt));
}
