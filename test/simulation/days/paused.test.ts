import { afterEach, describe, expect, test } from 'vitest';
import type { Intervention, InterventionAnswer } from '../../../src/http/desk.ts';
import { bridge } from '../../support/rows/tradovate.ts';
import { intervene } from '../interventions.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart, SECOND_MS } from './clockwork.ts';

let world: World;
afterEach(() => world.stop());

const ig = {
  broker: 'ig',
  name: 'PAIR',
  username: 'IG_PAIR',
  password: 'made-up-pass',
  apiKey: 'made-up-key',
  environment: 'demo',
};
const desk = { broker: 'tradovate', ...bridge, username: 'DESK' };

const say = (what: Intervention, name: string, forMs?: number): Promise<InterventionAnswer> =>
  intervene(world, what, name, forMs);

const served = (...names: readonly string[]): Promise<void> =>
  world.runUntil('tokens', () => names.every((name) => world.token(name) !== undefined), MINUTE_MS);

const callsSince = (from: number): readonly string[] =>
  world
    .calls()
    .filter(({ startedAt }) => startedAt >= from)
    .map(({ operation }) => operation);

describe('a paused account', () => {
  test('makes no call, loses its token at its own end in silence, and ends its pause by itself', async () => {
    world = await makeWorld({ entries: [ig] });
    await served('PAIR');
    const from = world.now();
    expect(await say('pause', 'PAIR', 2 * HOUR_MS)).toMatchObject({
      outcome: 'done',
      state: 'paused',
      until: new Date(from + 2 * HOUR_MS).toISOString(),
    });
    expect(world.state('PAIR')).toMatchObject({ state: 'paused', reason: 'paused' });
    expect(world.token('PAIR')).toBeDefined();
    await world.runFor(2 * MINUTE_MS);
    expect(world.token('PAIR')).toBeUndefined();
    await world.runFor(2 * HOUR_MS - 3 * MINUTE_MS);
    expect(callsSince(from)).toEqual([]);
    expect(world.state('PAIR')).toMatchObject({
      state: 'paused',
      expiresAt: new Date(from + 2 * HOUR_MS).toISOString(),
    });
    expect(world.alerts).toEqual([]);
    await world.runFor(MINUTE_MS + 5 * SECOND_MS);
    expect(world.state('PAIR')['state']).toBe('fresh');
    expect(callsSince(from)).toEqual(['login']);
    expect(world.events.filter(({ at }) => at >= from).map(({ event }) => event['event'])).toEqual([
      'expired',
      'refreshed',
    ]);
  });

  test('stays paused over a restart, a reload and a Redis that lost everything, until it is resumed', async () => {
    world = await makeWorld({ entries: [ig, desk] });
    await served('PAIR', 'DESK');
    await say('pause', 'PAIR');
    await world.runFor(MINUTE_MS);
    const from = world.now();
    await restart(world);
    await world.runFor(5 * MINUTE_MS);
    world.writeEntries([{ ...ig, ttlSeconds: 30 }, desk]);
    await world.reload();
    await world.runFor(5 * MINUTE_MS);
    world.loseData(() => void world.redisServer.keyspace.clear());
    // Also at the looks that follow, which know of no loss any more.
    await world.runFor(3 * HOUR_MS);
    expect(world.token('DESK')).toBeDefined();
    expect(world.state('PAIR')).toMatchObject({ state: 'paused', reason: 'paused' });
    expect(world.calls({ broker: 'ig' }).filter(({ startedAt }) => startedAt >= from)).toEqual([]);
    const resumedAt = world.now();
    await say('resume', 'PAIR');
    await world.runFor(3 * SECOND_MS);
    expect(world.token('PAIR')).toBeDefined();
    expect(world.calls({ broker: 'ig', operation: 'login' }).at(-1)?.startedAt).toBeLessThan(
      resumedAt + 2 * SECOND_MS,
    );
    // Once more: the end of the pause outlives that as well.
    await world.runFor(MINUTE_MS);
    world.loseData(() => void world.redisServer.keyspace.clear());
    await world.runFor(MINUTE_MS);
    expect(world.state('PAIR')['state']).toBe('fresh');
  });

  test('keeps a token whose login was under way, and rests then', async () => {
    world = await makeWorld({ entries: [desk], latencyMs: [3_000, 3_000] });
    await world.runUntil('a login', () => world.calls().length === 1, MINUTE_MS);
    await say('pause', 'DESK');
    await world.runFor(10 * SECOND_MS);
    expect(world.token('DESK')).toBeDefined();
    expect(world.state('DESK')).toMatchObject({ state: 'paused' });
    await world.runFor(2 * HOUR_MS);
    expect(world.calls()).toHaveLength(1);
    expect(world.state('DESK')).toMatchObject({ state: 'paused' });
  });

  test('whose login failed is spoken of no more, and a failure while it rests is not said', async () => {
    world = await makeWorld({ entries: [desk] });
    world.setPassword('tradovate', 'DESK', 'made-up-another-one');
    await world.runUntil('an alert', () => world.openIncidents().length === 1, MINUTE_MS);
    await say('pause', 'DESK');
    await world.runFor(MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    const news = world.alerts.length;
    await world.runFor(HOUR_MS);
    expect(world.alerts).toHaveLength(news);
    await say('resume', 'DESK');
    await world.runFor(MINUTE_MS);
    // The verdict stands: nobody has changed the password.
    expect(world.state('DESK')['state']).toBe('stopped');
    expect(world.openIncidents()).toHaveLength(1);
    expect(world.calls({ operation: 'authorize' })).toHaveLength(1);
  });
});

describe('a logout', () => {
  test('ends the session at the broker, takes the keys in one step, and is not undone by the next look', async () => {
    world = await makeWorld({ entries: [{ ...ig, accounts: ['SUB'] }] });
    await served('PAIR', 'SUB');
    const from = world.now();
    const changes: (readonly string[])[] = [];
    world.onStep((changed) => {
      const gone = changed.filter((key) => /^(?:token|auth|meta):/.test(key));
      if (gone.length > 0) changes.push([...gone].sort());
    });
    const answer = await say('logout', 'PAIR');
    expect(answer).toMatchObject({ outcome: 'done', state: 'paused', session: { ended: true } });
    expect(callsSince(from)).toEqual(['logout']);
    expect(changes).toEqual([['auth:PAIR', 'meta:PAIR', 'meta:SUB', 'token:PAIR', 'token:SUB']]);
    expect(world.events.filter(({ at }) => at >= from).map(({ event }) => event)).toEqual([
      expect.objectContaining({ event: 'removed', username: 'PAIR', names: ['PAIR', 'SUB'] }),
    ]);
    await world.runFor(HOUR_MS);
    expect(callsSince(from)).toEqual(['logout']);
    expect(world.state('SUB')).toMatchObject({ state: 'paused', reason: 'logged_out' });
    expect(world.alerts).toEqual([]);
    await say('resume', 'PAIR');
    await world.runFor(5 * SECOND_MS);
    expect(callsSince(from).filter((operation) => operation !== 'accounts')).toEqual(['logout', 'login']);
    expect(world.token('SUB')).toBeDefined();
    expect(world.events.at(-1)?.event['event']).toBe('refreshed');
  });

  test('takes the keys also where the broker has no call for it, and says until when the token lives', async () => {
    world = await makeWorld({ entries: [desk] });
    await served('DESK');
    const { expiresAt } = world.meta('DESK');
    const answer = await say('logout', 'DESK', HOUR_MS);
    expect(answer).toMatchObject({ outcome: 'done', session: { ended: false, valid_until: expiresAt } });
    expect(world.token('DESK')).toBeUndefined();
    await world.runFor(HOUR_MS - MINUTE_MS);
    expect(world.calls()).toHaveLength(1);
    await world.runFor(2 * MINUTE_MS);
    expect(world.token('DESK')).toBeDefined();
    expect(world.calls()).toHaveLength(2);
  });

  test('that its process does not outlive is made by the next one', async () => {
    world = await makeWorld({ entries: [ig] });
    await served('PAIR');
    const from = world.now();
    let killed = false;
    world.onCall(({ operation }, what) => {
      if (operation !== 'logout' || what !== 'answered' || killed) return;
      killed = true;
      for (const { life } of world.replicas()) life.kill();
      world.timeline.after(SECOND_MS, async () => void (await world.startReplica()));
    });
    expect(await say('logout', 'PAIR')).toMatchObject({ state: 'paused' });
    await world.runFor(MINUTE_MS);
    expect(killed).toBe(true);
    expect(world.token('PAIR')).toBeUndefined();
    expect(callsSince(from).filter((operation) => operation !== 'logout')).toEqual([]);
    expect(world.state('PAIR')).toMatchObject({ state: 'paused', reason: 'logged_out' });
  });
});
