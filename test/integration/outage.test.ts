import { describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };
const DESK = { username: 'DESK', password: 'made-up-pass' };
const spent = ({ simulator }: ServiceBench): readonly (string | undefined)[] =>
  simulator.calls({ operation: 'refresh-token' }).map((call) => call.spent);
const logins = ({ simulator }: ServiceBench): number => simulator.calls({ operation: 'login' }).length;
const durable = { server: { durable: true, own: true } } as const;
const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.concurrent('a Redis that is away', () => {
  it('and comes back with its data: the service goes on, and logs in nobody again', ({ expect }) =>
    withBench({ ...durable, entries: [DESK, IG] }, async (bench, { server }) => {
      await bench.keys(['token:DESK', 'token:IG']);
      const tokens = await bench.redis.mget('token:DESK', 'token:IG');
      for (let round = 0; round < 2; round++) {
        await server.kill();
        await until(async () => (await fetch(`${bench.service.url}/readyz`)).status === 503, {
          what: 'not to be ready',
        });
        expect((await fetch(`${bench.service.url}/livez`)).status).toBe(200);
        await server.restart();
        await until(async () => (await fetch(`${bench.service.url}/readyz`)).status === 200, {
          what: 'to be ready again',
          timeoutMs: 5_000,
        });
      }
      expect(await bench.redis.mget('token:DESK', 'token:IG')).toEqual(tokens);
      expect(bench.simulator.calls()).toHaveLength(2);
      // And works: a refresh that falls due now is made.
      await bench.redis.hset(
        'refresher:account:DESK',
        'request',
        JSON.stringify({ at: Date.now(), rearm: false }),
      );
      await bench.redis.zadd('refresher:due:tradovate', Date.now(), 'DESK');
      await bench.simulator.waitForCalls({ username: 'DESK' }, 2, 5_000);
    }));

  it(
    'for 15 s under IG tokens: refreshed within a second or two of its return, no second login',
    ({ expect }) =>
      withBench(
        { ...durable, entries: [IG], simulator: { switches: { ig: { accessTtl: 20 } } } },
        async (bench, { server }) => {
          await bench.keys(['token:IG']);
          await server.kill();
          await forMs(15_000);
          const before = bench.simulator.calls().length;
          await server.restart();
          await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 6_000);
          await bench.keys(['token:IG', 'meta:IG'], 3_000);
          expect(before).toBe(1);
          expect(logins(bench)).toBe(1);
          expect(new Set(spent(bench)).size).toBe(spent(bench).length);
        },
      ),
    40_000,
  );

  it(
    'while a refresh is under way, for a moment: what IG answered is not lost',
    ({ expect }) =>
      withBench(
        { ...durable, entries: [IG], simulator: { switches: { ig: { accessTtl: 20 } } } },
        async (bench, { server }) => {
          await bench.keys(['token:IG']);
          bench.simulator.setSwitch('ig', 'latencyMs', 2_000);
          const token = await bench.redis.get('token:IG');
          await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 16_000);
          // Away when the answer comes, back a second and a half later.
          await server.kill();
          const [call] = await until(
            () => {
              const calls = bench.simulator.calls({ operation: 'refresh-token', status: 200 });
              return calls.length > 0 && calls;
            },
            { what: 'the answer' },
          );
          expect(call?.status).toBe(200);
          await forMs(1_500);
          await server.restart();
          await until(
            async () => {
              const present = await bench.redis.get('token:IG');
              return present !== null && present !== token;
            },
            { what: 'the new token', timeoutMs: 20_000 },
          );
          expect(new Set(spent(bench)).size).toBe(spent(bench).length);
          expect(logins(bench)).toBe(1);
        },
      ),
    50_000,
  );

  it('when the service starts is waited for', ({ expect }) =>
    withBench({ ...durable, entries: [DESK] }, async (bench, { server }) => {
      await bench.keys(['token:DESK']);
      await bench.service.stop();
      await server.kill();
      const restarting = bench.restart();
      await forMs(2_000);
      await server.restart();
      await restarting;
      await until(async () => (await fetch(`${bench.service.url}/readyz`)).status === 200, {
        what: 'to be ready',
      });
      expect(bench.simulator.calls()).toHaveLength(1);
    }));

  it('and comes back empty: everything is there again, generations have grown', ({ expect }) =>
    withBench({ server: { own: true }, entries: [DESK, IG] }, async (bench, { server }) => {
      await bench.keys(['token:DESK', 'token:IG']);
      const before = Number(await bench.redis.hget('meta:IG', 'generation'));
      await server.kill();
      await server.restart();
      await bench.keys(['token:DESK', 'auth:DESK', 'token:IG', 'meta:IG'], 15_000);
      expect(Number(await bench.redis.hget('meta:IG', 'generation'))).toBeGreaterThan(before);
    }));

  it.each([
    ['when a refresh falls due', 0],
    ['while a refresh is under way', 2_000],
  ])(
    'that hangs for five seconds %s costs no token and no login',
    (_, latencyMs) =>
      withBench(
        { entries: [IG], simulator: { switches: { ig: { accessTtl: 40 } } } },
        async (bench, { server }) => {
          await bench.keys(['token:IG']);
          const token = await bench.redis.get('token:IG');
          bench.simulator.setSwitch('ig', 'latencyMs', latencyMs);
          const reader = hammer(() => bench.redis.exists('token:IG', 'auth:IG', 'meta:IG'));
          // Due now, as at the end of its time: what a claim has taken is lost with the claim's answer.
          await bench.redis.hset('refresher:account:IG', 'renewAt', Date.now());
          await bench.redis.zadd('refresher:due:ig', Date.now(), 'IG');
          if (latencyMs > 0) await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 5_000);
          await server.client().call('CLIENT', 'PAUSE', '5000', 'ALL');
          await until(async () => (await bench.redis.get('token:IG')) !== token, {
            what: 'the new token',
            timeoutMs: 30_000,
          });
          await reader.stop();
          expect(reader.seen.filter(({ value }) => value !== 3)).toEqual([]);
          expect(new Set(spent(bench)).size).toBe(spent(bench).length);
          expect(logins(bench)).toBe(1);
        },
      ),
    45_000,
  );
});
