import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, SECOND_MS, watchGaps } from './clockwork.ts';

/* One broker's trouble is not another's: what hangs at one takes no worker, no connection and no second from the other. */

/** Half as many again as look at once, with the default `WORKER_CONCURRENCY` of 10. */
const hanging = Array.from({ length: 15 }, (_, i) => ({
  username: `TV_${i}`,
  password: `made-up-pass-tv-${i}`,
  renew: i % 2 === 0,
}));
const served = Array.from({ length: 4 }, (_, i) => ({
  broker: 'ig',
  username: `IG_${i}`,
  password: `made-up-pass-ig-${i}`,
  apiKey: `made-up-key-${i}`,
}));
const names = served.map(({ username }) => username);

let world: World;
afterEach(() => world.stop());

const liveTokens = (): readonly string[] => names.filter((name) => world.token(name) !== undefined);
const calls = (broker: string): number => world.calls({ broker }).length;

test.each([1, 2])(
  'with %i processes, a broker that hangs with all its tokens due costs the other no token',
  async (replicas) => {
    world = await makeWorld({ entries: [...hanging, ...served], replicas });
    const gaps = watchGaps(world, names);
    await world.runFor(20 * MINUTE_MS);
    expect(liveTokens()).toHaveLength(names.length);
    world.fault({ broker: 'tradovate', kind: 'stall' });
    for (const { username } of hanging) await world.requestRefresh(username, false);
    let most = 0;
    world.onStep(() => {
      const lives = world.replicas().map(({ life }) => world.jobs.underWay(life, 'tradovate'));
      most = Math.max(most, ...lives);
    });
    const before = calls('ig');
    await world.runFor(30 * MINUTE_MS);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expect(calls('ig') - before).toBeGreaterThan((names.length * 30 * MINUTE_MS) / (40 * SECOND_MS));
    // Every worker of the one that hangs was held, in one process at least.
    expect(most).toBeGreaterThanOrEqual(replicas === 1 ? 10 : 7);
  },
);

test('nor does one that hangs from the start', async () => {
  world = await makeWorld({ entries: [...hanging, ...served] });
  const gaps = watchGaps(world, names);
  world.fault({ broker: 'tradovate', kind: 'stall' });
  await world.runUntil('every token of the other', () => liveTokens().length === names.length, MINUTE_MS);
  await world.runFor(20 * MINUTE_MS);
  expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
});
