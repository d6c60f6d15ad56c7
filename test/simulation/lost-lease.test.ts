import { afterEach, expect, test } from 'vitest';
import { MINUTE_MS, SECOND_MS } from './days/clockwork.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

const CALL_MS = 6 * SECOND_MS;
const LEASE_MS = 9 * SECOND_MS;

test('a call is given up as soon as its lease is found to be another’s, and not when its time is over', async () => {
  const entry = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
  world = await makeWorld({ entries: [entry], replicas: 1 });
  await world.runUntil('a token', () => world.token('IG') !== undefined, MINUTE_MS);
  world.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms: MINUTE_MS, times: 1 });
  let takenAt = Infinity;
  world.onCall((call, what) => {
    if (call.operation !== 'refresh-token' || what !== 'arrived' || takenAt < Infinity) return;
    takenAt = world.now();
    world.redisServer.keyspace.put('refresher:lease:IG', { type: 'string', text: 'somebody else' });
  });
  const failures = (): readonly number[] =>
    world.log
      .filter(({ at, fields }) => at > takenAt && fields['event'] === 'refresh.failed')
      .map(({ at }) => at);
  await world.runUntil('the call’s end', () => failures().length > 0, 2 * MINUTE_MS);
  const [endedAt = Infinity] = failures();
  expect(endedAt - takenAt).toBeLessThan(CALL_MS - SECOND_MS);
  expect(endedAt - takenAt).toBeLessThanOrEqual(LEASE_MS / 3 + SECOND_MS / 2);
});
