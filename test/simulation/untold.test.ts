import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../src/redis/keys.ts';
import { makeWorld, type World } from './world.ts';

/*
 * What a process wrote down and died before it could say. Its heir finds an account about which nobody was told, or
 * a message that nothing keeps open any more.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const tv = { username: 'TV', password: 'made-up-pass-tv', renew: true };

let world: World;
afterEach(() => world.stop());

const fieldOf = (name: string, field: string): string | undefined =>
  world.redisServer.keyspace.find(keys.record(name), 'hash')?.fields.get(field);

/** Every process dies in the very step that writes this to Redis; another one comes after a second. */
async function dieOnce(what: string, isWritten: () => boolean, limitMs: number): Promise<void> {
  let isOver = false;
  world.onStep(() => {
    if (isOver || !isWritten()) return;
    isOver = true;
    for (const { life } of world.replicas()) life.kill();
    world.timeline.after(SECOND_MS, async () => void (await world.startReplica()));
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
});
