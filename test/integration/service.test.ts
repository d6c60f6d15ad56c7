import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';

const users = Array.from({ length: 40 }, (_, i) => `USER_${String(i).padStart(2, '0')}`);
const entries = users.map((username) => ({ username, password: `made-up-${username}` }));

describe('forty Tradovate logins at 150 ms', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  beforeAll(async () => {
    server = await startRedis();
    bench = await startBench({ redisUrl: server.url, entries, simulator: { latencyMs: 150 } });
    await until(
      async () => (await bench.redis.exists(...users.map((user) => `token:${user}`))) === users.length,
      {
        what: 'forty tokens',
        timeoutMs: 20_000,
      },
    );
  });
  afterAll(async () => {
    await bench.stop();
    await server.stop();
  });

  it('are ten in flight at once, never eleven', () => {
    expect(bench.simulator.peakInFlight('tradovate')).toBe(10);
  });

  it('sign each account in once', () => {
    const calls = bench.simulator.calls({ broker: 'tradovate' });
    expect(calls).toHaveLength(40);
    expect(new Set(calls.map((call) => call.username)).size).toBe(40);
  });

  it('ramp up 1, 2, 4, 8 before the network is proven', () => {
    const calls = [...bench.simulator.calls({ broker: 'tradovate' })].sort(
      (a, b) => a.startedAt - b.startedAt,
    );
    const [first, second, third, fourth] = calls;
    expect(second?.startedAt).toBeGreaterThanOrEqual(first?.endedAt ?? Infinity);
    expect(fourth?.startedAt).toBeGreaterThanOrEqual(
      Math.min(second?.endedAt ?? Infinity, third?.endedAt ?? Infinity),
    );
  });

  it('leave every key the contract names', async () => {
    const [user = ''] = users;
    const token = await bench.redis.get(`token:${user}`);
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(await bench.redis.get(`auth:${user}`)).toBe(token);
    expect(await bench.redis.lrange(user, 0, -1)).toEqual([`token:${user}`]);
    const meta = await bench.redis.hgetall(`meta:${user}`);
    expect(meta).toMatchObject({
      broker: 'tradovate',
      username: user,
      environment: 'demo',
      tokenType: 'Bearer',
    });
    expect(JSON.parse(meta['headers'] ?? '')).toMatchObject({ Authorization: `Bearer ${token}` });
    expect(await bench.redis.hgetall(`state:${user}`)).toMatchObject({
      state: 'fresh',
      expiresAt: meta['expiresAt'],
    });
    expect(await bench.redis.ttl(`state:${user}`)).toBe(-1);
    const ttl = await bench.redis.pttl(`token:${user}`);
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
    expect(await bench.redis.get('refresher:contract')).toBe('1');
  });

  it('log in nobody again after a restart', async () => {
    await bench.restart();
    await until(() => bench.log.filter((line) => line['event'] === 'service.ready').length === 2, {
      what: 'the second start',
    });
    expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(40);
  });
});
