import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ist } from '../../support/rows/upstox.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart, runTo, SECOND_MS, watchGaps, type Gaps } from './clockwork.ts';

/* Three users of one desk who log in through one app. Whether Upstox lets an app have several is open; if it does, it is like this. */

const users = { one: 'AB0001', two: 'AB0002', three: 'AB0003' } as const;
type Name = keyof typeof users;
const names = ['one', 'two', 'three'] as const satisfies readonly Name[];
const entries = names.map((name) => ({
  broker: 'upstox',
  name,
  clientId: 'made-up-app-of-all',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId: users[name],
}));
const at = (time: string): number => ist(`2026-01-13T${time}`);

let world: World;
let gaps: Gaps;
beforeEach(async () => {
  world = await makeWorld({ entries, startAt: at('07:59:00'), sweepEveryMs: 5 * MINUTE_MS });
  gaps = watchGaps(world, names);
  const [owner, ...others] = names.map((name) => users[name]);
  world.command('upstox', 'register', `made-up-app-of-all ${owner}`);
  for (const each of others) world.command('upstox', 'join', `made-up-app-of-all ${each}`);
  await world.runFor(2 * MINUTE_MS);
});
afterEach(() => world.stop());

async function logIn(name: Name, as?: string): Promise<string> {
  let said = '';
  void world.logIn(name, as).then(
    (message) => (said = message),
    (error: unknown) => (said = String(error)),
  );
  await world.runUntil('the page', () => said !== '', MINUTE_MS);
  await world.runFor(SECOND_MS);
  return said;
}
const count = (operation: string, name: Name): number =>
  world.calls({ operation, username: users[name] }).length;
const tokens = (): readonly (string | undefined)[] => names.map((name) => world.token(name));

describe('three users on one app', () => {
  test('each has a token of their own for the day, by one login, and is asked again the next morning', async () => {
    for (const name of names) expect(await logIn(name)).toContain('is logged in');
    expect(new Set(tokens()).size).toBe(3);
    for (const name of names) expect(world.meta(name)).toMatchObject({ userId: users[name] });
    expect(world.openIncidents()).toEqual([]);
    await restart(world);
    await runTo(world, ist('2026-01-14T03:29:59'));
    for (const name of names) {
      expect(gaps.of(name)).toEqual([]);
      expect(count('exchange', name)).toBe(1);
      // Each token is proved by its own user's quota.
      expect(count('profile', name)).toBeGreaterThan(30);
    }
    await runTo(world, ist('2026-01-14T08:00:10'));
    expect(
      world
        .openIncidents()
        .flatMap(({ accounts }) => accounts)
        .toSorted(),
    ).toEqual(names.toSorted());
  });

  test('a browser that is logged in as a colleague is refused and said: nobody serves or loses a token by it', async () => {
    await logIn('two');
    const before = world.token('two');
    expect(await logIn('one', users.two)).toContain('another Upstox user');
    expect(world.token('one')).toBeUndefined();
    expect(world.token('two')).toBe(before);
    expect(await logIn('one')).toContain('is logged in');
    expect(world.meta('one')).toMatchObject({ userId: users.one });
    expect(gaps.of('two')).toEqual([]);
    expect([count('exchange', 'one'), count('exchange', 'two')]).toEqual([1, 2]);
  });

  test('where a new token ends the one before, it ends nobody else’s', async () => {
    world.setSwitch('upstox', 'newTokenKillsOld', 'on');
    for (const name of names) await logIn(name);
    await logIn('three');
    await world.runFor(2 * HOUR_MS);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expect(world.alerts.filter(({ code }) => code === 'died_early')).toEqual([]);
  });

  test('where that is so, a colleague’s login by the wrong link costs their own token: found by the next proof', async () => {
    world.setSwitch('upstox', 'newTokenKillsOld', 'on');
    await logIn('two');
    expect(await logIn('one', users.two)).toContain('another Upstox user');
    await world.runUntil('the proof', () => world.token('two') === undefined, 31 * MINUTE_MS);
    await world.runFor(10 * SECOND_MS);
    expect(world.openIncidents().find(({ code }) => code === 'died_early')?.accounts).toEqual(['two']);
    for (const name of ['one', 'two'] as const) await logIn(name);
    expect([world.meta('one')['userId'], world.meta('two')['userId']]).toEqual([users.one, users.two]);
    expect(count('exchange', 'one') + count('exchange', 'two')).toBe(4);
  });

  test('a changed IP of one, and calls of the others’ programs, touch only that one', async () => {
    for (const name of names) await logIn(name);
    const before = tokens();
    world.command('upstox', 'change-ip', users.two);
    // Whoever spends their quota keeps their own proofs from being made, and no others'.
    world.command('upstox', 'other-calls', `${users.three} 2000`);
    await world.runUntil('the proof', () => world.token('two') === undefined, 31 * MINUTE_MS);
    await world.runFor(10 * SECOND_MS);
    expect(world.openIncidents().find(({ code }) => code === 'died_early')?.accounts).toEqual(['two']);
    expect([world.token('one'), world.token('three')]).toEqual([before[0], before[2]]);
    await logIn('two');
    await world.runFor(HOUR_MS);
    expect(world.openIncidents()).toEqual([]);
    expect(gaps.of('one')).toEqual([]);
    expect(gaps.of('three')).toEqual([]);
  });
});
