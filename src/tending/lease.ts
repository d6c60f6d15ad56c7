import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { AccountRecord } from '../core/session.ts';
import type { Acquired, Network, TokenStore } from '../core/store.ts';
import type { Tended } from './parts.ts';

/** A lease outlives the call it guards by half, so that a late answer still finds it ours. */
export const LEASE_SHARE = 1.5;

/** A lease under which work goes on; `signal` aborts as soon as it is no longer ours. */
export interface HeldLease extends Acquired {
  readonly signal: AbortSignal;
  /** Stops keeping it; a lease that nothing was written under is given back. */
  end(written: boolean): Promise<void>;
}

/** What is done with an account under its lease. */
export type Work = (account: Account, held: HeldLease, record: AccountRecord) => Promise<Tended>;

/**
 * Takes the lease on an account and keeps it, renewed at a third of its time, until `end`.
 * Undefined while somebody else holds it.
 */
export async function takeLease(
  store: TokenStore,
  clock: Clock,
  name: string,
  network: Network,
  owner: string,
  ttlMs: number,
): Promise<HeldLease | undefined> {
  const acquired = await store.acquire(name, network, owner, ttlMs, clock.now());
  if (!acquired) return undefined;
  const lost = new AbortController();
  const done = new AbortController();
  const keep = async (): Promise<void> => {
    let keptAt = clock.now();
    for (;;) {
      await clock.sleep(ttlMs / 3, done.signal);
      if (done.signal.aborted) return;
      const askedAt = clock.now();
      const kept = await store.extend(acquired.lease, ttlMs).catch(() => undefined);
      if (kept) keptAt = askedAt;
      // No answer from Redis is no loss yet, but past the lease's time another may hold the account.
      if (kept === false || clock.now() - keptAt >= ttlMs) return lost.abort(new Error('the lease is lost'));
    }
  };
  const keeping = keep();
  return {
    ...acquired,
    signal: lost.signal,
    async end(written) {
      done.abort();
      await keeping;
      if (!written) await store.release(acquired.lease);
    },
  };
}
