import { afterEach, describe, expect, test } from 'vitest';
import { askingEntry, ist } from '../../support/rows/upstox-row.ts';
import { expectWell } from './next.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* How Upstox may send its notices, where it matters: the service is in trouble, or the address has a query. */

let scene: Scene;
afterEach(() => scene.stop());

/** A Tuesday, after the person was asked. */
async function open(query = ''): Promise<void> {
  scene = await openScene({ broker: 'upstox', entry: askingEntry, startAt: ist('2026-01-13T10:00:00') });
  const { world, name } = scene;
  await scene.enable();
  world.command('upstox', 'register', `${askingEntry.clientId} AB0001`);
  world.command('upstox', 'notifier', `${askingEntry.clientId} ${world.webhookUrl(name) ?? ''}${query}`);
  await world.runUntil('the request', () => world.state(name)['reason'] === 'asked', MINUTE_MS);
}

/** The person approves under these switches, in this trouble. */
async function approve(
  switches: Readonly<Record<string, unknown>>,
  trouble: () => void = () => undefined,
): Promise<void> {
  const { world } = scene;
  await scene.arrange(() => {
    for (const [name, value] of Object.entries(switches)) world.setSwitch('upstox', name, value);
  });
  trouble();
  world.command('upstox', 'approve', askingEntry.clientId);
}

const outcomes = (): readonly unknown[] => scene.world.deliveries().map(({ outcome }) => outcome);

/** However often it was posted: one token, which was proved once and published once. */
function expectTakenOnce(): void {
  const { world, name } = scene;
  expect(world.posts()).toHaveLength(1);
  expect(world.posts()[0]?.body).toMatchObject({ access_token: world.token(name) });
  expect(scene.sent().map(({ operation }) => operation)).toEqual(['profile']);
  expect(scene.events()).toEqual(['refreshed']);
  expectWell(scene);
}

describe('a notice that comes while Redis is away', () => {
  test.each([
    [0, ['busy']],
    [3, ['busy', 'busy', 'busy', 'busy']],
  ])(
    'webhookRetries %i: is posted again as often, and its token is proved and published once',
    async (webhookRetries, expected) => {
      await open();
      const { world } = scene;
      await approve({ webhookRetries, webhookTimeout: 60 }, () =>
        world.redisNet.cutUntil(world.now() + 2 * MINUTE_MS),
      );
      await world.runFor(1.9 * MINUTE_MS);
      expect(outcomes()).toEqual(expected);
      await world.runFor(2 * MINUTE_MS);
      expect(outcomes()).toEqual(expected);
      expectTakenOnce();
    },
  );
});

describe('a notice that the service is slow to take', () => {
  test.each([
    [5, false],
    // How many come too early is for the number of round trips to say.
    [1, true],
  ])(
    'webhookTimeout %i: is posted again where that is too slow, and its token is proved and published once',
    async (webhookTimeout, isTooSlow) => {
      await open();
      const { world } = scene;
      await approve({ webhookRetries: 3, webhookTimeout }, () =>
        world.redisNet.slowUntil(world.now() + 3 * SECOND_MS, 400),
      );
      await world.runFor(MINUTE_MS);
      const given = outcomes();
      expect(given.length > 1).toBe(isTooSlow);
      expect(given.slice(0, -1).every((outcome) => outcome === undefined)).toBe(true);
      expect(given.at(-1)).toBe('taken');
      expectTakenOnce();
    },
  );
});

describe('a notifier URL with a query', () => {
  test.each([
    ['on', '?through=made-up-proxy'],
    ['off', ''],
  ])('webhookQueryKept %s: is posted to with %j behind it, and taken', async (webhookQueryKept, search) => {
    await open('?through=made-up-proxy');
    await approve({ webhookQueryKept });
    await scene.world.runFor(MINUTE_MS);
    expect(scene.world.deliveries().map(({ url }) => new URL(url).search)).toEqual([search]);
    expect(outcomes()).toEqual(['taken']);
    expectTakenOnce();
  });
});
