import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS } from './scene.ts';

/* Two usernames that IG calls the same client. */

const entry = (username: string, more: object = {}): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey: `key-${username}`,
  ...more,
});
const two = [entry('desk_one'), entry('desk_two')];
const names = ['desk_one', 'desk_two'];

let world: World;
afterEach(() => world.stop());

const open = async (entries: readonly RawEntry[], clientIds = 'shared'): Promise<void> => {
  const later = entries.map((each) => ({ ...each, enabled: false }));
  world = await makeWorld({ entries: later, sweepEveryMs: 10 * MINUTE_MS });
  world.setSwitch('ig', 'clientIds', clientIds);
  world.writeEntries(entries);
  await world.reload();
};
const states = (): readonly unknown[] => names.map((name) => world.state(name)['state']);
const logins = (username: string): number => world.calls({ operation: 'login', username }).length;

describe('one client under two usernames', () => {
  test.each(['v3', 'v2'])(
    '%s: one is served, the other refused after one login, and said',
    async (session) => {
      await open(two.map((each) => ({ ...each, session })));
      await world.runFor(HOUR_MS);
      expect([...states()].sort()).toEqual(['fresh', 'stopped']);
      const refused = names.find((name) => world.token(name) === undefined) ?? '';
      expect(world.state(refused)['reason']).toBe('claimed_by_another');
      expect(logins(refused)).toBe(1);
      expect(world.openIncidents().map(({ accounts }) => accounts)).toEqual([[refused]]);
    },
  );

  test('the other one goes on once the first is gone', async () => {
    await open([entry('desk_one')]);
    await world.runFor(MINUTE_MS);
    world.writeEntries(two);
    await world.reload();
    await world.runFor(10 * MINUTE_MS);
    expect(states()).toEqual(['fresh', 'stopped']);
    world.writeEntries([entry('desk_two')]);
    await world.reload();
    await world.runFor(10 * MINUTE_MS);
    expect(world.state('desk_two')['state']).toBe('fresh');
    expect(logins('desk_two')).toBe(2);
  });

  test('two clients are both served', async () => {
    await open(two, 'own');
    await world.runFor(10 * MINUTE_MS);
    expect(states()).toEqual(['fresh', 'fresh']);
  });
});
