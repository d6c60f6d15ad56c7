import { isBarred } from '../core/consequence.ts';
import type { BrokerError } from '../core/errors.ts';
import type { Budget } from '../core/limits.ts';
import type { Answered, Refund } from '../core/store.ts';

/** What a call that never left gives back to those that count every call: all but the `reads` that went out before it. */
export const refundsOf = (budgets: readonly Budget[], reads: number): readonly Refund[] =>
  budgets
    .filter((budget) => budget.counts === 'every-call')
    .map((budget) => ({ ...budget, kept: budget.countsReads ? reads : 0 }));

/** How a failed sign-in counts for its network: a clear no, an open question, or not at all. */
export function chargeOf(error: BrokerError): 'refused' | 'unknown' | undefined {
  if (!error.sent) return undefined;
  if (error.kind === 'needs-human' || error.kind === 'refused') {
    // What was refused after a right password, or before it was looked at, is no failed login at the broker.
    return error.doubtsPassword ? 'refused' : undefined;
  }
  return error.kind === 'outcome-unknown' ? 'unknown' : undefined;
}

/** Whether the broker answered as itself; undefined where this says nothing about it. */
export function answeredOf(error: BrokerError): Answered {
  switch (error.kind) {
    case 'throttled':
      return undefined;
    case 'needs-human':
    case 'refused':
      // Whoever tries it after the pause tries it for all.
      if (isBarred(error) && !error.doubtsPassword) return 'down';
      return error.sent && error.status !== undefined ? 'up' : undefined;
    case 'transient':
      // Locked, or closed until an hour that it names: it has answered.
      if (error.status === 423 || error.retryAfterMs !== undefined) return undefined;
      return error.scope === 'broker' || error.scope === 'egress' ? 'down' : undefined;
    case 'outcome-unknown':
      // A page in the place of an answer is nobody's word, whatever its status says.
      return error.unreadable || error.status === undefined || error.status >= 500 ? 'down' : undefined;
  }
}
