import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { brokers } from '../../../src/brokers/index.ts';
import { until } from '../../support/poll.ts';
import { startProxy, type Proxy } from '../../support/proxy.ts';
import { startRedis } from '../../support/redis.ts';
import type { ServiceBench } from '../../support/service.ts';
import { DESK, dueNow, during, IG, isReady, logins, served, spent } from './deployed.ts';

/** The service reaches Redis through the proxy, the test without it. */
const apart = (
  accessTtl: number,
  work: (bench: ServiceBench, proxy: Proxy) => Promise<void>,
): Promise<void> =>
  during(startRedis, ({ url, port }) =>
    during(
      () => startProxy(port),
      (proxy) =>
        served(
          {
            redisUrl: url,
            connect: () => new Redis(url),
            env: { REDIS_URL: `redis://127.0.0.1:${proxy.port}${new URL(url).pathname}` },
            entries: [DESK, IG],
            simulator: { switches: { ig: { accessTtl } } },
          },
          async (bench) => {
            await bench.keys(['token:DESK', 'token:IG']);
            await until(() => isReady(bench), { what: 'to be ready' });
            await work(bench, proxy);
          },
        ),
    ),
  );

const renewed = ({ redis }: ServiceBench, token: string | null): Promise<unknown> =>
  until(async () => ![null, token].includes(await redis.get('token:IG')), {
    what: 'the new token',
    timeoutMs: 20_000,
  });

describe.concurrent('a network between the service and Redis', () => {
  it(
    'that is cut while a refresh is under way costs no second login, and no refresh token twice',
    ({ expect }) =>
      apart(30, async (bench, proxy) => {
        const token = await bench.redis.get('token:IG');
        bench.simulator.setSwitch('ig', 'latencyMs', 1_000);
        await dueNow(bench.redis);
        await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 10_000);
        proxy.cut();
        await until(async () => !(await isReady(bench)), { what: 'not to be ready' });
        await until(() => bench.simulator.calls({ operation: 'refresh-token', status: 200 }).length > 0, {
          what: 'the answer that cannot be stored',
        });
        proxy.heal();
        await until(() => isReady(bench), { what: 'to be ready again', timeoutMs: 5_000 });
        await renewed(bench, token);
        expect(logins(bench)).toBe(1);
        expect(new Set(spent(bench)).size).toBe(spent(bench).length);
        expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(1);
      }),
    40_000,
  );

  it(
    'that loses the connections without a word: they are given up within seconds, and a refresh is made',
    ({ expect }) =>
      apart(60, async (bench, proxy) => {
        const token = await bench.redis.get('token:IG');
        const before = proxy.connections();
        proxy.blackhole('open');
        const from = Date.now();
        await until(async () => !(await isReady(bench)), { what: 'not to be ready', timeoutMs: 5_000 });
        await dueNow(bench.redis);
        await renewed(bench, token);
        expect(Date.now() - from).toBeLessThan(14_000);
        expect(proxy.connections()).toBeGreaterThan(before);
        expect(logins(bench)).toBe(1);
        expect(new Set(spent(bench)).size).toBe(spent(bench).length);
        // Those of the queues too, so that jobs run again.
        await until(async () => (await bench.redis.zcard('refresher:queued:ig')) === 0, {
          what: 'the job to have been taken',
        });
      }),
    40_000,
  );

  it(
    'that swallows everything for ten seconds: ready again within five, nobody logged in',
    ({ expect }) =>
      apart(60, async (bench, proxy) => {
        const tokens = await bench.redis.mget('token:DESK', 'token:IG');
        proxy.blackhole('all');
        await until(async () => !(await isReady(bench)), { what: 'not to be ready', timeoutMs: 5_000 });
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        proxy.heal();
        await until(() => isReady(bench), { what: 'to be ready again', timeoutMs: 5_000 });
        expect(await bench.redis.mget('token:DESK', 'token:IG')).toEqual(tokens);
        await dueNow(bench.redis);
        await renewed(bench, tokens[1] ?? null);
        expect(logins(bench)).toBe(1);
      }),
    40_000,
  );

  it('that is slow, 100 ms either way, is served over', ({ expect }) =>
    apart(60, async (bench, proxy) => {
      const token = await bench.redis.get('token:IG');
      // One for what the service keeps, one to wait for reports, and for each queue one to write, one to read and one
      // to wait on.
      expect(proxy.connections()).toBe(2 + 3 * (brokers.length + 1));
      proxy.latencyMs = 100;
      await dueNow(bench.redis);
      await renewed(bench, token);
      expect(await isReady(bench)).toBe(true);
      expect(logins(bench)).toBe(1);
    }));
});
