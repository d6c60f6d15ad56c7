import { afterEach, expect, test } from 'vitest';
import type { RawEntry } from '../../src/core/broker.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

const api: RawEntry = {
  username: 'API',
  password: 'made-up-pass',
  login: 'api',
  api: { appId: 'made-up', appVersion: '1', deviceId: 'made-up', cid: 1, sec: 'made-up-sec' },
};

function loseRedis(): void {
  world.loseData(() => world.redisServer.keyspace.clear());
  world.redisServer.forgetScripts();
  world.jobs.lose();
  for (const replica of world.replicas()) replica.running()?.schedule.alarm();
}

test('an hour of silence that Tradovate asked of one account is obeyed over a FLUSHALL, and over one with the process', async () => {
  world = await makeWorld({ entries: [api] });
  await world.runUntil('a token', () => world.token('API') !== undefined, MINUTE_MS);
  world.setSwitch('tradovate', 'throttleWith', '429');
  world.fault({ broker: 'tradovate', kind: 'throttle', operation: 'renew', times: 1 });
  const isThrottled = (): boolean => world.calls().some(({ status }) => status === 429);
  await world.runUntil('the 429', isThrottled, 80 * MINUTE_MS);
  const until = world.now() + HOUR_MS;
  await world.runFor(10 * SECOND_MS);
  const mark = world.calls().length;
  await world.runFor(2 * MINUTE_MS);
  loseRedis();
  await world.runFor(20 * MINUTE_MS);
  const [first] = world.replicas();
  first?.life.kill();
  loseRedis();
  await world.startReplica({}, first?.disk);
  await world.runFor(until - 5 * SECOND_MS - world.now());
  expect(world.calls({ after: mark })).toEqual([]);
  // And no longer.
  await world.runUntil('a token', () => world.token('API') !== undefined, 5 * MINUTE_MS);
});

test.each([-22, 22])(
  'so is one where another process has a clock %i min apart, and each writes down what the other put off',
  async (minutes) => {
    world = await makeWorld({ entries: [api], replicas: 2 });
    await world.runUntil('a token', () => world.token('API') !== undefined, MINUTE_MS);
    world.setSwitch('tradovate', 'throttleWith', '429');
    world.fault({ broker: 'tradovate', kind: 'throttle', operation: 'renew', times: 1 });
    const throttled = (): string | undefined => world.calls().find(({ status }) => status === 429)?.by;
    await world.runUntil('the 429', () => throttled() !== undefined, 80 * MINUTE_MS);
    const until = world.now() + HOUR_MS;
    await world.runFor(10 * SECOND_MS);
    const mark = world.calls().length;
    const other = world.replicas().find(({ life }) => life.name !== throttled());
    other?.life.moveClock(minutes * MINUTE_MS);
    other?.running()?.schedule.replan();
    other?.running()?.schedule.alarm();
    // Its token dies meanwhile, which both have to say.
    for (let second = 0; world.now() < until - 40 * SECOND_MS; second += 30) {
      world.jobs.add('tradovate', ['API']);
      await world.runFor(30 * SECOND_MS);
    }
    expect(world.token('API')).toBeUndefined();
    expect(world.calls({ after: mark })).toEqual([]);
    await world.runUntil('a token', () => world.token('API') !== undefined, 5 * MINUTE_MS);
  },
);
