import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../src/redis/keys.ts';
import { watchSpending } from './invariants/calls.ts';
import type { Snapshot } from './redis/keyspace.ts';
import { intervene } from './interventions.ts';
import { makeWorld, type World, type WorldOptions } from './world.ts';

/*
 * A Redis that went back in time by some seconds: a failover to a replica that lagged, a machine that
 * lost power. What the service itself did in those seconds is known to it still.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
const upstox = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'made-up-app',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
};

let world: World;
afterEach(() => world.stop());

async function begin(options: WorldOptions): Promise<void> {
  world = await makeWorld(options);
  watchSpending(world);
}

/** Redis is as it was before `work`, and away for a moment. */
async function rolledBack(work: () => Promise<void>): Promise<void> {
  const before = world.redisServer.keyspace.snapshot();
  await work();
  world.loseData(() => world.redisServer.keyspace.restore(before));
  world.redisNet.cutUntil(world.now() + SECOND_MS);
}

const logins = (): number => world.calls({ broker: 'ig', operation: 'login' }).length;
const renewals = (): number => world.calls({ broker: 'ig', operation: 'refresh-token' }).length;

describe('a Redis that lost its last seconds', () => {
  test('costs no login where a rotation was among them: the newer pair is published again', async () => {
    await begin({ entries: [ig] });
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    let newer: string | undefined;
    await rolledBack(async () => {
      const before = world.token('IG');
      await world.runUntil('a rotation', () => world.token('IG') !== before, 2 * MINUTE_MS);
      newer = world.token('IG');
    });
    await world.runUntil('the newer pair', () => world.token('IG') === newer, 10 * SECOND_MS);
    await world.runFor(5 * MINUTE_MS);
    expect(logins()).toBe(1);
    expect(world.token('IG')).toBeDefined();
  });

  test('costs no second login where the end of the first one was among them', async () => {
    await begin({ entries: [ig] });
    let during: Snapshot | undefined;
    world.onStep(() => {
      const record = world.redisServer.keyspace.find(keys.record('IG'), 'hash');
      if (record?.fields.get('attempt')) during ??= world.redisServer.keyspace.snapshot();
    });
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    world.loseData(() => during && world.redisServer.keyspace.restore(during));
    world.redisNet.cutUntil(world.now() + SECOND_MS);
    await world.runFor(5 * MINUTE_MS);
    expect(logins()).toBe(1);
    expect(world.token('IG')).toBeDefined();
  });

  test('costs one login where a rotation was under way: its refresh token is not sent again', async () => {
    await begin({ entries: [ig], latencyMs: [2_000, 2_100] });
    await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
    await world.runFor(20 * SECOND_MS);
    const before = renewals();
    await rolledBack(async () => {
      await world.runUntil('a rotation under way', () => renewals() > before, 2 * MINUTE_MS);
      // Its answer never comes, and with Redis' memory of it the process dies: another one is on its disk.
      const [replica] = world.replicas();
      await world.runFor(SECOND_MS);
      replica?.life.kill();
      world.timeline.after(SECOND_MS, async () => {
        await world.startReplica({}, replica?.disk);
      });
    });
    await world.runFor(5 * MINUTE_MS);
    expect(logins()).toBe(2);
    expect(world.token('IG')).toBeDefined();
  });

  test('sends no refresh token twice where another process on the folder had sent it', async () => {
    await begin({ entries: [ig], replicas: 3, sharesDisk: true });
    await world.runFor(MINUTE_MS);
    for (let times = 0; times < 8; times++) {
      await rolledBack(() => world.runFor(5 * SECOND_MS));
      await world.runFor(MINUTE_MS);
    }
    expect(world.token('IG')).toBeDefined();
  });

  test.each([true, false])(
    'costs no login where only one of three processes knows the newer pair, one folder: %s',
    async (sharesDisk) => {
      await begin({ entries: [ig], replicas: 3, sharesDisk });
      await world.runFor(MINUTE_MS);
      for (let times = 0; times < 20; times++) {
        const before = world.token('IG');
        await rolledBack(() => world.runUntil('a rotation', () => world.token('IG') !== before, MINUTE_MS));
        await world.runFor(MINUTE_MS);
      }
      expect(logins()).toBe(1);
    },
  );

  test.each([
    ['pause', 'paused'],
    ['logout', 'logged_out'],
  ] as const)(
    'keeps to a %s that was among them, at once: nobody signs in, and no token is served',
    async (act, reason) => {
      const v2 = { ...ig, session: 'v2' };
      await begin({ entries: [v2], replicas: 2, sharesDisk: true });
      await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
      // Nothing is due for hours: without a look of its own it would come to nobody's mind.
      await world.runFor(10 * MINUTE_MS);
      await rolledBack(async () => {
        await intervene(world, act, 'IG');
        // Whoever looks at it next writes it to the folder.
        await world.runFor(40 * SECOND_MS);
      });
      expect(world.state('IG')['state']).toBe('fresh');
      await world.runFor(10 * SECOND_MS);
      expect(world.state('IG')).toMatchObject({ state: 'paused', reason });
      if (act === 'logout') expect(world.token('IG')).toBeUndefined();
      await world.runFor(12 * 60 * MINUTE_MS);
      expect(logins()).toBe(1);
    },
  );

  test.each([
    ['pause', 'paused'],
    ['logout', 'logged_out'],
  ] as const)(
    'keeps to a %s that only one of two processes saw, with a STATE_DIR each',
    async (act, reason) => {
      await begin({ entries: [{ ...ig, session: 'v2' }], replicas: 2 });
      await world.runFor(10 * MINUTE_MS);
      for (const blind of [0, 1]) {
        const before = logins();
        await rolledBack(async () => {
          // It learns nothing until Redis has lost it.
          world.replicas()[blind]?.life.pause(42 * SECOND_MS);
          await intervene(world, act, 'IG');
          await world.runFor(41 * SECOND_MS);
        });
        await world.runFor(10 * SECOND_MS);
        expect(world.state('IG')).toMatchObject({ state: 'paused', reason });
        await world.runFor(12 * 60 * MINUTE_MS);
        expect(world.state('IG')).toMatchObject({ state: 'paused', reason });
        expect(logins()).toBe(before);
        await intervene(world, 'resume', 'IG');
        await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
      }
    },
  );

  test('brings no session back that was logged out, though who got it knows only of the pause', async () => {
    await begin({ entries: [ig], replicas: 2, sharesDisk: true });
    await world.runFor(MINUTE_MS);
    let newer: string | undefined;
    const served: (string | undefined)[] = [];
    world.onStep(() => served.push(world.token('IG')));
    await rolledBack(async () => {
      const before = world.token('IG');
      await world.runUntil('a rotation', () => world.token('IG') !== before, MINUTE_MS);
      newer = world.token('IG');
      const by = world.log.findLast(({ fields }) => fields['event'] === 'token.published')?.by;
      const one = world.replicas().find(({ life }) => life.name === by);
      // It does not see what becomes of its session.
      one?.life.pause(6 * SECOND_MS);
      await intervene(world, 'logout', 'IG');
      await world.runFor(2 * SECOND_MS);
      expect(world.token('IG')).toBeUndefined();
      served.length = 0;
    });
    await world.runFor(2 * MINUTE_MS);
    expect(world.state('IG')).toMatchObject({ state: 'paused', reason: 'logged_out' });
    await intervene(world, 'resume', 'IG');
    await world.runFor(MINUTE_MS);
    expect(world.token('IG')).toBeDefined();
    expect(served).not.toContain(newer);
  });

  test('sends no refused password again whose verdict was among them', async () => {
    await begin({ entries: [ig] });
    world.setPassword('ig', 'IG', 'made-up-another-one');
    await rolledBack(() =>
      world.runUntil('a verdict', () => world.state('IG')['state'] === 'stopped', MINUTE_MS),
    );
    await world.runFor(5 * MINUTE_MS);
    expect(logins()).toBe(1);
    expect(world.state('IG')['state']).toBe('stopped');
  });

  test('says again that all is well where the end of a message was among them', async () => {
    const entries = ['A', 'B'].map((username) => ({ username, password: `made-up-pass-${username}` }));
    await begin({ entries });
    world.setSwitch('tradovate', 'throttleWith', '429');
    world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
    const said = (): number =>
      world.openIncidents().find(({ code }) => code === 'rate_limited')?.accounts.length ?? 0;
    const isSaid = (): boolean => said() > 0;
    await world.runUntil('that one waits for what the other was told', () => said() === 2, MINUTE_MS);
    await rolledBack(async () => {
      await world.runUntil('the end of it', () => !isSaid(), 2 * 60 * MINUTE_MS);
    });
    expect(isSaid()).toBe(true);
    await world.runUntil('the same again', () => !isSaid(), 2 * MINUTE_MS);
  });

  test('asks nobody whose login was among them: it is served again within a sweep', async () => {
    // 09:00 in India.
    await begin({ entries: [upstox], startAt: Date.UTC(2026, 1, 2, 3, 30) });
    world.command('upstox', 'register', 'made-up-app AB0001');
    await world.runFor(MINUTE_MS);
    await rolledBack(async () => {
      const coming = world.logIn('UP', 'user');
      await world.runUntil('a token', () => world.token('UP') !== undefined, MINUTE_MS);
      await coming;
    });
    expect(world.token('UP')).toBeUndefined();
    await world.runUntil('the token', () => world.token('UP') !== undefined, 45 * SECOND_MS);
    expect(world.state('UP')['state']).toBe('fresh');
  });
});
