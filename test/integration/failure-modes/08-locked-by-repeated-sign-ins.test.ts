import { describe, it } from 'vitest';
import { withBench } from '../../support/service.ts';
import { DESK, logins, rests } from './bench.ts';

const MINUTE = 60_000;

/*
 * An account is locked by repeated sign-ins, also by those that timed out, and a restart forgets the count.
 * Seen in Voyz/ibeam#33, #130, #221 (a user disabled for a day) and #276. Against it: every password is charged
 * before it is sent, what nobody answered counts, and the count is in Redis and on disk.
 */
describe.concurrent('failure mode 8: locked by repeated sign-ins', () => {
  it(
    'sign-ins that nobody answers are paced after three, over restarts and an emptied Redis, and never stopped',
    ({ expect }) =>
      withBench(
        {
          entries: [DESK],
          before: ({ brokers }) =>
            brokers.fault({ broker: 'tradovate', operation: 'authorize', kind: 'drop-after' }),
        },
        async (bench) => {
          await bench.simulator.waitForCalls({ operation: 'authorize' }, 3, 50_000);
          await rests(bench, 'DESK', 4 * MINUTE, 30_000);
          await bench.restart();
          await rests(bench, 'DESK', 4 * MINUTE, 30_000);
          await bench.redis.flushall();
          await rests(bench, 'DESK', 4 * MINUTE, 30_000);
          expect(logins(bench, 'DESK').length).toBeLessThanOrEqual(4);
          expect((await bench.redis.hgetall('state:DESK'))['state']).toBe('backing_off');
        },
      ),
    110_000,
  );

  it('one bad password does not use up the network: logins that never worked go one at a time, then wait', ({
    expect,
  }) =>
    withBench(
      {
        entries: Array.from({ length: 8 }, (_, i) => ({ username: `BAD_${i}`, password: 'made-up-wrong' })),
        simulator: { latencyMs: 50 },
      },
      async (bench) => {
        await bench.simulator.waitForCalls({ operation: 'authorize' }, 3, 15_000);
        for (let i = 0; i < 8; i++) await rests(bench, `BAD_${i}`, 20_000, 20_000);
        // Of the five failures an hour that Tradovate allows, two stay for logins that are known to be good.
        expect(bench.simulator.calls({ operation: 'authorize' })).toHaveLength(3);
        expect(bench.simulator.peakInFlight('tradovate', 'authorize')).toBe(1);
      },
    ));
});
