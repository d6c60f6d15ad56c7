import { moment, momentAfter } from '../core/day.ts';
import type { Account } from '../core/account.ts';
import type { Arrival, Consent } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { duration } from '../core/duration.ts';
import { isSameToken, SAME_TOKEN, type Session } from '../core/session.ts';
import type { Keeper, Tended } from '../tending/parts.ts';

/** What came of one login. */
export interface LoginOutcome {
  readonly outcome: 'signed-in' | 'failed';
  /** For a person, without a secret. */
  readonly message: string;
  /** Why it failed, in one word. */
  readonly code?: string;
  /** Of the token, ms. */
  readonly expiresAt?: number;
}

export interface LoginOnceParts {
  readonly account: Account;
  readonly keeper: Pick<Keeper, 'tend' | 'receive'>;
  /** Leaves the wish for a login in the account's record. */
  readonly ask: () => Promise<void>;
  /** What a person's browser brought back; undefined: nothing did. `rung`: what became of asking them by their phone. */
  readonly arrival: (
    consent: Consent,
    how: { readonly rung: string | undefined; readonly signal: AbortSignal },
  ) => Promise<Arrival | undefined>;
  /** The token that is served now, whoever got it. */
  readonly present: () => Promise<Published | undefined>;
  /** How many calls went to the broker so far. */
  readonly sent: () => number;
  readonly clock: Clock;
}

/** A token that is served. */
type Published = Pick<Session, 'generation' | 'grant' | 'source'>;

/** How long a lease of another process and the proof of a new token are waited for, ms. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;
/** How often it is looked whether an approval has brought a token, ms. */
const LOOK_MS = 1_000;

/**
 * Makes one login by the service's own rules, under the account's lease: a running service is not in
 * the way, and what a broker or a verdict forbids stays forbidden. A login that fails is not tried again.
 */
export async function loginOnce(parts: LoginOnceParts): Promise<LoginOutcome> {
  const { account, keeper } = parts;
  const { signIn, consent } = account.connection;
  if (!signIn && consent) return byPerson(parts, consent);
  await parts.ask();
  return outcomeOf(parts, await settled(parts, () => keeper.tend(account.name)));
}

/**
 * A person gets the token: by the link, or, where the broker asks them for us, by an approval, whose token a
 * running service takes at its webhook. Whichever comes first.
 */
async function byPerson(parts: LoginOnceParts, consent: Consent): Promise<LoginOutcome> {
  const { account, keeper } = parts;
  const before = await parts.present();
  const rung = consent.request ? await ring(parts) : undefined;
  const over = new AbortController();
  try {
    const { signal } = over;
    const came = await Promise.race([
      parts.arrival(consent, { rung, signal }),
      ...(consent.request ? [approved(parts, before?.generation ?? 0, signal)] : []),
    ]);
    if (!came) return failed('nobody_came', 'No login came back from the browser. Start again.');
    if ('grant' in came) return signedIn(parts, came, isSameToken(before, came));
    return outcomeOf(parts, await settled(parts, () => keeper.receive(account.name, came)));
  } finally {
    over.abort();
  }
}

/** Asks the person through the broker: once, by the rules and budgets that the service lives by. */
async function ring(parts: LoginOnceParts): Promise<string> {
  const { account, keeper } = parts;
  await parts.ask();
  const tended = await settled(parts, () => keeper.tend(account.name));
  if (tended.outcome === 'asked') {
    return (
      tended.trouble?.message ??
      `The person of ${account.name} was asked through the broker: approve it in its app. A running service takes the token.`
    );
  }
  if (tended.outcome === 'failed') return `Nobody could be asked by phone: ${tended.error.message}`;
  const isAsked = tended.outcome === 'rested' && tended.decision.because === 'asked';
  return isAsked
    ? `The person of ${account.name} was asked before, and may still approve it in the broker's app.`
    : 'Nobody was asked by phone now: once a day is as often as the broker is asked to.';
}

/** Resolves with a token that was published since, by whoever it was. */
async function approved(
  { present, clock }: LoginOnceParts,
  generation: number,
  signal: AbortSignal,
): Promise<Published | undefined> {
  while (!signal.aborted) {
    const session = await present();
    if (session && session.generation > generation && session.grant.expiresAt > clock.now()) return session;
    await clock.sleep(LOOK_MS, signal);
  }
  return undefined;
}

