import { afterEach, expect, test } from 'vitest';
import { SECOND_MS, MINUTE_MS, watchGaps } from './days/clockwork.ts';
import type { SimulatedDisk } from './disk.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

/** IG's tokens live for a minute: a look that waits for long shows at once. */
const entries = Array.from({ length: 6 }, (_, i) => ({
  broker: 'ig',
  username: `IG_${i}`,
  password: `made-up-pass-${i}`,
  apiKey: `made-up-key-${i}`,
}));
const names = entries.map(({ username }) => username);

/** What is said of the folder in Redis' alerts: one message, whoever says it. */
const openCodes = (): readonly string[] => world.openIncidents().map(({ code }) => code);

test('a STATE_DIR that stops answering on one of two machines costs no account a second of its token', async () => {
  world = await makeWorld({ entries, replicas: 2 });
  const gaps = watchGaps(world, names);
  await world.runFor(5 * MINUTE_MS);
  world.replicas()[1]?.disk.hangUntil(Infinity);
  // Redis blinks, so that every look for the next two minutes asks the disk what it has missed.
  world.redisNet.cutUntil(world.now() + 2 * SECOND_MS);
  await world.runFor(60 * MINUTE_MS);
  expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
  const said = world.log.filter(({ fields }) => fields['event'] === 'mirror.unwritable');
  expect(new Set(said.map(({ by }) => by))).toEqual(new Set(['replica-2']));
});

test.each([
  ['hangs', (disk: SimulatedDisk, until: number) => disk.hangUntil(until)],
  ['is full', (disk: SimulatedDisk, until: number) => disk.failUntil(until)],
])('a STATE_DIR that %s is told of in one alert, and used again when it works', async (_, break_) => {
  world = await makeWorld({ entries, replicas: 1 });
  await world.runFor(5 * MINUTE_MS);
  const [replica] = world.replicas();
  if (replica) break_(replica.disk, world.now() + 10 * MINUTE_MS);
  await world.runFor(9 * MINUTE_MS);
  expect(openCodes()).toEqual(['state_dir_failing']);
  await world.runFor(10 * MINUTE_MS);
  expect(openCodes()).toEqual([]);
  expect(world.log.filter(({ fields }) => fields['event'] === 'mirror.works')).toHaveLength(1);
  expect(world.alerts.filter(({ code }) => code === 'state_dir_failing')).toHaveLength(2);
});

test('the folders of two machines are one alert, which ends once both work again, and names those that do not', async () => {
  world = await makeWorld({ entries, replicas: 2 });
  await world.runFor(5 * MINUTE_MS);
  const whys = (): readonly string[] =>
    world
      .openIncidents()
      .flatMap((each) => Object.keys(each.whys))
      .toSorted();
  for (const [i, replica] of world.replicas().entries())
    replica.disk.failUntil(world.now() + (i + 1) * 10 * MINUTE_MS);
  await world.runFor(9 * MINUTE_MS);
  expect([openCodes(), whys()]).toEqual([['state_dir_failing'], ['replica-1', 'replica-2']]);
  await world.runFor(6 * MINUTE_MS);
  expect([openCodes(), whys()]).toEqual([['state_dir_failing'], ['replica-2']]);
  await world.runFor(10 * MINUTE_MS);
  expect(openCodes()).toEqual([]);
  expect(world.alerts.filter(({ code }) => code === 'state_dir_failing')).toHaveLength(2);
});
