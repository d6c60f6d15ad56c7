import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { AccountRecord } from '../core/session.ts';
import type { Acquired, Network, TokenStore } from '../core/store.ts';
import { INSIST_MS } from './insist.ts';
import type { Tended } from './parts.ts';

/** A lease outlives the call it guards by half, so that a late answer still finds it ours. */
export const LEASE_SHARE = 1.5;

/** Beside a call and what it takes to store its answer, ms: disks, other commands, a look that begins anew. */
const SLACK_MS = 30_000;

/** A lease under which work goes on; `signal` aborts as soon as it is no longer ours. */
export interface HeldLease extends Acquired {
  readonly signal: AbortSignal;
  /**
   * Resolves when the work has taken longer than any does. It waits for something that does not come: the lease is
   * renewed no more, so that another look can have the account.
   */
  readonly overdue: Promise<unknown>;
  /** Stops keeping it; a lease that nothing was written under is given back. */
  end(written: boolean): Promise<void>;
}

/** What is done with an account under its lease. */
export type Work = (account: Account, held: HeldLease, record: AccountRecord) => Promise<Tended>;

/**
 * Takes the lease on an account and keeps it, renewed at a third of its time, until `end` or until it is overdue.
 * Undefined while somebody else holds it. `look`: done before an account begins anew, as Redis was emptied or it is new:
 * what others had given it is on the disk, and the new lease's fence lies above that.
 */
export async function takeLease(
  store: Pick<TokenStore, 'acquire' | 'extend' | 'release'>,
  clock: Clock,
  name: string,
  network: Network,
  owner: string,
  ttlMs: number,
  look: () => Promise<void>,
): Promise<HeldLease | undefined> {
  const acquire = (): Promise<Acquired | undefined> =>
    store.acquire(name, network, owner, ttlMs, clock.now());
  let acquired = await acquire();
  if (acquired?.isNew) {
    const { lastFence } = acquired;
    await look();
    const anew = await acquire();
    acquired = anew && { ...anew, lastFence };
  }
  if (!acquired) return undefined;
  const { lease } = acquired;
  const lost = new AbortController();
  const done = new AbortController();
  const overdue = Promise.withResolvers<true>();
  const mostMs = ttlMs / LEASE_SHARE + INSIST_MS + SLACK_MS;
  const keep = async (): Promise<void> => {
    let keptAt = clock.now();
    // By steps and not by the clock, which may be set.
    for (let heldMs = 0; heldMs < mostMs; heldMs += ttlMs / 3) {
      await clock.sleep(ttlMs / 3, done.signal);
      if (done.signal.aborted) return;
      const askedAt = clock.now();
      const kept = await store.extend(lease, ttlMs).catch(() => undefined);
      if (kept) keptAt = askedAt;
      // No answer from Redis is no loss yet, but past the lease's time another may hold the account.
      if (kept === false || clock.now() - keptAt >= ttlMs) return lost.abort(new Error('the lease is lost'));
    }
    lost.abort(new Error('the look is overdue'));
    overdue.resolve(true);
  };
  const keeping = keep();
  return {
    ...acquired,
    signal: lost.signal,
    overdue: overdue.promise,
    async end(written) {
      done.abort();
      await keeping;
      if (!written) await store.release(lease);
    },
  };
}
