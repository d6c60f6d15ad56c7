import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { v2, v3 } from '../../support/rows/ig-row.ts';
import { api, bridge, renewing } from '../../support/rows/tradovate.ts';
import { askingEntry, ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import { runTo } from '../days/clockwork.ts';
import { expectKept, expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { expectWay, logIn } from './upstox-next.ts';

/* No connection, no name in the DNS: nothing has left, so that whatever was to be sent may still be. */

let scene: Scene;
afterEach(() => scene.stop());

const cut = (): Promise<void> =>
  scene.arrange(() => void scene.world.fault({ broker: scene.broker, kind: 'unreachable' }));

/** When the account's tries failed since the arrangement, ms; each for the one reason. */
function tries(from: number): readonly number[] {
  const failed = scene.world.log.filter(
    ({ at, fields }) =>
      at >= from && fields['event'] === 'refresh.failed' && fields['account'] === scene.name,
  );
  for (const { fields } of failed) expect(fields).toMatchObject({ kind: 'transient', code: 'unreachable' });
  return failed.map(({ at }) => at);
}

const apart = (at: readonly number[]): readonly number[] => at.slice(1).map((each, i) => each - (at[i] ?? 0));

const subjects: readonly (readonly [
  name: string,
  broker: string,
  entry: RawEntry,
  signIn: string,
  next: string,
])[] = [
  ['a Tradovate bridge login', 'tradovate', bridge, 'authorize', 'authorize'],
  ['a Tradovate bridge login that renews', 'tradovate', renewing, 'authorize', 'renew'],
  ['a Tradovate API login', 'tradovate', api, 'access-token-request', 'renew'],
  ['an IG v3 login', 'ig', v3, 'login', 'refresh-token'],
  ['an IG v2 login', 'ig', v2, 'login', 'login'],
];

describe('no connection -> transient unreachable -> again after 2 to 30 s while it lasts, then one call', () => {
  test.each(subjects)('%s, at first', async (_, broker, entry, signIn) => {
    scene = await openScene({ broker, entry });
    const { world, name } = scene;
    const from = world.now();
    await cut();
    await scene.enable();
    await world.runFor(10 * MINUTE_MS);
    expect(scene.sent()).toEqual([]);
    expect(tries(from).length).toBeGreaterThan(15);
    expect(Math.min(...apart(tries(from)))).toBeGreaterThanOrEqual(2 * SECOND_MS);
    expect(world.state(name)).toMatchObject({ state: 'backing_off', reason: 'unreachable' });
    expect(scene.opened()).toEqual(['unreachable warning']);
    scene.heal();
    await world.runUntil('a token', () => world.token(name) !== undefined, 33 * SECOND_MS);
    expect(operations(scene.sent())).toEqual([signIn]);
    expectWell(scene);
  });

  test.each(subjects)('%s, when its next token is due', async (_, broker, entry, _signIn, next) => {
    scene = await openScene({ broker, entry });
    const { world, name } = scene;
    await scene.enable();
    await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
    const life = scene.servedUntil() - world.now();
    await world.runUntil('its due time', () => scene.servedUntil() - world.now() < life * 0.45, life);
    const end = scene.servedUntil();
    const from = world.now();
    await cut();
    await world.runUntil('two tries', () => tries(from).length >= 2, life);
    expectKept(scene, end);
    expect(operations(scene.sent())).toEqual([]);
    scene.heal();
    const healedAt = world.now();
    await world.runFor(40 * SECOND_MS);
    const [first] = scene.sent();
    expect(first?.operation).toBe(next);
    expect((first?.call.startedAt ?? 0) - healedAt).toBeLessThan(33 * SECOND_MS);
    expect(scene.sent().filter(({ operation }) => operation !== next)).toEqual([]);
    expectWell(scene);
  });
});

describe('no connection to Upstox', () => {
  async function open(entry: RawEntry): Promise<void> {
    scene = await openScene({ broker: 'upstox', entry, startAt: ist('2026-01-13T07:59:00') });
    await scene.enable();
    const { world, name } = scene;
    world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
    const url = world.webhookUrl(name);
    if (url !== undefined) world.command('upstox', 'notifier', `${upstoxEntry.clientId} ${url}`);
    await world.runFor(2 * SECOND_MS);
  }

  test('at the exchange: the person is told, the code is not kept for later; the next login works', async () => {
    await open(upstoxEntry);
    const from = scene.world.now();
    await cut();
    expect(await logIn(scene)).toMatch(/could not be reached, nothing was sent/);
    await scene.world.runFor(2 * HOUR_MS);
    expect(tries(from)).toHaveLength(1);
    expect(scene.sent()).toEqual([]);
    scene.heal();
    expect(await logIn(scene)).toContain('is logged in');
    await scene.world.runFor(5 * SECOND_MS);
    expect(operations(scene.sent())).toEqual(['exchange', 'profile']);
    expectWell(scene);
  });

  test('at the request: made again until it is answered, once; the link works meanwhile', async () => {
    await open(askingEntry);
    const from = scene.world.now();
    await cut();
    await runTo(scene.world, ist('2026-01-13T08:10:00'));
    expect(tries(from).length).toBeGreaterThan(1);
    expect(scene.sent()).toEqual([]);
    expectWay(scene);
    scene.heal();
    await scene.world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual(['request']);
    expect(scene.world.state(scene.name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
  });

  test('at the half-hourly proof: the token stays, and is proved once it is back', async () => {
    await open(upstoxEntry);
    await logIn(scene);
    const { world } = scene;
    await world.runFor(5 * SECOND_MS);
    await cut();
    await world.runFor(50 * MINUTE_MS);
    expect(scene.sent()).toEqual([]);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    scene.heal();
    await world.runFor(6 * MINUTE_MS);
    expect(operations(scene.sent())).toEqual(['profile']);
    expectWell(scene);
  });
});
