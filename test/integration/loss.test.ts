import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const entries = [
  { username: 'DESK', password: 'made-up-pass', accounts: ['DESK_SUB'] },
  { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' },
  { username: 'WRONG', password: 'made-up-wrong' },
  { username: 'OFF', password: 'made-up-pass', enabled: false },
];
const keys = ['DESK', 'IG'].flatMap((name) => [
  name,
  `token:${name}`,
  `auth:${name}`,
  `meta:${name}`,
  `state:${name}`,
]);
const all = [...keys, 'token:DESK_SUB', 'meta:DESK_SUB', 'state:DESK_SUB', 'state:WRONG', 'state:OFF'];
const generation = async ({ redis }: ServiceBench, name: string): Promise<number> =>
  Number(await redis.hget(`meta:${name}`, 'generation'));

describe.concurrent('a Redis that is emptied while the service runs', () => {
  it('has everything back within seconds, and generations have grown', ({ expect }) =>
    withBench({ entries }, async (bench) => {
      await bench.keys(all);
      for (let round = 1; round <= 3; round++) {
        const before = [await generation(bench, 'DESK'), await generation(bench, 'IG')];
        await bench.redis.flushall();
        await bench.keys(all, 12_000);
        const after = [await generation(bench, 'DESK'), await generation(bench, 'IG')];
        expect(after[0]).toBeGreaterThan(before[0] ?? Infinity);
        expect(after[1]).toBeGreaterThan(before[1] ?? Infinity);
        await bench.state('WRONG', 'stopped');
        await bench.state('OFF', 'disabled');
      }
      expect(await bench.redis.get('refresher:contract')).toBe('1');
      expect(await bench.redis.get('refresher:world')).toBe('simulated');
      expect(await bench.redis.exists('refresher:keycheck')).toBe(1);
      await until(async () => (await bench.redis.keys('refresher:q:schedule:repeat:tick-*')).length > 0, {
        what: 'the job schedulers',
        timeoutMs: 15_000,
      });
      // The verdict is lost with the data: once a loss, never more.
      expect(bench.simulator.calls({ username: 'WRONG' }).length).toBeLessThanOrEqual(4);
      expect((await fetch(`${bench.service.url}/readyz`)).status).toBe(200);
    }));

  it('in the midst of logins loses none of them', ({ expect }) => {
    const users = Array.from({ length: 20 }, (_, i) => `USER_${i}`);
    return withBench(
      {
        entries: users.map((username) => ({ username, password: 'made-up-pass' })),
        simulator: { latencyMs: 400 },
      },
      async (bench) => {
        await bench.simulator.waitForCalls({ broker: 'tradovate' }, 8, 10_000);
        await bench.redis.flushall();
        await bench.keys(
          users.flatMap((user) => [`token:${user}`, `meta:${user}`]),
          20_000,
        );
        for (const user of users) {
          const times = bench.simulator.calls({ username: user }).length;
          expect(times, user).toBeLessThanOrEqual(2);
          expect(await bench.redis.get(`token:${user}`)).toBe(await bench.redis.get(`auth:${user}`));
        }
      },
    );
  });

  it('but for the tokens: a lost record does not cost a login where the token can be read', ({ expect }) =>
    withBench({ entries: [entries[0]] }, async (bench) => {
      await bench.keys(['token:DESK']);
      const [token, before] = [await bench.redis.get('token:DESK'), await generation(bench, 'DESK')];
      await bench.redis.del(...(await bench.redis.keys('refresher:*')));
      await until(async () => (await generation(bench, 'DESK')) > before, {
        what: 'the new record',
        timeoutMs: 12_000,
      });
      expect(await bench.redis.mget('token:DESK', 'auth:DESK', 'token:DESK_SUB')).toEqual([
        token,
        token,
        token,
      ]);
      expect(bench.simulator.calls()).toHaveLength(1);
    }));

  it('of its scripts goes on', ({ expect }) =>
    withBench({ entries: [entries[1]], simulator: { switches: { ig: { accessTtl: 3 } } } }, async (bench) => {
      await bench.keys(['token:IG']);
      await bench.redis.script('FLUSH');
      await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 3, 15_000);
      expect(bench.logged('job.failed')).toEqual([]);
    }));
});
