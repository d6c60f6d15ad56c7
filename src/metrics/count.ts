import { stateAt, type StateFacts } from '../core/describe.ts';
import { freshnessKinds, freshnessOf, type Freshness } from '../core/freshness.ts';
import { LOOK_OVERDUE } from '../core/look-overdue.ts';
import { states, type State } from '../core/state.ts';

/** An account as the census counts it. */
export interface Counted extends StateFacts {
  readonly name: string;
  readonly broker: string;
  readonly dueAt: number | undefined;
  readonly reason?: string | undefined;
  /** Within its `hours`. */
  readonly isThere: boolean;
}

/** One broker's accounts, counted. */
export interface BrokerCount {
  readonly states: ReadonlyMap<State, number>;
  readonly freshness: ReadonlyMap<Freshness, number>;
  /** Enabled accounts that nothing will ever look at again, or that no look has decided about since their token ended. */
  readonly withoutNextAction: number;
  /** When the token ends that ends first, ms; 0 where an enabled account has none; undefined: none is enabled. */
  readonly firstEnd: number | undefined;
  /** The same of the accounts that have one; undefined: none has. */
  readonly firstLiveEnd: number | undefined;
}

export interface Census {
  /** When it was taken, ms. */
  readonly at: number;
  readonly brokers: ReadonlyMap<string, BrokerCount>;
  /** Each account, where names may be shown. */
  readonly accounts: readonly (Counted & { readonly standsAt: State })[];
}

/** A broker's count while it is made. */
interface Tally {
  readonly states: Map<State, number>;
  readonly freshness: Map<Freshness, number>;
  withoutNextAction: number;
  firstEnd: number | undefined;
  firstLiveEnd: number | undefined;
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const emptyTally = (): Tally => ({
  // All of them: a state that nobody is in is a line that says 0.
  states: new Map(states.map((state) => [state, 0])),
  freshness: new Map(freshnessKinds.map((kind) => [kind, 0])),
  withoutNextAction: 0,
  firstEnd: undefined,
  firstLiveEnd: undefined,
});

/** Counts accounts as they come, so that no list of all of them is needed. */
export function makeCount(now: number): {
  add(account: Counted): State;
  result(): ReadonlyMap<string, BrokerCount>;
} {
  const brokers = new Map<string, Tally>();
  return {
    add(account) {
      const count = brokers.get(account.broker) ?? emptyTally();
      brokers.set(account.broker, count);
      const state = stateAt(account, now);
      const end = (account.expiresAt ?? 0) > now ? (account.expiresAt ?? 0) : 0;
      increment(count.states, state);
      increment(count.freshness, freshnessOf(state, end > 0, account.isThere));
      if (!account.enabled) return state;
      count.firstEnd = Math.min(count.firstEnd ?? Infinity, end);
      if (end > 0) count.firstLiveEnd = Math.min(count.firstLiveEnd ?? Infinity, end);
      if (account.dueAt === undefined || account.reason === LOOK_OVERDUE) count.withoutNextAction += 1;
      return state;
    },
    result: () => brokers,
  };
}
