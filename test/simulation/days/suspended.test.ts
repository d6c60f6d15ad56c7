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
  let sleptAt = 0;
  world.onStep((changed) => {
    if (sleptAt > 0 || !replica || !changed.includes(keys.record('SLEEPER'))) return;
    const record = world.redisServer.keyspace.find(keys.record('SLEEPER'), 'hash');
    if (!record?.fields.has('attempt')) return;
    sleptAt = world.now();
    replica.life.pause(HOUR_MS);
  });
  await world.runFor(HOUR_MS + 2 * MINUTE_MS);
  expect(sleptAt).toBeGreaterThan(0);
  expect(world.log.flatMap(({ fields }) => fields['code'] ?? [])).toEqual(['held_up']);
  expect(world.calls({ operation: 'authorize' })).toHaveLength(1);
  expect(world.token('SLEEPER')).toBeDefined();
});
