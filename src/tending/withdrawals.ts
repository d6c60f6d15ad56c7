import type { Account } from '../core/account.ts';
import { decide } from '../core/decide.ts';
import { BrokerError } from '../core/errors.ts';
import { withdrawn, type AccountRecord } from '../core/session.ts';
import type { HeldLease } from './lease.ts';
import { lookAt } from './look-at.ts';
import type { Outcomes } from './outcomes.ts';
import type { KeeperParts, Tended } from './parts.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Takes a token out of service that acts on what the entry no longer names (another account of the login):
 * whoever read it would trade there. Calls nobody; what follows is decided at once.
 */
export type Withdraw = (account: Account, held: HeldLease, record: AccountRecord) => Promise<Tended>;

export function makeWithdraw(
  parts: Pick<KeeperParts, 'store' | 'clock' | 'log'>,
  around: Surroundings,
  outcomes: Outcomes,
): Withdraw {
  const { store, clock, log } = parts;
  return async (account, held, record) => {
    const now = clock.now();
    const after = withdrawn(record, now);
    const next = decide(around.situationOf(account, after, held), now);
    const error = new BrokerError(
      'The token acts on an account that the entry no longer names; it was withdrawn.',
      { kind: 'refused', code: 'entry_changed', sent: false },
    );
    await store.settle(
      held.lease,
      around.networkOf(account),
      {
        record: after,
        standing:
          next.do === 'rest'
            ? outcomes.standingOf(account, after, next)
            : { state: 'due', reason: error.code },
        names: outcomes.namesOf(account, after),
        dueAt: lookAt(after, next.do === 'rest' ? next.nextAt : now, now),
        event: 'expired',
        ramp: undefined,
        withdraw: true,
      },
      now,
    );
    log.warn(
      { event: 'token.withdrawn', account: account.name, broker: account.broker, code: error.code },
      `The token of ${account.name} was withdrawn: ${error.message}`,
    );
    return { outcome: 'failed', error, again: next.do !== 'rest' };
  };
}
