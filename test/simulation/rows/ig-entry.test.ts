import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RawEntry } from '../../../src/core/broker.ts';
import { answered, exceeded } from '../../support/rows/ig-row.ts';
import { restart, watchGaps } from '../days/clockwork.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './scene.ts';

/* An entry that changes while its session lives: another account, API key or kind of session. */

const old: RawEntry = { broker: 'ig', username: 'desk', password: 'made-up', apiKey: 'key-demo-old' };
const pair: RawEntry = { ...old, session: 'v2' };
const on = (entry: RawEntry, accountId: string): RawEntry => ({ ...entry, accountId });
const newKey = { apiKey: 'key-demo-new' };

let world: World;
afterEach(() => world.stop());

const open = async (entry: RawEntry): Promise<void> => {
  world = await makeWorld({ entries: [entry], sweepEveryMs: 10 * MINUTE_MS });
  await world.runFor(20 * SECOND_MS);
  expect(world.token('desk')).toBeDefined();
};
const change = async (entry: RawEntry, how: 'reload' | 'restart'): Promise<number> => {
  world.writeEntries([entry]);
  const mark = world.calls().length;
  await (how === 'reload' ? world.reload() : restart(world));
  return mark;
};
const served = (): Readonly<Record<string, string>> =>
  z.record(z.string(), z.string()).parse(JSON.parse(world.meta('desk')['headers'] ?? '{}'));
const operations = (mark: number): readonly string[] =>
  world.calls({ after: mark }).map(({ operation }) => operation);

describe('an entry that names something else, v3', () => {
  test.each(['reload', 'restart'] as const)(
    'accountId changed, %s: renewed at once with the new account, no login',
    async (how) => {
      await open(on(old, 'ZZAAA'));
      const mark = await change(on(old, 'ZZBBB'), how);
      await world.runFor(3 * SECOND_MS);
      expect(served()['IG-ACCOUNT-ID']).toBe('ZZBBB');
      expect(world.meta('desk')['accountId']).toBe('ZZBBB');
      // The account is new to the list that came with the login.
      expect(operations(mark)).toEqual(['refresh-token', 'accounts']);
    },
  );

  test('accountId removed: back to the default account', async () => {
    await open(old);
    const usual = served()['IG-ACCOUNT-ID'];
    await change(on(old, 'ZZAAA'), 'reload');
    await world.runFor(5 * MINUTE_MS);
    const mark = await change(old, 'reload');
    await world.runFor(3 * SECOND_MS);
    expect(served()['IG-ACCOUNT-ID']).toBe(usual);
    expect(operations(mark)).toEqual(['refresh-token']);
    await world.runFor(5 * MINUTE_MS);
    expect(served()['IG-ACCOUNT-ID']).toBe(usual);
  });

  test('accountId removed of a pair from the configuration: IG is asked for the default account', async () => {
    await open(old);
    const given = { access_token: world.token('desk') ?? '', refresh_token: 'made-up-not-known' };
    await change({ ...on(old, 'ZZAAA'), oauthToken: given }, 'reload');
    await world.runFor(2 * MINUTE_MS);
    await change(old, 'reload');
    await world.runFor(3 * SECOND_MS);
    expect(served()['IG-ACCOUNT-ID']).toMatch(/^Z[0-9A-F]{4}$/);
  });

  test('apiKey changed: one login with it, never the old pair', async () => {
    await open(old);
    world.command('ig', 'answer', JSON.stringify(mismatch));
    const gaps = watchGaps(world, ['desk']);
    const mark = await change({ ...old, ...newKey }, 'reload');
    await world.runFor(20 * SECOND_MS);
    expect(operations(mark)).toEqual(['login']);
    expect(served()['X-IG-API-KEY']).toBe('key-demo-new');
    expect(world.state('desk')['state']).toBe('fresh');
    expect(gaps.of('desk')).toEqual([]);
  });

  test('session changed to v2: one login, the old token served until it came', async () => {
    await open(old);
    const gaps = watchGaps(world, ['desk']);
    const mark = await change(pair, 'reload');
    await world.runFor(5 * MINUTE_MS);
    expect(operations(mark)).toEqual(['login']);
    expect(served()).toHaveProperty('CST');
    expect(gaps.of('desk')).toEqual([]);
  });
});

