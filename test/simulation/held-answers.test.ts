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
