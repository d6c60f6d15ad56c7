import type { Account } from '../core/account.ts';
import { pauseAt } from '../core/pause.ts';
import { emptyRecord, type AccountRecord, type Pending } from '../core/session.ts';
import type { Noted } from '../core/store.ts';
import { LEASE_SHARE, type HeldLease } from './lease.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type Keeper, type KeeperParts, type Tended } from './parts.ts';
import { hasLiveToken, type Surroundings } from './surroundings.ts';

/** So many grants wait for their proof at most; what is posted beyond pushes the oldest out. */
export const MOST_PENDING = 3;
/** Somebody posts more often than this account's tokens are proved. */
const tooMany: Tended = { outcome: 'refused', reason: 'too_many' };

/** Keeps what was posted for its proof; calls nobody. */
export type Take = (
  account: Account,
  held: HeldLease,
  record: AccountRecord,
  notice: unknown,
) => Promise<Tended>;

export function makeTake(parts: KeeperParts, around: Surroundings, outcomes: Outcomes): Take {
  const { store, clock, log } = parts;

  /** Charged like any call, but who is turned away changes nothing: neither the state nor the next look. */
  async function admit(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    now: number,
  ): Promise<Noted['outcome']> {
    const noted = await store.note(held.lease, undefined, {
      ttlMs: policyOf(parts, account).timeoutMs * LEASE_SHARE,
      now,
      network: around.networkOf(account),
      budgets: around.budgetsOf(account, 'arrival'),
      cost: 1,
      emergency: !hasLiveToken(account, record, now),
      expiresAt: 0,
      passesBreaker: true,
    });
    return noted.outcome;
  }

  return async (account, held, record, notice) => {
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
    const admitted = await admit(account, held, record, now);
    if (admitted !== 'noted') return admitted === 'lost' ? { outcome: 'lost' } : tooMany;
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
    const { settled } = await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: after,
        // Kept for when a person resumes it: who approved is not asked again.
        standing: pauseAt(record, now)
          ? { state: 'paused', reason: 'paused' }
          : {
              state: hasLiveToken(account, record, now) ? 'fresh' : 'awaiting_approval',
              reason: 'proof_pending',
            },
        names: outcomes.namesOf(account, after),
        dueAt: now,
        event: undefined,
        ramp: undefined,
      },
      now,
    );
    // Somebody else looks at the account by now: it is taken once more, from the notice.
    if (!settled) return { outcome: 'lost' };
    log.info(
      { event: 'token.pending', account: account.name, broker: account.broker, source: 'consent' },
      `A token for ${account.name} arrived and waits for its proof.`,
    );
    parts.listener.woken(account.broker);
    return { outcome: 'pending' };
  };
}

/** Keeps what was posted on this machine's disk alone, where Redis takes nothing. */
export function makeHold(parts: KeeperParts, around: Surroundings): Keeper['hold'] {
  const { keepsake, clock } = parts;
  return async (name, notice) => {
    const account = parts.account(name);
    const now = clock.now();
    const read = account?.connection.consent?.read?.(notice, now);
    if (!account?.enabled || !read || 'refused' in read) return;
    const { grant } = read;
    const pinned = around.pinnedOwner(account, keepsake.recall(account, emptyRecord, true));
    if (pinned !== undefined && grant.owner !== undefined && grant.owner !== pinned) return;
    // The next look at the account finds it there, and has it proved.
    await keepsake.hold(account, { startedAt: now, grant, source: 'consent', identity: account.identity });
  };
}
