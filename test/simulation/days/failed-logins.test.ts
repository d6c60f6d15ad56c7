import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { elsewhere, v2 } from '../../support/rows/ig-row.ts';
import { bridge } from '../../support/rows/tradovate.ts';
import { keys } from '../../../src/redis/keys.ts';
import { BOOK } from '../alerts.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { MINUTE_MS, restart } from './clockwork.ts';

/* A network may fail a handful of logins before a broker bars it: which ones count, and how many go out at once. */

const numbered = (prefix: string, count: number, entry: RawEntry): readonly RawEntry[] =>
  Array.from({ length: count }, (_, i) => ({ ...entry, username: `${prefix}_${i}` }));

let world: World;
afterEach(() => world.stop());

const open = async (options: WorldOptions): Promise<void> => {
  world = await makeWorld({ sweepEveryMs: 5 * MINUTE_MS, ...options });
};
const logins = (operation: string, prefix = ''): readonly BrokerCall[] =>
  world.calls({ operation }).filter(({ username }) => username?.startsWith(prefix));
const haveTokens = (entries: readonly RawEntry[]): readonly string[] =>
  entries.map(({ username }) => String(username)).filter((name) => world.token(name) !== undefined);

describe('what counts as a failed login', () => {
  test('is not one whose password was right: five refused account numbers hold up no other login', async () => {
    const misplaced = numbered('MISPLACED', 5, { broker: 'ig', ...elsewhere, accountId: 'WRONG' });
    const others = numbered('OTHER', 3, { broker: 'ig', ...v2 });
    await open({ entries: misplaced });
    await world.runFor(MINUTE_MS);
    expect(logins('login', 'MISPLACED')).toHaveLength(5);
    for (const { username } of misplaced) {
      expect(world.state(String(username))).toMatchObject({ state: 'stopped', reason: 'account_refused' });
    }
    world.writeEntries([...misplaced, ...others]);
    await world.reload();
    await world.runFor(MINUTE_MS);
    expect(haveTokens(others)).toHaveLength(3);
  });
});

describe('three passwords refused within the hour, and a Redis that loses everything', () => {
  const entries = numbered('USER', 8, bridge);
  const names = entries.map(({ username }) => String(username));
  const [wrong, right] = [names.slice(0, 3), names.slice(3)];
  const refuseThree = async (): Promise<void> => {
    await open({ entries });
    await world.runUntil('tokens', () => haveTokens(entries).length === 8, 5 * MINUTE_MS);
    for (const name of wrong) {
      world.setPassword('tradovate', name, 'made-up-another-one');
      await world.requestRefresh(name, false);
    }
    await world.runFor(MINUTE_MS);
    for (const name of wrong) expect(world.state(name)['state']).toBe('stopped');
    world.loseData(() => world.redisServer.keyspace.clear());
    for (const replica of world.replicas()) replica.running()?.schedule.alarm();
  };

  test('silence no login whose password is known to be right', async () => {
    await refuseThree();
    await world.runFor(2 * MINUTE_MS);
    expect(right.filter((name) => world.token(name) === undefined)).toEqual([]);
    expect(logins('authorize', 'USER').filter(({ answer }) => answer?.status === 200)).toHaveLength(
      8 + 3 + right.length,
    );
  });

  test('and what was stopped is told of again, once, with what the broker had said', async () => {
    await refuseThree();
    const told = (): readonly string[] =>
      world.alerts.filter(({ at, what }) => what === 'opened' && at >= lostAt).map(({ code }) => code);
    const lostAt = world.now();
    await world.runFor(30_000);
    expect(world.openIncidents()).toMatchObject([
      { broker: 'tradovate', code: 'bad_credentials', level: 'critical' },
    ]);
    expect(world.openIncidents()[0]?.accounts.toSorted()).toEqual(wrong);
    for (const name of wrong) {
      expect(world.state(name)).toMatchObject({ state: 'stopped', reason: 'bad_credentials' });
    }
    await restart(world);
    await world.runFor(5 * MINUTE_MS);
    expect(told()).toEqual(['bad_credentials']);
  });

  test('and a stop of which nobody knows the reason is told of, too', async () => {
    await refuseThree();
    await world.runFor(30_000);
    world.loseData(() => {
      world.redisServer.keyspace.remove(BOOK);
      for (const name of wrong)
        world.redisServer.keyspace.find(keys.record(name), 'hash')?.fields.delete('trouble');
    });
    await world.runFor(2 * MINUTE_MS);
    expect(world.openIncidents()).toMatchObject([{ code: 'stopped', level: 'critical' }]);
    expect(world.openIncidents()[0]?.accounts.toSorted()).toEqual(wrong);
  });
});

describe('new logins of which more have a wrong password than may fail', () => {
  const entries = numbered('USER', 12, bridge);
  const names = entries.map(({ username }) => String(username));
  const wrong = names.slice(0, 6);
  const refusals = (): number =>
    world.log.filter(
      ({ fields }) => fields['event'] === 'refresh.failed' && fields['code'] === 'bad_credentials',
    ).length;
  const begin = async (): Promise<void> => {
    await open({ entries });
    for (const name of wrong) world.setPassword('tradovate', name, 'made-up-another-one');
    await world.runFor(5 * MINUTE_MS);
    expect(refusals()).toBe(3);
  };
  const correct = async (mended: readonly string[]): Promise<void> => {
    const change = (name: string): boolean => mended.includes(name);
    world.writeEntries(
      entries.map((entry) =>
        change(String(entry['username'])) ? { ...entry, password: 'made-up-another-one' } : entry,
      ),
    );
    await world.reload();
    await world.runFor(2 * MINUTE_MS);
  };

  test('say who spent the failures, until when they wait, and what frees them', async () => {
    await begin();
    const waiting = names.filter((name) => world.state(name)['reason'] === 'budget_spent');
    expect(waiting.length).toBeGreaterThan(5);
    const [incident] = world.openIncidents().filter(({ code }) => code === 'budget_spent');
    expect(incident?.level).toBe('critical');
    expect(incident?.accounts.toSorted()).toEqual(waiting.toSorted());
    const record = await world.redis.hgetall(keys.record(waiting[0] ?? ''));
    expect(JSON.parse(record['heldBack'] ?? '{}')).toMatchObject({
      message: expect.stringMatching(
        /^3 of 5 failed logins of this network in 60 min are used: 3 refused \(USER_\d+, USER_\d+, USER_\d+\)\. .*waits until \d\d:\d\d UTC.*refresh NAME --force/,
      ) as unknown,
    });
  });

  test('are tried at once where a person has corrected them in the file, tried before or not', async () => {
    await begin();
    await correct(wrong);
    expect(wrong.filter((name) => world.token(name) === undefined)).toEqual([]);
    expect(refusals()).toBe(3);
  });

  test('are tried at once where a person asks for one by name', async () => {
    await begin();
    const name = names.find((each) => !wrong.includes(each) && world.token(each) === undefined) ?? '';
    await world.requestRefresh(name, true);
    await world.runFor(30_000);
    expect(world.token(name)).toBeDefined();
  });

  test('are never tried so often that the network could be barred, however many are changed', async () => {
    await begin();
    const other = entries.map((entry) => ({ ...entry, password: 'made-up-and-still-wrong' }));
    world.writeEntries(other);
    await world.reload();
    for (const name of names) await world.requestRefresh(name, true);
    await world.runFor(20 * MINUTE_MS);
    expect(refusals()).toBe(4);
  });
});
