import type { Account } from '../core/account.ts';
import { BrokerError } from '../core/errors.ts';
import type { AccountRecord } from '../core/session.ts';
import type { Attempts } from './attempts.ts';
import { within } from './deadline.ts';
import type { HeldLease } from './lease.ts';
import type { Note } from './notes.ts';
import { prove } from './obtain.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { hasLiveToken, type Surroundings } from './surroundings.ts';

/**
 * Takes a token that a person hands over, as if the broker had just given it: read, proved where the account has its
 * tokens proved, and published in the same step as any other. What may not be published changes nothing.
 */
export type Handover = (
  account: Account,
  held: HeldLease,
  record: AccountRecord,
  token: string,
) => Promise<Tended>;

export function makeHandover(
  parts: KeeperParts,
  around: Surroundings,
  attempts: Attempts,
  note: Note,
): Handover {
  const { store, clock } = parts;

  return async (account, held, record, token) => {
    const refused = async (reason: string): Promise<Tended> => {
      await store.release(held.lease);
      return { outcome: 'refused', reason };
    };
    const grant = account.connection.adopt?.(token, clock.now());
    if (!grant) return refused(account.connection.adopt ? 'unreadable' : 'no_way');
    const pinned = around.pinnedOwner(account, record);
    if (pinned !== undefined && grant.owner !== undefined && grant.owner !== pinned) {
      return refused('someone_else');
    }
    if (record.session?.grant.token === token && hasLiveToken(account, record, clock.now())) {
      return refused('same');
    }
    let proved = false;
    if (account.verify && account.connection.probe) {
      const noted = await note(account, held, record, 'proof', { passesBreaker: true });
      if (noted.may === 'not') return noted.tended;
      try {
        const proof = await within(clock, policyOf(parts, account).timeoutMs, [held.signal], (signal) =>
          prove(account, grant, 'adopted', { signal }),
        );
        // Whoever hands it over can do so again: it is not kept for a proof that may never come.
        if (typeof proof === 'object') return await refused(proof.outstanding.code);
        proved = proof === 'alive';
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        return refused(error.code);
      }
    }
    const tended = await attempts.publish(account, held, record, {
      grant,
      source: 'adopted',
      handed: true,
      proved,
    });
    if (tended.outcome === 'failed') await store.release(held.lease);
    return tended;
  };
}
