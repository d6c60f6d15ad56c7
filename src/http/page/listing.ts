import type { AccountStatus } from '../../core/status.ts';
import { byBroker, isServed } from '../../core/summary.ts';
import { isFiltering, passing, type Filter } from './filter.ts';
import { byTone, toneOf } from './verdict.ts';

/** The accounts of one broker, as far as the page shows them. */
export interface Group {
  readonly broker: string;
  /** Accounts whose token is good now, of those in service. */
  readonly valid: number;
  readonly served: number;
  readonly shown: readonly AccountStatus[];
  /** Not shown: those that need somebody's eye, and those that do not. */
  readonly hidden: { readonly wanting: number; readonly well: number };
}

export interface Listing {
  readonly groups: readonly Group[];
  /** How many pass the filter, of how many. */
  readonly matching: number;
  readonly total: number;
  readonly page: number;
  readonly pages: number;
}

/** A broker with more accounts than this shows only what needs an eye. */
const ALL_SHOWN = 50;
/** So many of those that need an eye are shown of a broker. */
const WANTING_SHOWN = 25;
const PAGE = 100;

/** What of all accounts is on the page: trouble first, and never so many that a phone would choke on them. */
export function listingOf(accounts: readonly AccountStatus[], filter: Filter): Listing {
  const matching = passing(accounts, filter);
  const counts = { matching: matching.length, total: accounts.length };
  if (!isFiltering(filter)) {
    const groups = Object.entries(byBroker(accounts)).map(([broker, theirs]) =>
      groupOf(broker, theirs, worthAnEye(theirs)),
    );
    groups.sort((left, right) => Number(isInTrouble(right)) - Number(isInTrouble(left)));
    return { groups, ...counts, page: 1, pages: 1 };
  }
  const pages = Math.max(1, Math.ceil(matching.length / PAGE));
  const page = Math.min(filter.page, pages);
  const sorted = Object.values(byBroker(matching)).flatMap((theirs) => [...theirs].sort(byTone));
  const shown = byBroker(sorted.slice((page - 1) * PAGE, page * PAGE));
  const all = byBroker(accounts);
  const groups = Object.entries(shown).map(([broker, theirs]) =>
    groupOf(broker, all[broker] ?? [], theirs, true),
  );
  return { groups, ...counts, page, pages };
}

/** Such a broker stands first. No other does: what only waits comes and goes, and the page would jump for it. */
const isInTrouble = ({ shown }: Group): boolean => shown.some((account) => toneOf(account) === 'bad');

function worthAnEye(accounts: readonly AccountStatus[]): readonly AccountStatus[] {
  const sorted = [...accounts].sort(byTone);
  return sorted.length <= ALL_SHOWN ? sorted : sorted.filter(isWanting).slice(0, WANTING_SHOWN);
}

const isWanting = (account: AccountStatus): boolean => ['bad', 'waiting'].includes(toneOf(account));

function groupOf(
  broker: string,
  accounts: readonly AccountStatus[],
  shown: readonly AccountStatus[],
  isPage = false,
): Group {
  const served = accounts.filter(isServed);
  const valid = served.filter((account) => account.valid).length;
  const wanting = accounts.filter(isWanting).length - shown.filter(isWanting).length;
  const well = accounts.length - shown.length - wanting;
  return {
    broker,
    valid,
    served: served.length,
    shown,
    hidden: isPage ? { wanting: 0, well: 0 } : { wanting, well },
  };
}
