import type { Account } from '../core/account.ts';
import { consequence, type Silence } from '../core/consequence.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { REFUSED_EARLIER } from '../core/refused-words.ts';
import type { BrokerError } from '../core/errors.ts';
import { pauseAt } from '../core/pause.ts';
import { isLive, liveGrant, type AccountRecord, type AttemptKind } from '../core/session.ts';
import type { RampOutcome, Settlement, Standing } from '../core/store.ts';
import { underFirstKey } from '../core/verdicts.ts';
import { answeredOf, chargeOf, refundsOf } from './charges.ts';
import { insist } from './insist.ts';
import { lookAt } from './look-at.ts';
import type { HeldLease } from './lease.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { allNamesOf } from './publications.ts';
import { isPersons } from './persons.ts';
import type { Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

type Rest = Extract<Decision, { do: 'rest' }>;

export interface Failing {
  readonly error: BrokerError;
  readonly during: Exclude<AttemptKind, 'proof'>;
  readonly quiet?: boolean;
  readonly ramp?: RampOutcome | undefined;
  /** True where the broker was called, and its limits may count it. */
  readonly counts: boolean;
  /** Harmless calls that had gone out before it: they are counted, also where it was not sent. */
  readonly reads?: number;
  /** True where the last of them was answered. */
  readonly isReached?: boolean;
  /** When its attempt was noted, ms. */
  readonly startedAt?: number | undefined;
}

/** How a look at an account ends without a token: each of these writes once, under the lease, and says what happened. */
export interface Outcomes {
  rest(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    decision: Rest,
    /** What a call that brought nothing tells of the broker, and the budgets it counts for. */
    told?: Partial<Pick<Settlement, 'answered' | 'failed' | 'event'>>,
  ): Promise<Tended>;
  /** Keeps a refusal of the account's API key for all who use it; other errors do nothing. */
  closeKey(account: Account, error: BrokerError): Promise<void>;
  /** Keeps a silence that the broker asked for at `now`; until when (ms), 0 for none. */
  obey(account: Account, silence: Silence | undefined, now: number): Promise<number>;
  fail(account: Account, held: HeldLease, before: AccountRecord, failing: Failing): Promise<Tended>;
  /** Where a person has to act, their deadline stands beside the state. */
  standingOf(account: Account, record: AccountRecord, decision: Rest): Standing;
  namesOf(account: Account, record: AccountRecord): readonly string[];
}

export function makeOutcomes(parts: KeeperParts, around: Surroundings, tell: Telling): Outcomes {
  const { store, clock, listener, keepsake } = parts;

  function standingOf(account: Account, record: AccountRecord, decision: Rest): Standing {
    const { state, because } = decision;
    const now = clock.now();
    const pause = pauseAt(record, now);
    if (state === 'paused') {
      return { state, reason: because, ...(pause?.until !== undefined && { until: pause.until }) };
    }
    const asked = record.asked && record.asked.until > now ? record.asked.until : undefined;
    const deadline =
      state === 'awaiting_approval'
        ? (asked ?? account.connection.consent?.deadline(Math.max(now, decision.nextAt ?? now)))
        : undefined;
    return {
      state,
      reason: state === 'fresh' && because === 'fresh' ? '' : because,
      ...(deadline !== undefined && { until: deadline }),
    };
  }

  const obey: Outcomes['obey'] = async (account, silence, now) => {
    if (!silence) return 0;
    const network = around.networkOf(account);
    // Neither waits for the other: a disk that hangs must not keep it from those on other machines, nor a Redis that
    // is away from those who go on without it.
    const [, { endsAt }] = await Promise.all([
      keepsake.rememberNetwork(network, { silence }),
      // Its whole length from when Redis takes it, however late, and wherever the clock stands by then.
      insist(
        clock,
        () => store.silence(network, silence, now),
        () => Promise.resolve(),
      ),
    ]);
    await keepsake.rememberNetwork(network, { silence, endsAt });
    return silence.until;
  };

  const closeKey: Outcomes['closeKey'] = async (account, { kind, code, message, scope, sent }) => {
    if (kind !== 'needs-human' || scope !== 'key' || !sent) return;
    // Whoever else uses the key would only be told the same, at the price of a password.
    const trouble = { code, kind, message, at: clock.now() };
    const network = around.networkOf(account);
    await Promise.all([
      keepsake.rememberNetwork(network, { apiKey: trouble }),
      insist(
        clock,
        () => store.refuseKey(network, trouble),
        () => Promise.resolve(),
      ),
    ]);
  };

  const rest: Outcomes['rest'] = async (account, held, record, decision, told) => {
    const now = clock.now();
    const { session } = record;
    const ended =
      session !== undefined && now >= session.grant.expiresAt && record.expiredSaid !== session.generation;
    const after: AccountRecord = {
      ...record,
      refused: underFirstKey(record.refused, parts.fingerprints(account.credentials)),
      // A wish that stayed would ring its person later: in the night, when the day's question ends.
      request: isPersons(account) ? undefined : record.request,
      ...(ended && { expiredSaid: session.generation }),
    };
    const isSilent = decision.because === 'broker_silence';
    const silence = isSilent ? await store.silenceOf(around.networkOf(account), now) : undefined;
    await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: after,
        standing: standingOf(account, after, decision),
        names: allNamesOf(account, record.discovered),
        dueAt: lookAt(after, decision.nextAt, now),
        ramp: undefined,
        ...told,
        event: ended ? 'expired' : told?.event,
      },
      now,
    );
    // Over, or in force: whoever loses Redis must know a person's last word.
    if (after.paused) await keepsake.remember(account, after, 'outcome');
    if (ended) tell.expired(account, decision.because);
    // Said again at every look: an alert that a killed process could not store is not lost. Repeats are free.
    if (decision.state === 'stopped') {
      listener.failed(
        account,
        record.trouble ?? { kind: 'needs-human', message: REFUSED_EARLIER, code: decision.because },
        {
          state: 'stopped',
          at: undefined,
          tokenUntil: liveGrant(record, account, now)?.expiresAt ?? null,
        },
      );
    }
    const isServed = session !== undefined && isLive(session, account.identity, now);
    tell.waits(account, after, decision, isServed, silence);
    return { outcome: 'rested', decision };
  };

  const fail: Outcomes['fail'] = async (account, held, before, failing) => {
    const { error, during, quiet = false, ramp, counts, reads = 0, isReached = false } = failing;
    const now = clock.now();
    const { record, silence } = consequence({
      error,
      during,
      before,
      fingerprint: around.fingerprintOf(account),
      policy: policyOf(parts, account),
      deadline: account.connection.consent?.deadline(now) ?? now,
      now,
      sentAt: failing.startedAt ?? before.attempt?.startedAt,
      // The clock may have been set back since the call began.
      latest: Math.max(now, failing.startedAt ?? 0) + Math.max(0, held.behindMs),
      random: parts.random,
    });
    // Turned away unseen, or never sent.
    if (during === 'renewal' && record.session && !record.session.renewalSpent) {
      keepsake.unspend(account, record.session.grant);
    }
    const network = around.networkOf(account);
    // What concerns more than the account is a silence, and kept as such.
    const isQuiet = error.kind === 'throttled' && error.scope === 'account';
    const isVerdict =
      isQuiet || record.refused.length > before.refused.length || record.asked !== before.asked;
    const as = during === 'sign-in' && counts ? chargeOf(error) : undefined;
    const failed = as && { member: `${account.name}:${held.lease.fence}`, at: now, as };
    // On disk before Redis is told: a verdict that is lost would be asked for again, and a clear no that Redis does not
    // take would be an open question later.
    await Promise.all([
      isVerdict ? keepsake.remember(account, record, 'verdict') : undefined,
      failed && keepsake.rememberNetwork(network, { failed }),
    ]);
    const silentUntil = Math.max(await obey(account, silence, now), held.silentUntil);
    if (counts) await closeKey(account, error);
    const next = decide(around.situationOf(account, record, { ...held, silentUntil }), now);
    // Something else is tried at once (a sign-in after a refused renewal): no failure for people yet.
    const again = next.do !== 'rest';
    // A proof is no other way: what fails again after it has failed before.
    const isOtherWay = again && next.do !== 'probe';
    const isPaused = pauseAt(record, now) !== undefined;
    const said = !quiet && !again && !isPaused;
    const at = again ? now : next.nextAt;
    // One that is stopped or waits for a person is looked at again, but nothing is tried by itself.
    const waits = next.do === 'rest' && (next.state === 'stopped' || next.state === 'awaiting_approval');
    const triedAt = waits ? undefined : at;
    const standing: Standing = again
      ? { state: 'due', reason: error.code }
      : standingOf(account, record, next);
    const ledger = around.ledgerOf(account);
    const settlement: Settlement = {
      record: isOtherWay ? { ...record, failures: before.failures, trouble: before.trouble } : record,
      standing,
      names: allNamesOf(account, record.discovered),
      dueAt: lookAt(record, at, now),
      event: said ? 'failed' : undefined,
      ramp,
      answered: counts ? answeredOf(error) : undefined,
      reached: isReached,
      ...(during === 'sign-in' && { signIn: counts && error.sent ? 'sent' : 'unsent' }),
      ...(ledger && as && { charge: { ledger, as } }),
      uses: during === 'sign-in' && counts && error.sent ? ['logins'] : [],
      ...(counts && !error.sent && { refunded: refundsOf(around.budgetsOf(account, during), reads) }),
    };
    const { settled, woken } = await insist(
      clock,
      () => store.settle(held.lease, network, settlement, now),
      () => keepsake.remember(account, record, 'verdict'),
    );
    if (before.attempt) keepsake.release(account, before.attempt.startedAt);
    if (!isVerdict) await keepsake.remember(account, record, 'outcome');
    if (woken > 0) listener.woken(account.broker);
    if (!settled) return { outcome: 'lost' };
    const tookMs = failing.startedAt === undefined ? undefined : now - failing.startedAt;
    tell.failed(account, error, { during, said, state: standing.state, at: triedAt, record, tookMs });
    return { outcome: 'failed', error, again };
  };

  return {
    rest,
    closeKey,
    obey,
    fail,
    standingOf,
    namesOf: (account, record) => allNamesOf(account, record.discovered),
  };
}
