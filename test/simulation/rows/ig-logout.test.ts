import { afterEach, describe, expect, test } from 'vitest';
import {
  answered,
  broken,
  exceeded,
  late,
  security,
  streaming,
  v2,
  v3,
  type Row,
} from '../../support/rows/ig-row.ts';
import { watchGaps } from '../days/clockwork.ts';
import { intervene } from '../interventions.ts';
import { operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

let scene: Scene | undefined;
afterEach(() => scene?.stop());

/** What a DELETE of an OAuth session ends is not documented: whatever it is, nothing of the session is used again. */
describe('deleteKills -> a DELETE, no key, no call while it rests; then one login, served at once', () => {
  test.each(
    (['access', 'pair', 'all'] as const).flatMap((value) =>
      [v3, streaming, v2].map((entry) => {
        const kind = entry.session === 'v2' ? 'v2' : entry.streaming === true ? 'v3, streaming' : 'v3';
        return [value, kind, entry] as const;
      }),
    ),
  )('%s (%s)', async (value, _kind, entry) => {
    scene = await openScene({ broker: 'ig', entry });
    scene.stage.setSwitch('ig', 'deleteKills', value);
    await scene.enable();
    const { world, name } = scene;
    await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
    const before = scene.sent().length;
    expect(await intervene(world, 'logout', name)).toMatchObject({
      state: 'paused',
      session: { ended: true },
    });
    expect(world.token(name)).toBeUndefined();
    expect(world.meta(name)).toEqual({});
    await world.runFor(HOUR_MS);
    // The tokens for streaming may outlive the pair: they are ended by a DELETE of their own.
    const ends = entry.streaming === true ? ['logout', 'logout'] : ['logout'];
    expect(operations(scene.sent().slice(before))).toEqual(ends);
    expect(scene.opened()).toEqual([]);
    await intervene(world, 'resume', name);
    await world.runUntil('a token again', () => world.token(name) !== undefined, MINUTE_MS);
    expect(operations(scene.sent().slice(before)).slice(0, ends.length + 1)).toEqual([...ends, 'login']);
    expect(scene.sent('login')).toHaveLength(2);
    expect(world.state(name)['state']).toBe('fresh');
  });
});

/** A DELETE that IG does not take: the keys are gone all the same, and what the answer asks for holds for all on the key. */
test('a DELETE on a spent key quota -> throttled key_quota_exceeded -> no keys, no call on the key for 10 s, one DELETE', async () => {
  scene = await openScene({ broker: 'ig', entry: v3 });
  await scene.enable();
  const { world, name } = scene;
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  world.fault({ broker: 'ig', operation: 'logout', kind: 'throttle', times: 1 });
  const from = world.now();
  expect(await intervene(world, 'logout', name)).toMatchObject({ session: { ended: false } });
  expect(world.token(name)).toBeUndefined();
  await scene.add({ ...v3, username: 'desk_next' });
  await world.runFor(from + 9 * SECOND_MS - world.now());
  expect(world.token('desk_next')).toBeUndefined();
  await world.runUntil('the token of the other one', () => world.token('desk_next') !== undefined, MINUTE_MS);
  expect(scene.sent('logout')).toHaveLength(1);
  expect(world.state(name)).toMatchObject({ state: 'paused', reason: 'logged_out' });
});

type Signal = readonly [name: string, arrange: Row['arrange'], ended: boolean, why?: RegExp];

const signals: readonly Signal[] = [
  ['401 oauth-token-invalid', answered('logout', 401, security('oauth-token-invalid')), true],
  ['401 client-token-invalid', answered('logout', 401, security('client-token-invalid')), true],
  ['401 account-token-invalid', answered('logout', 401, security('account-token-invalid')), true],
  ['401 client-token-missing', answered('logout', 401, security('client-token-missing')), false, /defect/],
  ['403 api-key-restricted', answered('logout', 403, security('api-key-restricted')), false, /API key/],
  ['403 exceeded-account-allowance', answered('logout', 403, exceeded('account-allowance')), false, /allow/],
  ['401 of an unknown code', answered('logout', 401, security('something-new')), false],
  ['500 system.error', answered('logout', 500, 'system.error'), false],
  ['504 authentication.timeout', answered('logout', 504, security('authentication.timeout')), false],
  ['a page with 503', broken('logout', 'html', 503), false],
  ['a page with 403', broken('logout', 'html', 403), false],
  ['a redirect', broken('logout', 'status', 302), false],
  ['no answer in time', broken('logout', 'stall'), false, /did not answer in time/],
  ['an answer after the deadline', late('logout'), false, /did not answer in time/],
  ['a reset after the effect', broken('logout', 'drop-after'), false, /connection broke/],
  ['ten megabytes', broken('logout', 'large'), false, /larger than 256 KiB/],
  // No body is documented, so that any 2xx will do.
  ['a 200 with garbage', broken('logout', 'garbage'), true],
  ['a 200 with an empty body', broken('logout', 'empty'), true],
];

describe('an answer to the DELETE -> ended, or said that it is not -> one DELETE, no keys, the neighbour on the key served', () => {
  test.each(
    signals.flatMap(([name, arrange, ended, why = /./]) =>
      [v3, v2].map((entry) => {
        const words = `${name} (${entry === v2 ? 'v2' : 'v3'}) -> ${ended ? 'ended' : 'not ended'}`;
        return [words, { entry, arrange, ended, why }] as const;
      }),
    ),
  )('%s', async (_, { entry, arrange, ended, why }) => {
    const neighbour = { ...v3, username: 'desk_next' };
    scene = await openScene({ broker: 'ig', entry });
    const { world, name, stage } = scene;
    await scene.enable();
    await scene.add(neighbour);
    const served = (each: string): boolean => world.token(each) !== undefined;
    await world.runUntil('both tokens', () => served(name) && served('desk_next'), MINUTE_MS);
    const gaps = watchGaps(world, ['desk_next']);
    const livesUntil = world.meta(name)['expiresAt'];
    await scene.arrange(() => arrange(stage));
    const answer = await intervene(world, 'logout', name);
    expect(answer).toMatchObject({
      state: 'paused',
      session: ended
        ? { ended: true, valid_until: null }
        : { ended: false, reason: expect.stringMatching(why) as unknown, valid_until: livesUntil },
    });
    expect(answer.message).not.toMatch(/made-up|key-demo|[<{}]/);
    expect(world.token(name)).toBeUndefined();
    expect(world.meta(name)).toEqual({});
    scene.heal();
    await world.runFor(15 * MINUTE_MS);
    expect(operations(scene.sent())).toEqual(['logout']);
    expect(world.state(name)).toMatchObject({ state: 'paused', reason: 'logged_out' });
    expect(scene.opened()).toEqual([]);
    expect(gaps.of('desk_next')).toEqual([]);
    expect(served('desk_next')).toBe(true);
  });
});

/** Streaming tokens may live on for hours after the session that fetched them. */
describe('a streaming session whose first DELETE fails -> not ended, and said; its streaming tokens are ended all the same', () => {
  test.each([
    ['500', { kind: 'status', status: 500 }, 2],
    ['a reset', { kind: 'drop' }, 2],
    // What IG wants no more of it gets no more of.
    ['a spent quota', { kind: 'throttle' }, 1],
  ] as const)('%s', async (_, fault, deletes) => {
    scene = await openScene({ broker: 'ig', entry: streaming });
    const { world, name } = scene;
    await scene.enable();
    const isStreaming = (): boolean => world.meta(name)['streaming'] !== undefined;
    await world.runUntil('streaming tokens', isStreaming, 2 * MINUTE_MS);
    await scene.arrange(() => void world.fault({ broker: 'ig', operation: 'logout', times: 1, ...fault }));
    expect(await intervene(world, 'logout', name)).toMatchObject({ session: { ended: false } });
    expect(world.token(name)).toBeUndefined();
    await world.runFor(15 * MINUTE_MS);
    expect(operations(scene.sent())).toEqual(Array(deletes).fill('logout'));
    const [, second] = scene.sent();
    expect(second?.call.request.headers['cst'] !== undefined).toBe(deletes === 2);
  });
});
