import { afterEach, describe, expect, test } from 'vitest';
import { streaming, v2, v3 } from '../../support/rows/ig-row.ts';
import { intervene } from '../interventions.ts';
import { operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

let scene: Scene | undefined;
afterEach(() => scene?.stop());

/** What a DELETE of an OAuth session ends is not documented: whatever it is, nothing of the session is used again. */
describe('deleteKills -> a DELETE, no key, no call while it rests; then one login, served at once', () => {
  test.each(
    (['access', 'pair', 'all'] as const).flatMap((value) =>
      [v3, streaming, v2].map((entry) => {
        const kind = entry.session === 'v2' ? 'v2' : entry.streaming === true ? 'v3, streaming' : 'v3';
        return [value, kind, entry] as const;
      }),
    ),
  )('%s (%s)', async (value, _kind, entry) => {
    scene = await openScene({ broker: 'ig', entry });
    scene.stage.setSwitch('ig', 'deleteKills', value);
    await scene.enable();
    const { world, name } = scene;
    await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
    const before = scene.sent().length;
    expect(await intervene(world, 'logout', name)).toMatchObject({
      state: 'paused',
      session: { ended: true },
    });
    expect(world.token(name)).toBeUndefined();
    expect(world.meta(name)).toEqual({});
    await world.runFor(HOUR_MS);
    // The tokens for streaming may outlive the pair: they are ended by a DELETE of their own.
    const ends = entry.streaming === true ? ['logout', 'logout'] : ['logout'];
    expect(operations(scene.sent().slice(before))).toEqual(ends);
    expect(scene.opened()).toEqual([]);
    await intervene(world, 'resume', name);
    await world.runUntil('a token again', () => world.token(name) !== undefined, MINUTE_MS);
    expect(operations(scene.sent().slice(before)).slice(0, ends.length + 1)).toEqual([...ends, 'login']);
    expect(scene.sent('login')).toHaveLength(2);
    expect(world.state(name)['state']).toBe('fresh');
  });
});

/** A DELETE that IG does not take: the keys are gone all the same, and what the answer asks for holds for all on the key. */
test('a DELETE on a spent key quota -> throttled key_quota_exceeded -> no keys, no call on the key for 10 s, one DELETE', async () => {
  scene = await openScene({ broker: 'ig', entry: v3 });
  await scene.enable();
  const { world, name } = scene;
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  world.fault({ broker: 'ig', operation: 'logout', kind: 'throttle', times: 1 });
  const from = world.now();
  expect(await intervene(world, 'logout', name)).toMatchObject({ session: { ended: false } });
  expect(world.token(name)).toBeUndefined();
  await scene.add({ ...v3, username: 'desk_next' });
  await world.runFor(from + 9 * SECOND_MS - world.now());
  expect(world.token('desk_next')).toBeUndefined();
  await world.runUntil('the token of the other one', () => world.token('desk_next') !== undefined, MINUTE_MS);
  expect(scene.sent('logout')).toHaveLength(1);
  expect(world.state(name)).toMatchObject({ state: 'paused', reason: 'logged_out' });
});
