import { afterEach, expect, test } from 'vitest';
import { bridge } from '../../support/rows/tradovate.ts';
import { keys } from '../../../src/redis/keys.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS } from './clockwork.ts';

let world: World;
afterEach(() => world.stop());

test('a login that was noted before the machine slept is not sent when it wakes', async () => {
  world = await makeWorld({ entries: [{ broker: 'tradovate', ...bridge, username: 'SLEEPER' }] });
  const [replica] = world.replicas();
  // So that it sleeps while the reply to the note is on its way.
  world.redisNet.slowUntil(world.now() + MINUTE_MS, 20);
  let sleptAt = 0;
  let notedAt = 0;
  world.onStep((changed) => {
    if (!replica || !changed.includes(keys.record('SLEEPER'))) return;
    const record = world.redisServer.keyspace.find(keys.record('SLEEPER'), 'hash');
    const attempt = record?.fields.get('attempt');
    if (attempt === undefined) return;
    notedAt = Number(/"startedAt":(\d+)/.exec(attempt)?.[1]);
    if (sleptAt > 0) return;
    sleptAt = world.now();
    replica.life.pause(HOUR_MS);
  });
  await world.runFor(HOUR_MS + 2 * MINUTE_MS);
  expect(sleptAt).toBeGreaterThan(0);
  expect(world.calls({ operation: 'authorize' })).toHaveLength(1);
  // Noted anew, after whatever others have noted meanwhile.
  expect(notedAt).toBeGreaterThanOrEqual(sleptAt + HOUR_MS);
  expect(world.token('SLEEPER')).toBeDefined();
});
