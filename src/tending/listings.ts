import type { Account } from '../core/account.ts';
import type { Call, Grant } from '../core/broker.ts';
import { BrokerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { AccountRecord, Source } from '../core/session.ts';

/** What came of asking the broker for a login's sub-accounts. */
export interface Listing {
  /** Undefined: it did not say; the former ones stay. */
  readonly names: readonly string[] | undefined;
  /** Why the last try that failed did; also where the next one brought the list. */
  readonly error: BrokerError | undefined;
}

/** A silence that is over sooner is no news, ms: the list is asked for again with the next token only. */
const SAID_FROM_MS = 60_000;
/** How often the list is asked for: the next token, with which it is asked again, may be an hour away. */
const LISTINGS = 2;
/** How old a list may be when a token is renewed, ms: one that only renews would else ask once in its life. */
const LIST_EVERY_MS = 4 * 60 * 60_000;

/** True where the list is to be asked for with the grant that comes from `source`. */
export function isListDue(
  account: Account,
  { discovered, listedAt }: AccountRecord,
  source: Source,
  now: number,
): boolean {
  if (!account.discoverAccounts) return false;
  // A list that was empty is no word that lasts: its accounts may not have been opened yet.
  return source !== 'renewal' || !discovered || discovered.length === 0 || now >= listedAt + LIST_EVERY_MS;
}

/** Never fails: a list that did not come costs no token. What the error asks for is the caller's to heed. */
export async function discover(account: Account, grant: Grant, call: Call): Promise<Listing> {
  let error: BrokerError | undefined;
  for (let tries = 1; tries <= LISTINGS && !call.signal.aborted; tries++) {
    try {
      const names = await account.connection.discover?.(grant, call);
      return { names: names?.filter((name) => name !== account.name), error };
    } catch (thrown) {
      if (!(thrown instanceof BrokerError)) throw thrown;
      error = thrown;
      // Asked again it would say the same, or begin its silence anew.
      if (thrown.kind === 'throttled' || thrown.kind === 'needs-human') break;
    }
  }
  return { names: undefined, error };
}

/** To the log: each try that failed. */
export function sayListing(log: Log, account: Account, { error, names }: Listing): void {
  if (!error) return;
  const { code, kind, status, requestId, message } = error;
  const more = { account: account.name, broker: account.broker, again: names !== undefined };
  log.warn(
    { event: 'accounts.unlisted', code, kind, status, requestId, ...more },
    names
      ? `The sub-accounts of ${account.name} came at the second try; at the first: ${message}`
      : `The sub-accounts of ${account.name} could not be listed, the former ones stay: ${message}`,
  );
}

/**
 * What people hear of a list that did not come: what only they mend, or what makes others wait. Its token is
 * served, so that it is a warning, whoever has to act.
 */
export function troubleOf({
  error,
  names,
}: Listing): { readonly code: string; readonly kind: string; readonly message: string } | undefined {
  if (!error || names) return undefined;
  const { kind, retryAfterMs = 0 } = error;
  if (kind !== 'needs-human' && (kind !== 'throttled' || retryAfterMs < SAID_FROM_MS)) return undefined;
  const message = `The token is served, but the sub-accounts of this login could not be listed: ${error.message}`;
  return { code: error.code, kind: 'throttled', message };
}
