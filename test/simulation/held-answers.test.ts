import { afterEach, expect, test } from 'vitest';
import { watchSpending } from './invariants/calls.ts';
import { makeWorld, type World } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

const count = (operation: string): number => world.calls({ broker: 'ig', operation }).length;

test.for([
  ['an account as any', {}],
  ['one whose tokens are proved', { verify: true }],
] as const)(
  'a pair that Redis could not take while its access token lived is renewed, not replaced by a login: %s',
  async ([, more]) => {
    world = await makeWorld({ entries: [{ ...ig, ...more }], latencyMs: [400, 500] });
    watchSpending(world);
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    const before = count('refresh-token');
    await world.runUntil('a rotation under way', () => count('refresh-token') > before, 2 * MINUTE_MS);
    world.redisNet.cutUntil(world.now() + 3 * MINUTE_MS);
    await world.runFor(3 * MINUTE_MS);
    expect(world.token('IG')).toBeUndefined();
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    expect(count('login')).toBe(1);
    expect(world.state('IG')['state']).toBe('fresh');
  },
);

test('a Redis that is emptied while a call is under way makes its process send no second one', async () => {
  world = await makeWorld({ entries: [ig], latencyMs: [2_700, 2_800] });
  watchSpending(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  let isEmptied = false;
  world.onCall((call, what) => {
    if (isEmptied || call.operation !== 'refresh-token' || what !== 'arrived') return;
    isEmptied = true;
    world.loseData(() => {
      world.redisServer.keyspace.clear();
      // As the sweep enters it again.
      world.redisServer.keyspace.make('refresher:due:ig', 'zset').scores.set('IG', world.now());
    });
  });
  await world.runFor(50 * SECOND_MS);
  expect(isEmptied).toBe(true);
  expect(count('login')).toBe(1);
});

/** Empties Redis between the arrival of the next call of this kind and the next third of its lease; the sweep enters the account again. */
function emptyInNext(operation: string): void {
  let isPlanned = false;
  world.onCall((call, what) => {
    if (isPlanned || call.operation !== operation || what !== 'arrived') return;
    isPlanned = true;
    world.timeline.after(SECOND_MS / 4, () => {
      world.loseData(() => {
        world.redisServer.keyspace.clear();
        world.redisServer.keyspace.make('refresher:due:ig', 'zset').scores.set('IG', world.now());
      });
    });
  });
}

test('the same in a call that takes longer than a third of its lease: the lease is taken anew', async () => {
  world = await makeWorld({ entries: [ig], latencyMs: [4_500, 5_000] });
  watchSpending(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  emptyInNext('refresh-token');
  await world.runFor(3 * MINUTE_MS);
  expect(count('login')).toBe(1);
  expect(world.token('IG')).toBeDefined();
});

test('a password that is refused in such a call is not sent again', async () => {
  world = await makeWorld({ entries: [ig], latencyMs: [4_500, 5_000] });
  world.setPassword('ig', 'IG', 'made-up-another-one');
  emptyInNext('login');
  await world.runFor(10 * MINUTE_MS);
  expect(count('login')).toBe(1);
  expect(world.state('IG')['state']).toBe('stopped');
});

test('a token that is posted while Redis is away outlives the process that took it', async () => {
  world = await makeWorld({
    // 09:00 in India.
    startAt: Date.UTC(2026, 1, 2, 3, 30),
    entries: [
      {
        broker: 'upstox',
        name: 'UP',
        clientId: 'made-up-app',
        clientSecret: 'made-up-secret',
        redirectUri: 'https://app.example/callback',
        userId: 'AB0001',
        approval: 'request',
      },
    ],
  });
  world.command('upstox', 'register', 'made-up-app AB0001');
  world.command('upstox', 'notifier', `made-up-app ${world.webhookUrl('UP') ?? ''}`);
  const asked = (): number => world.calls({ operation: 'request' }).length;
  await world.runUntil('the question', () => asked() === 1, MINUTE_MS);
  await world.runFor(5 * SECOND_MS);
  world.redisNet.cutUntil(world.now() + 2 * MINUTE_MS);
  world.command('upstox', 'approve', 'made-up-app');
  await world.runFor(MINUTE_MS);
  const [replica] = world.replicas();
  replica?.life.kill();
  await world.startReplica({}, replica?.disk);
  await world.runUntil('the token', () => world.token('UP') !== undefined, 2 * MINUTE_MS);
  expect(asked()).toBe(1);
  expect(world.state('UP')['state']).toBe('fresh');
});

test('a penalty that comes while Redis is away is obeyed by the process that follows', async () => {
  const entries = ['TV_0', 'TV_1'].map((username) => ({ username, password: `made-up-pass-${username}` }));
  world = await makeWorld({ entries, settings: { WORKER_CONCURRENCY: '1' } });
  world.setSwitch('tradovate', 'throttleWith', 'captcha');
  world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
  let heardAt = 0;
  world.onCall((_, what) => {
    if (heardAt > 0) return;
    if (what === 'arrived') world.redisNet.cutUntil(world.now() + MINUTE_MS);
    if (what === 'delivered') heardAt = world.now();
  });
  await world.runUntil('the penalty', () => heardAt > 0, MINUTE_MS);
  await world.runFor(5 * SECOND_MS);
  const [replica] = world.replicas();
  replica?.life.kill();
  await world.startReplica({}, replica?.disk);
  await world.runFor(50 * MINUTE_MS);
  expect(world.calls().map(({ fault }) => fault)).toEqual(['throttle']);
});

test('an attempt that Redis noted without saying so in time never went out, and costs no login', async () => {
  world = await makeWorld({ entries: [ig] });
  watchSpending(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  let lost = 0;
  world.onStep((changed) => {
    if (lost > 0 || !changed.includes('refresher:lease:IG')) return;
    // The lease was taken: what comes next is the note.
    lost += 1;
    world.redisNet.loseReplies(1);
  });
  await world.runFor(3 * MINUTE_MS);
  expect(lost).toBe(1);
  expect(count('login')).toBe(1);
  expect(world.token('IG')).toBeDefined();
});
