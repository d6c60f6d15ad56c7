import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { noteReport } from '../../../src/redis/note-report.ts';
import { restart } from '../days/clockwork.ts';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { HOUR_MS, MINUTE_MS } from './scene.ts';

/* Several accounts on one API key, which IG revokes. */

const entry = (username: string, apiKey = 'key-demo-shared'): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey,
});
const two = [entry('desk_one'), entry('desk_two')];
const names = ['desk_one', 'desk_two'];

let world: World;
afterEach(() => world.stop());

const open = async (entries: readonly RawEntry[], options: Partial<WorldOptions> = {}): Promise<void> => {
  world = await makeWorld({ entries, sweepEveryMs: 10 * MINUTE_MS, ...options });
};
const revoke = (): void => {
  const answer = { status: 403, errorCode: 'error.security.api-key-revoked' };
  for (const username of names) world.command('ig', 'answer', JSON.stringify({ ...answer, username }));
};
/** FLUSHALL. */
function loseRedis(): void {
  world.loseData(() => world.redisServer.keyspace.clear());
  world.redisServer.forgetScripts();
  world.jobs.lose();
  for (const replica of world.replicas()) replica.running()?.schedule.alarm();
}
const logins = (): number => world.calls({ operation: 'login' }).length;
const states = (): readonly unknown[] =>
  names.map((name) => [world.state(name)['state'], world.state(name)['reason']]);
const stopped = names.map(() => ['stopped', 'key_refused']);
const served = names.map(() => ['fresh', '']);
async function mend(): Promise<void> {
  world.command('ig', 'clear-answers');
  for (const name of names) await world.requestRefresh(name, true);
  await world.runFor(2 * MINUTE_MS);
  expect(states()).toEqual(served);
}

