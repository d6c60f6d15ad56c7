import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startRunning, type Running } from '../support/running.ts';

const users = Array.from({ length: 40 }, (_, i) => `USER_${String(i).padStart(2, '0')}`);
const entries = users.map((username) => ({ username, password: `made-up-${username}` }));

describe('forty Tradovate logins at 150 ms, in a process of their own', () => {
  const ends = makeEndings();
  let server: TestRedis;
  let simulator: Simulator;
  let service: Running;
  let tookMs = 0;

  beforeAll(async () => {
    server = ends.add(await startRedis(), stop);
    simulator = ends.add(await startSimulator({ latencyMs: 150 }), stop);
    const redis = server.client();
    const startedAt = Date.now();
    service = ends.add(await startRunning({ redisUrl: server.url, entries, env: simulator.settings }), kill);
    await until(async () => (await redis.exists(...users.map((user) => `token:${user}`))) === users.length, {
      what: 'forty tokens',
      timeoutMs: 30_000,
    });
    tookMs = Date.now() - startedAt;
  });
  afterAll(ends.all);

  const explain = (): void => {
    onTestFailed(() => {
      const calls = simulator.calls({ broker: 'tradovate' });
      const first = Math.min(...calls.map((call) => call.startedAt));
      const last = Math.max(...calls.map((call) => call.endedAt ?? call.startedAt));
      console.log(
        `${calls.length} logins in ${last - first} ms; start to all published: ${tookMs} ms; ` +
          `at most ${simulator.peakInFlight('tradovate')} in flight`,
      );
    });
  };

  it('has ten in flight at once, never eleven', () => {
    explain();
    expect(simulator.peakInFlight('tradovate')).toBe(10);
  });

  it('signs every account in exactly once', () => {
    explain();
    const calls = simulator.calls({ broker: 'tradovate' });
    expect(calls.map((call) => call.username).sort()).toEqual(users);
  });

  it('keeps ten busy: from the first login to the last takes little longer than forty in rows of ten', () => {
    explain();
    const calls = simulator.calls({ broker: 'tradovate' });
    const first = Math.min(...calls.map((call) => call.startedAt));
    const last = Math.max(...calls.map((call) => call.endedAt ?? Infinity));
    // 1, 2, 4, 8 while the network is unproven, then tens: at least 7 rows of 150 ms.
    expect(last - first).toBeLessThan(4_000);
  });

  it('has every key out that the contract names', async () => {
    const redis = server.client();
    for (const user of users) {
      const token = await redis.get(`token:${user}`);
      expect(await redis.get(`auth:${user}`)).toBe(token);
      expect(await redis.lrange(user, 0, -1)).toEqual([`token:${user}`]);
      expect(await redis.hget(`meta:${user}`, 'username')).toBe(user);
      expect(await redis.hget(`state:${user}`, 'state')).toBe('fresh');
    }
    const tokens = await redis.mget(...users.map((user) => `token:${user}`));
    expect(new Set(tokens).size).toBe(users.length);
  });

  it('signs nobody in again after a restart', async () => {
    explain();
    expect((await service.stop()).code).toBe(0);
    service = ends.add(
      await startRunning({ redisUrl: server.url, entries, env: simulator.settings, like: service }),
      kill,
    );
    await service.ready();
    // One that is asked for comes through, so every other one had its turn as well.
    expect((await service.command('refresh', 'USER_00')).code).toBe(0);
    const again = simulator.calls({ broker: 'tradovate' }).slice(users.length);
    expect(again.map((call) => call.username)).toEqual(['USER_00']);
  });
});
