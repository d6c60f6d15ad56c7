import { afterEach, expect, test } from 'vitest';
import { MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { watchSpending } from './invariants/calls.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

/** The embedded Redis syncs once a second; the disk takes half as long, so that a call has time to be faster. */
const APPEND_MS = 500;

test.each(['before it is answered', 'after it is answered'])(
  'a machine with its Redis loses power when a refresh token went out, %s: it goes out once',
  async (when) => {
    const entry = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
    world = await makeWorld({ entries: [entry], replicas: 1 });
    watchSpending(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    const [replica] = world.replicas();
    replica?.disk.appendsTake(APPEND_MS);
    const { keyspace } = world.redisServer;
    let last = keyspace.snapshot();
    // What Redis has on its own disk: all from before the look that renews.
    world.onStep(() => {
      if (keyspace.typeOf('refresher:lease:IG') !== 'string') last = keyspace.snapshot();
    });
    let lost = 0;
    world.onCall((call, what) => {
      const isNow = what === (when === 'before it is answered' ? 'arrived' : 'delivered');
      if (lost > 0 || call.operation !== 'refresh-token' || !isNow) return;
      lost += 1;
      const kept = last;
      replica?.disk.losePower();
      replica?.life.kill();
      world.loseData(() => keyspace.restore(kept));
    });
    await world.runUntil('the power', () => lost > 0, 2 * MINUTE_MS);
    await world.runFor(20 * SECOND_MS);
    await world.startReplica({}, replica?.disk);
    await world.runFor(5 * MINUTE_MS);
    expect(world.token('IG')).toBeDefined();
  },
);