describe('a revoked key', () => {
  test('two accounts: one login, both stopped, over a restart, and one incident names both', async () => {
    await open(two);
    revoke();
    await world.runFor(HOUR_MS);
    world.writeEntries([...two, entry('other', 'key-demo-other')]);
    await world.reload();
    await restart(world);
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'login' }).filter(({ username }) => username !== 'other')).toHaveLength(
      1,
    );
    expect(states()).toEqual(stopped);
    expect(world.state('other')['state']).toBe('fresh');
    const [incident, ...more] = world.openIncidents();
    expect([...(incident?.accounts ?? [])].sort()).toEqual(names);
    expect(more).toEqual([]);
  });

  test('is tried no more for each FLUSHALL, nor for one with the process', async () => {
    await open(two);
    revoke();
    await world.runFor(HOUR_MS);
    for (let times = 0; times < 4; times += 1) {
      loseRedis();
      await world.runFor(20 * MINUTE_MS);
    }
    const [first] = world.replicas();
    first?.life.kill();
    loseRedis();
    await world.startReplica({}, first?.disk);
    await world.runFor(20 * MINUTE_MS);
    expect(logins()).toBe(1);
    expect(states()).toEqual(stopped);
  });

  test('mended at IG, after a FLUSHALL: a person asks for both, and no later one brings the refusal back', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    loseRedis();
    await world.runFor(20 * MINUTE_MS);
    expect(states()).toEqual(stopped);
    await mend();
    loseRedis();
    await world.runFor(20 * MINUTE_MS);
    expect(states()).toEqual(served);
  });

  test('mended while the process beside was away with its own disk: neither brings the refusal back', async () => {
    await open(two, { replicas: 2, sweepEveryMs: MINUTE_MS / 2 });
    revoke();
    await world.runFor(5 * MINUTE_MS);
    expect(logins()).toBe(1);
    const [first, second] = world.replicas();
    second?.life.kill();
    await mend();
    await world.startReplica({}, second?.disk);
    await world.runFor(2 * MINUTE_MS);
    first?.life.kill();
    loseRedis();
    await world.runFor(20 * MINUTE_MS);
    expect(states()).toEqual(served);
  });

  test('mended in the moment before Redis went back: the account that was not refused itself goes on', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    const asked = world.calls({ operation: 'login' }).map(({ username }) => username);
    const other = names.find((name) => !asked.includes(name)) ?? '';
    const before = world.redisServer.keyspace.snapshot();
    await mend();
    world.loseData(() => world.redisServer.keyspace.restore(before));
    world.redisNet.cutUntil(world.now() + 1_000);
    await world.runFor(20 * MINUTE_MS);
    expect(world.state(other)['state']).toBe('fresh');
  });

  test('lifted by an earlier version, which leaves no word: a login that works lifts it from the disk too', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    await world.redis.del(...(await world.redis.keys('refresher:refused:*')));
    await mend();
    loseRedis();
    await world.runFor(20 * MINUTE_MS);
    expect(states()).toEqual(served);
  });

  test('while both are served: the other one sends no refresh and no password', async () => {
    await open(two);
    await world.runFor(MINUTE_MS);
    const mark = world.calls().length;
    revoke();
    await world.runFor(HOUR_MS);
    expect(world.calls({ after: mark }).map(({ operation }) => operation)).toEqual(['refresh-token']);
    expect(states()).toEqual(stopped);
  });

  test('another key in the entry: that account goes on', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    world.command('ig', 'clear-answers');
    world.writeEntries([entry('desk_one', 'key-demo-fresh'), entry('desk_two')]);
    await world.reload();
    await world.runFor(5 * MINUTE_MS);
    expect(states()).toEqual([['fresh', ''], stopped[1]]);
  });

  test('mended at IG: a person asks for the one that was not refused itself, and both ways lead on', async () => {
    await open(two);
    revoke();
    await world.runFor(5 * MINUTE_MS);
    const asked = world.calls({ operation: 'login' }).map(({ username }) => username);
    const other = names.find((name) => !asked.includes(name)) ?? '';
    world.command('ig', 'clear-answers');
    await world.requestRefresh(other, true);
    await world.runFor(2 * MINUTE_MS);
    expect(world.state(other)['state']).toBe('fresh');
    expect(logins()).toBe(2);
    await world.requestRefresh(String(asked[0]), true);
    await world.runFor(2 * MINUTE_MS);
    expect(states()).toEqual(names.map(() => ['fresh', '']));
    expect(world.openIncidents()).toEqual([]);
  });

  test('a live key on demo: the live account on the same key is served', async () => {
    await open([
      entry('desk_one', 'key-live-both'),
      { ...entry('desk_two', 'key-live-both'), environment: 'live' },
    ]);
    world.command(
      'ig',
      'answer',
      JSON.stringify({ status: 403, errorCode: 'error.security.api-key-invalid', username: 'desk_one' }),
    );
    world.setSwitch('ig', 'environment', 'live');
    await world.runFor(5 * MINUTE_MS);
    expect(states()).toEqual([stopped[0], ['fresh', '']]);
  });
});

