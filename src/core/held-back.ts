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

/** What makes an account wait that is no failure of its own, and that no person can hasten. */
const holdUps: ReadonlyMap<string | null, string> = new Map([
  ['budget_spent', 'It is held back by a limit of the broker, and goes on then.'],
  ['broker_silence', 'The broker wants no call from this network before then.'],
  ['broker_down', 'The broker does not answer: it is tried then, or as soon as anybody is answered.'],
]);

/** The same in words; undefined where its next step is up to itself. */
export const heldUpBy = (reason: string | null): string | undefined => holdUps.get(reason);

/** Names beyond these are counted. */
const SHOWN_NAMES = 5;
const MINUTE_MS = 60_000;

/** One sentence for state, alert, command line and API. `ledger`: where it is the ledger that has no room. */
export function heldBackMessage(
  budget: Pick<Budget, 'limit' | 'max' | 'windowMs'>,
  ledger: LedgerSays | undefined,
  until: number,
): string {
  // Up to the minute: one that is over already would be no answer.
  const minute = Math.ceil(until / MINUTE_MS) * MINUTE_MS;
  const at = `${new Date(minute).toISOString().slice(11, 16)} UTC`;
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
