import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World } from '../world.ts';
import {
  busiest,
  expectAllWell,
  HOUR_MS,
  MINUTE_MS,
  restart,
  runTo,
  SECOND_MS,
  watchGaps,
} from './clockwork.ts';

/* A whole day of a desk: what Tradovate asks for in its course, and what it costs. */

const MIDNIGHT = Date.UTC(2026, 1, 3);
const names = Array.from({ length: 40 }, (_, i) => `USER_${String(i).padStart(2, '0')}`);
const entries = names.map((username, i) => ({
  username,
  password: 'made-up',
  ...(i % 2 === 0 && { renew: true }),
}));

/** At which hour a login is answered so, and how long nobody calls then. */
const troubles = [
  { hour: 3, throttleWith: 'ticket', silenceMs: 15 * SECOND_MS },
  { hour: 9, throttleWith: 'captcha', silenceMs: HOUR_MS },
  { hour: 13, throttleWith: '423', silenceMs: HOUR_MS },
  { hour: 18, throttleWith: '429', silenceMs: HOUR_MS },
] as const;

let world: World;
afterEach(() => world.stop());

test('forty bridge logins, half of them renewing, two replicas: a ticket, a captcha, 423, 429 and restarts', async () => {
  world = await makeWorld({ entries, replicas: 2, startAt: MIDNIGHT, sweepEveryMs: 10 * MINUTE_MS });
  const gaps = watchGaps(world, names);
  const silences: { readonly from: number; readonly until: number }[] = [];
  for (const { hour, throttleWith, silenceMs } of troubles) {
    await runTo(world, MIDNIGHT + hour * HOUR_MS);
    expectAllWell(world, names);
    world.setSwitch('tradovate', 'throttleWith', throttleWith);
    const from = world.calls().length;
    world.fault({ broker: 'tradovate', operation: 'authorize', kind: 'throttle', times: 1 });
    const signal = (): number | undefined =>
      world.calls({ after: from }).find(({ fault }) => fault === 'throttle')?.deliveredAt;
    await world.runUntil(`the answer of ${hour} o'clock`, () => signal() !== undefined, 30 * MINUTE_MS);
    const at = signal() ?? 0;
    silences.push({ from: at, until: at + silenceMs });
    // In the midst of a silence, or soon after a short one, both processes end and others go on.
    await world.runFor(20 * MINUTE_MS);
    await restart(world);
    await world.startReplica();
  }
  await runTo(world, MIDNIGHT + 24 * HOUR_MS);
  expectAllWell(world, names);

  // No call in any of the silences; who had sent already when the answer came is not called back.
  for (const { from, until } of silences) {
    const within = world.calls().filter(({ startedAt }) => startedAt > from + SECOND_MS && startedAt < until);
    expect(within).toEqual([]);
  }
  // A gap is there only where a token ended within a silence, and is over soon after it.
  for (const gap of names.flatMap((name) => gaps.of(name))) {
    const silence = silences.find(({ from, until }) => gap.from >= from && gap.from <= until + MINUTE_MS);
    expect(silence).toBeDefined();
    expect(gap.until - (silence?.until ?? 0)).toBeLessThan(3 * MINUTE_MS);
  }
  // Nothing was sent in vain but the four, and the limits of the day were kept.
  const refused = world.calls().filter(({ fault }) => fault !== undefined);
  expect(refused).toHaveLength(troubles.length);
  expect(busiest(world.calls({ operation: 'renew' }), HOUR_MS)).toBeLessThanOrEqual(15);
  const calls = world.calls().length;
  // A token lives 80 minutes and is replaced after an hour: some 23 a day for each, fewer by the silences.
  expect(calls / names.length).toBeGreaterThan(18);
  expect(calls / names.length).toBeLessThan(26);
  expect(new Set(world.alerts.map(({ code }) => code))).toEqual(
    new Set(['time_penalty', 'captcha', 'lockout_near', 'rate_limited']),
  );
});
