import { momentAfter } from '../core/day.ts';
import type { Account } from '../core/account.ts';
import { silenceOf } from '../core/consequence.ts';
import { BrokerError } from '../core/errors.ts';
import { pauseAt, type SignedOut } from '../core/pause.ts';
import { isLive, loggedOut, type AccountRecord, type Session } from '../core/session.ts';
import { within } from './deadline.ts';
import { LEASE_SHARE, type HeldLease } from './lease.ts';
import { lookAt } from './look-at.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import type { Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

/**
 * Ends the session at the broker, where there is a call for it, and takes its keys out of Redis, whatever the
 * broker answers: a person wants the bots off this login. Done twice it does no harm, so that a process that dies
 * in the midst of it leaves nothing that could not be done again.
 */
export type SignOut = (account: Account, held: HeldLease, record: AccountRecord) => Promise<Tended>;

const sessionOf = (
  { identity }: Account,
  { session }: AccountRecord,
  { grant, source }: Pick<Session, 'grant' | 'source'>,
): Session => ({
  generation: session?.generation ?? 0,
  grant,
  source,
  identity,
  renewAt: grant.expiresAt,
  renewalSpent: true,
});

/** None is served; one that an earlier logout could not end at the broker lives on there all the same. */
function none({ signedOut }: AccountRecord, now: number): Omit<SignedOut, 'at'> {
  const { livesUntil = 0 } = signedOut ?? {};
  return livesUntil > now ? { how: 'none', livesUntil } : { how: 'none' };
}

export function makeSignOut(
  parts: KeeperParts,
  around: Surroundings,
  outcomes: Outcomes,
  tell: Telling,
): SignOut {
  const { store, clock, keepsake, log } = parts;

  /** Undefined where the lease is lost. */
  async function end(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    { grant }: Session,
  ): Promise<Omit<SignedOut, 'at'> | undefined> {
    const { signOut } = account.connection;
    const livesUntil = grant.expiresAt;
    const failed = (message: string): Omit<SignedOut, 'at'> => ({ how: 'failed', message, livesUntil });
    if (!signOut) return { how: 'no-way', livesUntil };
    const now = clock.now();
    // A person overrules our own patience, never the broker's.
    if (held.silentUntil > now)
      return failed(`The broker asked for silence until ${momentAfter(held.silentUntil)}.`);
    const { timeoutMs } = policyOf(parts, account);
    const noted = await store.note(held.lease, undefined, {
      ttlMs: timeoutMs * LEASE_SHARE,
      now,
      network: around.networkOf(account),
      budgets: around.budgetsOf(account, 'proof'),
      cost: 1,
      emergency: true,
      expiresAt: 0,
      passesBreaker: true,
    });
    if (noted.outcome === 'lost') return undefined;
    if ('until' in noted) return failed(`The broker may not be called before ${momentAfter(noted.until)}.`);
    try {
      await within(clock, timeoutMs, [held.signal], (signal) => signOut(grant, { signal }));
      return { how: 'ended' };
    } catch (error) {
      const known = error instanceof BrokerError ? error : tell.defect(account, error);
      // What it asks of others holds for them, whoever's call was answered so.
      const toldAt = clock.now();
      await outcomes.obey(account, silenceOf(known, record, toldAt), toldAt);
      return failed(known.message);
    }
  }

  return async (account, held, record) => {
    const asked = pauseAt(record, clock.now());
    // Of one that Redis lost and this process knows, the older one that Redis has is no more than a trace.
    const lost = keepsake.grantOf(account, record);
    const session = lost ? sessionOf(account, record, lost) : record.session;
    const isServed = session !== undefined && isLive(session, account.identity, clock.now());
    const ended = isServed ? await end(account, held, record, session) : none(record, clock.now());
    if (!ended) return { outcome: 'lost' };
    const now = clock.now();
    const signedOut: SignedOut = { at: asked?.at ?? now, ...ended };
    const after: AccountRecord = { ...loggedOut({ ...record, session }, now, held.lease.fence), signedOut };
    for (const { grant } of [...record.pending, ...(lost ? [lost] : [])]) keepsake.dismiss(account, grant);
    await keepsake.remember(account, after, 'outcome');
    const until = asked?.until;
    const { settled } = await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: after,
        standing: { state: 'paused', reason: 'logged_out', ...(until !== undefined && { until }) },
        names: outcomes.namesOf(account, after),
        // Looked at once more at once: it rests then, by the same rule as ever.
        dueAt: lookAt(after, now, now),
        event: session !== undefined && record.expiredSaid !== session.generation ? 'removed' : undefined,
        ramp: undefined,
        withdraw: 'all',
      },
      now,
    );
    if (!settled) return { outcome: 'lost' };
    log.info(
      { event: 'account.logged_out', account: account.name, broker: account.broker, how: signedOut.how },
      `${account.name} was logged out: its keys are gone (${signedOut.how}).`,
    );
    return { outcome: 'signed-out', signedOut };
  };
}
