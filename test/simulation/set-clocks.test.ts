import { afterEach, describe, expect, test } from 'vitest';
import { ist, upstoxEntry } from '../support/rows/upstox-row.ts';
import { watchTokens } from './invariants/tokens.ts';
import { makeWorld, type World } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

const move = (byMs: number): void => {
  for (const { life, running } of world.replicas()) {
    life.moveClock(byMs);
    running()?.schedule.replan();
    running()?.schedule.alarm();
  }
};
const renewals = (): number => world.calls({ broker: 'ig', operation: 'refresh-token' }).length;

describe('a clock that is set back while a call is under way', () => {
  test('lets no key outlive its token', async () => {
    world = await makeWorld({ entries: [ig], latencyMs: [1_000, 1_100] });
    watchTokens(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    const before = renewals();
    // A clock that is ahead alone makes it due.
    move(29 * MINUTE_MS);
    await world.runUntil('a renewal under way', () => renewals() > before, MINUTE_MS);
    move(-24 * MINUTE_MS);
    await world.runFor(10 * MINUTE_MS);
    expect(world.state('IG')['state']).toBe('fresh');
  });

  test('nor does another process, which writes keys again that were removed', async () => {
    world = await makeWorld({ entries: [ig], latencyMs: [1_000, 1_100] });
    watchTokens(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    const before = renewals();
    move(29 * MINUTE_MS);
    await world.runUntil('a renewal', () => renewals() > before, MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    for (const { life } of world.replicas()) life.kill();
    for (const key of ['token:IG', 'auth:IG', 'meta:IG']) world.redisServer.keyspace.remove(key);
    await world.startReplica();
    await world.runFor(10 * MINUTE_MS);
    expect(world.state('IG')['state']).toBe('fresh');
  });
});

test('a clock that is ahead lets no key outlive its token where Redis is slow to take it', async () => {
  world = await makeWorld({ entries: [ig], latencyMs: [20, 40] });
  watchTokens(world);
  move(2 * SECOND_MS);
  await world.runFor(MINUTE_MS);
  world.redisNet.slowUntil(world.now() + 3 * MINUTE_MS, 1_000);
  const before = renewals();
  await world.runFor(3 * MINUTE_MS);
  expect(renewals()).toBeGreaterThan(before + 2);
});

test('accounts that a clock an hour ahead has put off are looked at within a sweep, whoever is left', async () => {
  const tv = { username: 'TV', password: 'made-up-pass-tv' };
  world = await makeWorld({ entries: [tv] });
  const fault = world.fault({ broker: 'tradovate', kind: 'unreachable' });
  move(60 * MINUTE_MS);
  await world.runFor(3 * MINUTE_MS);
  for (const { life } of world.replicas()) life.kill();
  fault.remove();
  await world.startReplica();
  expect(world.dueAt('TV')).toBeGreaterThan(world.now() + 50 * MINUTE_MS);
  await world.runUntil('a token', () => world.token('TV') !== undefined, 2 * MINUTE_MS);
});

test('an account whose job was lost by a process with a clock an hour ahead is looked at in time', async () => {
  const tv = { username: 'TV', password: 'made-up-pass-tv' };
  world = await makeWorld({ entries: [tv] });
  await world.runFor(10 * MINUTE_MS);
  world.jobs.setFaults({ doubled: 0, lost: 1 });
  move(75 * MINUTE_MS);
  await world.runFor(5 * SECOND_MS);
  for (const { life } of world.replicas()) life.kill();
  world.jobs.setFaults({ doubled: 0, lost: 0 });
  await world.startReplica();
  for (let minutes = 0; minutes < 90; minutes += 1) {
    await world.runFor(MINUTE_MS);
    expect(world.token('TV')).toBeDefined();
  }
});

test('a token that was found dead is neither served nor called fresh by a process whose clock is behind', async () => {
  const entry = { broker: 'upstox', ...upstoxEntry };
  world = await makeWorld({ entries: [entry], startAt: ist('2026-01-13T09:00:00') });
  const { name } = entry;
  world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
  await world.runFor(MINUTE_MS);
  void world.logIn(name);
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  world.command('upstox', 'expire-all');
  await world.runUntil('its withdrawal', () => world.token(name) === undefined, 50 * MINUTE_MS);
  for (const { life } of world.replicas()) life.kill();
  (await world.startReplica()).life.moveClock(-20 * MINUTE_MS);
  for (let i = 0; i < 40; i++) {
    world.jobs.add('upstox', [name]);
    await world.runFor(30 * SECOND_MS);
    expect(world.token(name)).toBeUndefined();
    expect(world.state(name)['state']).toBe('awaiting_approval');
  }
  expect(world.log.filter(({ fields }) => fields['event'] === 'keys.restored')).toEqual([]);
});

test('a clock that is behind waits no longer for a dead token, nor calls it one whose keys were removed', async () => {
  const tv = { username: 'TV', password: 'made-up-pass-tv' };
  world = await makeWorld({ entries: [tv] });
  await world.runUntil('a token', () => world.token('TV') !== undefined, MINUTE_MS);
  world.fault({ broker: 'tradovate', kind: 'unreachable' });
  await world.runFor(70 * MINUTE_MS);
  move(-30 * MINUTE_MS);
  await world.runUntil('its end', () => world.token('TV') === undefined, 15 * MINUTE_MS);
  const from = world.now();
  await world.runFor(15 * MINUTE_MS);
  const said = (event: string): readonly number[] =>
    world.log.flatMap(({ at, fields }) => (fields['event'] === event && at >= from ? [at] : []));
  const tries = said('refresh.failed');
  const waits = tries.map((at, i) => at - (tries[i - 1] ?? from));
  expect(Math.max(...waits)).toBeLessThan(31 * SECOND_MS);
  expect(said('keys.restored')).toEqual([]);
});

test('a pause that a clock ahead has begun ends with the broker, not with that clock', async () => {
  const entries = ['A', 'B', 'C'].map((username) => ({ username, password: `made-up-pass-${username}` }));
  world = await makeWorld({ entries });
  const fault = world.fault({ broker: 'tradovate', kind: 'unreachable' });
  move(30 * MINUTE_MS);
  await world.runFor(2 * MINUTE_MS);
  move(-30 * MINUTE_MS);
  fault.remove();
  for (const { username } of entries)
    await world.runUntil('a token', () => world.token(username) !== undefined, MINUTE_MS);
});

test.each([-20, 20])(
  'logins that nobody answered are paced alike before and after a clock that stood wrong by %s min is set right',
  async (wrongBy) => {
    world = await makeWorld({ entries: [ig] });
    const logins = (): readonly number[] =>
      world.calls({ broker: 'ig', operation: 'login' }).map(({ startedAt }) => startedAt);
    world.fault({ broker: 'ig', kind: 'drop-after' });
    move(wrongBy * MINUTE_MS);
    await world.runUntil('the fourth login', () => logins().length === 4, 10 * MINUTE_MS);
    await world.runFor(30 * SECOND_MS);
    move(-wrongBy * MINUTE_MS);
    await world.runFor(40 * MINUTE_MS);
    const [waitedMs = 0, nextMs = 0] = logins().flatMap((at, i, all) =>
      i > 3 ? [at - (all[i - 1] ?? 0)] : [],
    );
    for (const each of [waitedMs, nextMs]) {
      expect(each).toBeGreaterThan(15 * MINUTE_MS - 5 * SECOND_MS);
      expect(each).toBeLessThan(17 * MINUTE_MS);
    }
  },
);

describe('the hour that Tradovate asks for with a 423', () => {
  const desk = ['A', 'B', 'C', 'D'].map((username) => ({ username, password: `made-up-pass-${username}` }));
  /** Until somebody was told. */
  const told = async () => {
    world.setSwitch('tradovate', 'throttleWith', '423');
    world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
    const found = () => world.calls().find(({ status }) => status === 423);
    await world.runUntil('a 423', () => found() !== undefined, 5 * MINUTE_MS);
    return found();
  };
  const callsWithin = async (ms: number): Promise<number> => {
    await world.runFor(MINUTE_MS);
    const mark = world.calls().length;
    await world.runFor(ms);
    return world.calls({ after: mark }).length;
  };

  test.each([-40, 0, 40])(
    'lasts an hour, though the clock stood %s min off when it began',
    async (minutes) => {
      world = await makeWorld({ entries: desk });
      move(minutes * MINUTE_MS);
      await told();
      move(-minutes * MINUTE_MS);
      expect(await callsWithin(57 * MINUTE_MS)).toBe(0);
      // A sweep later all are looked at.
      await world.runFor(6 * MINUTE_MS);
      expect(desk.filter(({ username }) => world.token(username) === undefined)).toEqual([]);
    },
  );

  test('lasts an hour for others where only who was told stood behind, over a FLUSHALL as well', async () => {
    world = await makeWorld({ entries: desk, replicas: 2, sharesDisk: true });
    move(-40 * MINUTE_MS);
    const by = (await told())?.by;
    for (const { life } of world.replicas()) if (life.name !== by) life.moveClock(40 * MINUTE_MS);
    expect(await callsWithin(20 * MINUTE_MS)).toBe(0);
    world.loseData(() => world.redisServer.keyspace.clear());
    world.redisServer.forgetScripts();
    world.jobs.lose();
    expect(await callsWithin(35 * MINUTE_MS)).toBe(0);
    await world.runFor(10 * MINUTE_MS);
    expect(desk.filter(({ username }) => world.token(username) === undefined)).toEqual([]);
  });
});
