import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { v2, v3 } from '../../support/rows/ig-row.ts';
import { api, bridge, renewing } from '../../support/rows/tradovate.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/*
 * The broker acted, and its answer came when nobody waited for it any more: what came of it is unknown, and is
 * settled by a call that may be made again, never by the late answer.
 */

let scene: Scene;
afterEach(() => scene.stop());

interface Late {
  readonly broker: 'tradovate' | 'ig';
  readonly entry: RawEntry;
  /** The call whose answer is late. */
  readonly operation: string;
  readonly switches?: Readonly<Record<string, unknown>>;
}

/** A first token, unless the first login is the late one; then the call, whose answer comes after a minute. */
async function meet({ broker, entry, operation, switches = {} }: Late, isFirst = false): Promise<void> {
  scene = await openScene({ broker, entry });
  const { world, name } = scene;
  for (const [switchName, value] of Object.entries(switches)) world.setSwitch(broker, switchName, value);
  const slow = { broker, operation, kind: 'slow', ms: MINUTE_MS, times: 1 } as const;
  if (isFirst) await scene.arrange(() => void world.fault(slow));
  await scene.enable();
  if (!isFirst) {
    await world.runUntil('the first token', () => world.token(name) !== undefined, MINUTE_MS);
    await scene.arrange(() => void world.fault(slow));
  }
  const { line, call } = await scene.signal([operation], 6 * HOUR_MS);
  expect(line.fields).toMatchObject({ kind: 'outcome-unknown', code: 'timeout' });
  expect(call).toMatchObject({ effect: true, fault: 'slow' });
}

/** What the broker answered late is nowhere: neither served, nor in hand. */
function expectLateIgnored(): void {
  const { world, name } = scene;
  const late = world.calls({ fault: 'slow' }).map(({ answer }) => JSON.stringify(answer));
  expect(late).toHaveLength(1);
  expect(late[0]).not.toContain(world.token(name));
}

/** What follows within two minutes, and that all is well then and for a while. */
async function settles(calls: readonly string[], lifeMs: number): Promise<void> {
  const { world } = scene;
  await world.runFor(2 * MINUTE_MS);
  // Proofs of a pair come each half hour, and an IG session of a minute has been renewed since.
  const [late] = world.calls({ fault: 'slow' });
  const sent = operations(scene.sent().filter(({ call }) => call.n >= (late?.n ?? 0)));
  expect(sent.slice(0, calls.length)).toEqual(calls);
  expect(sent.slice(calls.length).filter((operation) => operation !== 'refresh-token')).toEqual([]);
  expectLateIgnored();
  await world.runFor(2 * lifeMs);
  expectWell(scene);
}

const sessionsOf = (): unknown => scene.world.command('tradovate', 'sessions', scene.name);

describe('a Tradovate renewal whose answer is late: by the old token again, by a login where that is dead', () => {
  test.each([
    ['an API', 'valid', ['renew', 'renew'], 1, api],
    ['an API', 30, ['renew', 'renew'], 1, api],
    ['an API', 'dead', ['renew', 'renew', 'access-token-request'], 2, api],
    ['a bridge', 'valid', ['renew', 'renew'], 1, renewing],
    ['a bridge', 'dead', ['renew', 'renew', 'authorize'], 2, renewing],
  ] as const)(
    '%s token, oldTokenAfterRenew %s -> %j, %i sessions',
    async (_, oldTokenAfterRenew, calls, sessions, entry) => {
      await meet({ broker: 'tradovate', entry, operation: 'renew', switches: { oldTokenAfterRenew } });
      await scene.world.runFor(MINUTE_MS);
      expect(sessionsOf()).toEqual({ alive: sessions });
      await settles(calls, 80 * MINUTE_MS);
      expect(scene.gaps()).toEqual([]);
    },
  );
});

describe('a Tradovate login whose answer is late: one more after 5 to 30 s, which closes the oldest session', () => {
  test.each([
    ['an API', api, 'access-token-request'],
    ['a bridge', bridge, 'authorize'],
  ] as const)('%s, at first: two sessions of two', async (_, entry, operation) => {
    await meet({ broker: 'tradovate', entry, operation }, true);
    await scene.world.runFor(MINUTE_MS);
    expect(sessionsOf()).toEqual({ alive: 2 });
    await settles([operation, operation], 80 * MINUTE_MS);
    expect(scene.opened()).toEqual(['timeout warning']);
  });

  test('a bridge, beside a live token: the token is served until the next, though its session may be the closed one', async () => {
    await meet({ broker: 'tradovate', entry: bridge, operation: 'authorize' });
    await scene.world.runFor(MINUTE_MS);
    expect(sessionsOf()).toEqual({ alive: 2 });
    await settles(['authorize', 'authorize'], 80 * MINUTE_MS);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual(['timeout notice']);
  });
});

describe('an IG refresh whose answer is late: the refresh token never again, the token proved, one login', () => {
  test.each([
    ['valid', 'dead'],
    ['valid', 'valid'],
    ['dead', 'dead'],
  ] as const)('oldAccessToken %s, oldRefreshToken %s', async (oldAccessToken, oldRefreshToken) => {
    const switches = { oldAccessToken, oldRefreshToken };
    await meet({ broker: 'ig', entry: v3, operation: 'refresh-token', switches });
    await settles(['refresh-token', 'session', 'login'], MINUTE_MS);
    expect(scene.opened()).toEqual([]);
    expect(scene.gaps()).toHaveLength(oldAccessToken === 'dead' ? 1 : 0);
    for (const { from, until } of scene.gaps()) expect(until - from).toBeLessThan(2 * SECOND_MS);
  });
});

describe('an IG login whose answer is late: one more after 5 to 30 s', () => {
  test.each([
    ['v3', 'keeps', v3],
    ['v3', 'kills-first', v3],
    ['v2', 'keeps', v2],
  ] as const)('%s, at first, secondLogin %s', async (_, secondLogin, entry) => {
    await meet({ broker: 'ig', entry, operation: 'login', switches: { secondLogin } }, true);
    await settles(['login', 'login'], entry === v2 ? 6 * HOUR_MS : MINUTE_MS);
    expect(scene.opened()).toEqual(['timeout warning']);
  });

  test.each(['keeps', 'kills-first'] as const)(
    'v2, beside a live pair, secondLogin %s: the pair is served meanwhile',
    async (secondLogin) => {
      await meet({ broker: 'ig', entry: v2, operation: 'login', switches: { secondLogin } });
      await settles(['login', 'login'], 6 * HOUR_MS);
      expect(scene.gaps()).toEqual([]);
    },
  );
});
