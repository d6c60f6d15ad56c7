import { expect, test } from 'vitest';
import type { RawEntry } from '../../src/core/broker.ts';
import { MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { kindOf } from './truth.ts';
import { makeWorld, type World } from './world.ts';

/*
 * A process that stands still (a machine that slept, SIGSTOP) for longer than its lease at each of its steps in turn,
 * while another one takes over what it had begun.
 */

/** Longer than any lease, the look that finds it over, and the login that follows. */
const STILL_MS = 90 * SECOND_MS;
/** A call that it had noted before would be at the broker by then. */
const AT_ONCE_MS = 3 * SECOND_MS;
const MOST_STEPS = 400;

const bridge: RawEntry = { username: 'TV', password: 'made-up-pass' };
const api: RawEntry = {
  ...bridge,
  login: 'api',
  api: { appId: 'made-up', appVersion: '1', deviceId: 'made-up', cid: 1, sec: 'made-up-sec' },
};

/** Whether it stood still at all before the act was over, and the calls that it made late. */
interface Stopped {
  readonly stopped: boolean;
  readonly late: readonly string[];
}

async function playStopped(entry: RawEntry, isRenewal: boolean, k: number): Promise<Stopped> {
  const world = await makeWorld({ entries: [entry], replicas: 0 });
  try {
    const one = await world.startReplica();
    if (isRenewal) {
      await world.runUntil('a token', () => world.token('TV') !== undefined, MINUTE_MS);
      await world.runFor((world.dueAt('TV') ?? 0) - SECOND_MS - world.now());
    }
    const before = world.token('TV');
    one.life.pauseAfter(k, STILL_MS);
    const isOver = (): boolean => world.token('TV') !== before;
    await world.runUntil('the end or the stop', () => one.life.isPaused() || isOver(), 5 * MINUTE_MS);
    if (!one.life.isPaused()) return { stopped: false, late: [] };
    const wakesAt = one.life.pausedLastAt();
    await world.startReplica({}, one.disk);
    await world.runUntil('another process to take over', isOver, STILL_MS - SECOND_MS);
    await world.runFor(wakesAt + AT_ONCE_MS - world.now());
    return { stopped: true, late: lateCalls(world, one.life.name, wakesAt) };
  } finally {
    world.stop();
  }
}

const lateCalls = (world: World, by: string, wakesAt: number): readonly string[] =>
  world
    .calls()
    .filter((call) => call.by === by && call.startedAt >= wakesAt && kindOf(call) !== undefined)
    .map(({ operation }) => operation);

test.each([
  { what: 'a first login', entry: bridge, isRenewal: false },
  { what: 'a login in place of a token', entry: bridge, isRenewal: true },
  { what: 'a renewal', entry: api, isRenewal: true },
])(
  '$what that was noted before its process stood still is not sent when it goes on: another one has done it',
  { timeout: 120_000 },
  async ({ entry, isRenewal }) => {
    const late: string[] = [];
    let steps = 0;
    for (let k = 1; k < MOST_STEPS; k++) {
      const played = await playStopped(entry, isRenewal, k);
      if (!played.stopped) break;
      steps = k;
      late.push(...played.late.map((operation) => `${operation}, stopped at step ${k}`));
    }
    expect(late).toEqual([]);
    expect(steps).toBeGreaterThan(5);
    expect(steps).toBeLessThan(MOST_STEPS - 1);
  },
);
