import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { startProxy } from '../../support/proxy.ts';
import { copied, hasServer, startNode, type RedisNode } from '../../support/redis-process.ts';
import { begin, dueNow, during, IG, isReady, logins, served, spent } from './deployed.ts';

const follow = async (replica: RedisNode, master: RedisNode): Promise<void> => {
  await replica.admin.replicaof('127.0.0.1', master.port);
  await until(async () => (await replica.admin.info('replication')).includes('master_link_status:up'), {
    what: 'the replica to follow',
  });
};
const lead = ({ admin }: RedisNode): Promise<unknown> => admin.replicaof('NO', 'ONE');

const renewed = async (at: Redis, token: string | null): Promise<void> => {
  await dueNow(at);
  await until(async () => ![null, token].includes(await at.get('token:IG')), { what: 'the new token' });
};

describe.runIf(hasServer()).concurrent('a server that becomes a replica under the connection', () => {
  it(
    'is left for the one that answers at its address by then, and refreshes go on within ten seconds',
    ({ expect }) =>
      during(startNode, (old) =>
        during(startNode, (next) =>
          during(
            () => startProxy(old.port),
            async (address) => {
              await follow(next, old);
              const env = { REDIS_URL: `redis://127.0.0.1:${address.port}` };
              const connect = (): Redis => new Redis(old.url);
              await served({ redisUrl: old.url, connect, env, entries: [IG] }, async (bench) => {
                await bench.keys(['token:IG']);
                const token = await bench.redis.get('token:IG');
                await copied(old.admin);
                address.leadTo(next.port);
                await lead(next);
                await follow(old, next);
                const from = Date.now();
                await renewed(next.admin, token);
                expect(Date.now() - from).toBeLessThan(10_000);
                expect(logins(bench)).toBe(1);
                expect(new Set(spent(bench)).size).toBe(spent(bench).length);
                await until(() => isReady(bench), { what: 'to be ready' });
                expect(bench.logged('redis.readonly')).toHaveLength(1);
                // A second one: nobody is left behind at the new address either.
                const second = await next.admin.get('token:IG');
                await renewed(next.admin, second);
                expect(logins(bench)).toBe(1);
              });
            },
          ),
        ),
      ),
    40_000,
  );

  it(
    'and stays the only one for five seconds makes the service unready, not loud, and is served once it leads',
    ({ expect }) =>
      during(startNode, (only) =>
        during(startNode, (other) =>
          served({ redisUrl: only.url, entries: [IG] }, async (bench) => {
            await bench.keys(['token:IG']);
            const token = await bench.redis.get('token:IG');
            await follow(other, only);
            await lead(other);
            await follow(only, other);
            await until(
              async () => (await (await fetch(`${bench.service.url}/readyz`)).text()).includes('replica'),
              { what: 'not to be ready, for that reason' },
            );
            await new Promise((resolve) => setTimeout(resolve, 5_000));
            expect(bench.logged('redis.readonly').length).toBeLessThanOrEqual(1);
            expect(bench.logged('redis.ready')).toHaveLength(1);
            await lead(only);
            const from = Date.now();
            await renewed(only.admin, token);
            expect(Date.now() - from).toBeLessThan(10_000);
            await until(() => isReady(bench), { what: 'to be ready' });
            expect(logins(bench)).toBe(1);
          }),
        ),
      ),
    40_000,
  );

  it('is waited for where the service starts in the midst of it', ({ expect }) =>
    during(startNode, (master) =>
      during(startNode, async (replica) => {
        await follow(replica, master);
        await during(
          () => begin({ REDIS_URL: replica.url }),
          async ({ said, outcome }) => {
            await said('redis.replica');
            await lead(replica);
            expect(await outcome).not.toBeInstanceOf(Error);
          },
        );
      }),
    ));
});
