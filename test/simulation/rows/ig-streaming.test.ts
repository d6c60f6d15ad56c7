import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS } from './scene.ts';

let world: World;
afterEach(() => world.stop());

test("a sub-account's meta holds no streaming tokens: they act on the login's own account", async () => {
  const entry = { broker: 'ig', username: 'desk', password: 'made-up', apiKey: 'key-demo-desk' };
  world = await makeWorld({ entries: [{ ...entry, streaming: true, accounts: ['ZZSUB'] }] });
  await world.runFor(MINUTE_MS);
  expect(world.meta('desk')['streaming']).toMatch(/CST/);
  expect(world.meta('ZZSUB')['accountId']).toBe('ZZSUB');
  expect(world.meta('ZZSUB')).not.toHaveProperty('streaming');
});
