import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../src/redis/keys.ts';
import { ist, upstoxEntry } from '../support/rows/upstox-row.ts';
import { makeWorld, type World } from './world.ts';

/*
 * What a process wrote down and died before it could say. Its heir finds an account about which nobody was told, or
 * a message that nothing keeps open any more.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** A sweep comes each 30 s. */
const SWEPT_MS = 45 * SECOND_MS;
const tv = { username: 'TV', password: 'made-up-pass-tv', renew: true };

let world: World;
afterEach(() => world.stop());

const fieldOf = (name: string, field: string): string | undefined =>
  world.redisServer.keyspace.find(keys.record(name), 'hash')?.fields.get(field);

/** Every process dies in the very step that writes this to Redis; as many others come after a second. */
async function dieOnce(what: string, isWritten: () => boolean, limitMs: number): Promise<void> {
  let isOver = false;
  world.onStep(() => {
    if (isOver || !isWritten()) return;
    isOver = true;
    for (const { life } of world.replicas()) {
      life.kill();
      world.timeline.after(SECOND_MS, async () => void (await world.startReplica()));
    }
  });
  await world.runUntil(what, () => isOver, limitMs);
  await world.runFor(5 * SECOND_MS);
}

describe('a process that dies before it has said that an account fails', () => {
  test('leaves it to the end of the token at the latest, where no other try comes before that', async () => {
    world = await makeWorld({ entries: [tv] });
    await world.runUntil('a token', () => world.token('TV') !== undefined, MINUTE_MS);
    world.fault({ broker: 'tradovate', operation: 'renew', kind: 'status', status: 429 });
    await dieOnce('a renewal', () => fieldOf('TV', 'trouble') !== undefined, 80 * MINUTE_MS);
    await world.runUntil('the end', () => world.token('TV') === undefined, 30 * MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    expect(world.state('TV')).toMatchObject({ state: 'expired', reason: 'rate_limited' });
    expect(world.openIncidents()).toMatchObject([
      { code: 'rate_limited', level: 'critical', accounts: ['TV'] },
    ]);
    world.clearFaults();
    await world.runUntil('a token', () => world.token('TV') !== undefined, 60 * MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    expect(world.alerts.map(({ what }) => what)).toEqual(['opened', 'closed']);
  });

  test('leaves it to the next sweep where a person has to log in', async () => {
    world = await makeWorld({
      entries: [{ broker: 'upstox', ...upstoxEntry }],
      startAt: ist('2026-01-13T09:00:00'),
    });
    const { name } = upstoxEntry;
    await dieOnce('a look', () => world.state(name)['state'] === 'awaiting_approval', MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    await world.runFor(SWEPT_MS);
    expect(world.openIncidents()).toMatchObject([{ level: 'critical', accounts: [name] }]);
  });

  test('has nobody looked at each sweep who waits for the morning', async () => {
    world = await makeWorld({
      entries: [{ broker: 'upstox', ...upstoxEntry }],
      startAt: ist('2026-01-13T01:00:00'),
    });
    await world.runFor(MINUTE_MS);
    const { reason } = world.state(upstoxEntry.name);
    expect(reason).toBe('asked_later');
    const dueAt = world.dueAt(upstoxEntry.name);
    await world.runFor(10 * MINUTE_MS);
    expect(world.dueAt(upstoxEntry.name)).toBe(dueAt);
  });
});

describe('a process that dies before it has said that an account works again', () => {
  test.each([1, 2])('has the message closed by the next sweep, once, by %i processes', async (replicas) => {
    world = await makeWorld({ entries: [tv], replicas });
    const { remove } = world.fault({ broker: 'tradovate', kind: 'status', status: 503 });
    await world.runUntil('a message', () => world.openIncidents().length > 0, 2 * MINUTE_MS);
    remove();
    await dieOnce('a token', () => world.token('TV') !== undefined, 10 * MINUTE_MS);
    expect(world.openIncidents()).toHaveLength(1);
    await world.runFor(SWEPT_MS);
    expect(world.openIncidents()).toEqual([]);
    await world.runFor(2 * 60 * MINUTE_MS);
    expect(world.alerts.map(({ what }) => what)).toEqual(['opened', 'closed']);
  });

  test('has a message stay of what is wrong beside a token that is served', async () => {
    world = await makeWorld({
      entries: [{ username: 'TV', password: 'made-up-pass-tv', discoverAccounts: true }],
    });
    world.fault({ broker: 'tradovate', operation: 'bridge-accounts', kind: 'status', status: 429 });
    await world.runUntil('a message', () => world.openIncidents().length > 0, 2 * MINUTE_MS);
    expect(world.state('TV')).toMatchObject({ state: 'fresh', reason: '' });
    await world.runFor(10 * MINUTE_MS);
    expect(world.alerts.map(({ what }) => what)).toEqual(['opened']);
  });
});

test('a process that stood still before it could say that a person is needed has no message stay after their login', async () => {
  world = await makeWorld({
    entries: [{ broker: 'upstox', ...upstoxEntry }],
    startAt: ist('2026-01-13T09:00:00'),
    replicas: 2,
  });
  const { name } = upstoxEntry;
  world.command('upstox', 'register', `${upstoxEntry.clientId} ${upstoxEntry.userId}`);
  let owner = '';
  let late: (typeof held)[number] | undefined;
  const held = world.replicas();
  world.onStep(() => {
    const { keyspace } = world.redisServer;
    const lease =
      keyspace.typeOf(keys.lease(name)) === 'string'
        ? keyspace.find(keys.lease(name), 'string')?.text
        : undefined;
    owner = lease ?? owner;
    if (late || world.state(name)['state'] !== 'awaiting_approval') return;
    late = held.find(({ life }) => owner.startsWith(`${life.name}:`));
    late?.life.pause(20 * SECOND_MS);
  });
  await world.runFor(5 * SECOND_MS);
  void world.logIn(name);
  await world.runUntil('a token', () => world.token(name) !== undefined, 15 * SECOND_MS);
  await world.runFor(15 * SECOND_MS);
  await world.runFor(SWEPT_MS);
  expect(world.openIncidents()).toEqual([]);
});
