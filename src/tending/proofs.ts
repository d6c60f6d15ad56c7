import type { Account } from '../core/account.ts';
import type { Call } from '../core/broker.ts';
import { afterProbe, proofWaitMs, type Proven } from '../core/consequence.ts';
import { decide } from '../core/decide.ts';
import { BrokerError } from '../core/errors.ts';
import type { AccountRecord, Pending } from '../core/session.ts';
import type { Attempts } from './attempts.ts';
import { within } from './deadline.ts';
import type { HeldLease } from './lease.ts';
import type { Note } from './notes.ts';
import { prove } from './obtain.ts';
import { answeredOf, lookAt, type Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import type { Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

/** So many grants wait for their proof at most; what is posted beyond pushes the oldest out. */
const MOST_PENDING = 3;

/** Tokens are proved by a read that changes nothing at the broker. */
export interface Proofs {
  /** Is the session's token still honoured? */
  probe(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended>;
  /** May the grant in hand be published? */
  prove(account: Account, held: HeldLease, record: AccountRecord, pending: Pending): Promise<Tended>;
  /** Keeps what was posted for its proof; calls nobody. */
  take(account: Account, held: HeldLease, record: AccountRecord, notice: unknown): Promise<Tended>;
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
  const call = <T>(account: Account, held: HeldLease, work: (call: Call) => Promise<T>): Promise<T> =>
    within(clock, policyOf(parts, account).timeoutMs, [held.signal], (signal) => work({ signal }));

  async function probe(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended> {
    const { session } = record;
    const ask = account.connection.probe;
    if (!session || !ask) return { outcome: 'held' };
    const noted = await note(account, held, record, 'proof', {});
    if (noted.may === 'not') return noted.tended;
    const proven = await call(account, held, (each) => ask(session.grant, each)).catch(
      (error: unknown): Proven => {
        if (error instanceof BrokerError) return { error };
        throw error;
      },
    );
    const now = clock.now();
    const policy = policyOf(parts, account);
    const after = afterProbe(record, proven, policy, now, random);
    const isOver = proven === 'dead' || proven === 'someone-else';
    const next = decide(around.situationOf(account, after, held), now);
    const at = next.do === 'rest' ? next.nextAt : now;
    const failedBudgets = around.budgetsOf(account, 'proof').filter(({ counts }) => counts === 'failures');
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
        event: isOver ? 'expired' : proven === 'alive' && record.request ? 'confirmed' : undefined,
        ramp: undefined,
        answered: typeof proven === 'object' ? answeredOf(proven.error) : 'up',
        withdraw: isOver,
        ...(proven !== 'alive' && { failed: failedBudgets }),
      },
      now,
    );
    if (isOver) await parts.keepsake.remember(account, after, 'outcome');
    if (isOver) tell.diedEarly(account, after);
    else if (typeof proven === 'object') tell.unproved(account, proven.error);
    return isOver && after.trouble
      ? {
          outcome: 'failed',
          error: new BrokerError(after.trouble.message, { kind: 'refused', code: after.trouble.code }),
          again: next.do !== 'rest',
        }
      : { outcome: 'confirmed' };
  }

  const without = (record: AccountRecord, pending: Pending): AccountRecord => ({
    ...record,
    pending: record.pending.filter((each) => each.grant.token !== pending.grant.token),
    proofDueAt: 0,
  });

  async function proveOne(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    pending: Pending,
  ): Promise<Tended> {
    const noted = await note(account, held, record, 'proof', {
      passesBreaker: account.connection.signIn === undefined,
    });
    if (noted.may === 'not') return noted.tended;
    const { grant, source } = pending;
    try {
      const startedAt = clock.now();
      const proof = await call(account, held, (each) => prove(account, grant, each));
      if (proof === 'outstanding') return await later(account, held, record);
      const got = { grant, source, startedAt, proved: proof === 'alive' };
      return await attempts.publish(account, held, without(record, pending), got);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const during = source === 'sign-in' || source === 'renewal' ? source : 'consent';
      return outcomes.fail(account, held, without(record, pending), { error, during, counts: false });
    }
  }

  /** The broker did not say: what is in hand is kept, and asked about again. */
  async function later(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended> {
    const now = clock.now();
    const error = new BrokerError('The broker did not say whether the new token is good.', {
      kind: 'transient',
      code: 'proof_outstanding',
    });
    const after = { ...record, proofDueAt: now + proofWaitMs(error, random) };
    const next = decide(around.situationOf(account, after, held), now);
    if (next.do === 'rest') await outcomes.rest(account, held, after, next);
    return { outcome: 'pending' };
  }

  async function take(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    notice: unknown,
  ): Promise<Tended> {
    const now = clock.now();
    const read = account.connection.consent?.read?.(notice, now) ?? { refused: 'no_webhook' };
    if ('refused' in read) return { outcome: 'refused', reason: read.refused };
    const { grant } = read;
    const pinned = around.pinnedOwner(account, record);
    if (pinned !== undefined && grant.owner !== undefined && grant.owner !== pinned) {
      return { outcome: 'refused', reason: 'wrong_user' };
    }
    const known = [record.session?.grant, ...record.pending.map((each) => each.grant)];
    if (known.some((each) => each?.token === grant.token)) return { outcome: 'pending' };
    const noted = await note(account, held, record, 'arrival', { passesBreaker: true });
    if (noted.may === 'not') {
      return noted.tended.outcome === 'rested' ? { outcome: 'refused', reason: 'too_many' } : noted.tended;
    }
    const pending: Pending = { grant, source: 'consent', identity: account.identity };
    const after = {
      ...record,
      pending: [pending, ...record.pending].slice(0, MOST_PENDING),
      proofDueAt: now,
    };
    // On disk first: what a person has approved is not asked for twice.
    await parts.keepsake.hold(account, {
      startedAt: now,
      grant,
      source: 'consent',
      identity: account.identity,
    });
    await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: after,
        standing: { state: 'awaiting_approval', reason: 'proof_pending' },
        names: outcomes.namesOf(account, after),
        dueAt: now,
        event: undefined,
        ramp: undefined,
      },
      now,
    );
    log.info(
      { event: 'token.pending', account: account.name, broker: account.broker, source: 'consent' },
      `A token for ${account.name} arrived and waits for its proof.`,
    );
    parts.listener.woken(account.broker);
    return { outcome: 'pending' };
  }

  return { probe, prove: proveOne, take };
}
