import { afterEach, expect, test } from 'vitest';
import { watchSpending } from './invariants/calls.ts';
import { makeWorld, type World } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

const count = (operation: string): number => world.calls({ broker: 'ig', operation }).length;

test.for([
  ['an account as any', {}],
  ['one whose tokens are proved', { verify: true }],
] as const)(
  'a pair that Redis could not take while its access token lived is renewed, not replaced by a login: %s',
  async ([, more]) => {
    world = await makeWorld({ entries: [{ ...ig, ...more }], latencyMs: [400, 500] });
    watchSpending(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    const before = count('refresh-token');
    await world.runUntil('a rotation under way', () => count('refresh-token') > before, 2 * MINUTE_MS);
    world.redisNet.cutUntil(world.now() + 3 * MINUTE_MS);
    await world.runFor(3 * MINUTE_MS);
    expect(world.token('IG')).toBeUndefined();
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    expect(count('login')).toBe(1);
    expect(world.state('IG')['state']).toBe('fresh');
  },
);

test('a Redis that is emptied while a call is under way makes its process send no second one', async () => {
  world = await makeWorld({ entries: [ig], latencyMs: [2_700, 2_800] });
  watchSpending(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  let isEmptied = false;
  world.onCall((call, what) => {
    if (isEmptied || call.operation !== 'refresh-token' || what !== 'arrived') return;
    isEmptied = true;
    world.loseData(() => {
      world.redisServer.keyspace.clear();
      // As the sweep enters it again.
      world.redisServer.keyspace.make('refresher:due:ig', 'zset').scores.set('IG', world.now());
    });
  });
  await world.runFor(50 * SECOND_MS);
  expect(isEmptied).toBe(true);
  expect(count('login')).toBe(1);
});

test('an attempt that Redis noted without saying so in time never went out, and costs no login', async () => {
  world = await makeWorld({ entries: [ig] });
  watchSpending(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  let lost = 0;
  world.onStep((changed) => {
    if (lost > 0 || !changed.includes('refresher:lease:IG')) return;
    // The lease was taken: what comes next is the note.
    lost += 1;
    world.redisNet.loseReplies(1);
  });
  await world.runFor(3 * MINUTE_MS);
  expect(lost).toBe(1);
  expect(count('login')).toBe(1);
  expect(world.token('IG')).toBeDefined();
});
