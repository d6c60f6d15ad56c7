import { afterEach, expect, test } from 'vitest';
import { bridge } from '../../support/rows/tradovate.ts';
import { runTo } from '../days/clockwork.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* How pressing a broker that fails for an hour is, while a token lives and after its end; and who is called when. */

let scene: Scene;
afterEach(() => scene.stop());

const fail = (): Promise<void> =>
  scene.arrange(
    () =>
      void scene.world.fault({ broker: 'tradovate', operation: 'authorize', kind: 'status', status: 503 }),
  );

test('it is a notice that calls nobody while there is time, calls before the token ends, and is critical after', async () => {
  scene = await openScene({ broker: 'tradovate', entry: bridge });
  const { world, name } = scene;
  await scene.enable();
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  const endsAt = world.now() + 80 * MINUTE_MS;
  await runTo(world, (world.dueAt(name) ?? 0) - 2 * SECOND_MS);
  await fail();
  await world.runFor(5 * SECOND_MS);
  expect(world.openIncidents()).toMatchObject([{ code: 'server_fault', level: 'notice', accounts: [name] }]);
  expect(world.heard.map(({ act, rings }) => [act, rings])).toEqual([['open', false]]);
  await world.runUntil('the end', () => world.token(name) === undefined, 30 * MINUTE_MS);
  const calls = world.heard.filter(({ rings }) => rings);
  expect(calls).toMatchObject([{ act: 'remind', level: 'warning' }]);
  const early = endsAt - (calls[0]?.at ?? 0);
  expect(early).toBeGreaterThan(4 * MINUTE_MS);
  expect(early).toBeLessThan(21 * MINUTE_MS);
  await world.runFor(16 * MINUTE_MS);
  expect(world.openIncidents().map(({ level }) => level)).toContain('critical');
  scene.heal();
  await world.runUntil('a token', () => world.token(name) !== undefined, 16 * MINUTE_MS);
  await world.runFor(10 * SECOND_MS);
  expect(world.openIncidents()).toEqual([]);
});

test('at a first login it is a warning that calls, and critical once that fails for longer', async () => {
  scene = await openScene({ broker: 'tradovate', entry: bridge });
  const { world } = scene;
  await fail();
  await scene.enable();
  await world.runFor(4 * SECOND_MS);
  expect(world.openIncidents().map(({ level }) => level)).toEqual(['warning']);
  expect(world.heard.filter(({ rings }) => rings)).toHaveLength(1);
  await world.runFor(10 * MINUTE_MS);
  expect(world.openIncidents().map(({ level }) => level)).toContain('critical');
});
