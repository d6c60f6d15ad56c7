import { afterEach, expect, test } from 'vitest';
import { makeCount } from '../../src/metrics/count.ts';
import { readStandings } from '../../src/redis/standings.ts';
import { MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

const name = 'IG';
const entry = { broker: 'ig', username: name, password: 'made-up-pass-ig', apiKey: 'made-up-key' };

async function withoutNextAction(): Promise<number | undefined> {
  const [standing] = await readStandings(world.redis, 'ig', [name]);
  if (!standing) return undefined;
  const count = makeCount(world.now());
  count.add({ ...standing, name, broker: 'ig', enabled: true, person: false, isThere: true });
  return count.result().get('ig')?.withoutNextAction;
}

test('an account that somebody holds for minutes without a token is told of, and its state says so, until it is let go', async () => {
  world = await makeWorld({ entries: [entry], replicas: 1 });
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  await world.runFor(5 * SECOND_MS);
  expect(await withoutNextAction()).toBe(0);
  // As a process that renews its lease for ever; every look finds the account held, and plans the next one.
  world.redisServer.keyspace.put(`refresher:lease:${name}`, { type: 'string', text: 'a process that hangs' });
  await world.runFor(10 * MINUTE_MS);
  expect(world.dueAt(name)).toBeDefined();
  expect(await withoutNextAction()).toBe(1);
  expect(world.state(name)).toMatchObject({ state: 'expired', reason: 'look_overdue' });
  expect(world.openIncidents()).toMatchObject([{ code: 'look_overdue', accounts: [name] }]);
  await world.redis.del(`refresher:lease:${name}`);
  await world.runFor(2 * MINUTE_MS);
  expect(world.state(name)).toMatchObject({ state: 'fresh' });
  expect(world.openIncidents()).toEqual([]);
  expect(await withoutNextAction()).toBe(0);
});
