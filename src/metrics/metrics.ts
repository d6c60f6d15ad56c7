import { Counter, Gauge, Registry } from 'prom-client';
import type { StatusFacts } from '../core/describe.ts';
import { stateAt } from '../core/describe.ts';
import { states } from '../core/state.ts';

/** What a scrape shows, as it stands at that moment. */
export interface Picture {
  readonly now: number;
  readonly facts: readonly StatusFacts[];
  /** Enabled accounts that nothing will ever look at again. */
  readonly withoutNextAction: number;
  readonly budgets: readonly {
    readonly broker: string;
    readonly limit: string;
    /** Calls that still fit into the window. */
    readonly left: number;
  }[];
  /** Until when nobody calls a broker, ms; 0 where it answers. */
  readonly downUntil: ReadonlyMap<string, number>;
}

export interface Metrics {
  readonly contentType: string;
  /** Prometheus' text; without account names. Rejects where the picture cannot be had. */
  text(): Promise<string>;
  /** A try at a new token has ended. */
  attempted(broker: string, kind: string, result: string): void;
}

/** The metrics of this process and of the Redis it works on; docs/operating.md lists them. */
export function makeMetrics(
  look: () => Promise<Picture>,
  options: { readonly accountLabels: boolean },
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const accounts = new Gauge({
    name: 'accounts',
    help: 'Configured accounts by broker and state.',
    labelNames: ['broker', 'state'],
    registers,
  });
  const withoutNextAction = new Gauge({
    name: 'accounts_without_next_action',
    help: 'Enabled accounts that nothing will ever look at again. Must be 0.',
    registers,
  });
  const headroom = new Gauge({
    name: 'token_headroom_seconds',
    help: 'Time to the end of the token that ends first, by broker; 0 where an enabled account has none.',
    labelNames: ['broker'],
    registers,
  });
  const budget = new Gauge({
    name: 'rate_budget_remaining',
    help: "Calls that still fit into the window of a broker's limit, counted over all processes on this egress.",
    labelNames: ['broker', 'limit'],
    registers,
  });
  const breaker = new Gauge({
    name: 'breaker_state',
    help: '1 while a broker does not answer and is called by one account at a time, else 0.',
    labelNames: ['broker'],
    registers,
  });
  const attempts = new Counter({
    name: 'refresh_attempts_total',
    help: 'Tries at a new token that this process has ended, by result: ok, or the kind of the error.',
    labelNames: ['broker', 'kind', 'result'],
    registers,
  });

  const ofAccounts = options.accountLabels ? accountGauges(registry) : undefined;

  function show(picture: Picture): void {
    const { now, facts } = picture;
    for (const gauge of [accounts, headroom, budget, breaker]) gauge.reset();
    withoutNextAction.set(picture.withoutNextAction);
    for (const [broker, group] of Map.groupBy(facts, (each) => each.broker)) {
      const counts = Map.groupBy(group, (each) => stateAt(each, now));
      for (const state of states) accounts.set({ broker, state }, counts.get(state)?.length ?? 0);
      const served = group.filter(({ enabled }) => enabled);
      const left = served.map(({ expiresAt }) => Math.max(0, (expiresAt ?? 0) - now));
      if (left.length > 0) headroom.set({ broker }, Math.min(...left) / 1000);
    }
    ofAccounts?.show(facts);
    for (const each of picture.budgets) {
      budget.set({ broker: each.broker, limit: each.limit }, each.left);
    }
    for (const [broker, until] of picture.downUntil) breaker.set({ broker }, until > now ? 1 : 0);
  }

  return {
    contentType: registry.contentType,
    async text() {
      show(await look());
      return registry.metrics();
    },
    attempted: (broker, kind, result) => attempts.inc({ broker, kind, result }),
  };
}

/** A line for each account: only where it is asked for, since names and numbers of accounts are nobody else's matter. */
function accountGauges(registry: Registry): { show(facts: readonly StatusFacts[]): void } {
  const labelNames = ['broker', 'account'] as const;
  const registers = [registry];
  const expiry = new Gauge({
    name: 'token_expiry_timestamp_seconds',
    help: 'When the token of an account ends, seconds since the epoch; absent where it never had one.',
    labelNames,
    registers,
  });
  const next = new Gauge({
    name: 'token_next_refresh_timestamp_seconds',
    help: 'When an account is looked at next, seconds since the epoch.',
    labelNames,
    registers,
  });
  return {
    show(facts) {
      expiry.reset();
      next.reset();
      for (const { broker, name: account, expiresAt, dueAt } of facts) {
        if (expiresAt !== undefined) expiry.set({ broker, account }, expiresAt / 1000);
        if (dueAt !== undefined) next.set({ broker, account }, dueAt / 1000);
      }
    },
  };
}
