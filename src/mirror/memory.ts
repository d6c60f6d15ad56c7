import { changeAccount, changeNetwork, type Change } from './changes.ts';
import { cut } from './cut.ts';
import { merge } from './merge.ts';
import { emptyAccount, emptyNetwork, type AccountFacts, type NetworkFacts, type Picture } from './mirror.ts';

/** How far ahead generations are marked as used, ms (they follow the clock): they grow all the time, and must not cost a write each. */
const RESERVED_MS = 60_000;

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
  /** What is worth writing at `now` (ms). */
  picture(now: number): Picture;
}

export function makeMemory(): Memory {
  let accounts = new Map<string, AccountFacts>();
  let networks = new Map<string, NetworkFacts>();
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

  function applyToNetwork(change: Extract<Change, { network: string }>): boolean {
    const before = networks.get(change.network) ?? emptyNetwork;
    const after = changeNetwork(before, change);
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
      if ('network' in change) return applyToNetwork(change);
      return given(change.generation);
    },
    take(picture) {
      const { accounts: ours, networks: ournets, ...rest } = merge({ ...marks, accounts, networks }, picture);
      accounts = new Map(ours);
      networks = new Map(ournets);
      marks = rest;
    },
    account: (name) => accounts.get(name),
    accounts: () => accounts,
    network: (key) => networks.get(key),
    generation: () => marks.generation,
    picture(now) {
      const { generation, reserved } = marks;
      if (generation > reserved) marks = { ...marks, reserved: Math.max(generation, now) + RESERVED_MS };
      return cut({ ...marks, accounts, networks }, now);
    },
  };
}
