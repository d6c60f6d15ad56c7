import { heldUpBy } from '../../core/held-back.ts';
import type { SilenceStatus } from '../../core/silence-words.ts';
import type { AccountStatus } from '../../core/status.ts';
import type { Readiness } from '../desk.ts';
import { isServed } from '../../core/summary.ts';
import type { Tone } from './layout.ts';

/** The one glance: is all well, and if not, what is the worst of it. */
export interface Verdict {
  readonly tone: Exclude<Tone, 'idle'>;
  readonly title: string;
  /** What stands behind it, in sentences. */
  readonly facts: readonly string[];
}

/** True for one that is due, but waits for something beyond it. */
export const isHeldUp = ({ state, reason }: AccountStatus): boolean =>
  state === 'due' && heldUpBy(reason) !== undefined;

/** How an account stands: what a person should feel about it, not what the machine is doing. */
export function toneOf(account: AccountStatus): Tone {
  switch (account.state) {
    case 'disabled':
    case 'paused':
      return 'idle';
    case 'stopped':
    case 'expired':
      return 'bad';
    case 'awaiting_approval':
      return 'waiting';
    case 'backing_off':
      return account.valid ? 'waiting' : 'bad';
    case 'due':
      return account.valid && !isHeldUp(account) ? 'good' : 'waiting';
    case 'refreshing':
      return account.valid ? 'good' : 'waiting';
    case 'fresh':
      return account.valid ? 'good' : 'bad';
  }
}

const toneOrder: readonly Tone[] = ['bad', 'waiting', 'good', 'idle'];

/** Orders accounts for reading: trouble first, then by name, so that lines stay where they are while all is well. */
export function byTone(left: AccountStatus, right: AccountStatus): number {
  return (
    toneOrder.indexOf(toneOf(left)) - toneOrder.indexOf(toneOf(right)) || left.name.localeCompare(right.name)
  );
}

/** True where nothing goes on until a person acts. */
export function awaitsPerson(account: AccountStatus): boolean {
  return (
    account.state === 'awaiting_approval' ||
    account.state === 'stopped' ||
    (account.state === 'expired' && account.person_needed)
  );
}

/** True for one that waits for its next token, and needs nobody for it. */
export function isKeptWaiting(account: AccountStatus): boolean {
  const fails = account.state === 'backing_off' || account.state === 'expired';
  return !awaitsPerson(account) && (fails || isHeldUp(account));
}

/** An account that trades with real money weighs as much as so many that do not. */
const LIVE_WEIGHT = 10;

/** Orders groups of accounts by what hangs on them: how many there are, and which of them trade with real money. */
export function byMoney(left: readonly AccountStatus[], right: readonly AccountStatus[]): number {
  const weight = (accounts: readonly AccountStatus[]): number =>
    accounts.reduce((sum, { environment }) => sum + (environment === 'live' ? LIVE_WEIGHT : 1), 0);
  return weight(right) - weight(left);
}

/** A next try that comes this soon is not worth a button, ms. */
const SOON_MS = 60_000;

/** True for an account without a token whose next try a person may have now rather than later. */
export function mayBeHastened(account: AccountStatus, now: number): boolean {
  const { state, valid, person_needed: isPersons, next_refresh: next, reason } = account;
  const isWaiting = (state === 'backing_off' || state === 'expired') && !valid && !isPersons;
  const mayBe = heldUpBy(reason) === undefined && account.no_refresh_before === null;
  return isWaiting && mayBe && next !== null && Date.parse(next) > now + SOON_MS;
}

/** What the top of the page says. */
export function verdictOf(
  accounts: readonly AccountStatus[],
  readiness: Readiness,
  silences: readonly Pick<SilenceStatus, 'message'>[] = [],
): Verdict {
  const served = accounts.filter(isServed);
  const valid = served.filter((account) => account.valid).length;
  const idle = accounts.length - served.length;
  const facts = [
    `${String(valid)} of ${plural(served.length, 'token')} ${served.length === 1 ? 'is' : 'are'} good.`,
    ...(idle === 0 ? [] : [`${plural(idle, 'account')} out of service.`]),
    ...silences.map(({ message }) => message),
    ...readiness.details.map(sentence),
  ];
  if (!readiness.ready) {
    return {
      tone: 'bad',
      title: 'The service is not ready',
      facts: [...readiness.reasons.map(sentence), ...facts],
    };
  }

  const bad = served.filter((account) => toneOf(account) === 'bad').length;
  const waiting = served.filter((account) => toneOf(account) === 'waiting');
  const persons = waiting.filter(awaitsPerson);
  const held = waiting.filter((account) => !awaitsPerson(account) && isKeptWaiting(account));
  if (bad > 0) return { tone: 'bad', title: `${plural(bad, 'account')} in trouble`, facts };
  if (persons.length > 0) {
    const one = persons.length === 1;
    // What more hangs on leads; where it is as much, who can act on it is told first.
    const title =
      byMoney(held, persons) < 0
        ? `${plural(held.length, 'account')} held up, ${String(persons.length)} ${one ? 'waits' : 'wait'} for you`
        : `${plural(persons.length, 'account')} ${one ? 'waits' : 'wait'} for you`;
    return { tone: 'waiting', title, facts };
  }
  if (waiting.length > 0) {
    return { tone: 'waiting', title: `${plural(waiting.length, 'account')} on the way`, facts };
  }
  if (accounts.length === 0) return { tone: 'waiting', title: 'No account is configured', facts: [] };
  return { tone: 'good', title: 'All is well', facts };
}

function plural(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;
}