function signedIn(
  { account: { name }, clock }: LoginOnceParts,
  { grant: { expiresAt, owner }, source }: Pick<Session, 'grant' | 'source'>,
  same: boolean,
): LoginOutcome {
  const until = `${moment(expiresAt)}, for ${duration(expiresAt - clock.now())}`;
  const message = `${name} is logged in; its token is good until ${until}.`;
  // A person's login says whose account it is from now on, where the entry does not.
  const isPinned = source === 'consent' && owner !== undefined;
  const pinned = isPinned ? ` It belongs to the user ${owner}; other users are refused from now on.` : '';
  return { outcome: 'signed-in', message: `${message}${pinned}${same ? ` ${SAME_TOKEN}` : ''}`, expiresAt };
}

/** Acts once, and looks again as long as that sends no second login. */
async function settled(parts: LoginOnceParts, act: () => Promise<Tended>): Promise<Tended> {
  const { account, keeper, clock } = parts;
  const until = clock.now() + PATIENCE_MS;
  let next = act;
  for (;;) {
    const tended = await next();
    const waitMs = pauseAfter(parts, tended);
    if (waitMs === undefined || clock.now() + waitMs > until) return tended;
    // What was there already is no login: it is taken over, and the wish for one said again.
    if (tended.outcome === 'committed' || tended.outcome === 'confirmed') await parts.ask();
    await clock.sleep(waitMs);
    if (tended.outcome !== 'held') next = () => keeper.tend(account.name);
  }
}

/** How long until the next look, ms; undefined: this is the end. */
function pauseAfter({ clock, sent }: LoginOnceParts, tended: Tended): number | undefined {
  switch (tended.outcome) {
    case 'held':
    case 'pending':
      return PAUSE_MS;
    case 'rested': {
      const { because, nextAt = 0 } = tended.decision;
      return because === 'proof_pending' ? Math.max(PAUSE_MS, nextAt - clock.now()) : undefined;
    }
    case 'committed':
      return tended.session.source === 'adopted' ? 0 : undefined;
    // The token that is there was proved, which was due first.
    case 'confirmed':
      return 0;
    case 'failed':
      // An attempt that a dead process left open was closed; ours has not been made yet.
      return tended.again && sent() === 0 ? 0 : undefined;
    default:
      return undefined;
  }
}

function outcomeOf(parts: LoginOnceParts, tended: Tended): LoginOutcome {
  const {
    account: { name },
    sent,
  } = parts;
  const untried = sent() === 0;
  switch (tended.outcome) {
    case 'committed':
      return signedIn(parts, tended.session, tended.same === true);
    case 'failed': {
      const next = tended.again ? ' Say it again for the next way in.' : '';
      return failed(tended.error.code, `${tended.error.message}${next}`);
    }
    case 'pending':
      return failed('proof_pending', 'A token came, and its proof is still to come: the service makes it.');
    case 'rested':
      return untried
        ? waits(name, tended.decision)
        : failed(tended.decision.because, 'The login did not end here.');
    case 'ramped':
      return failed('ramped', 'Other first logins at this broker are under way: try again in a minute.');
    case 'held':
    case 'lost':
      return failed(tended.outcome, `A running service is looking after ${name}: try again in a minute.`);
    default:
      return failed(tended.outcome, `No login of ${name} was made (${tended.outcome}).`);
  }
}

/** Nothing was sent: the rules that the service lives by stand against it. */
function waits(name: string, decision: Extract<Tended, { outcome: 'rested' }>['decision']): LoginOutcome {
  const { state, because, nextAt } = decision;
  if (state === 'stopped') {
    const message = `${name} is stopped (${because}), and nothing was sent: mend its credentials, or run "token-refresher refresh ${name} --force" beside the running service.`;
    return failed(because, message);
  }
  if (state === 'paused') {
    return failed(
      because,
      `${name} is paused, and nothing was sent: "token-refresher resume ${name}" puts it back.`,
    );
  }
  if (state === 'fresh') {
    return failed('served', `A running service has just refreshed ${name}, and nothing was sent from here.`);
  }
  const until = nextAt === undefined ? '' : ` until ${momentAfter(nextAt)}`;
  return failed(because, `Nothing was sent: ${name} has to wait${until} (${because}).`);
}

const failed = (code: string, message: string): LoginOutcome => ({ outcome: 'failed', code, message });
