import { afterEach, describe, expect, test } from 'vitest';
import type { FaultKind } from '../../../src/simulator/index.ts';
import { askingEntry, ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import { busiest, watchGaps } from '../days/clockwork.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './scene.ts';

/* Upstox, or Cloudflare before it, turns away everybody behind this egress until a person acts: four accounts of a desk. */

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

interface Signal {
  readonly codes?: string;
  readonly kind: FaultKind;
  readonly status?: number;
  readonly code: string;
}
const signals: readonly (readonly [string, Signal])[] = [
  ['UDAPI1154', { codes: 'UDAPI1154', kind: 'refuse', code: 'ip_not_allowed' }],
  ['a page with 403', { kind: 'html', status: 403, code: 'edge_blocked' }],
];
function bar({ codes, kind, status }: Signal, operation: string): { remove(): void } {
  if (codes !== undefined) world.setSwitch('upstox', 'refuseWith', codes);
  return world.fault({ broker: 'upstox', operation, kind, ...(status !== undefined && { status }) });
}
const critical = (): readonly string[] =>
  world
    .openIncidents()
    .filter(({ level }) => level === 'critical')
    .map(({ code }) => code);

describe.each(signals)('%s', (_, signal) => {
  test('to the proofs of served tokens: one account asks for all each five minutes, each token stays, one alert', async () => {
    await begin('browser');
    await world.runFor(SECOND_MS);
    for (const name of names) {
      void world.logIn(name, 'user');
      await world.runUntil(`a token of ${name}`, () => world.token(name) !== undefined, 3 * MINUTE_MS);
      await world.runFor(MINUTE_MS);
    }
    const gaps = watchGaps(world, names);
    const barred = bar(signal, 'profile');
    const after = world.calls().length;
    await world.runFor(3 * HOUR_MS);
    const proofs = world
      .calls({ operation: 'profile' })
      .filter((call) => world.calls().indexOf(call) >= after);
    expect(busiest(proofs, HOUR_MS)).toBeLessThanOrEqual(HOUR_MS / BARRED_MS + names.length);
    expect(proofs.length).toBeGreaterThan(10);
    expect(critical()).toEqual([signal.code]);
    barred.remove();
    await world.runFor(BARRED_MS + 40 * MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    for (const name of names) expect(gaps.of(name)).toEqual([]);
  });

  test('to the morning’s request: each phone’s is tried once that day, and the link stands in its place', async () => {
    await begin('request');
    bar(signal, 'request');
    await world.runFor(4 * HOUR_MS);
    const requests = world.calls({ operation: 'request' });
    expect(new Set(requests.map(({ username }) => username)).size).toBe(requests.length);
    for (const name of names)
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: signal.code });
  });

  test('to a person’s login: they read why, and the next person’s code is tried all the same, since it would expire', async () => {
    await begin('browser');
    bar(signal, 'exchange');
    await world.runFor(3 * MINUTE_MS);
    for (const name of names.slice(0, 2)) expect(await logIn(name)).toMatch(/address|calls/);
    const exchanges = world.calls({ operation: 'exchange' });
    expect(new Set(exchanges.map(({ username }) => username)).size).toBe(2);
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'exchange' })).toEqual(exchanges);
  });
});

async function logIn(name: string): Promise<string> {
  let said: string | undefined;
  void world.logIn(name, 'user').then(
    (message) => (said = message),
    (error: unknown) => (said = String(error)),
  );
  await world.runUntil('the page', () => said !== undefined, MINUTE_MS);
  return said ?? '';
}
