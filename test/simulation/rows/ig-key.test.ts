import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { restart } from '../days/clockwork.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS } from './scene.ts';

/* Several accounts on one API key, which IG revokes. */

const entry = (username: string, apiKey = 'key-demo-shared'): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey,
});
const two = [entry('desk_one'), entry('desk_two')];
const names = ['desk_one', 'desk_two'];

let world: World;
afterEach(() => world.stop());

const open = async (entries: readonly RawEntry[]): Promise<void> => {
  world = await makeWorld({ entries, sweepEveryMs: 10 * MINUTE_MS });
};
const revoke = (): void => {
  const answer = { status: 403, errorCode: 'error.security.api-key-revoked' };
  for (const username of names) world.command('ig', 'answer', JSON.stringify({ ...answer, username }));
};
const logins = (): number => world.calls({ operation: 'login' }).length;
const states = (): readonly unknown[] =>
  names.map((name) => [world.state(name)['state'], world.state(name)['reason']]);
const stopped = names.map(() => ['stopped', 'key_refused']);

describe('a revoked key', () => {
  test('two accounts: one login, both stopped, over a restart, and one incident names both', async () => {
    await open(two);
    revoke();
    await world.runFor(HOUR_MS);
    world.writeEntries([...two, entry('other', 'key-demo-other')]);
    await world.reload();
    await restart(world);
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'login' }).filter(({ username }) => username !== 'other')).toHaveLength(
      1,
    );
    expect(states()).toEqual(stopped);
    expect(world.state('other')['state']).toBe('fresh');
    const [incident, ...more] = world.openIncidents();
    expect([...(incident?.accounts ?? [])].sort()).toEqual(names);
    expect(more).toEqual([]);
  });

  test('while both are served: the other one sends no refresh and no password', async () => {
    await open(two);
    await world.runFor(MINUTE_MS);
    const mark = world.calls().length;
    revoke();
    await world.runFor(HOUR_MS);
    expect(world.calls({ after: mark }).map(({ operation }) => operation)).toEqual(['refresh-token']);
    expect(states()).toEqual(stopped);
  });

  test('another key in the entry: that account goes on', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    world.command('ig', 'clear-answers');
    world.writeEntries([entry('desk_one', 'key-demo-fresh'), entry('desk_two')]);
    await world.reload();
    await world.runFor(5 * MINUTE_MS);
    expect(states()).toEqual([['fresh', ''], stopped[1]]);
  });

  test('mended at IG: a person asks for the one that was not refused itself, and both ways lead on', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    const asked = world.calls({ operation: 'login' }).map(({ username }) => username);
    const other = names.find((name) => !asked.includes(name)) ?? '';
    world.command('ig', 'clear-answers');
    await world.requestRefresh(other, true);
    await world.runFor(2 * MINUTE_MS);
    expect(world.state(other)['state']).toBe('fresh');
    expect(logins()).toBe(2);
    await world.requestRefresh(String(asked[0]), true);
    await world.runFor(2 * MINUTE_MS);
    expect(states()).toEqual(names.map(() => ['fresh', '']));
    expect(world.openIncidents()).toEqual([]);
  });

  test('a live key on demo: the live account on the same key is served', async () => {
    await open([
      entry('desk_one', 'key-live-both'),
      { ...entry('desk_two', 'key-live-both'), environment: 'live' },
    ]);
    world.command(
      'ig',
      'answer',
      JSON.stringify({ status: 403, errorCode: 'error.security.api-key-invalid', username: 'desk_one' }),
    );
    world.setSwitch('ig', 'environment', 'live');
    await world.runFor(5 * MINUTE_MS);
    expect(states()).toEqual([stopped[0], ['fresh', '']]);
  });
});
