import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../world.ts';
import { busiest, MINUTE_MS } from './clockwork.ts';
import { isOfFailing, play, type SomeFail } from './some-fail.ts';

/* Of one host, and one environment, some accounts fail while others are answered: whoever is answered keeps the token. */

interface Row extends Omit<SomeFail, 'healthyAt'> {
  readonly what: string;
}
const rows: readonly Row[] = [
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 3, healthy: 3 },
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 12, healthy: 10 },
  { what: 'answers 503', fault: { kind: 'status', status: 503 }, failing: 3, healthy: 3 },
  { what: 'answers 503', fault: { kind: 'status', status: 503 }, failing: 12, healthy: 10 },
  { what: 'stalls', fault: { kind: 'stall' }, failing: 3, healthy: 3 },
  { what: 'stalls', fault: { kind: 'stall' }, failing: 12, healthy: 10 },
];

let world: World;
afterEach(() => world.stop());

describe('where a host fails for some accounts', () => {
  it.each(rows)(
    'and $what, $failing that fail cost $healthy others nothing',
    async (row) => {
      const fared = await play({ ...row, healthyAt: 'demo' });
      world = fared.world;
      expect(Math.max(...fared.secondsWithout)).toBe(0);
    },
    120_000,
  );

  // Twelve first logins that nobody answers spend the network's ledger, whatever the breaker says: a known limit.
  it.each(rows.slice(0, -1))(
    'from the start and $what, $failing that fail cost $healthy others nothing',
    async (row) => {
      const fared = await play({ ...row, healthyAt: 'demo', fromTheStart: true });
      world = fared.world;
      expect(Math.max(...fared.secondsWithout)).toBe(0);
    },
    120_000,
  );

  it('and all of them, it is called by one at a time', async () => {
    const fared = await play({
      fault: { kind: 'status', status: 503 },
      failing: 12,
      healthy: 1,
      healthyAt: 'live',
    });
    world = fared.world;
    const calls = world
      .calls()
      .filter(({ request, startedAt }) => isOfFailing(request) && startedAt >= fared.since);
    const later = calls.filter(({ startedAt }) => startedAt >= fared.since + 2 * MINUTE_MS);
    expect(later.length).toBeGreaterThan(30);
    expect(busiest(later, MINUTE_MS)).toBeLessThanOrEqual(12);
    // Each goes once while its own token dies, three more show that it is the host, and then one every five seconds.
    expect(calls.length - later.length).toBeLessThanOrEqual(3 + 12 + 24);
  }, 120_000);
});
