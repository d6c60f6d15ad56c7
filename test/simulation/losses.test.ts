import { expect, test } from 'vitest';
import { makeWorld } from './world.ts';

const SECOND_MS = 1_000;

test('a stopped account is said again after Redis lost its data, and nothing is sent for it', async () => {
  const entry = { broker: 'ig', username: 'IG_0', password: 'made-up-wrong', apiKey: 'made-up-key' };
  const world = await makeWorld({ entries: [entry] });
  const told = (): boolean => world.openIncidents().some(({ accounts }) => accounts.includes('IG_0'));
  try {
    await world.runUntil('the alert', told, 20 * SECOND_MS);
    world.loseData(() => world.redisServer.keyspace.clear());
    world.redisServer.forgetScripts();
    expect(told()).toBe(false);

    await world.runUntil('the alert once more', told, 120 * SECOND_MS);

    expect(world.state('IG_0')).toMatchObject({ state: 'stopped', reason: 'bad_credentials' });
    expect(world.calls({ username: 'IG_0' })).toHaveLength(1);
  } finally {
    world.stop();
  }
});
