import { isDeepStrictEqual } from 'node:util';
import { namesOf, type Account } from '../core/account.ts';
import type { Loaded } from './read.ts';

export interface AccountChange {
  readonly before: Account;
  readonly after: Account;
  /** It is another login at the broker now: what is kept of the old one is no session of it. */
  readonly identity: boolean;
  /** What a person would change after a refusal was changed. */
  readonly credentials: boolean;
  /** Sub-accounts came or went. */
  readonly names: boolean;
}

/** What a reload does to the accounts, by name. */
export interface AccountsDiff {
  readonly added: readonly Account[];
  readonly removed: readonly Account[];
  readonly changed: readonly AccountChange[];
}

type Accounts = Pick<Loaded, 'accounts' | 'entryDigests'>;

export function diffAccounts(before: Accounts, after: Accounts): AccountsDiff {
  const old = new Map(before.accounts.map((account) => [account.name, account]));
  const names = new Set(after.accounts.map(({ name }) => name));
  return {
    added: after.accounts.filter(({ name }) => !old.has(name)),
    removed: before.accounts.filter(({ name }) => !names.has(name)),
    changed: after.accounts.flatMap((account) => {
      const { name } = account;
      const previous = old.get(name);
      const isSame = before.entryDigests.get(name) === after.entryDigests.get(name);
      return previous && !isSame ? [changeOf(previous, account)] : [];
    }),
  };
}

export const isEmpty = ({ added, removed, changed }: AccountsDiff): boolean =>
  added.length + removed.length + changed.length === 0;

/**
 * True where a reload drops so much that it may be an accident, a file half restored perhaps: two or
 * more accounts and over a quarter of them.
 */
export function removesMany({ removed }: AccountsDiff, accountsBefore: number): boolean {
  return removed.length >= 2 && removed.length > accountsBefore / 4;
}

function changeOf(before: Account, after: Account): AccountChange {
  return {
    before,
    after,
    identity: before.identity !== after.identity,
    credentials: !isDeepStrictEqual(before.credentials, after.credentials),
    names: !isDeepStrictEqual(new Set(namesOf(before)), new Set(namesOf(after))),
  };
}
