import { afterEach, describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { kindOf } from './truth.ts';
import { makeWorld, type World } from './world.ts';

/*
 * Processes with a STATE_DIR each: what one of them was told must be on the other's disk before Redis loses it, and
 * before the one that heard it is gone.
 */

let world: World;
afterEach(() => world.stop());

const logins = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    username: `TV_${i}`,
    password: `made-up-pass-tv-${i}`,
    renew: true,
  }));

function loseRedis(): void {
  world.loseData(() => world.redisServer.keyspace.clear());
  world.redisServer.forgetScripts();
  world.jobs.lose();
  for (const replica of world.replicas()) replica.running()?.schedule.alarm();
}

const signIns = (): number => world.calls().filter((call) => kindOf(call) === 'sign-in').length;

describe("an hour's silence of the network outlives a FLUSHALL", () => {
  test.each([
    ['and the process that was told', true],
    ['where both live', false],
  ])('%s', async (_, isReplaced) => {
    world = await makeWorld({ entries: logins(3), replicas: 2, sharesDisk: false });
    await world.runFor(2 * MINUTE_MS);
    world.fault({ broker: 'tradovate', kind: 'status', status: 423, operation: 'renew', times: 1 });
    const told = (): string | undefined => world.calls().find(({ status }) => status === 423)?.by;
    await world.runUntil('a penalty', () => told() !== undefined, 80 * MINUTE_MS);
    const until = world.now() + HOUR_MS;
    await world.runFor(10 * MINUTE_MS);
    if (isReplaced) {
      world
        .replicas()
        .find(({ life }) => life.name === told())
        ?.stop();
      await world.startReplica();
    }
    await world.runFor(MINUTE_MS);
    const mark = world.calls().length;
    loseRedis();
    await world.runFor(until - 10 * SECOND_MS - world.now());
    expect(world.calls({ after: mark })).toEqual([]);
    // And no longer.
    const tokens = (): boolean => logins(3).every(({ username }) => world.token(username) !== undefined);
    await world.runUntil('all tokens', tokens, 5 * MINUTE_MS);
  });
});

describe("an hour's failed logins outlive a FLUSHALL", () => {
  test.each([
    ['and the process that sent them', true],
    ['where both live', false],
  ])('%s', async (_, isReplaced) => {
    world = await makeWorld({ entries: logins(8), replicas: 0, sharesDisk: false });
    for (const { username } of logins(8)) world.setPassword('tradovate', username, 'made-up-another-one');
    const first = await world.startReplica();
    await world.runFor(2 * MINUTE_MS);
    expect(signIns()).toBe(3);
    await world.startReplica();
    await world.runFor(2 * MINUTE_MS);
    if (isReplaced) {
      first.stop();
      await world.runFor(MINUTE_MS);
    }
    loseRedis();
    await world.runFor(50 * MINUTE_MS);
    expect(signIns()).toBe(3);
  });
});
