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

test('no generation falls where a clock that was ahead had made them run ahead, and Redis loses its data again and again', async () => {
  const entry = { broker: 'ig', username: 'IG_0', password: 'made-up-pass', apiKey: 'made-up-key' };
  const world = await makeWorld({ entries: [entry], replicas: 2, sharesDisk: true });
  const generation = (): number => Number(world.meta('IG_0')['generation'] ?? 0);
  try {
    await world.runFor(60 * SECOND_MS);
    const [ahead] = world.replicas();
    ahead?.life.moveClock(3_600 * SECOND_MS);
    // What it marked as used by its clock holds for whoever starts on its folder.
    await world.runFor(600 * SECOND_MS);
    ahead?.life.kill();
    await world.startReplica({}, ahead?.disk);
    await world.runFor(60 * SECOND_MS);
    // While Redis knows the account nothing has to be guessed.
    expect(generation()).toBeLessThan(world.now());
    for (let times = 0; times < 20; times++) {
      const before = world.token('IG_0');
      await world.runUntil(
        'a rotation',
        () => ![undefined, before].includes(world.token('IG_0')),
        90 * SECOND_MS,
      );
      const last = generation();
      world.loseData(() => world.redisServer.keyspace.clear());
      world.redisServer.forgetScripts();
      await world.runUntil('a token', () => world.token('IG_0') !== undefined, 90 * SECOND_MS);
      expect(generation()).toBeGreaterThan(last);
      expect(generation()).toBeGreaterThan(world.now());
    }
    // Nor does each loss make them run ahead by another minute.
    expect(generation()).toBeLessThan(world.now() + 3_700 * SECOND_MS);
  } finally {
    world.stop();
  }
});

test('no generation falls where Redis loses its data within the minute after a deploy, with a STATE_DIR each', async () => {
  const entry = { broker: 'ig', username: 'IG_0', password: 'made-up-pass', apiKey: 'made-up-key' };
  const world = await makeWorld({ entries: [entry], replicas: 2 });
  const generation = (): number => Number(world.meta('IG_0')['generation'] ?? 0);
  const rotated = async (): Promise<void> => {
    const before = world.token('IG_0');
    await world.runUntil(
      'a rotation',
      () => ![undefined, before].includes(world.token('IG_0')),
      90 * SECOND_MS,
    );
  };
  try {
    await world.runFor(60 * SECOND_MS);
    for (let times = 0; times < 20; times++) {
      const [old] = world.replicas();
      old?.life.kill();
      await world.startReplica({}, old?.disk);
      await rotated();
      const last = generation();
      world.loseData(() => world.redisServer.keyspace.clear());
      world.redisServer.forgetScripts();
      await world.runUntil('a token', () => world.token('IG_0') !== undefined, 90 * SECOND_MS);
      expect(generation()).toBeGreaterThan(last);
      await world.runFor(2 * 60 * SECOND_MS);
    }
  } finally {
    world.stop();
  }
});

test('no generation falls where they run ahead of Redis’ clock, it goes back in time, and all processes have just started', async () => {
  const entry = { broker: 'ig', username: 'IG_0', password: 'made-up-pass', apiKey: 'made-up-key' };
  const world = await makeWorld({ entries: [entry] });
  const generation = (): number => Number(world.meta('IG_0')['generation'] ?? 0);
  try {
    await world.runFor(60 * SECOND_MS);
    // A server whose clock was an hour ahead had given it out.
    const [first] = world.replicas();
    await world.redis.hset('refresher:account:IG_0', 'fence', world.now() + 3_600 * SECOND_MS);
    await world.runUntil('one that is ahead', () => generation() > world.now(), 90 * SECOND_MS);
    await world.runFor(10 * SECOND_MS);
    const before = world.redisServer.keyspace.snapshot();
    await world.runFor(5 * 60 * SECOND_MS);
    const last = generation();
    first?.life.kill();
    world.loseData(() => world.redisServer.keyspace.restore(before));
    expect(generation()).toBeLessThan(last - 3);
    const older = generation();
    await world.startReplica({}, first?.disk);
    await world.runUntil('a token of now', () => generation() > older, 90 * SECOND_MS);
    expect(generation()).toBeGreaterThan(last);
    await world.runFor(5 * 60 * SECOND_MS);
    // It is guessed once, not by each look.
    expect(generation()).toBeLessThan(last + 2 * SECOND_MS);
  } finally {
    world.stop();
  }
});
