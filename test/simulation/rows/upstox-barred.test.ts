import { afterEach, describe, expect, test } from 'vitest';
import { askingEntry, ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import type { BrokerCall } from '../broker-net.ts';
import { busiest, watchGaps } from '../days/clockwork.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './scene.ts';

/*
 * Four accounts of a desk. Cloudflare turns away everybody behind this egress until a person acts; Upstox turns
 * away one user, whose static IP is not this machine's.
 */

const names = ['one', 'two', 'three', 'four'] as const;
const BARRED_MS = 5 * MINUTE_MS;

let world: World;
afterEach(() => world.stop());

async function begin(kind: 'browser' | 'request'): Promise<void> {
  const like = kind === 'request' ? askingEntry : upstoxEntry;
  const entries = names.map((name, i) => ({
    broker: 'upstox',
    ...like,
    name,
    clientId: `made-up-${name}`,
    userId: `AB000${i + 1}`,
  }));
  world = await makeWorld({ entries, startAt: ist('2026-01-13T07:58:00') });
  for (const [i, name] of names.entries()) {
    world.command('upstox', 'register', `made-up-${name} AB000${i + 1}`);
    const url = world.webhookUrl(name);
    if (url !== undefined) world.command('upstox', 'notifier', `made-up-${name} ${url}`);
  }
}

/** Each of these calls gets a page with 403. */
const bar = (operation: string): { remove(): void } =>
  world.fault({ broker: 'upstox', operation, kind: 'html', status: 403 });
/** Each of the first user's is refused with UDAPI1154. */
function refuseFirst(operation: string): { remove(): void } {
  world.setSwitch('upstox', 'refuseWith', 'UDAPI1154');
  return world.fault({ broker: 'upstox', operation, username: 'AB0001', kind: 'refuse' });
}
const critical = (): readonly string[] =>
  world
    .openIncidents()
    .filter(({ level }) => level === 'critical')
    .map(({ code }) => code);

describe('a page with 403', () => {
  test('to the proofs of served tokens: one account asks for all each five minutes, each token stays, one alert', async () => {
    await begin('browser');
    await logAllIn();
    const gaps = watchGaps(world, names);
    const barred = bar('profile');
    const since = world.now();
    await world.runFor(3 * HOUR_MS);
    const proofs = proofsSince(since);
    expect(busiest(proofs, HOUR_MS)).toBeLessThanOrEqual(HOUR_MS / BARRED_MS + names.length);
    expect(proofs.length).toBeGreaterThan(10);
    expect(critical()).toEqual(['edge_blocked']);
    barred.remove();
    await world.runFor(BARRED_MS + 40 * MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    for (const name of names) expect(gaps.of(name)).toEqual([]);
  });

  test('to the morning’s request: nobody’s phone has rung, so each is asked again, once, and no more than a limit allows', async () => {
    await begin('request');
    const barred = bar('request');
    await world.runFor(5 * MINUTE_MS);
    barred.remove();
    await world.runFor(4 * HOUR_MS);
    const requests = world.calls({ operation: 'request' });
    for (const [i] of names.entries()) {
      const own = requests.filter(({ username }) => username === `AB000${i + 1}`);
      expect(own.length).toBeGreaterThan(0);
      expect(own.length).toBeLessThanOrEqual(2);
    }
    for (const name of names)
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
  });

  test('to a person’s login: they read why, and the next person’s code is tried all the same, since it would expire', async () => {
    await begin('browser');
    bar('exchange');
    await world.runFor(3 * MINUTE_MS);
    for (const name of names.slice(0, 2)) expect(await logIn(name)).toMatch(/calls/);
    const exchanges = world.calls({ operation: 'exchange' });
    expect(new Set(exchanges.map(({ username }) => username)).size).toBe(2);
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'exchange' })).toEqual(exchanges);
  });
});

describe('UDAPI1154 to one user', () => {
  test('to the proof of a served token: it stays, asked about each five minutes, with an alert; the others’ proofs go on', async () => {
    await begin('browser');
    await logAllIn();
    const gaps = watchGaps(world, names);
    const refused = refuseFirst('profile');
    const since = world.now();
    await world.runFor(3 * HOUR_MS);
    const of = (user: string): number =>
      proofsSince(since).filter(({ username }) => username === user).length;
    // The first one fell due within the first half hour.
    expect(of('AB0001')).toBeGreaterThanOrEqual((2.5 * HOUR_MS) / BARRED_MS - 2);
    expect(of('AB0001')).toBeLessThanOrEqual((3 * HOUR_MS) / BARRED_MS);
    for (const other of ['AB0002', 'AB0003', 'AB0004']) expect(of(other)).toBe(6);
    const open = world.openIncidents().map(({ code, level, accounts }) => [code, level, accounts]);
    expect(open).toEqual([['ip_not_allowed', 'critical', ['one']]]);
    refused.remove();
    await world.runFor(BARRED_MS + MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    for (const name of names) expect(gaps.of(name)).toEqual([]);
  });

  test('to the morning’s request: the link stands in its place, and who approves on another phone has a token at once', async () => {
    await begin('request');
    refuseFirst('request');
    const isRefused = (): boolean => world.state('one')['reason'] === 'ip_not_allowed';
    await world.runUntil('the refusal', isRefused, 3 * MINUTE_MS);
    await world.runFor(MINUTE_MS);
    const users = world.calls({ operation: 'request' }).map(({ username }) => username);
    expect(users.toSorted()).toEqual(['AB0001', 'AB0002', 'AB0003', 'AB0004']);
    for (const name of names.slice(1))
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
    world.command('upstox', 'approve', 'made-up-two');
    await world.runFor(10 * SECOND_MS);
    expect(world.token('two')).toBeDefined();
    await world.runFor(4 * HOUR_MS);
    expect(world.calls({ operation: 'request' })).toHaveLength(names.length);
    expect(isRefused()).toBe(true);
  });

  test('to a person’s login: they read why, and the proof that falls due at another is not held up', async () => {
    await begin('browser');
    refuseFirst('exchange');
    await world.runFor(3 * MINUTE_MS);
    expect(await logIn('two')).toContain('is logged in');
    const [proved] = proofsSince(0);
    const dueAt = (proved?.startedAt ?? 0) + 30 * MINUTE_MS;
    await world.runFor(dueAt - 2 * MINUTE_MS - world.now());
    expect(await logIn('one')).toMatch(/address/);
    expect(world.token('one')).toBeUndefined();
    await world.runFor(dueAt + 10 * SECOND_MS - world.now());
    expect(proofsSince(dueAt - 10 * SECOND_MS)).toHaveLength(1);
  });
});

async function logAllIn(): Promise<void> {
  await world.runFor(SECOND_MS);
  for (const name of names) {
    void world.logIn(name, 'user');
    await world.runUntil(`a token of ${name}`, () => world.token(name) !== undefined, 3 * MINUTE_MS);
    await world.runFor(MINUTE_MS);
  }
}

const proofsSince = (instant: number): readonly BrokerCall[] =>
  world.calls({ operation: 'profile' }).filter(({ startedAt }) => startedAt >= instant);

async function logIn(name: string): Promise<string> {
  let said: string | undefined;
  void world.logIn(name, 'user').then(
    (message) => (said = message),
    (error: unknown) => (said = String(error)),
  );
  await world.runUntil('the page', () => said !== undefined, MINUTE_MS);
  return said ?? '';
}