describe('a key that a proof finds revoked', () => {
  const proofsSay = (code: string, ...usernames: readonly string[]): void => {
    for (const username of usernames) {
      const answer = { operation: 'session', status: 403, errorCode: `error.security.${code}`, username };
      world.command('ig', 'answer', JSON.stringify(answer));
    }
  };
  const proofs = (): number => world.calls({ operation: 'session' }).length;
  /** What was sent since that was no proof. */
  const sentSince = (mark: number): readonly string[] =>
    world.calls({ after: mark }).flatMap(({ operation }) => (operation === 'session' ? [] : [operation]));

  test('after a renewal: no password and no refresh of either, both served to their ends, over a restart', async () => {
    await open([{ ...entry('desk_one'), verify: true }, entry('desk_two')]);
    await world.runFor(MINUTE_MS);
    proofsSay('api-key-revoked', 'desk_one');
    const before = proofs();
    await world.runUntil('a proof', () => proofs() > before, MINUTE_MS);
    const mark = world.calls().length;
    const ends = names.map((name) => Date.parse(world.meta(name)['expiresAt'] ?? ''));
    await world.runFor(Math.min(...ends) - world.now() - 1_000);
    expect(names.map((name) => world.token(name) !== undefined)).toEqual([true, true]);
    await world.runFor(HOUR_MS);
    await restart(world);
    await world.runFor(HOUR_MS);
    expect(world.calls({ after: mark })).toEqual([]);
    expect(states()).toEqual(stopped);
    const [incident, ...more] = world.openIncidents();
    expect([...(incident?.accounts ?? [])].sort()).toEqual(names);
    expect(more).toEqual([]);
  });

  test('of a pair that is proved each half hour: no login follows, and the one that is enabled again is used by both', async () => {
    await open(two.map((each) => ({ ...each, session: 'v2' })));
    await world.runFor(10 * MINUTE_MS);
    proofsSay('api-key-disabled', 'desk_one');
    const mark = world.calls().length;
    // Due at 4.5 to 4.8 h: by then a login would go out.
    await world.runFor(5 * HOUR_MS);
    expect(sentSince(mark)).toEqual([]);
    expect(states()).toEqual(stopped);
    expect(names.map((name) => world.token(name) !== undefined)).toEqual([true, true]);
    world.command('ig', 'clear-answers');
    await world.runFor(10 * MINUTE_MS);
    expect(sentSince(mark)).toEqual(['login', 'login']);
    expect(states()).toEqual(names.map(() => ['fresh', '']));
    expect(world.openIncidents()).toEqual([]);
  });

  test('the same, and nobody mends it: each pair is served to its end, and asked about each 5 min at most', async () => {
    await open(two.map((each) => ({ ...each, session: 'v2' })));
    await world.runFor(10 * MINUTE_MS);
    proofsSay('api-key-disabled', ...names);
    const mark = world.calls().length;
    await world.runFor(8 * HOUR_MS);
    expect(sentSince(mark)).toEqual([]);
    expect(states()).toEqual(stopped);
    expect(names.map((name) => world.token(name))).toEqual([undefined, undefined]);
    expect(world.calls({ after: mark }).length).toBeLessThanOrEqual((2 * 6 * HOUR_MS) / (5 * MINUTE_MS));
  });

  test('one that only may not be used for proofs: who else is on the key goes on', async () => {
    await open([{ ...entry('desk_one'), verify: true }, entry('desk_two')]);
    await world.runFor(MINUTE_MS);
    proofsSay('api-key-restricted', 'desk_one');
    await world.runFor(HOUR_MS);
    expect(states()).toEqual([stopped[0], ['fresh', '']]);
    expect(logins()).toBe(2);
  });
});

describe('a served v3 token, reported by a bot, of which the proof says that the client is suspended', () => {
  test('is served to its end: no refresh, no password for two hours, one alert; and the one try that a person allows', async () => {
    await open([entry('desk_one')]);
    await world.runUntil('a token', () => world.token('desk_one') !== undefined, MINUTE_MS);
    const answer = { operation: 'session', status: 403, errorCode: 'error.security.client-suspended' };
    world.command('ig', 'answer', JSON.stringify({ ...answer, username: 'desk_one' }));
    const { generation, expiresAt = '' } = world.meta('desk_one');
    const report = { login: 'desk_one', broker: 'ig', generations: [Number(generation)], present: false };
    const mark = world.calls().length;
    await noteReport(world.redis, { ...report, probed: true, gapMs: 0 }, world.now());
    await world.runFor(Date.parse(expiresAt) - world.now() - 1_000);
    expect(world.token('desk_one')).toBeDefined();
    await world.runFor(2 * HOUR_MS);
    expect(new Set(world.calls({ after: mark }).map(({ operation }) => operation))).toEqual(
      new Set(['session']),
    );
    expect(world.state('desk_one')).toMatchObject({ state: 'stopped', reason: 'account_suspended' });
    expect(world.openIncidents().map(({ code, level }) => [code, level])).toEqual([
      ['account_suspended', 'critical'],
    ]);
    world.command('ig', 'clear-answers');
    await world.requestRefresh('desk_one', true);
    await world.runFor(2 * MINUTE_MS);
    expect(world.state('desk_one')).toMatchObject({ state: 'fresh' });
    expect(logins()).toBe(2);
    expect(world.openIncidents()).toEqual([]);
  });
});
