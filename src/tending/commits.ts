import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import { quietMs } from '../core/consequence.ts';
import { BrokerError } from '../core/errors.ts';
import { drawRenewAt } from '../core/policy.ts';
import { isSameToken, originOf, type AccountRecord, type Session, type Source } from '../core/session.ts';
import type { Commit, RampOutcome } from '../core/store.ts';
import type { Use } from '../core/uses.ts';
import { afterCall, afterSignIn } from '../core/verdicts.ts';
import { insist } from './insist.ts';
import type { HeldLease } from './lease.ts';
import type { Listing } from './listings.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { isPersons } from './persons.ts';
import { claimsOf, publicationsOf } from './publications.ts';
import type { Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

/** How soon a login that another account holds is tried again once that account is gone, ms. */
const CLAIMED_WAIT_MS = 5 * 60_000;
/** How soon a broker is asked again that handed out the same token, ms. */
const UNCHANGED_WAIT_MS = 10_000;

/** A grant that may be published, and how it came. */
export interface Got {
  readonly grant: Grant;
  readonly source: Source;
  /** True where a person handed it over: whose it is counts, and it replaces what is there. */
  readonly handed?: boolean;
  /** True where the broker said that it honours it. */
  readonly proved?: boolean;
  /** Its renewal was sent already, before Redis forgot the session. */
  readonly spent?: boolean;
  /** The generation under which it was published before, or of the call that brought it; absent where it is new. */
  readonly origin?: number | undefined;
  readonly listing?: Listing | undefined;
  readonly ramp?: RampOutcome | undefined;
  /** When the attempt began, ms; absent where nothing was called for it. */
  readonly startedAt?: number;
}

export interface Commits {
  /**
   * Publishes the grant as the account's new session, in one step, if nobody has acted since. Another
   * owner's token, or one that another account holds, is not published: a BrokerError says so.
   */
  commit(
    account: Account,
    held: HeldLease,
    record: AccountRecord,
    got: Got,
  ): Promise<
    Tended | { readonly outcome: 'claimed'; readonly error: BrokerError; readonly record: AccountRecord }
  >;
  /** The commit that would write this session again. */
  commitOf(
    account: Account,
    record: AccountRecord,
    session: Session,
    got?: Omit<Got, 'grant' | 'source'>,
  ): Commit;
}

/** A login of which a budget left no renewal, or whose token nobody tried to renew, says nothing of renewing. */
function unrenewedBefore(
  { identity, connection }: Account,
  before: Session | undefined,
  { source, startedAt }: Got,
): number {
  if (before?.identity !== identity || source === 'renewal' || source === 'adopted') return 0;
  const isVain = connection.renew && source === 'sign-in' && startedAt !== undefined && before.renewalSpent;
  return (before.unrenewed ?? 0) + (isVain ? 1 : 0);
}

function eventsOf({ source }: Session, { trouble }: AccountRecord, isFound: boolean): Commit['events'] {
  if (source === 'adopted' && isFound) return ['confirmed'];
  return trouble ? ['refreshed', 'recovered'] : ['refreshed'];
}

/** A token whose proof came later was counted as a login when it came; what was found is no use at all. */
function usesOf({ source }: Session, { startedAt, ramp }: Omit<Got, 'grant' | 'source'>): readonly Use[] {
  if (startedAt === undefined) return [];
  return ramp === 'success' || source === 'consent' ? ['refreshes', 'logins'] : ['refreshes'];
}

/** The verdicts that stand beside a new token. */
function afterGot(
  { refused }: AccountRecord,
  { proved }: Pick<Got, 'proved'>,
  worked: readonly string[],
): readonly string[] {
  return afterSignIn(proved ? afterCall(refused) : refused, worked);
}

export function makeCommits(parts: KeeperParts, around: Surroundings, tell: Telling): Commits {
  const { store, clock, log, keepsake } = parts;

  function commitOf(
    account: Account,
    record: AccountRecord,
    session: Session,
    got: Omit<Got, 'grant' | 'source'> = {},
  ): Commit {
    const worked = parts.fingerprints(account.credentials);
    const now = clock.now();
    const { proveEveryMs } = policyOf(parts, account);
    const isFound = session.source === 'adopted' && isPersons(account) && !got.handed;
    // What was found is served on, and whose it is asked at once where the account asks that of every token.
    const waitMs = isFound && account.verify ? 0 : proveEveryMs;
    const proofDueAt = proveEveryMs && account.connection.probe ? now + (waitMs ?? 0) : 0;
    const { owner } = session.grant;
    const isSignIn = session.source === 'sign-in' && got.startedAt !== undefined;
    const { names, error: unlisted } = got.listing ?? {};
    const discovered = names ?? record.discovered;
    return {
      session,
      publications: publicationsOf(account, session, discovered),
      ttlCapMs: parts.ttlCapMs(account),
      claims: claimsOf(account, session),
      // Only a sign-in tries the credentials: a renewal or a token that was found says nothing of them.
      refused: afterGot(record, got, isSignIn ? worked : []),
      events: now < session.grant.expiresAt ? eventsOf(session, record, got.handed !== true) : [],
      dueAt: proofDueAt > 0 ? Math.min(session.renewAt, proofDueAt) : session.renewAt,
      ...(got.handed && { handed: true }),
      paused: record.paused,
      ramp: got.ramp,
      facts: {
        // Found, not got by a person: whose it is stands in the token alone, and pins nobody.
        owner: owner === undefined || isFound ? record.owner : `${account.identity} ${owner}`,
        proven: isSignIn ? worked[0] : record.proven,
        provenAt: got.proved ? now : 0,
        proofDueAt,
        discovered,
        listedAt: names ? now : record.listedAt,
        // A limit of the user's own: no other account needs to know of it.
        retryAt: unlisted?.kind === 'throttled' ? now + quietMs(unlisted, record) : 0,
        asked: record.asked,
      },
      answered: got.startedAt !== undefined,
      startedAt: got.startedAt,
      ledger: isSignIn ? around.ledgerOf(account) : undefined,
      uses: usesOf(session, got),
    };
  }

  /** The first token pins whose account it is; a browser may be logged in as somebody else. */
  function checkOwner(account: Account, record: AccountRecord, { grant, source }: Got): void {
    const pinned = around.pinnedOwner(account, record);
    if (pinned === undefined) {
      if (source !== 'consent') return;
      log.info(
        { event: 'owner.pinned', account: account.name, owner: grant.owner },
        `${account.name} now belongs to the user ${grant.owner ?? 'the broker did not name'}; another user's login will be refused.`,
      );
      return;
    }
    if (grant.owner === undefined || grant.owner === pinned) return;
    throw new BrokerError(
      source === 'consent'
        ? `The browser was logged in as another user (${grant.owner}) than the account's (${pinned}); the token was not stored. Log out at the broker and start again.`
        : `The broker's token belongs to another user (${grant.owner}) than the account's earlier ones (${pinned}); it was not stored. Check whose login this is; if it is right, remove the entry, reload, and add it again.`,
      { kind: 'refused', code: 'someone_else', status: 200 },
    );
  }

  function renewAtOf(account: Account, grant: Grant, previous: Grant | undefined, now: number): number {
    const renewAt = drawRenewAt(grant.issuedAt, grant.expiresAt, policyOf(parts, account), parts.random);
    // The same token again gained no time: asked at ever shorter steps, the broker would be called ever more often.
    return grant.token === previous?.token ? Math.max(renewAt, now + UNCHANGED_WAIT_MS) : renewAt;
  }

  return {
    commitOf,
    async commit(account, held, record, got) {
      checkOwner(account, record, got);
      const now = clock.now();
      const { source, startedAt } = got;
      const previous = record.session?.identity === account.identity ? record.session.grant : undefined;
      const grant = (previous && account.connection.inherit?.(got.grant, previous, now)) ?? got.grant;
      const session: Session = {
        generation: held.lease.fence,
        ...(got.origin !== undefined && { origin: got.origin }),
        grant,
        source,
        identity: account.identity,
        renewAt: renewAtOf(account, grant, previous, now),
        renewalSpent: got.spent === true,
        unrenewed: unrenewedBefore(account, record.session, got),
      };
      const toCommit = commitOf(account, record, session, got);
      const network = around.networkOf(account);
      const write = (): ReturnType<typeof store.commit> =>
        store.commit(held.lease, network, toCommit, clock.now());
      const result = await insist(clock, write, async () => {
        if (startedAt !== undefined)
          await keepsake.hold(account, {
            startedAt,
            since: originOf(record.session),
            origin: held.lease.fence,
            grant,
            source,
            identity: account.identity,
          });
      });
      if (startedAt !== undefined) keepsake.release(account, startedAt);
      if (result.outcome === 'stale') {
        tell.stale(account, session);
        return { outcome: 'lost' };
      }
      if (result.outcome === 'claimed') {
        const error = new BrokerError(
          `The broker's answer belongs to the same user as the account ${result.by}; two entries must not share a login. Remove one of them.`,
          { kind: 'refused', code: 'claimed_by_another', status: 200 },
        );
        const claimed = { ...record, claimedBy: result.by, retryAt: now + CLAIMED_WAIT_MS };
        return { outcome: 'claimed', error, record: claimed };
      }
      if (startedAt !== undefined) await keepsake.keyWorks(network, held.refusedKey, startedAt);
      const { facts, refused } = toCommit;
      const isSignIn = source === 'sign-in' && startedAt !== undefined;
      await keepsake.remember(
        account,
        { ...record, ...facts, refused, session, unknownSignIns: [] },
        isSignIn ? 'signed-in' : 'published',
      );
      if (!isSignIn && refused.length < record.refused.length)
        await keepsake.remember(account, { ...record, ...facts, refused, session }, 'proved');
      if (toCommit.ledger) await keepsake.rememberNetwork(network, { succeededAt: now });
      const tookMs = startedAt === undefined ? undefined : now - startedAt;
      const { listing } = got;
      // One that waited for Redis until it was over is renewed at once: nobody read it.
      if (now < grant.expiresAt) tell.published(account, record, session, { ...result, tookMs, listing });
      return { outcome: 'committed', session, same: isSameToken(record.session, session) };
    },
  };
}
