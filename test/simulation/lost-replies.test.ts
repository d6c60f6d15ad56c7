import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World } from './world.ts';

/*
 * Redis noted an attempt, and its reply was lost: nothing was sent. What the note took from the record, a person's
 * wish above all, is wanted still.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
let world: World;
afterEach(() => world.stop());

test.each([0, 1])('a forced try is made also where %i reply is lost', async (lost) => {
  const entry = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
  world = await makeWorld({ entries: [entry] });
  world.setPassword('ig', 'IG', 'made-up-another-one');
  await world.runUntil('stop', () => world.state('IG')['state'] === 'stopped', MINUTE_MS);
  await world.runFor(10 * SECOND_MS);
  world.setPassword('ig', 'IG', entry.password);
  const before = world.calls({ operation: 'login' }).length;
  let left = lost;
  // Its next command in the account's lease is the note.
  world.onStep((changed) => {
    if (left === 0 || !changed.includes('refresher:lease:IG')) return;
    left -= 1;
    world.redisNet.loseReplies(1);
  });
  await world.requestRefresh('IG', true);
  await world.runUntil('its token', () => world.token('IG') !== undefined, MINUTE_MS);
  expect(left).toBe(0);
  expect(world.calls({ operation: 'login' })).toHaveLength(before + 1);
});
