import { afterEach, expect, test } from 'vitest';
import { sumOfUses } from '../../../src/core/uses.ts';
import { keys } from '../../../src/redis/keys.ts';
import { readUses } from '../../../src/redis/uses.ts';
import { bridge } from '../../support/rows/tradovate.ts';
import { makeWorld, type World } from '../world.ts';
import { DAY_MS } from './clockwork.ts';

let world: World;
afterEach(() => world.stop());

test('what an account was used for agrees with its broker and its readers, day by day, over replies that are lost', async () => {
  world = await makeWorld({
    entries: [{ broker: 'tradovate', ...bridge, username: 'DESK' }],
    replicas: 2,
    startAt: Date.UTC(2026, 1, 2),
  });
  let answers = 0;
  // The reply to every third outcome is lost: its step is made again.
  world.onCall((_, what) => {
    if (what === 'delivered' && (answers += 1) % 3 === 0) world.redisNet.loseReplies(1);
  });
  await world.runFor(3 * DAY_MS);
  const days = (await readUses(world.redis, ['DESK'], world.now() - 1)).get('DESK') ?? [];
  const dayOfCall = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const logins = world.calls({ operation: 'authorize' }).filter(({ username }) => username === 'DESK');
  // A step that is made again also says so again: a hint, which readers know by its generation.
  const refreshed = world.events.filter(({ event }) => event['event'] === 'refreshed');
  const generations = new Set(refreshed.map(({ event }) => event['generation']));
  expect(refreshed.length).toBeGreaterThan(generations.size);
  expect(sumOfUses(days)).toEqual({
    refreshes: generations.size,
    logins: logins.length,
    reports: 0,
  });
  expect(days.map(({ day }) => day)).toEqual(['2026-02-04', '2026-02-03', '2026-02-02']);
  for (const { day, logins: counted } of days) {
    expect([day, counted]).toEqual([
      day,
      logins.filter(({ endedAt = 0 }) => dayOfCall(endedAt) === day).length,
    ]);
  }
  expect(world.redisServer.keyspace.expiryOf(keys.uses('DESK'))).toBeGreaterThan(world.now() + 31 * DAY_MS);
});
