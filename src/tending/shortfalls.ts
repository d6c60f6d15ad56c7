import type { Account } from '../core/account.ts';
import { vainRenewals, type Lack } from '../core/lack.ts';
import type { Log } from '../core/log.ts';
import type { Session } from '../core/session.ts';
import { sayListing, troubleOf, type Listing } from './listings.ts';

/* What a token was published without: its sub-accounts' list, what its adapter was to get beside it, or the renewal it was to come by. */

export function lackOf(account: Account, session: Session | undefined): Lack | undefined {
  if (!session) return undefined;
  const { grant, unrenewed } = session;
  return account.connection.lacks?.(grant) ?? vainRenewals(unrenewed, grant.expiresAt - grant.issuedAt);
}

/** To the log: a list that did not come each time, another lack once. */
export function sayShortfalls(
  log: Log,
  account: Account,
  told: {
    readonly earlier: Session | undefined;
    readonly session: Session;
    readonly listing: Listing | undefined;
  },
): void {
  const { earlier, session, listing } = told;
  if (listing) sayListing(log, account, listing);
  const lack = lackOf(account, session);
  if (!lack || lack.code === lackOf(account, earlier)?.code) return;
  const { code, requestId } = lack;
  log.warn(
    { event: 'token.incomplete', account: account.name, broker: account.broker, code, requestId },
    `The token of ${account.name} is served, but ${lack.message}`,
  );
}

/** What people hear of it. The token is served, so that it is a warning, whoever has to act. */
export function shortfallOf(
  account: Account,
  session: Session,
  listing: Listing | undefined,
):
  | { readonly code: string; readonly kind: string; readonly message: string; readonly retryAt?: number }
  | undefined {
  const unlisted = listing && troubleOf(listing);
  if (unlisted) return unlisted;
  const lack = lackOf(account, session);
  return lack && { ...lack, kind: 'throttled', message: `The token is served, but ${lack.message}` };
}
