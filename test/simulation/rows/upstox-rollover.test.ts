import { afterEach, expect, test } from 'vitest';
import { ist, upstoxEntry } from '../../support/rows/upstox.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { logIn } from './upstox-next.ts';

let scene: Scene;
afterEach(() => scene.stop());

test('an exchange that 03:30 overtakes -> refused token_expired -> the code never again, no alert, no key; the link works', async () => {
  scene = await openScene({ broker: 'upstox', entry: upstoxEntry, startAt: ist('2026-01-14T03:29:50') });
  const { world, name } = scene;
  await scene.enable();
  world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
  await world.runFor(5 * SECOND_MS);
  await scene.arrange(
    () =>
      void world.fault({
        broker: 'upstox',
        operation: 'exchange',
        kind: 'slow',
        ms: 8 * SECOND_MS,
        times: 1,
      }),
  );
  expect(await logIn(scene)).toMatch(/already dead: tokens end at 03:30 IST/);
  expect(world.log.findLast(({ fields }) => fields['event'] === 'refresh.failed')?.fields).toMatchObject({
    kind: 'refused',
    code: 'token_expired',
  });
  expect(world.token(name)).toBeUndefined();
  await world.runFor(HOUR_MS);
  expect(scene.sent().map(({ operation }) => operation)).toEqual(['exchange']);
  // Nobody is called at night.
  expect(world.heard.filter(({ rings }) => rings)).toEqual([]);
  expect(world.state(name)['state']).toBe('awaiting_approval');
  expect(await logIn(scene)).toContain('is logged in');
  await world.runFor(MINUTE_MS);
  expect(Date.parse(world.meta(name)['expiresAt'] ?? '')).toBe(ist('2026-01-15T03:30:00'));
  expect(scene.sent().map(({ operation }) => operation)).toEqual(['exchange', 'exchange', 'profile']);
});
