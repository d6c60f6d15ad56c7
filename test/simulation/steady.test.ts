import { afterEach, expect, test } from 'vitest';
import { watchTokens } from './invariants/tokens.ts';
import { checkSteady, watchAbsences } from './steady.ts';
import { makeWorld, type World } from './world.ts';

/* What the judge of a desk with two processes and steady brokers forgives: only what no second process could mend. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

/** The judge's verdict on a desk of two processes that loses its token for a while. */
async function judged(work: () => void): Promise<() => void> {
  world = await makeWorld({ entries: [ig], replicas: 2 });
  const tokens = watchTokens(world);
  const absences = watchAbsences(world);
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  await world.runFor(5 * SECOND_MS);
  work();
  await world.runFor(5 * MINUTE_MS);
  expect(tokens.gaps().size).toBe(1);
  return () => checkSteady(world, tokens.gaps(), [], absences);
}

test('a token that ended while no process ran is no fault, where it comes as soon as one runs', async () => {
  const verdict = await judged(() => {
    for (const { life } of world.replicas()) life.kill();
    world.timeline.after(70 * SECOND_MS, async () => void (await world.startReplica()));
  });
  expect(verdict).not.toThrow();
});

test('one that ended while a second process ran is', async () => {
  const verdict = await judged(() => {
    const { remove } = world.fault({ broker: 'ig', kind: 'unreachable' });
    world.timeline.after(70 * SECOND_MS, remove);
    world.replicas()[0]?.life.kill();
  });
  expect(verdict).toThrow('no live token');
});
