import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { DESK, IG, logins, rotations, WIDE } from './bench.ts';

const MINUTE = 60_000;
const API = {
  ...DESK,
  login: 'api',
  api: { appId: 'made-up', appVersion: '1.0', deviceId: 'made-up', cid: 7, sec: 'made-up' },
};

/*
 * Wrong ideas of time: a margin as long as the life, a backoff longer than the life, seconds taken for
 * milliseconds, clocks that differ. Seen in boto/botocore#2189, cert-manager/cert-manager#4786,
 * kubernetes/kubernetes#124022. Against it: margins and waits in proportion to the life, and bounds on what is believed.
 */
describe.concurrent('failure mode 12: a wrong idea of time', () => {
  it.for(['s', 'ms', 'string', 'absent'])(
    'an expiry in "%s" is read as the eighty minutes it is',
    (unit, { expect }) =>
      withBench(
        { entries: [DESK], simulator: { switches: { tradovate: { 'bridge.expiration': unit } } } },
        async (bench) => {
          await bench.keys(['meta:DESK']);
          const endsIn = Date.parse((await bench.redis.hget('meta:DESK', 'expiresAt')) ?? '') - Date.now();
          expect(endsIn).toBeGreaterThan(79 * MINUTE);
          expect(endsIn).toBeLessThanOrEqual(80 * MINUTE);
        },
      ),
  );

  it('a margin never eats up a short life: a token is used for half of it at least, and no longer than it lives', ({
    expect,
  }) =>
    withBench(
      { entries: [IG], env: WIDE, simulator: { switches: { ig: { accessTtl: 4 } } } },
      async (bench) => {
        await bench.keys(['token:IG']);
        await until(() => rotations(bench).length >= 5, { what: 'five rotations', timeoutMs: 20_000 });
        const at = rotations(bench).map(({ startedAt }) => startedAt);
        for (const [i, instant] of at.entries())
          if (i > 0) {
            expect(instant - at[i - 1]!).toBeGreaterThan(2_000);
            expect(instant - at[i - 1]!).toBeLessThan(4_000);
          }
        expect(logins(bench, 'IG')).toHaveLength(1);
      },
    ));

  it(
    'waits between tries fit into what is left of a life: a failing renewal is tried several times before the end',
    ({ expect }) =>
      withBench(
        { entries: [API], simulator: { switches: { tradovate: { lifetimeSeconds: 40 } } } },
        async (bench) => {
          await bench.keys(['token:DESK']);
          const endsAt = Date.parse((await bench.redis.hget('meta:DESK', 'expiresAt')) ?? '');
          bench.simulator.fault({ broker: 'tradovate', operation: 'renew', kind: 'status', status: 503 });
          await bench.simulator.waitForCalls({ operation: 'renew' }, 3, 40_000);
          const third = bench.simulator.calls({ operation: 'renew' })[2]?.startedAt ?? Infinity;
          expect(third).toBeLessThan(endsAt);
          expect(await bench.redis.exists('token:DESK')).toBe(1);
        },
      ),
    60_000,
  );

  it('a record from a clock that was ahead does not keep its token from being renewed', ({ expect }) =>
    withBench({ entries: [IG], env: WIDE, at: Date.now() + 30 * MINUTE }, async (bench) => {
      await bench.keys(['token:IG']);
      // Set right: the token seems to be born in half an hour, so that its age says nothing.
      bench.simulator.clock.set(Date.now());
      await until(() => bench.logged('clock.jumped').length > 0, { what: 'the jump to be noticed' });
      await until(() => rotations(bench).length > 0, { what: 'a rotation' });
      await bench.state('IG', 'fresh');
      await bench.keys(['token:IG', 'meta:IG']);
      expect(logins(bench, 'IG')).toHaveLength(1);
    }));
});
