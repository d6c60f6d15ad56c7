import { duration } from './duration.ts';
import { spentWords, timeOfDay } from './ledger-words.ts';
import { ledgerHold, type FailedSignIn, type Suitor } from './ledger.ts';
import type { Budget, Ledger } from './limits.ts';

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
export interface LedgerSays extends Suitor {
  readonly ledger: Ledger;
  /** What it counts, oldest first. */
  readonly failed: readonly FailedSignIn[];
  /** When it was asked, ms. */
  readonly at: number;
}

/** What makes an account wait that is no failure of its own, and that no person can hasten. */
const holdUps: ReadonlyMap<string | null, string> = new Map([
  ['budget_spent', 'It is held back by a limit of the broker, and goes on then.'],
  ['broker_silence', 'The broker wants no call from this network before then.'],
  ['broker_down', 'The broker does not answer: it is tried then, or as soon as anybody is answered.'],
]);

/** The same in words; undefined where its next step is up to itself. */
export const heldUpBy = (reason: string | null): string | undefined => holdUps.get(reason);

/** What was corrected has not gone from the ledger: nobody shall look for a fault in it. */
const correct = ({ windowMs }: Pick<Budget, 'windowMs'>): string =>
  `Correct the passwords that are still wrong; a refusal counts for ${duration(windowMs)}, also where its password was corrected since.`;
const FORCE = '"token-refresher refresh NAME --force" tries one that waits at once.';

/** One sentence for state, alert, command line and API. `says`: where it is the ledger that has no room. */
export function heldBackMessage(
  budget: Pick<Budget, 'limit' | 'max' | 'windowMs'>,
  says: LedgerSays | undefined,
  until: number,
): string {
  const at = timeOfDay(until);
  const { limit, max, windowMs } = budget;
  if (!says) {
    return `The broker's limit "${limit}" (${max} in ${duration(windowMs)}) leaves no room before ${at}. "token-refresher plan" shows what spends it.`;
  }
  const { failed } = says;
  const spent = `${spentWords(failed, max, 'logins', `of this network in ${duration(windowMs)}`)}.`;
  const anyRefused = failed.some(({ as }) => as === 'refused');
  switch (ledgerHold(says.ledger, failed, says, says.at)?.why) {
    case 'refused':
      return says.proven || says.forced
        ? `${spent} One more could bar all its logins, so that this one waits until ${at}. ${correct(budget)}`
        : `${spent} A login that has never succeeded waits until ${at}. ${correct(budget)} ${FORCE}`;
    case 'in-doubt':
      return `${spent} A login that has never succeeded waits, and is looked at again at ${at}. ${correct(budget)} ${FORCE}`;
    default:
      return `${spent} What nobody answered may have failed: the next login follows at ${at}. ${anyRefused ? correct(budget) : 'Nothing is to be done.'}`;
  }
}
