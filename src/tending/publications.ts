import { namesOf, type Account } from '../core/account.ts';
import type { Session } from '../core/session.ts';
import type { Publication } from '../core/store.ts';

/** Every name of a login: its own, those of the configuration, then those the broker lists besides. */
export function allNamesOf(account: Account, discovered: readonly string[] | undefined): readonly string[] {
  return [...new Set([...namesOf(account), ...(account.discoverAccounts ? (discovered ?? []) : [])])];
}

/** What consumers read of a session: one `meta:` hash for the login and each of its sub-accounts. */
export function publicationsOf(
  account: Account,
  session: Session,
  discovered: readonly string[] | undefined,
): readonly Publication[] {
  const { grant } = session;
  const configured = new Set(namesOf(account));
  return allNamesOf(account, discovered).map((name) => {
    const sub = name !== account.name && account.connection.headersFor !== undefined;
    const headers = sub ? account.connection.headersFor?.(grant, name) : grant.headers;
    return {
      name,
      ...(!configured.has(name) && { discovered: true }),
      meta: {
        // What speaks of the login's own account would let a sub-account's bots hear of the wrong one.
        ...(!sub && grant.meta),
        broker: account.broker,
        username: account.username,
        environment: account.environment,
        generation: String(session.generation),
        issuedAt: new Date(grant.issuedAt).toISOString(),
        expiresAt: new Date(grant.expiresAt).toISOString(),
        tokenType: grant.tokenType,
        scope: grant.scope ?? '',
        source: session.source,
        baseUrl: grant.baseUrl,
        userId: grant.owner ?? '',
        accountId: (sub ? name : grant.accountId) ?? '',
        headers: JSON.stringify(headers),
      },
    };
  });
}

/** What no other login may hold: the broker's user behind the grant. */
export function claimsOf(account: Account, session: Session): readonly string[] {
  const { owner, ownerIsExclusive = true } = session.grant;
  return owner === undefined || !ownerIsExclusive
    ? []
    : [`owner ${account.broker} ${account.environment} ${owner}`];
}
