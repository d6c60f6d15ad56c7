import { afterEach, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import type { RawEntry } from '../../src/core/broker.ts';
import { watchSpending } from './invariants/calls.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

/** The embedded Redis syncs once a second; the disk takes half as long, so that a call has time to be faster. */
const APPEND_MS = 500;

test.each(['before it is answered', 'after it is answered'])(
  'a machine with its Redis loses power when a refresh token went out, %s: it goes out once',
  async (when) => {
    const entry = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
    world = await makeWorld({ entries: [entry], replicas: 1 });
    watchSpending(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    const [replica] = world.replicas();
    replica?.disk.appendsTake(APPEND_MS);
    const { keyspace } = world.redisServer;
    let last = keyspace.snapshot();
    // What Redis has on its own disk: all from before the look that renews.
    world.onStep(() => {
      if (keyspace.typeOf('refresher:lease:IG') !== 'string') last = keyspace.snapshot();
    });
    let lost = 0;
    world.onCall((call, what) => {
      const isNow = what === (when === 'before it is answered' ? 'arrived' : 'delivered');
      if (lost > 0 || call.operation !== 'refresh-token' || !isNow) return;
      lost += 1;
      const kept = last;
      replica?.disk.losePower();
      replica?.life.kill();
      world.loseData(() => keyspace.restore(kept));
    });
    await world.runUntil('the power', () => lost > 0, 2 * MINUTE_MS);
    await world.runFor(20 * SECOND_MS);
    await world.startReplica({}, replica?.disk);
    await world.runFor(5 * MINUTE_MS);
    expect(world.token('IG')).toBeDefined();
  },
);

/** The machine and all that its Redis knew are gone this long after so many such answers were heard, and back 20 s later. Resolves with when the last was heard. */
async function loseAllAfter(ms: number, status: number, times = 1): Promise<number> {
  let heard = 0;
  let heardAt = 0;
  let isLost = false;
  const [first] = world.replicas();
  world.onCall((call, what) => {
    if (what !== 'delivered' || call.answer?.status !== status) return;
    heard += 1;
    if (heard !== times) return;
    heardAt = world.now();
    world.timeline.after(ms, () => {
      isLost = true;
      first?.disk.losePower();
      first?.life.kill();
      world.loseData(() => world.redisServer.keyspace.clear());
      world.redisServer.forgetScripts();
      world.jobs.lose();
    });
  });
  await world.runUntil('the power', () => isLost, 2 * MINUTE_MS);
  await world.runFor(20 * SECOND_MS);
  await world.startReplica({}, first?.disk);
  return heardAt;
}

/** Long enough for the disk, too short for what is written each second. */
const SOON_MS = 400;
const callsAfter = (mark: number): readonly string[] =>
  world.calls({ after: mark }).map(({ operation }) => operation);
const bridge = (username: string, password = `made-up-${username}`): RawEntry => ({ username, password });

test('a machine with its Redis loses power when Tradovate asked for an hour of silence: it is kept', async () => {
  world = await makeWorld({ entries: ['A', 'B', 'C', 'D'].map((name) => bridge(name)) });
  world.setSwitch('tradovate', 'throttleWith', '423');
  world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
  const heardAt = await loseAllAfter(SOON_MS, 423);
  const mark = world.calls().length;
  await world.runFor(heardAt + HOUR_MS - SECOND_MS - world.now());
  expect(callsAfter(mark)).toEqual([]);
  // And no longer than that.
  await world.runFor(10 * MINUTE_MS);
  expect(['A', 'B', 'C', 'D'].map((name) => world.token(name) !== undefined)).not.toContain(false);
});

test('a machine with its Redis loses power when a password was refused: it counts among those of the hour', async () => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F'];
  world = await makeWorld({ entries: names.map((name) => bridge(name, 'made-up-wrong')) });
  await loseAllAfter(SOON_MS, 200, 3);
  const mark = world.calls().length;
  await world.runFor(45 * MINUTE_MS);
  expect(callsAfter(mark)).toEqual([]);
});
