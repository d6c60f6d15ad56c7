import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import type { AccountRecord } from '../core/session.ts';
import type { Keepsake, KeeperParts } from './parts.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * A token that this machine kept and Redis does not have, or lost, spares a sign-in; so does one that
 * somebody else wrote, on a first start.
 */
export type Adopt = (account: Account, record: AccountRecord) => Promise<ReturnType<Keepsake['grantOf']>>;

export function makeAdopt({ store, clock, keepsake }: KeeperParts, around: Surroundings): Adopt {
  return async (account, record) => {
    if (!account.enabled) return undefined;
    const pinned = around.pinnedOwner(account, record);
    const isOurs = (grant: Grant): boolean =>
      pinned === undefined || grant.owner === undefined || grant.owner === pinned;
    const kept = keepsake.grantOf(account, record);
    if (kept && isOurs(kept.grant)) return kept;
    if (record.session !== undefined || !account.connection.adopt) return undefined;
    const token = await store.foreignToken(account.name);
    const grant = token === undefined ? undefined : account.connection.adopt(token, clock.now());
    return grant && isOurs(grant) ? { grant, source: 'adopted', proved: true } : undefined;
  };
}