/** What IG says of a pair under another key than its own. */
const mismatch = {
  operation: 'refresh-token',
  status: 403,
  errorCode: 'unauthorised.clientId.api-key.mismatch',
};

describe('an entry that names something else, v2', () => {
  test.each(['reload', 'restart'] as const)(
    'accountId changed, %s: withdrawn at once, one login and a switch',
    async (how) => {
      await open(on(pair, 'ZZAAA'));
      const stale = world.token('desk');
      const mark = await change(on(pair, 'ZZBBB'), how);
      await world.runFor(3 * SECOND_MS);
      expect(world.meta('desk')['accountId']).toBe('ZZBBB');
      expect(world.token('desk')).not.toBe(stale);
      expect(operations(mark)).toEqual(['login', 'switch-account']);
      expect(world.openIncidents()).toEqual([]);
    },
  );

  test('accountId changed while logins are throttled: nothing is served on the old account meanwhile', async () => {
    await open(on(pair, 'ZZAAA'));
    void answered('login', 403, exceeded('account-allowance'))(world);
    await change(on(pair, 'ZZBBB'), 'reload');
    await world.runFor(2 * SECOND_MS);
    expect(world.token('desk')).toBeUndefined();
    expect(world.meta('desk')).toEqual({});
    world.command('ig', 'clear-answers');
    await world.runFor(MINUTE_MS);
    expect(world.meta('desk')['accountId']).toBe('ZZBBB');
  });

  test('accountId removed: back to the default account, whatever was switched to', async () => {
    await open(pair);
    const usual = world.meta('desk')['accountId'];
    await change(on(pair, 'ZZAAA'), 'reload');
    await world.runFor(MINUTE_MS);
    expect(world.meta('desk')['accountId']).toBe('ZZAAA');
    const mark = await change(pair, 'reload');
    await world.runFor(3 * SECOND_MS);
    expect(world.meta('desk')['accountId']).toBe(usual);
    expect(operations(mark)).toEqual(['login']);
  });

  test.each([
    ['apiKey', { ...pair, ...newKey }],
    ['session', old],
  ])('%s changed: one login, the old pair served until it came', async (_, entry) => {
    await open(pair);
    const gaps = watchGaps(world, ['desk']);
    const mark = await change(entry, 'reload');
    await world.runFor(20 * SECOND_MS);
    expect(operations(mark)).toEqual(['login']);
    expect(served()['X-IG-API-KEY']).toBe(entry.apiKey);
    expect(gaps.of('desk')).toEqual([]);
  });

  test('an entry that stays as it is: no call by a reload or a restart', async () => {
    await open(on(pair, 'ZZAAA'));
    const mark = await change({ ...on(pair, 'ZZAAA'), ttlSeconds: 3_600 }, 'reload');
    await restart(world);
    await world.runFor(MINUTE_MS);
    expect(operations(mark)).toEqual([]);
  });

  test('an entry that changes while its login is under way: the next look signs in anew', async () => {
    world = await makeWorld({
      entries: [on(pair, 'ZZAAA')],
      latencyMs: [3 * SECOND_MS, 3 * SECOND_MS],
      sweepEveryMs: 10 * MINUTE_MS,
    });
    await world.runUntil('a login', () => world.calls({ operation: 'login' }).length === 1, MINUTE_MS);
    expect(world.token('desk')).toBeUndefined();
    await change(on(pair, 'ZZBBB'), 'reload');
    await world.runFor(30 * SECOND_MS);
    expect(world.meta('desk')['accountId']).toBe('ZZBBB');
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'login' })).toHaveLength(2);
  });
});
