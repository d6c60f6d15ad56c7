import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { DESK, due, logins, request, rests } from './bench.ts';

/*
 * A refusal is taken for a passing failure, or forgotten at a restart: endless hammering. Seen in
 * NangoHQ/nango#5505 (some 60,000 calls a day for one connection), NousResearch/hermes-agent#98338,
 * openbao/openbao#3747, router-for-me/CLIProxyAPI#1999. Against it: a verdict for each set of credentials, in
 * Redis and on disk, that only other credentials or a person lift.
 */
describe.concurrent('failure mode 7: a refusal forgotten', () => {
  it(
    'a refused password is sent once, whatever happens to the process, to Redis, to the schedule',
    ({ expect }) =>
      withBench({ entries: [{ ...DESK, password: 'made-up-wrong' }] }, async (bench) => {
        await bench.state('DESK', 'stopped');
        for (let looks = 0; looks < 30; looks++) {
          await due(bench, 'DESK');
          await rests(bench, 'DESK', 1_000);
        }
        await bench.restart();
        await request(bench, 'DESK');
        await rests(bench, 'DESK', 11_000);
        await bench.redis.flushall();
        await bench.state('DESK', 'stopped');
        await bench.restart();
        await bench.redis.flushall();
        await bench.restart();
        await bench.state('DESK', 'stopped');
        expect(logins(bench, 'DESK')).toHaveLength(1);
        // Other credentials are another question.
        await bench.writeCredentials([DESK]);
        await bench.state('DESK', 'fresh');
        expect(logins(bench, 'DESK')).toHaveLength(2);
      }),
    60_000,
  );

  it('a person may allow one more try, and one only', ({ expect }) =>
    withBench({ entries: [{ ...DESK, password: 'made-up-wrong' }] }, async (bench) => {
      await bench.state('DESK', 'stopped');
      const wish = JSON.stringify({ at: Date.now(), rearm: true });
      await bench.redis.hset('refresher:account:DESK', 'request', wish);
      await due(bench, 'DESK');
      await until(() => logins(bench, 'DESK').length === 2, { what: 'the one more try' });
      for (let looks = 0; looks < 5; looks++) {
        await due(bench, 'DESK');
        await rests(bench, 'DESK', 1_000);
      }
      await bench.state('DESK', 'stopped');
      expect(logins(bench, 'DESK')).toHaveLength(2);
    }));
});
