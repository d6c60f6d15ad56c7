import { afterEach, expect, test } from 'vitest';
import { report } from '../bots.ts';
import { foreignWrite } from '../foreign.ts';
import { strictest, watchInvariants } from '../invariants/index.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart, SECOND_MS } from './clockwork.ts';

/* A day of accounts that somebody else serves, beside one that is served: each step is judged, see invariants/observed.ts. */

const served = { username: 'TV', password: 'made-up-pass-tv' };
const theirs = { username: 'THEIRS', password: 'made-up-pass-theirs', accounts: ['THEIRS_SUB'] };
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
const observe = { mode: 'observe' };

let world: World;
afterEach(() => world.stop());

/** The older writer, as a script in a loop: a new token each 50 minutes, good for an hour. */
function write(name: string, isAway: () => boolean): void {
  const again = async (): Promise<void> => {
    if (!isAway()) await foreignWrite(world, name, HOUR_MS);
    world.timeline.after(50 * MINUTE_MS, again);
  };
  world.timeline.after(0, again);
}
const told = (name: string): readonly string[] =>
  world.openIncidents().flatMap(({ accounts, code }) => (accounts.includes(name) ? [code] : []));

test('none gets a call or a write, whatever is reported, asked for, lost or started anew; people hear where a token is missing', async () => {
  world = await makeWorld({
    entries: [served, { ...theirs, ...observe }, { ...ig, ...observe }],
    replicas: 2,
    sharesDisk: true,
    sweepEveryMs: MINUTE_MS,
  });
  const invariants = watchInvariants(world, { ...strictest, planWithinMs: 75 * SECOND_MS });
  let isAway = false;
  write('THEIRS', () => isAway);
  write('IG', () => false);
  await world.runFor(HOUR_MS);
  expect([...told('THEIRS'), ...told('IG')]).toEqual([]);
  // Bots report it as they report any other; a person asks for it.
  for (const generation of [0, 1, 1_770_000_000_000]) {
    await report(world, 'THEIRS', generation, 100);
    await report(world, 'THEIRS_SUB', generation, 100);
    await report(world, 'IG', generation, 100);
  }
  await world.requestRefresh('THEIRS', true).catch(() => false);
  await world.runFor(HOUR_MS);
  expect([...world.reported().values()].reduce((a, b) => a + b, 0)).toBe(900);
  expect(world.reported().get('noted')).toBeUndefined();

  isAway = true;
  await world.runFor(2 * HOUR_MS);
  expect(told('THEIRS')).toEqual(['observed_missing']);
  await restart(world);
  await world.runFor(HOUR_MS);
  expect(told('THEIRS')).toEqual(['observed_missing']);
  isAway = false;
  await world.runFor(HOUR_MS);
  expect(told('THEIRS')).toEqual([]);

  world.loseData(() => world.redisServer.keyspace.clear());
  invariants.redisLost();
  await world.runFor(2 * HOUR_MS);
  expect([...told('THEIRS'), ...told('IG')]).toEqual([]);
  expect(world.calls().filter(({ username }) => username !== 'TV')).toEqual([]);
  expect(world.token('TV')).toBeDefined();
  expect(world.token('THEIRS')).toBeDefined();
});

test('one that is served is observed again, and its old writer goes on: its token stays until its end', async () => {
  world = await makeWorld({ entries: [served, theirs], sweepEveryMs: MINUTE_MS });
  await world.runUntil('its token', () => world.token('THEIRS') !== undefined, HOUR_MS);
  const before = world.token('THEIRS');
  const until = world.redisServer.keyspace.expiryOf('token:THEIRS') ?? 0;
  const calls = world.calls().length;
  world.writeEntries([served, { ...theirs, ...observe }]);
  await world.reload();
  await world.runUntil(
    'its end',
    () => world.events.some(({ event }) => event['event'] === 'removed'),
    MINUTE_MS,
  );
  await world.runFor(until - world.now() - SECOND_MS);
  expect(world.token('THEIRS')).toBe(before);
  await world.runFor(2 * SECOND_MS);
  expect(world.token('THEIRS')).toBeUndefined();
  const token = await foreignWrite(world, 'THEIRS', HOUR_MS);
  await world.runFor(30 * MINUTE_MS);
  expect(world.token('THEIRS')).toBe(token);
  expect(
    world
      .calls()
      .slice(calls)
      .filter(({ username }) => username === 'THEIRS'),
  ).toEqual([]);
});
