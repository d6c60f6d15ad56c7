import { duration } from './duration.ts';
import { slowPaceMs, type FailedSignIn } from './ledger.ts';
import type { Budget } from './limits.ts';
import type { Held } from './meter.ts';
import type { PlannedLedger } from './planned-ledger.ts';

/** Names beyond these are counted. */
const SHOWN_NAMES = 5;

/** How many of a network's sign-ins failed in a window, of how many, and which: `what` and `within` say of what and in which time. */
export function spentWords(
  failed: readonly FailedSignIn[],
  max: number,
  what: string,
  within: string,
): string {
  const count = failed.length;
  // What nobody answered is never stopped, so that there can be more of it than may fail.
  const many =
    count > max
      ? `${count} ${what} ${within} failed or may have (the limit is ${max})`
      : `${count} of ${max} failed ${what} ${within} are used`;
  return count === 0 ? many : `${many}: ${failedWords(failed)}`;
}

/** Which were refused, and which nobody answered: `2 refused (A, B), 1 unanswered (C)`. */
function failedWords(failed: readonly FailedSignIn[]): string {
  const of = (as: FailedSignIn['as'], word: string): readonly string[] => {
    const names = failed.filter((each) => each.as === as).map(({ name }) => name);
    return names.length === 0 ? [] : [`${names.length} ${word} (${shown(names)})`];
  };
  return [...of('refused', 'refused'), ...of('unknown', 'unanswered')].join(', ');
}

/** What a ledger lets through now, whom it holds back, and what a person can do. */
export function ledgerWords(
  { failed, corrected = [], known, untried }: PlannedLedger,
  {
    budget,
    held,
  }: {
    readonly budget: Pick<Budget, 'max' | 'routine' | 'windowMs'>;
    readonly held: readonly (Pick<Held, 'until' | 'gapMs'> & { readonly name: string })[];
  },
): string {
  const refused = failed.filter(({ as }) => as === 'refused');
  const mended = refused.filter(({ name }) => corrected.includes(name));
  const wrong = refused.filter(({ name }) => !corrected.includes(name));
  const isPaced = failed.length >= budget.routine && failed.some(({ as }) => as === 'unknown');
  const parts = [passes(), holds(), advice()];
  return parts.filter((part) => part !== '').join(' ');

  function passes(): string {
    if (known?.why === 'refused')
      return `No login goes out before ${timeOfDay(known.latest)}: one more refusal could bar all of them.`;
    if (untried && untried.why !== 'paced') {
      const latest = `${timeOfDay(untried.latest)}${untried.why === 'in-doubt' ? ' at the latest' : ''}`;
      const pace = isPaced ? ', each a minute after the last that nobody answered' : '';
      return `A login that has never succeeded waits until ${latest}; those that are known to be good go on${pace}.`;
    }
    if (isPaced)
      return `Nobody is stopped for what nobody answers, but logins go apart: one that is known to be good a minute after the last of them, any other ${duration(slowPaceMs(budget))} after it.`;
    return failed.length > 0 ? 'Logins that have never succeeded go one at a time.' : '';
  }

  function holds(): string {
    if (held.length === 0) return '';
    const until = timeOfDay(Math.max(...held.map((each) => each.until)));
    const without = held.filter(({ gapMs }) => gapMs > 0);
    const longest = duration(Math.max(0, ...without.map(({ gapMs }) => gapMs)));
    const names = `Held back until ${until} at the latest: ${shown(held.map(({ name }) => name))}`;
    return without.length === 0
      ? `${names}; none of them loses its token for it.`
      : `${names}; ${without.length} without a live token for it, up to ${longest}.`;
  }

  function advice(): string {
    if (held.length === 0 && (!untried || untried.why === 'paced')) return '';
    if (refused.length === 0) return 'Nothing is to be done.';
    const [last] = mended.slice(-1);
    const until = last && timeOfDay(last.at + budget.windowMs);
    if (wrong.length === 0)
      return `The passwords that were refused have been corrected since; they count until ${until ?? ''} all the same. Nothing is to be done.`;
    const which = mended.length === 0 ? '' : ` (${names(wrong)})`;
    const correct = `Correct in the credentials file the passwords that are still wrong${which}: what changes is tried at once.`;
    return until === undefined
      ? correct
      : `${correct} What was corrected since (${names(mended)}) counts until ${until} all the same.`;
  }
}

const names = (of: readonly FailedSignIn[]): string => shown(of.map(({ name }) => name));

/** At most five names, each once; the others are counted. */
export function shown(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const more = unique.length - SHOWN_NAMES;
  return `${unique.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const MINUTE_MS = 60_000;

/** `21:56 UTC`, up to the minute: one that is over already would be no answer. */
export const timeOfDay = (at: number): string =>
  `${new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS).toISOString().slice(11, 16)} UTC`;
