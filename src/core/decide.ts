import type { Account } from './account.ts';
import { isLive, type AccountRecord } from './session.ts';
import type { State } from './state.ts';

/** What is known of an account when its next step is decided. */
export interface Situation {
  readonly account: Pick<Account, 'enabled' | 'identity' | 'connection'>;
  /** Keyed fingerprints of the present credentials, one for each key of the ring, the sealing key's first. */
  readonly fingerprints: readonly string[];
  /** The same for the seed the account came with; empty where it has none. */
  readonly seedFingerprints: readonly string[];
  readonly record: AccountRecord;
  /** True while the account that holds the same broker user is configured. */
  readonly isClaimed: boolean;
  /** The broker asked for silence until then (ms), 0 if it did not. */
  readonly silentUntil: number;
}

/** The next step and why. `nextAt` undefined: nothing will happen until somebody acts. */
export type Decision =
  | {
      readonly do: 'rest';
      readonly state: State;
      readonly because: string;
      readonly nextAt: number | undefined;
    }
  | { readonly do: 'renew'; readonly because: string }
  | { readonly do: 'seed'; readonly because: string }
  | { readonly do: 'sign-in'; readonly because: string };

/** A token may seem this much younger than none, ms: clocks differ. */
const SKEW_MS = 60_000;
/** How often an account that waits for a person is looked at, ms. */
const ASKED_LOOK_MS = 60 * 60_000;
/**
 * How often a stopped account is looked at, ms. It costs no call; another process may know newer
 * credentials by then, and an alert that was lost is said again.
 */
const STOPPED_LOOK_MS = 60_000;

const rest = (state: State, because: string, nextAt?: number): Decision => ({
  do: 'rest',
  state,
  because,
  nextAt,
});

/**
 * The one rule of what happens next to an account. Pure: the same situation gives the same decision,
 * in a job, in the page and in a test.
 */
export function decide(situation: Situation, now: number): Decision {
  const { account, record } = situation;
  const { connection } = account;
  if (!account.enabled) return rest('disabled', 'disabled');

  const session = record.session?.identity === account.identity ? record.session : undefined;
  const live = session !== undefined && isLive(session, account.identity, now);
  const requested = record.request !== undefined;
  // A clock that stands before the session's birth tells nothing about its age: renew.
  const young = live && now >= session.grant.issuedAt - SKEW_MS && now < session.renewAt;
  if (young && !requested && record.failures === 0) return rest('fresh', 'fresh', session.renewAt);

  const canRenew =
    session !== undefined &&
    !session.renewalSpent &&
    connection.renew !== undefined &&
    now < (connection.renewableUntil?.(session.grant) ?? session.grant.expiresAt);
  const refused = situation.fingerprints.some((fingerprint) => record.refused.includes(fingerprint));
  const stopped = (refused || situation.isClaimed) && record.request?.rearm !== true;
  const idle: State = live ? 'backing_off' : session === undefined ? 'backing_off' : 'expired';

  if (stopped && !canRenew) {
    return rest('stopped', record.trouble?.code ?? 'stopped', now + STOPPED_LOOK_MS);
  }
  if (situation.silentUntil > now) return rest(idle, 'broker_silence', situation.silentUntil);
  // A person may overrule our own patience, never the broker's.
  const asked = requested && record.trouble?.kind !== 'throttled';
  if (record.retryAt > now && !asked)
    return rest(idle, record.trouble?.code ?? 'backing_off', record.retryAt);
  if (canRenew) return { do: 'renew', because: requested ? 'requested' : live ? 'due' : 'expired' };
  const seedSpent = situation.seedFingerprints.some((fingerprint) => fingerprint === record.seedSpent);
  if (session === undefined && connection.seed !== undefined && !seedSpent) {
    return { do: 'seed', because: 'first_start' };
  }
  if (connection.signIn) {
    return {
      do: 'sign-in',
      because: requested ? 'requested' : live ? 'due' : session ? 'expired' : 'no_token',
    };
  }
  if (live) return rest('fresh', 'fresh', session.grant.expiresAt);
  if (connection.consent) {
    const askAt = connection.consent.askAt(now);
    return askAt > now
      ? rest('awaiting_approval', 'asked_later', askAt)
      : rest('awaiting_approval', 'awaiting_approval', now + ASKED_LOOK_MS);
  }
  return rest('expired', 'no_way_in');
}
