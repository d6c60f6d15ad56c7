import { Queue } from 'bullmq';
import { describe, it } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };
const DESK = { username: 'DESK', password: 'made-up-pass' };
const queueKeys = ({ redis }: ServiceBench): Promise<string[]> => redis.keys('refresher:q*');

/** The job schedulers as BullMQ itself knows them. */
async function schedulers(url: string): Promise<readonly { key: string; every: number | undefined }[]> {
  const { hostname, port } = new URL(url);
  const queue = new Queue('schedule', {
    prefix: 'refresher:q',
    connection: { host: hostname, port: Number(port) },
  });
  try {
    const found = await queue.getJobSchedulers();
    return found.map(({ key, every }) => ({ key, every }));
  } finally {
    await queue.close();
  }
}

describe.concurrent('the schedule', () => {
  const ticks = brokers.map(({ name }) => ({ key: `tick-${name}`, every: 1_000 }));

  it('has one job scheduler for each broker, also after restarts', ({ expect }) =>
    withBench({ entries: [DESK] }, async (bench, { server }) => {
      await bench.keys(['token:DESK']);
      await bench.restart();
      const found = await schedulers(server.url);
      expect(found.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
        ticks.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      );
    }));

  it(
    'that lost an account’s next action has it again within 40 s',
    ({ expect }) =>
      withBench(
        { entries: [DESK, IG, { ...DESK, username: 'WRONG', password: 'made-up-wrong' }] },
        async (bench) => {
          await bench.keys(['token:DESK', 'token:IG']);
          await bench.state('WRONG', 'stopped');
          await bench.redis.del('refresher:due:tradovate', 'refresher:due:ig');
          await until(
            async () =>
              (await bench.redis.zscore('refresher:due:tradovate', 'DESK')) !== null &&
              (await bench.redis.zscore('refresher:due:ig', 'IG')) !== null,
            { what: 'the next actions', timeoutMs: 40_000 },
          );
          // Looked at, not logged in; and the stopped one rests on.
          await until(
            async () =>
              Number(await bench.redis.zscore('refresher:due:tradovate', 'DESK')) > Date.now() + 60_000,
            {
              what: 'the true due time',
            },
          );
          expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(2);
        },
      ),
    60_000,
  );

  it(
    'that lost all keys of its queues goes on: minute-long tokens are renewed, the schedulers are back within 40 s',
    ({ expect }) =>
      withBench(
        { entries: [DESK, IG], simulator: { switches: { ig: { accessTtl: 6 } } } },
        async (bench, { server }) => {
          await bench.keys(['token:DESK', 'token:IG']);
          await bench.redis.del(...(await queueKeys(bench)));
          const from = Date.now();
          let missing = 0;
          while (Date.now() < from + 15_000) {
            if ((await bench.redis.exists('token:IG')) === 0) missing += 1;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          expect(missing).toBe(0);
          await until(async () => (await schedulers(server.url)).length === ticks.length, {
            what: 'the schedulers',
            timeoutMs: 25_000,
          });
          expect(bench.simulator.calls({ operation: 'login' })).toHaveLength(1);
        },
      ),
    60_000,
  );

  it('whose waiting jobs were lost does them within 40 s', ({ expect }) => {
    const entries = Array.from({ length: 30 }, (_, i) => ({ ...DESK, username: `USER_${i}` }));
    const names = entries.map(({ username }) => username);
    return withBench({ entries: entries.slice(0, 5), env: { WORKER_CONCURRENCY: '2' } }, async (bench) => {
      // Five logins prove the network; from then on the rest waits in the queue, not for the ramp.
      await bench.keys(names.slice(0, 5).map((name) => `token:${name}`));
      // Two at a time, a second each.
      bench.simulator.setSwitch('tradovate', 'latencyMs', 1_000);
      await bench.writeCredentials(entries);
      await bench.simulator.waitForCalls({ broker: 'tradovate' }, 9, 10_000);
      await bench.redis.del(...(await queueKeys(bench)));
      await bench.keys(
        names.map((name) => `token:${name}`),
        40_000,
      );
      expect(bench.simulator.peakInFlight('tradovate')).toBeLessThanOrEqual(2);
      for (const username of names) expect(bench.simulator.calls({ username }), username).toHaveLength(1);
    });
  }, 60_000);

  it(
    'that lost its list of TTLs to re-arm keeps the keys alive',
    ({ expect }) =>
      withBench({ entries: [{ ...DESK, ttlSeconds: 45 }] }, async (bench) => {
        await bench.keys(['token:DESK']);
        await bench.redis.del('refresher:rearm');
        await until(async () => (await bench.redis.zscore('refresher:rearm', 'DESK')) !== null, {
          what: 'the next re-arming',
          timeoutMs: 40_000,
        });
        expect(await bench.redis.exists('token:DESK', 'auth:DESK', 'meta:DESK')).toBe(3);
      }),
    60_000,
  );

  it.each([
    'refresher:roster',
    'refresher:names',
    'refresher:contract',
    'refresher:keycheck',
    'refresher:world',
  ])(
    'of which %s was deleted is whole again within 40 s',
    (key) =>
      withBench({ entries: [DESK] }, async (bench) => {
        await bench.keys(['token:DESK', key]);
        await bench.redis.del(key);
        await bench.keys([key], 40_000);
      }),
    60_000,
  );
});
