import { afterEach, expect, test } from 'vitest';
import { strictest, watchInvariants } from './invariants/index.ts';
import { makeWorld, type World } from './world.ts';

/* That the judge of a simulation sees what it is there to see. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const tradovate = { username: 'TV', password: 'made-up-pass-tv', accounts: ['TV_SUB'] };

let world: World;
afterEach(() => world.stop());

test('the time without a token after a loss of Redis is a gap, of each name', async () => {
  world = await makeWorld({ entries: [tradovate], replicas: 2 });
  const invariants = watchInvariants(world, strictest);
  await world.runUntil('a token', () => world.token('TV') !== undefined, MINUTE_MS);
  await world.runFor(5 * MINUTE_MS);
  const lostAt = world.now();
  world.loseData(() => world.redisServer.keyspace.clear());
  invariants.redisLost();
  await world.runUntil('a token again', () => world.token('TV') !== undefined, MINUTE_MS);
  for (const name of ['TV', 'TV_SUB']) {
    const [gap, ...more] = invariants.gaps().get(name) ?? [];
    expect(gap?.from).toBe(lostAt);
    expect(gap?.until).toBeGreaterThan(lostAt);
    expect(more).toEqual([]);
  }
});
