import { afterEach, describe, expect, test } from 'vitest';
import type { Snapshot } from './redis/keyspace.ts';
import { watchSpending } from './invariants/calls.ts';
import { makeWorld, type World } from './world.ts';

/*
 * A Redis that lost two sessions of one account, which two processes got one after the other. Either may be back
 * first; the one that was got last is the one that the broker honours.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

const published = (): readonly string[] =>
  world.log.flatMap(({ by, fields }) => (fields['event'] === 'token.published' ? [by] : []));
const logins = (): number => world.calls({ broker: 'ig', operation: 'login' }).length;

/** Lets time pass until two rotations in a row were two processes'; Redis then is as it was before both. */
async function loseTwo(): Promise<{
  readonly older: string;
  readonly newer: string;
  readonly token: string;
}> {
  const snapshots: Snapshot[] = [];
  let seen = published().length;
  world.onStep(() => {
    if (published().length === seen) return;
    seen = published().length;
    snapshots.push(world.redisServer.keyspace.snapshot());
  });
  const lastTwo = (): readonly string[] => published().slice(-2);
  await world.runUntil(
    'two rotations by two processes',
    () => snapshots.length > 2 && new Set(lastTwo()).size === 2,
    20 * MINUTE_MS,
  );
  const [older = '', newer = ''] = lastTwo();
  const token = world.token('IG') ?? '';
  const before = snapshots.at(-3);
  world.loseData(() => before && world.redisServer.keyspace.restore(before));
  return { older, newer, token };
}

describe.each([true, false])('two sessions that two processes got, one STATE_DIR: %s', (sharesDisk) => {
  test.each(['the older', 'the newer', 'neither'] as const)(
    'end in the newer one where who knows %s is back first',
    async (first) => {
      world = await makeWorld({ entries: [ig], replicas: 2, sharesDisk });
      watchSpending(world);
      await world.runFor(MINUTE_MS);
      for (let times = 0; times < 3; times++) {
        const lost = await loseTwo();
        world.redisNet.cutUntil(world.now() + SECOND_MS);
        // So long that the first one is done with it, and so short that no look has begun.
        const late = first === 'the older' ? lost.newer : first === 'the newer' ? lost.older : undefined;
        const replica = world.replicas().find(({ life }) => life.name === late);
        replica?.life.pause(3 * SECOND_MS);
        await world.runUntil('the newer one', () => world.token('IG') === lost.token, 10 * SECOND_MS);
        await world.runFor(MINUTE_MS);
      }
      expect(logins()).toBe(1);
    },
  );
});
