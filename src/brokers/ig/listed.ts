import { z } from 'zod';
import type { BrokerIo, Call, Grant } from '../../core/broker.ts';
import type { Lack } from '../../core/lack.ts';
import { nearest } from '../../core/nearest.ts';
import type { IgAccount } from './account.ts';
import { atBest, read } from './reading.ts';
import { ACCOUNT_HEADER, listAccounts } from './requests.ts';
import { accountsAnswer } from './wire.ts';

/**
 * Whether the accounts that an entry names are the login's. A v3 call goes out with IG-ACCOUNT-ID whatever
 * stands in it, and only bots would hear that there is no such account; `GET /accounts` tells it before.
 */

/** How long the list may hold up the new access token, ms. */
const PATIENCE_MS = 2_000;
/** A list that did not come, or lacks what is named, is asked for again after this, ms. */
const ASK_AGAIN_MS = 15 * 60_000;
/** More of them would be no help. */
const SHOWN = 5;

const kept = z.object({
  /** What the entry named when IG was asked. */
  named: z.array(z.string()),
  askedAt: z.number(),
  /** What IG listed last. */
  listed: z.array(z.string()).optional(),
});
/** What is known of a login's accounts; kept in `Grant.renewal`. */
type Kept = z.output<typeof kept>;

export interface Listed {
  /** The grant with what IG lists, where it is not known of all that the entry names: at most one call. */
  withList(grant: Grant, before: Grant | undefined, call: Call): Promise<Grant>;
  /** What people hear of accounts that are none of the login's. */
  lackOf(grant: Grant): Lack | undefined;
}

/** Every account id of an entry. */
export const accountIdsOf = ({ accountId, accounts }: IgAccount): readonly string[] => [
  ...(accountId === undefined ? [] : [accountId]),
  ...accounts,
];

/** Undefined where the entry names no account. */
export function makeListed(account: IgAccount, io: BrokerIo): Listed | undefined {
  const named = accountIdsOf(account);
  if (named.length === 0) return undefined;

  const unlisted = (grant: Grant, known: Kept | undefined): readonly string[] => {
    // The login says itself which account is its default one.
    const own = [grant.renewal?.defaultAccountId, ...(known?.listed ?? [])];
    return named.filter((id) => !own.includes(id));
  };
  const isAsked = (known: Kept): boolean =>
    known.named.join() === named.join() && io.clock.now() < known.askedAt + ASK_AGAIN_MS;

  /** Asked on the default account: what IG says to a call on an account that is none is not documented. */
  const asked = async (grant: Grant, call: Call): Promise<readonly string[] | undefined> => {
    const { [ACCOUNT_HEADER]: _named, ...headers } = grant.headers;
    const usual = grant.renewal?.defaultAccountId;
    const on = { ...headers, ...(usual === undefined ? {} : { [ACCOUNT_HEADER]: usual }) };
    const answer = await io.http(listAccounts(grant.baseUrl, on), call);
    return read('read', accountsAnswer, answer).accounts.map(({ accountId }) => accountId);
  };

  return {
    withList: async (grant, before, call) => {
      const known = keptIn(before);
      const isKnown = unlisted(grant, known).length === 0 || (known !== undefined && isAsked(known));
      if (isKnown) return known ? keeping(grant, known) : grant;
      const listed =
        (await atBest(io.clock, call, PATIENCE_MS, (patient) => asked(grant, patient))) ?? known?.listed;
      const next = { named: [...named], askedAt: io.clock.now(), ...(listed && { listed: [...listed] }) };
      return keeping(grant, next);
    },
    lackOf: (grant) => {
      const known = keptIn(grant);
      const missing = unlisted(grant, known);
      if (!known?.listed || missing.length === 0) return undefined;
      return {
        code: 'account_refused',
        message: `${missing.map((id) => missed(id, known.listed ?? [])).join('; ')}. IG refuses calls on an account that is none of the login's: correct accountId or accounts (My Account on the web platform shows them)`,
        retryAt: known.askedAt + ASK_AGAIN_MS,
      };
    },
  };
}

/** Which account is meant, as well as that can be told. */
export function missed(id: string, listed: readonly string[]): string {
  const meant = nearest(id, listed);
  const others = listed.length > SHOWN ? `${listed.slice(0, SHOWN).join(', ')} …` : listed.join(', ');
  const help = meant === undefined ? `it has ${others || 'none'}` : `did you mean ${meant}?`;
  return `${id} is none of this login's accounts (${help})`;
}

const keeping = (grant: Grant, known: Kept): Grant => ({
  ...grant,
  renewal: { ...grant.renewal, accounts: JSON.stringify(known) },
});

function keptIn(grant: Grant | undefined): Kept | undefined {
  try {
    return kept.safeParse(JSON.parse(grant?.renewal?.accounts ?? 'null')).data;
  } catch {
    return undefined;
  }
}
