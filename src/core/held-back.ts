import { duration } from './duration.ts';
import type { Budget } from './limits.ts';

/** Why a login waits though nothing is known to be wrong with it: a limit of the broker leaves it no room. */
export interface HeldBack {
  /** Of the credentials it waits with: once a person has changed them, it need not wait. */
  readonly fingerprint: string;
  /** Until when, ms. */
  readonly until: number;
  /** The same for people: which limit, who spent it, and what can be done. */
  readonly message: string;
}

/** What the ledger of failed sign-ins says of a login that it does not let through. */
export interface LedgerSays {
  /** The accounts whose passwords were refused within its window. */
  readonly refused: readonly string[];
  /** True where the login may use the share that is kept for those known to be good. */
  readonly mayUseRest: boolean;
}

/** Names beyond these are counted. */
const SHOWN_NAMES = 5;

/** One sentence for state, alert, command line and API. `ledger`: where it is the ledger that has no room. */
export function heldBackMessage(
  budget: Pick<Budget, 'limit' | 'max' | 'windowMs'>,
  ledger: LedgerSays | undefined,
  until: number,
): string {
  const at = `${new Date(until).toISOString().slice(11, 16)} UTC`;
  const { limit, max, windowMs } = budget;
  if (!ledger) {
    return `The broker's limit "${limit}" (${max} in ${duration(windowMs)}) leaves no room before ${at}. "token-refresher plan" shows what spends it.`;
  }
  const { refused, mayUseRest } = ledger;
  if (refused.length === 0) {
    return `Sign-ins of this network were not answered; the next one follows at ${at}. Nothing is to be done.`;
  }
  const spent = `${refused.length} of ${max} failed logins of this network in ${duration(windowMs)} are used (${shown(refused)}).`;
  return mayUseRest
    ? `${spent} One more could bar all its logins, so that this one waits until ${at}. Mend those.`
    : `${spent} A login that has never succeeded waits until ${at}. Mend those, or "token-refresher refresh NAME --force" tries one of them at once.`;
}

function shown(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const more = unique.length - SHOWN_NAMES;
  return `${unique.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
