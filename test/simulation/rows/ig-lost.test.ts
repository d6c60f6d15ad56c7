import { afterEach, describe, expect, test } from 'vitest';
import { answered, broken, exceeded, turned, v3 } from '../../support/rows/ig-row.ts';
import { expectWell, operations } from './next.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* A refresh whose answer is lost: the pair was rotated, and what became of the old access token is switched. */

let scene: Scene;
afterEach(() => scene.stop());

async function lose(
  oldAccessToken: 'valid' | 'dead',
  more: 'works' | 'throttled' | 'unproved',
): Promise<void> {
  scene = await openScene({ broker: 'ig', entry: v3 });
  const { world, stage, name } = scene;
  await scene.enable();
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  await scene.arrange(async () => {
    await turned('oldAccessToken', oldAccessToken)(stage);
    await broken('refresh-token', 'drop-after')(stage);
    if (more === 'throttled') await answered('login', 403, exceeded('account-allowance'))(stage);
    if (more === 'unproved') await answered('session', 403, exceeded('account-allowance'))(stage);
  });
  await world.runUntil('a refresh', () => scene.sent('refresh-token').length > 0, MINUTE_MS);
  await world.runFor(4 * SECOND_MS);
}

describe('a lost answer to a refresh: the access token is proved, then one login', () => {
  test.each(['valid', 'dead'] as const)('oldAccessToken %s, the login works: no alert', async (old) => {
    await lose(old, 'works');
    expect(operations(scene.sent())).toEqual(['refresh-token', 'session', 'login']);
    expect(scene.opened()).toEqual([]);
    for (const { from, until } of scene.gaps()) expect(until - from).toBeLessThan(2 * SECOND_MS);
    expect(scene.gaps()).toHaveLength(old === 'dead' ? 1 : 0);
    scene.heal();
    await scene.world.runFor(5 * MINUTE_MS);
    expectWell(scene);
  });

  test('oldAccessToken valid, the login throttled: served to its end', async () => {
    await lose('valid', 'throttled');
    const { world, name } = scene;
    const end = scene.servedUntil();
    expect(operations(scene.sent())).toEqual(['refresh-token', 'session', 'login']);
    expect(world.token(name)).toBeDefined();
    await world.runFor(MINUTE_MS);
    expect(scene.gaps()[0]?.from).toBeGreaterThanOrEqual(end - 1);
    scene.heal();
    await world.runFor(2 * MINUTE_MS);
    expectWell(scene);
  });

  test('oldAccessToken dead, the login throttled: withdrawn at once', async () => {
    await lose('dead', 'throttled');
    const { world, name } = scene;
    expect(operations(scene.sent())).toEqual(['refresh-token', 'session', 'login']);
    expect(world.token(name)).toBeUndefined();
    expect(scene.servedUntil() - world.now()).toBeGreaterThan(15 * SECOND_MS);
    scene.heal();
    await world.runFor(2 * MINUTE_MS);
    expectWell(scene);
  });

  test('a proof that is told to wait: so does the login, and the token is served meanwhile', async () => {
    await lose('valid', 'unproved');
    expect(operations(scene.sent())).toEqual(['refresh-token', 'session']);
    await scene.world.runFor(9 * SECOND_MS);
    expect(operations(scene.sent())).toEqual(['refresh-token', 'session', 'login']);
    expect(scene.gaps()).toEqual([]);
    scene.heal();
    await scene.world.runFor(5 * MINUTE_MS);
    expectWell(scene);
  });
});
