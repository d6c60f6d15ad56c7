import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import { pauseAt } from '../core/pause.ts';
import type { AccountRecord } from '../core/session.ts';
import type { Attempts } from './attempts.ts';
import type { HeldLease } from './lease.ts';
import type { Keepsake, KeeperParts, Tended } from './parts.ts';
import { isSuperseded } from './superseded.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Publishes a token that this machine kept and Redis does not have, or lost: it spares a sign-in; so does one
 * that somebody else wrote, on a first start. Undefined where there is none, or it may not be published.
 */
export type PublishKept = (
  account: Account,
  held: HeldLease,
  record: AccountRecord,
) => Promise<Tended | undefined>;

export function makePublishKept(parts: KeeperParts, around: Surroundings, attempts: Attempts): PublishKept {
  const { store, clock, keepsake } = parts;
  async function adopt(account: Account, record: AccountRecord): Promise<ReturnType<Keepsake['grantOf']>> {
    if (!account.enabled) return undefined;
    const pinned = around.pinnedOwner(account, record);
    const isOurs = (grant: Grant): boolean =>
      pinned === undefined || grant.owner === undefined || grant.owner === pinned;
    const kept = keepsake.grantOf(account, record);
    if (kept && isOurs(kept.grant)) return kept;
    if (record.session !== undefined || !account.connection.adopt) return undefined;
    const token = await store.foreignToken(account.name);
    const grant = token === undefined ? undefined : account.connection.adopt(token, clock.now());
    return grant && isOurs(grant)
      ? { grant, source: 'adopted', proved: true, spent: false, origin: undefined }
      : undefined;
  }

  return async (account, held, record) => {
    // A person ended it, or it ends now.
    if (pauseAt(record, clock.now())?.signOut) return undefined;
    const adopted = await adopt(account, record);
    if (!adopted || (await isSuperseded(parts, account, record))) return undefined;
    const { proved, ...got } = adopted;
    // What was posted, or held before its proof, is no token yet.
    const isLive = got.grant.expiresAt > clock.now();
    if (isLive && !proved && (account.verify || got.source === 'consent')) {
      return attempts.setAside(account, held, record, got);
    }
    const tended = await attempts.publish(account, held, record, got);
    return tended.outcome === 'failed' ? undefined : tended;
  };
}
