import { changeAccount, changeNetwork, type Change } from './changes.ts';
import { cut } from './cut.ts';
import { merge } from './merge.ts';
import { emptyAccount, emptyNetwork, type AccountFacts, type NetworkFacts, type Picture } from './mirror.ts';

/** How far ahead generations are marked as used, ms (they follow the clock): they grow all the time, and must not cost a write each. */
const RESERVED_MS = 60_000;
/** Where they are ahead of the clock they grow by one a lease: so many more are marked. */
const RESERVED_LEASES = 1_000;
/** So many leases are taken at most within the second that passes before what is marked is written. */
const UNWRITTEN_LEASES = 200;

/** The picture in memory, as this process knows it. */
export interface Memory {
  /** A stamp later than every one seen, whatever the clock says. */
  stamp(now: number): number;
  /** True: the change has to be written. */
  apply(change: Change, stamp: number): boolean;
  /** Takes in what another process wrote. */
  take(picture: Picture): void;
  account(name: string): AccountFacts | undefined;
  accounts(): ReadonlyMap<string, AccountFacts>;
  network(key: string): NetworkFacts | undefined;
  /** The highest generation known to be given out. */
  generation(): number;
  /** The highest that other processes may have given out since they wrote what was taken in here. */
  reservedElsewhere(): number;
  /** What is worth writing at `now` (ms). */
  picture(now: number): Picture;
}

export function makeMemory(): Memory {
  let accounts = new Map<string, AccountFacts>();
  let networks = new Map<string, NetworkFacts>();
  let elsewhere = 0;
  let marks = { stampedAt: 0, generation: 0, reserved: 0 };

  /** True: higher than what was marked as used. */
  function given(generation: number): boolean {
    marks = { ...marks, generation: Math.max(marks.generation, generation) };
    return marks.generation > marks.reserved;
  }

  function applyToAccount(change: Extract<Change, { account: string }>, stamp: number): boolean {
    const before = accounts.get(change.account) ?? emptyAccount;
    const after = changeAccount(before, change, stamp);
    if (after !== before) accounts.set(change.account, after);
    const isNew = change.session !== undefined && given(change.session.generation);
    return after !== before || isNew;
  }

  function applyToNetwork(change: Extract<Change, { network: string }>, stamp: number): boolean {
    const before = networks.get(change.network) ?? emptyNetwork;
    const after = changeNetwork(before, change, stamp);
    if (after !== before) networks.set(change.network, after);
    return after !== before;
  }

  return {
    stamp(now) {
      marks = { ...marks, stampedAt: Math.max(now, marks.stampedAt + 1) };
      return marks.stampedAt;
    },
    apply(change, stamp) {
      if ('account' in change) return applyToAccount(change, stamp);
      if ('network' in change) return applyToNetwork(change, stamp);
      return given(change.generation);
    },
    take(picture) {
      const { accounts: ours, networks: ournets, ...rest } = merge({ ...marks, accounts, networks }, picture);
      accounts = new Map(ours);
      networks = new Map(ournets);
      marks = rest;
      elsewhere = Math.max(elsewhere, picture.reserved);
    },
    account: (name) => accounts.get(name),
    accounts: () => accounts,
    network: (key) => networks.get(key),
    generation: () => marks.generation,
    reservedElsewhere: () => (elsewhere === 0 ? 0 : elsewhere + UNWRITTEN_LEASES),
    picture(now) {
      const { generation, reserved } = marks;
      if (generation > reserved) {
        marks = { ...marks, reserved: Math.max(now + RESERVED_MS, generation + RESERVED_LEASES) };
      }
      return cut({ ...marks, accounts, networks }, now);
    },
  };
}
