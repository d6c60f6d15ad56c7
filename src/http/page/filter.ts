import { isServed } from '../../core/summary.ts';
import { states, type State } from '../../core/state.ts';
import type { AccountStatus } from '../../core/status.ts';
import { awaitsPerson, toneOf } from './verdict.ts';

/** What of the accounts a person wants to see: the address of the page says it. */
export interface Filter {
  readonly text: string;
  readonly broker: string | undefined;
  readonly state: Wanted | undefined;
  /** From 1. */
  readonly page: number;
  /** The account whose details are open. */
  readonly account: string | undefined;
}

/** States, and what several states have in common. */
export const wanteds = ['person', 'trouble', ...states] as const;
export type Wanted = 'person' | 'trouble' | State;

/** Longer than any name. */
const LONGEST_TEXT = 100;
const MOST_PAGES = 10_000;

/** Reads the address's query; what it cannot mean is left out. */
export function filterOf(query: unknown): Filter {
  const field = (name: string): string | undefined => {
    const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
    return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, LONGEST_TEXT) : undefined;
  };
  const page = Number(field('page') ?? 1);
  return {
    text: field('q') ?? '',
    broker: field('broker'),
    state: wanteds.find((each) => each === field('state')),
    page: Number.isInteger(page) && page > 0 && page < MOST_PAGES ? page : 1,
    account: field('account'),
  };
}

/** The address of the page with this filter. */
export function addressOf(filter: Filter, changes: Partial<Filter> = {}): string {
  const { text, broker, state, page, account } = { ...filter, ...changes };
  const query = new URLSearchParams({
    ...(text !== '' && { q: text }),
    ...(broker !== undefined && { broker }),
    ...(state !== undefined && { state }),
    ...(page > 1 && { page: String(page) }),
    ...(account !== undefined && { account }),
  });
  return query.size === 0 ? '/dashboard' : `/dashboard?${query.toString()}`;
}

export const isFiltering = ({ text, broker, state }: Filter): boolean =>
  text !== '' || broker !== undefined || state !== undefined;

/** Those that a filter lets through; text is looked for in all names of a login and in what is said of it. */
export function passing(accounts: readonly AccountStatus[], filter: Filter): readonly AccountStatus[] {
  const words = filter.text.toLowerCase().split(/\s+/);
  return accounts.filter(
    (account) =>
      (filter.broker === undefined || account.broker === filter.broker) &&
      (filter.state === undefined || isWanted(account, filter.state)) &&
      words.every((word) => textOf(account).includes(word)),
  );
}

function isWanted(account: AccountStatus, wanted: Wanted): boolean {
  if (wanted === 'person') return awaitsPerson(account);
  if (wanted === 'trouble') return isServed(account) && toneOf(account) !== 'good';
  return account.state === wanted;
}

const textOf = ({ name, username, environment, sub_accounts, detail }: AccountStatus): string =>
  [name, username, environment, ...sub_accounts, detail ?? ''].join(' ').toLowerCase();
