import { afterEach, describe, expect, test } from 'vitest';
import { ist } from '../../support/rows/upstox.ts';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, runTo, SECOND_MS } from './clockwork.ts';

/* A feast between two working days: who logs in by browser, and who is asked through Upstox. */

const app = (name: string, userId: string, more: object = {}) => ({
  broker: 'upstox',
  name,
  clientId: `made-up-app-${name}`,
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId,
  ...more,
});
const entries = [app('browser', 'AB0001'), app('asked', 'AB0002', { approval: 'request' })];
const names = entries.map(({ name }) => name);

/** 2026-01-13 is a Tuesday. */
const tuesday = (time: string): number => ist(`2026-01-13T${time}`);
const wednesday = (time: string): number => ist(`2026-01-14T${time}`);
const thursday = (time: string): number => ist(`2026-01-15T${time}`);
const friday = (time: string): number => ist(`2026-01-16T${time}`);

let world: World;
afterEach(() => world.stop());

async function open(holidays: string): Promise<void> {
  world = await makeWorld({ entries, holidays, startAt: tuesday('07:30:00'), sweepEveryMs: 5 * MINUTE_MS });
  for (const { name, clientId, userId } of entries) {
    world.command('upstox', 'register', `${clientId} ${userId}`);
    const url = world.webhookUrl(name);
    if (url !== undefined) world.command('upstox', 'notifier', `${clientId} ${url}`);
  }
}

/** Both get the day's token. */
async function answer(): Promise<void> {
  world.command('upstox', 'approve', 'made-up-app-asked');
  void world.logIn('browser');
  await world.runFor(10 * SECOND_MS);
  expect(names.filter((name) => world.token(name) === undefined)).toEqual([]);
}

const requests = (): readonly number[] =>
  world.calls({ operation: 'request' }).map(({ startedAt }) => startedAt);
const rings = (from: number): readonly number[] =>
  world.heard.filter(({ at, rings: calls }) => calls && at >= from).map(({ at }) => at);

describe('a Wednesday between two working days', () => {
  test('that is listed is slept through, and the day after it begins as any other', async () => {
    await open('2026-01-14 Asia/Kolkata # a feast\n');
    await runTo(world, tuesday('08:05:00'));
    expect(requests()).toHaveLength(1);
    await answer();
    await runTo(world, wednesday('03:31:00'));
    for (const name of names) {
      expect(world.token(name)).toBeUndefined();
      expect(world.state(name)).toMatchObject({
        state: 'awaiting_approval',
        reason: 'asked_later',
        // The deadline of Thursday's question.
        expiresAt: new Date(friday('03:30:00')).toISOString(),
      });
    }
    const before = world.calls().length;
    await runTo(world, thursday('07:59:50'));
    expect(world.calls()).toHaveLength(before);
    expect(rings(wednesday('00:00:00'))).toEqual([]);
    expect(world.openIncidents()).toEqual([]);
    await runTo(world, thursday('08:00:10'));
    expect(
      requests()
        .slice(1)
        .map((at) => at - thursday('08:00:00') < 2 * SECOND_MS),
    ).toEqual([true]);
    expect(rings(thursday('08:00:00'))).toHaveLength(1);
    await answer();
    await runTo(world, friday('03:29:00'));
    expect(names.filter((name) => world.token(name) === undefined)).toEqual([]);
    expect(requests()).toHaveLength(2);
  });

  test('that is a holiday elsewhere alone is a working day', async () => {
    await open('2026-01-14 America/New_York\n');
    await runTo(world, tuesday('08:05:00'));
    await answer();
    await runTo(world, wednesday('08:00:10'));
    expect(requests()).toHaveLength(2);
    expect(rings(wednesday('00:00:00'))).toHaveLength(1);
  });
});
