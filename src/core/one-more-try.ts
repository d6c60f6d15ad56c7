import { duration } from './duration.ts';
import { spentWords, timeOfDay } from './ledger-words.ts';
import { ledgerHold, type FailedSignIn } from './ledger.ts';
import { ledgerOf } from './limits.ts';
import type { Plan } from './plan.ts';

/**
 * What one more refused password of an account would cost its network, in sentences: what the ledger of failed sign-ins
 * counts now, and whom it would hold back then. None where nobody counts them.
 */
export function costOfOneMore(
  { budgets }: Pick<Plan, 'budgets'>,
  { name, broker }: { readonly name: string; readonly broker: string },
  now: number,
): readonly string[] {
  const counted = budgets.find((each) => each.broker === broker && each.ledger !== undefined);
  const rules = counted && ledgerOf([counted.limit], counted.budget.subject);
  if (!rules || !counted.ledger) return [];
  const ledger = { ...rules, ...counted.budget };
  const { failed } = counted.ledger;
  const left = Math.max(0, ledger.max - failed.length);
  const spent = `${spentWords(failed, ledger.max, 'logins', `of this network in ${duration(ledger.windowMs)}`)}. ${left} ${left === 1 ? 'is' : 'are'} left.`;
  const hold = ledgerHold(ledger, failed, { proven: false, forced: true }, now);
  if (hold) {
    return [
      spent,
      `One more could bar all its logins, so that this one, too, waits until ${timeOfDay(hold.latest)}.`,
    ];
  }
  const after: readonly FailedSignIn[] = [...failed, { name, at: now, as: 'refused' }];
  const known = ledgerHold(ledger, after, { proven: true, forced: false }, now);
  if (known?.why === 'refused') {
    return [
      spent,
      `A further wrong one is the last that may fail: after it no login of this network goes out before ${timeOfDay(known.latest)}, those that are known to be good neither, and a token that ends meanwhile is not replaced unless it can be renewed.`,
    ];
  }
  const untried = ledgerHold(ledger, after, { proven: false, forced: false }, now);
  return [
    spent,
    untried
      ? `After a further wrong one no login that has never succeeded goes out before ${timeOfDay(untried.latest)}.`
      : `A further wrong one leaves ${Math.max(0, left - 1)}; with ${ledger.max - ledger.routine} left no login that has never succeeded goes out.`,
  ];
}
