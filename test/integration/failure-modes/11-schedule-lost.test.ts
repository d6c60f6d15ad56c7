import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { scrape } from '../../support/scrape.ts';
import { withBench } from '../../support/service.ts';
import { DESK, IG, WIDE } from './bench.ts';

/*
 * The schedule is silently lost. Seen in taskforcesh/bullmq#1181, #2151 and #3262, pomerium/pomerium#4638,
 * router-for-me/CLIProxyAPI#2556, cert-manager/cert-manager#6602. Against it: a sweep that goes by the accounts and
 * their tokens, not by jobs, and a timer of our own beside BullMQ's.
 */
describe.concurrent('failure mode 11: a schedule silently lost', () => {
  it(
    'an account without a next action has one again within a sweep, stopped ones too',
    ({ expect }) =>
      withBench(
        { entries: [DESK, { ...DESK, username: 'WRONG', password: 'made-up-wrong' }, IG] },
        async (bench) => {
          await bench.keys(['token:DESK', 'token:IG']);
          await bench.state('WRONG', 'stopped');
          await bench.redis.del('refresher:due:tradovate', 'refresher:due:ig');
          await until(
            async () =>
              (await bench.redis.zcard('refresher:due:tradovate')) === 2 &&
              (await bench.redis.zcard('refresher:due:ig')) === 1,
            { what: 'the next actions', timeoutMs: 40_000 },
          );
          expect((await scrape(bench.service.url)).value('accounts_without_next_action')).toBe(0);
          expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(2);
        },
      ),
    60_000,
  );

  it(
    'jobs and schedulers that are gone cost no token: the process looks for itself',
    ({ expect }) =>
      withBench(
        { entries: [IG], env: WIDE, simulator: { switches: { ig: { accessTtl: 5 } } } },
        async (bench) => {
          await bench.keys(['token:IG']);
          const until_ = Date.now() + 10_000;
          let missing = 0;
          while (Date.now() < until_) {
            const queues = await bench.redis.keys('refresher:q*');
            if (queues.length > 0 && Math.random() < 0.02) await bench.redis.del(...queues);
            if ((await bench.redis.exists('token:IG')) === 0) missing += 1;
            await new Promise((resolve) => setTimeout(resolve, 25));
          }
          expect(missing).toBe(0);
          expect(bench.simulator.calls({ operation: 'login' })).toHaveLength(1);
        },
      ),
    40_000,
  );
});
