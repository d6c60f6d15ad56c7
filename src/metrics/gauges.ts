import { Gauge, type Registry } from 'prom-client';
import type { Census } from './count.ts';
import type { Picture } from './picture.ts';

const channelStates = { works: 1, failing: 0, dead: 0 } as const;

/** Shows a picture; `show(undefined)`: Redis is away, and nothing is known of what it holds. */
export function makeGauges(
  registry: Registry,
  options: { readonly accountLabels: boolean },
): { show(picture: Picture | undefined): void } {
  const known: { reset(): void }[] = [];
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> => {
    const made = new Gauge<L>({ name, help, labelNames, registers: [registry] });
    known.push(made);
    return made;
  };
  const redisUp = gauge(
    'redis_up',
    '1 while Redis answers; without it only what this process counts is shown.',
  );
  const ofBrokers = brokerGauges(gauge);
  const ofTokens = (options.accountLabels ? accountGauges : soonestGauges)(gauge);
  const budget = gauge(
    'rate_budget_remaining',
    'Calls that still fit into the window of a broker’s limit, counted over all processes: of this egress, or of the API key that is nearest to its limit.',
    ['broker', 'limit'],
  );
  const skew = gauge(
    'clock_skew_seconds',
    'How far the clock of this machine is ahead of the clock of Redis.',
  );
  const outbox = gauge('alert_outbox_depth', 'Messages of alerts that should be out by now, and are not.', [
    'channel',
  ]);
  const outboxAge = gauge(
    'alert_outbox_oldest_seconds',
    'How long the message of alerts waits that should have been out first; 0 where none waits.',
    ['channel'],
  );
  const channelUp = gauge('alert_channel_up', '0 while a channel for alerts does not take them, else 1.', [
    'channel',
  ]);

  return {
    show(picture) {
      for (const each of known) each.reset();
      redisUp.set(picture ? 1 : 0);
      if (!picture) return;
      ofBrokers.show(picture);
      ofTokens.show(picture);
      for (const { broker, limit, left } of picture.budgets) budget.set({ broker, limit }, left);
      for (const { channel, state, waiting, oldestMs } of picture.channels) {
        outbox.set({ channel }, waiting);
        outboxAge.set({ channel }, oldestMs / 1000);
        channelUp.set({ channel }, channelStates[state]);
      }
      skew.set(picture.clockAheadMs / 1000);
    },
  };
}

type MakeGauge = <L extends string = never>(name: string, help: string, labelNames?: L[]) => Gauge<L>;

function brokerGauges(gauge: MakeGauge): { show(picture: Picture): void } {
  const accounts = gauge('accounts', 'Configured accounts by broker and state.', ['broker', 'state']);
  const withoutNextAction = gauge(
    'accounts_without_next_action',
    'Enabled accounts that nothing will ever look at again, or that no look decides about though their token is over. Must be 0.',
  );
  const counted = gauge('accounts_counted_timestamp_seconds', 'When the accounts were counted.');
  const without = gauge(
    'accounts_without_token',
    'Accounts that should have a live token and have none, by who is to bring it: the service, or a person.',
    ['broker', 'waits_for'],
  );
  const headroom = gauge(
    'token_headroom_seconds',
    'Time to the end of the token that ends first; 0 where an enabled account has none.',
    ['broker'],
  );
  const failures = gauge(
    'login_budget_remaining',
    'Failed logins that the network may still afford before its broker bars it.',
    ['broker'],
  );
  const breaker = gauge(
    'breaker_state',
    '1 while a broker, or a part of it, does not answer and is called by one account at a time, else 0.',
    ['broker', 'part'],
  );
  const silence = gauge(
    'broker_silence_seconds',
    'How long a broker still wants no call from this network (a penalty); 0 where it wants them.',
    ['broker'],
  );
  const lag = gauge(
    'schedule_lag_seconds',
    'How long the account waits that waits longest for its look: past its time, or in the queue.',
    ['broker'],
  );
  return {
    show({ now, census, brokers }) {
      let lost = 0;
      for (const [broker, count] of census.brokers) {
        for (const [state, number] of count.states) accounts.set({ broker, state }, number);
        lost += count.withoutNextAction;
        without.set({ broker, waits_for: 'service' }, count.freshness.get('lacking') ?? 0);
        without.set({ broker, waits_for: 'person' }, count.freshness.get('waiting') ?? 0);
        if (count.firstEnd !== undefined) headroom.set({ broker }, Math.max(0, count.firstEnd - now) / 1000);
      }
      withoutNextAction.set(lost);
      counted.set(census.at / 1000);
      for (const { broker, parts, failuresLeft, silentUntil, lagMs } of brokers) {
        if (failuresLeft !== undefined) failures.set({ broker }, failuresLeft);
        for (const { part, isDown } of parts) breaker.set({ broker, part }, isDown ? 1 : 0);
        silence.set({ broker }, Math.max(0, silentUntil - now) / 1000);
        lag.set({ broker }, lagMs / 1000);
      }
    },
  };
}

const EXPIRY = 'token_expiry_timestamp_seconds';
const NEXT = 'token_next_refresh_timestamp_seconds';

/** The first of each broker: names and numbers of accounts are nobody else's matter. */
function soonestGauges(gauge: MakeGauge): { show(picture: Picture): void } {
  const expiry = gauge(EXPIRY, 'When the live token ends that ends first.', ['broker']);
  const next = gauge(NEXT, 'When the next account is looked at.', ['broker']);
  return {
    show({ census, brokers }) {
      for (const [broker, { firstLiveEnd }] of census.brokers) {
        if (firstLiveEnd !== undefined) expiry.set({ broker }, firstLiveEnd / 1000);
      }
      for (const { broker, nextLookAt } of brokers) {
        if (nextLookAt !== undefined) next.set({ broker }, nextLookAt / 1000);
      }
    },
  };
}

/** A line for each account: only where it is asked for. */
function accountGauges(gauge: MakeGauge): { show(picture: Pick<Picture, 'census'>): void } {
  const labelNames: ('broker' | 'account')[] = ['broker', 'account'];
  const expiry = gauge(
    EXPIRY,
    'When the token of an account ends; absent where it never had one.',
    labelNames,
  );
  const next = gauge(NEXT, 'When an account is looked at next.', labelNames);
  const state = gauge('account_state', '1 for the state that an account is in.', [...labelNames, 'state']);
  return {
    show({ census }: { readonly census: Census }) {
      for (const { broker, name: account, expiresAt, dueAt, standsAt } of census.accounts) {
        if (expiresAt !== undefined) expiry.set({ broker, account }, expiresAt / 1000);
        if (dueAt !== undefined) next.set({ broker, account }, dueAt / 1000);
        state.set({ broker, account, state: standsAt }, 1);
      }
    },
  };
}
