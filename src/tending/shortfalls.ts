import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import type { Lack } from '../core/lack.ts';
import type { Log } from '../core/log.ts';
import { sayListing, troubleOf, type Listing } from './listings.ts';

/* What a token was published without: its sub-accounts' list, or what its adapter was to get beside it. */

export const lackOf = (account: Account, grant: Grant | undefined): Lack | undefined =>
  grant && account.connection.lacks?.(grant);

/** To the log: a list that did not come each time, another lack once. */
export function sayShortfalls(
  log: Log,
  account: Account,
  told: {
    readonly earlier: Grant | undefined;
    readonly grant: Grant;
    readonly listing: Listing | undefined;
  },
): void {
  const { earlier, grant, listing } = told;
  if (listing) sayListing(log, account, listing);
  const lack = lackOf(account, grant);
  if (!lack || lack.code === lackOf(account, earlier)?.code) return;
  log.warn(
    { event: 'token.incomplete', account: account.name, broker: account.broker, code: lack.code },
    `The token of ${account.name} is served, but ${lack.message}`,
  );
}

/** What people hear of it. The token is served, so that it is a warning, whoever has to act. */
export function shortfallOf(
  account: Account,
  grant: Grant,
  listing: Listing | undefined,
):
  | { readonly code: string; readonly kind: string; readonly message: string; readonly retryAt?: number }
  | undefined {
  const unlisted = listing && troubleOf(listing);
  if (unlisted) return unlisted;
  const lack = lackOf(account, grant);
  return lack && { ...lack, kind: 'throttled', message: `The token is served, but ${lack.message}` };
}
