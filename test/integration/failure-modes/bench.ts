import type { LedgerEntry } from '../../../src/simulator/index.ts';
import { until } from '../../support/poll.ts';
import type { ServiceBench } from '../../support/service.ts';

export const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };
export const DESK = { username: 'DESK', password: 'made-up-pass' };

/** Brokers' minutes are seconds here, so that their quotas must not be what is tested. */
export const WIDE = {
  IG_KEY_CALLS_PER_MINUTE: '100000',
  IG_DEMO_KEY_CALLS_PER_MINUTE: '100000',
  IG_ACCOUNT_CALLS_PER_MINUTE: '100000',
};

export const logins = ({ simulator }: ServiceBench, username: string): readonly LedgerEntry[] =>
  simulator
    .calls({ username })
    .filter(({ operation }) => ['login', 'authorize', 'access-token-request'].includes(operation));
export const rotations = ({ simulator }: ServiceBench): readonly LedgerEntry[] =>
  simulator.calls({ operation: 'refresh-token' });

/** Refresh tokens that the broker saw more than once. */
export function sentTwice(bench: ServiceBench): readonly LedgerEntry[] {
  const all = rotations(bench);
  return all.filter(({ spent }, i) => all.findIndex((each) => each.spent === spent) !== i);
}

/** Calls for one account that were under way together. */
export function overlapping(calls: readonly LedgerEntry[]): readonly LedgerEntry[] {
  return calls.filter(({ n, startedAt }) =>
    calls.some(
      (before) => before.n < n && before.startedAt <= startedAt && (before.endedAt ?? Infinity) > startedAt,
    ),
  );
}

export const brokerOf = (name: string): string => (name.startsWith('IG') ? 'ig' : 'tradovate');

/** Makes an account due now, as a lost, doubled or early job would. */
export async function due(bench: ServiceBench, name: string): Promise<void> {
  await bench.redis.zadd(`refresher:due:${brokerOf(name)}`, Date.now(), name);
}

/** Asks for a refresh, as the service itself is asked to. */
export async function request(bench: ServiceBench, name: string): Promise<void> {
  const wish = JSON.stringify({ at: Date.now(), rearm: false });
  await bench.redis.hset(`refresher:account:${name}`, 'request', wish);
  await due(bench, name);
}

/** Waits until the account's next action lies so far ahead: it rests. */
export async function rests(
  bench: ServiceBench,
  name: string,
  aheadMs: number,
  timeoutMs = 10_000,
): Promise<void> {
  await until(
    async () =>
      Number(await bench.redis.zscore(`refresher:due:${brokerOf(name)}`, name)) > Date.now() + aheadMs,
    { what: `${name} to rest for ${aheadMs} ms`, timeoutMs },
  );
}

/** A rotation on which the broker acts at once and answers late; resolves once it has acted. */
export async function slowRotation(bench: ServiceBench, ms: number): Promise<void> {
  const seen = rotations(bench).length;
  bench.simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms, times: 1 });
  await request(bench, 'IG');
  await until(
    () =>
      rotations(bench)
        .slice(seen)
        .some(({ effect }) => effect),
    { what: 'a rotation under way' },
  );
}
