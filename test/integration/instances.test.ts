import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeInstances } from '../../src/redis/instances.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('the processes that serve', () => {
  it('are noted by the server’s clock, whatever their own says', async () => {
    const redis = server.client();
    const serverNow = async (): Promise<number> => Number((await redis.time())[0]) * 1_000;
    const one = makeInstances(redis, 'one');
    const from = await serverNow();
    await one.beat();
    const at = Number(await redis.zscore('refresher:instances', 'one'));
    expect(at).toBeGreaterThanOrEqual(from);
    expect(at).toBeLessThan((await serverNow()) + 1_000);
    expect(await makeInstances(redis, 'other').others()).toBe(1);
    await one.leave();
    expect(await makeInstances(redis, 'other').others()).toBe(0);
  });

  it('are gone once they have not shown themselves for twenty seconds', async () => {
    const redis = server.client();
    await makeInstances(redis, 'silent').beat();
    const watcher = makeInstances(redis, 'watcher');
    expect(await watcher.others()).toBeGreaterThan(0);
    await redis.zincrby('refresher:instances', -20_001, 'silent');
    await watcher.beat();
    expect(await redis.zscore('refresher:instances', 'silent')).toBeNull();
  });
});
