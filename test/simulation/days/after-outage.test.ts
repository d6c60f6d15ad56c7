import { afterEach, describe, expect, it } from 'vitest';
import type { DialectRequest } from '../../../src/core/dialect.ts';
import type { BrokerFault } from '../wire.ts';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, watchGaps } from './clockwork.ts';

/* A host is back after an outage of all, but slow, or not for everybody, or not in all that it answers. */

let world: World;
afterEach(() => world.stop());

type Fault = Omit<BrokerFault, 'broker'>;
const DOWN: Fault = { kind: 'status', status: 503 };

const entriesOf = (broker: 'ig' | 'tradovate', count: number) =>
  Array.from({ length: count }, (_, i) => ({
    broker,
    username: `DESK_${i}`,
    password: `made-up-pass-${i}-x`,
    ...(broker === 'ig' && { apiKey: `made-up-key-${i}-x` }),
  }));

/** How long each of these was without a token from now on, s, after so many minutes. */
async function lacks(
  names: readonly string[],
  gaps: ReturnType<typeof watchGaps>,
  minutes: number,
): Promise<readonly number[]> {
  const since = world.now();
  await world.runFor(minutes * MINUTE_MS);
  return names.map((name) =>
    Math.round(
      gaps
        .of(name)
        .filter(({ until }) => until > since)
        .reduce((sum, { from, until }) => sum + until - Math.max(from, since), 0) / 1000,
    ),
  );
}

describe('a host that answers slowly after an outage', () => {
  it.each([
    { broker: 'tradovate', ms: 4_000, outage: 0, most: 0 },
    { broker: 'tradovate', ms: 4_000, outage: 40, most: 60 },
    { broker: 'ig', ms: 2_500, outage: 10, most: 60 },
  ] as const)(
    'is there: $broker takes $ms ms for each answer after $outage min, and nobody waits for longer than $most s',
    async ({ broker, ms, outage, most }) => {
      const entries = entriesOf(broker, 6);
      const names = entries.map(({ username }) => username);
      world = await makeWorld({ entries });
      const gaps = watchGaps(world, names);
      await world.runFor((broker === 'ig' ? 5 : 55) * MINUTE_MS);
      if (outage > 0) {
        const rule = world.fault({ broker, ...DOWN });
        await world.runFor(outage * MINUTE_MS);
        rule.remove();
      }
      world.fault({ broker, kind: 'slow', ms });
      expect(Math.max(...(await lacks(names, gaps, 60)))).toBeLessThanOrEqual(most);
    },
    120_000,
  );

  it('is found within about as long as it was away where only the harmless call fails on', async () => {
    const entries = entriesOf('ig', 6);
    const names = entries.map(({ username }) => username);
    world = await makeWorld({ entries });
    const gaps = watchGaps(world, names);
    await world.runFor(5 * MINUTE_MS);
    const rule = world.fault({ broker: 'ig', ...DOWN });
    await world.runFor(10 * MINUTE_MS);
    rule.remove();
    world.fault({ broker: 'ig', ...DOWN, operation: 'encryption-key' });
    expect(Math.max(...(await lacks(names, gaps, 40)))).toBeLessThanOrEqual(600);
  }, 120_000);
});

/** True for a call of one of the first so many. */
const isOfFirst =
  (count: number) =>
  ({ headers, body }: DialectRequest): boolean =>
    Array.from({ length: count }, (_, i) => `-${i}-x`).some(
      (mark) => (headers['x-ig-api-key'] ?? '').endsWith(`key${mark}`) || body.includes(`pass${mark}`),
    );
const isLoginOrRenewal = ({ path }: DialectRequest): boolean => /session/.test(path);

describe('where some accounts fail before, during and after an outage of all', () => {
  const rows: readonly {
    readonly fault: Fault;
    readonly failing: number;
    readonly of: number;
    readonly only?: (request: DialectRequest) => boolean;
    readonly most: number;
  }[] = [
    { fault: DOWN, failing: 2, of: 8, most: 60 },
    { fault: { kind: 'unreachable' }, failing: 6, of: 8, most: 60 },
    { fault: DOWN, failing: 12, of: 14, most: 150 },
    { fault: DOWN, failing: 12, of: 14, only: isLoginOrRenewal, most: 150 },
    { fault: DOWN, failing: 30, of: 31, most: 240 },
    // Each of those logins may have counted: the ledger lets out one a minute, one account after the other.
    { fault: { kind: 'stall' }, failing: 12, of: 14, most: 15 * 60 },
  ];
  it.each(rows)(
    '$failing of $of ($fault.kind): the others have theirs back within $most s',
    async ({ fault, failing, of, only, most }) => {
      const entries = entriesOf('ig', of);
      const names = entries.slice(failing).map(({ username }) => username);
      world = await makeWorld({ entries });
      const gaps = watchGaps(world, names);
      await world.runFor(5 * MINUTE_MS);
      const isOfFailing = isOfFirst(failing);
      const isHit = (request: DialectRequest): boolean => isOfFailing(request) && (only?.(request) ?? true);
      world.fault({ broker: 'ig', ...fault, only: isHit });
      await world.runFor(5 * MINUTE_MS);
      const rule = world.fault({ broker: 'ig', ...fault });
      await world.runFor(4 * MINUTE_MS);
      rule.remove();
      const back = await lacks(names, gaps, 30);
      expect(Math.max(...back)).toBeLessThanOrEqual(most);
    },
    120_000,
  );
});

describe('logins that a host answers by 503, while it answers all else', () => {
  const passwords = (since: number): number =>
    world
      .calls()
      .filter(({ startedAt, request }) => startedAt >= since && request.body.includes('made-up-pass')).length;

  it.each([
    { broker: 'ig', operation: 'login', most: 260 },
    { broker: 'tradovate', operation: 'authorize', most: 80 },
  ] as const)(
    'cost twenty accounts of $broker at most $most passwords in 100 min: one at a time',
    async ({ broker, operation, most }) => {
      world = await makeWorld({ entries: entriesOf(broker, 20) });
      await world.runFor(30 * MINUTE_MS);
      const since = world.now();
      world.fault({ broker, ...DOWN, operation });
      if (broker === 'ig') world.command('ig', 'expire-all');
      await world.runFor(100 * MINUTE_MS);
      expect(passwords(since)).toBeGreaterThan(5);
      expect(passwords(since)).toBeLessThanOrEqual(most);
    },
    120_000,
  );

  it('cost no more beside others whose logins are answered', async () => {
    const entries = entriesOf('ig', 22);
    world = await makeWorld({ entries });
    await world.runFor(10 * MINUTE_MS);
    const since = world.now();
    world.fault({ broker: 'ig', ...DOWN, only: isOfFirst(20) });
    await world.runFor(60 * MINUTE_MS);
    expect(passwords(since)).toBeLessThanOrEqual(170);
  }, 120_000);
});
