import type { SilenceStatus } from './silence-words.ts';
import type { State } from './state.ts';
import type { AccountStatus } from './status.ts';

/** The seven fields that say how one token stands. */
export type TokenStatus = Pick<
  AccountStatus,
  | 'valid'
  | 'time_remaining_seconds'
  | 'time_remaining_hours'
  | 'expiry_time'
  | 'needs_refresh'
  | 'message'
  | 'api_validated'
>;

export interface Counts {
  readonly total: number;
  /** Accounts whose token is good now. */
  readonly valid: number;
  readonly by_state: Readonly<Record<State, number>>;
}

export interface Summary extends Counts {
  readonly by_broker: Readonly<Record<string, Counts>>;
}

/** Worst first. Whoever was taken out of service on purpose is not badly off. */
const badness: Readonly<Record<State, number>> = {
  stopped: 0,
  expired: 1,
  awaiting_approval: 2,
  backing_off: 3,
  refreshing: 4,
  due: 5,
  fresh: 6,
  paused: 7,
  disabled: 8,
};

/** Orders accounts worst first: without a token, then by state, then by the time left, then by name. */
export function byNeed(left: AccountStatus, right: AccountStatus): number {
  return (
    Number(isServed(right)) - Number(isServed(left)) ||
    Number(left.valid) - Number(right.valid) ||
    badness[left.state] - badness[right.state] ||
    left.time_remaining_seconds - right.time_remaining_seconds ||
    left.name.localeCompare(right.name)
  );
}

/** False for accounts that somebody took out of service. */
export function isServed(account: AccountStatus): boolean {
  return account.state !== 'disabled' && account.state !== 'paused';
}

/** The seven fields of the account that is worst off. */
export function worstOff(accounts: readonly AccountStatus[]): TokenStatus {
  const worst = [...accounts].sort(byNeed)[0];
  return {
    valid: worst?.valid ?? false,
    time_remaining_seconds: worst?.time_remaining_seconds ?? 0,
    time_remaining_hours: worst?.time_remaining_hours ?? 0,
    expiry_time: worst?.expiry_time ?? null,
    needs_refresh: worst?.needs_refresh ?? false,
    message: worst?.message ?? 'No account is configured.',
    api_validated: worst?.api_validated ?? null,
  };
}

/** All accounts as `GET /api/token/status` and `status --json` give them. */
export interface Overview extends TokenStatus {
  readonly summary: Summary;
  /** The brokers that want no call from this network now. */
  readonly silences: readonly SilenceStatus[];
  readonly accounts: readonly AccountStatus[];
}

export function overview(accounts: readonly AccountStatus[], silences: readonly SilenceStatus[]): Overview {
  return { ...worstOff(accounts), summary: summarize(accounts), silences, accounts };
}

/** Counts by state and by broker. */
export function summarize(accounts: readonly AccountStatus[]): Summary {
  const brokers = Object.entries(byBroker(accounts));
  return {
    ...count(accounts),
    by_broker: Object.fromEntries(brokers.map(([broker, theirs]) => [broker, count(theirs)])),
  };
}

/** The accounts of each broker, brokers by name. */
export function byBroker(
  accounts: readonly AccountStatus[],
): Readonly<Record<string, readonly AccountStatus[]>> {
  const names = [...new Set(accounts.map((account) => account.broker))].sort();
  return Object.fromEntries(names.map((name) => [name, accounts.filter(({ broker }) => broker === name)]));
}

function count(accounts: readonly AccountStatus[]): Counts {
  const of = (state: State): number => accounts.filter((account) => account.state === state).length;
  return {
    total: accounts.length,
    valid: accounts.filter((account) => account.valid).length,
    by_state: {
      fresh: of('fresh'),
      due: of('due'),
      refreshing: of('refreshing'),
      backing_off: of('backing_off'),
      awaiting_approval: of('awaiting_approval'),
      stopped: of('stopped'),
      paused: of('paused'),
      expired: of('expired'),
      disabled: of('disabled'),
    },
  };
}
