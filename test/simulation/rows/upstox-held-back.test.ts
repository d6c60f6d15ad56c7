import { afterEach, expect, test } from 'vitest';
import { ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import { expectWell } from './next.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { expectWay, logIn } from './upstox-next.ts';

let scene: Scene;
afterEach(() => scene.stop());

test('a login for which a limit leaves no room: said, no call, the link stays, and works once there is room', async () => {
  const settings = { UPSTOX_CALLS_PER_MINUTE: '3' };
  scene = await openScene({
    broker: 'upstox',
    entry: upstoxEntry,
    settings,
    startAt: ist('2026-01-13T10:00:00'),
  });
  const { world, name } = scene;
  await scene.enable();
  world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
  await world.runFor(2 * SECOND_MS);
  // Somebody else's login is two calls as well, as far as anybody knows before it.
  expect(await logIn(scene, 'other')).toContain('Somebody else logged in');
  await world.runFor(10 * SECOND_MS);
  const said = await logIn(scene);
  expect(said).toMatch(/leaves no room for this login before .* The broker was not called/);
  expect(scene.sent('exchange')).toHaveLength(1);
  expect(world.state(name)).toMatchObject({ state: 'awaiting_approval' });
  await world.runFor(10 * SECOND_MS);
  expectWay(scene);
  await world.runFor(MINUTE_MS);
  expectWay(scene);
  expect(await logIn(scene)).toContain('is logged in');
  await world.runFor(SECOND_MS);
  expect(scene.sent('exchange')).toHaveLength(2);
  expectWell(scene);
});
