import { expect, test } from 'vitest';
import { takeLease } from '../../../src/tending/lease.ts';
import { emptyRecord } from '../../../src/core/session.ts';
import { fakeClock } from '../../support/clock.ts';

const TTL_MS = 9_000;

test('a lease is renewed for as long as any look takes, and no longer', async () => {
  const clock = fakeClock();
  const beganAt = clock.now();
  let extendedAt = 0;
  const held = await takeLease(
    {
      acquire: (name, _network, owner) =>
        Promise.resolve({
          lease: { name, owner, fence: 1 },
          record: emptyRecord,
          isNew: false,
          lastFence: 0,
          silentUntil: 0,
          downUntil: 0,
          behindMs: 0,
          refusedKey: undefined,
        }),
      extend: () => {
        extendedAt = clock.now();
        return Promise.resolve(true);
      },
      release: () => Promise.resolve(),
    },
    clock,
    'IG',
    { broker: 'ig', egress: 'default' },
    'us',
    TTL_MS,
    () => Promise.resolve(),
  );
  let isOverdue = false;
  void held?.overdue.then(() => (isOverdue = true));
  // A call of 6 s, a minute of Redis that does not take its answer, and 30 s.
  await clock.advance(95_000);
  expect([isOverdue, held?.signal.aborted]).toEqual([false, false]);
  await clock.advance(60 * 60_000);
  expect([isOverdue, held?.signal.aborted]).toEqual([true, true]);
  expect(extendedAt - beganAt).toBeLessThan(100_000);
  expect(clock.sleepers()).toBe(0);
});
