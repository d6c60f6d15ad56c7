import { describe, it } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { until } from '../../support/poll.ts';
import { runCli } from '../../support/process.ts';
import { startProxy } from '../../support/proxy.ts';
import { startRedis } from '../../support/redis.ts';
import { hasServer, startNode, startSentinelNode } from '../../support/redis-process.ts';
import { begin, DESK, during, IG, isReady, logins, served } from './deployed.ts';

/** What a start at this Redis is refused with. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  let said = '';
  await during(
    () => begin(env),
    async ({ outcome }) => {
      const ended = await outcome;
      if (!(ended instanceof ConfigurationError))
        throw ended instanceof Error ? ended : new Error('it was not refused');
      said = ended.message;
    },
  );
  return said;
}

describe.concurrent('a Redis that cannot be served from is refused at the start, with what to do', () => {
  it.runIf(hasServer())('a Redis Cluster', ({ expect }) =>
    during(
      () => startNode(['--cluster-enabled', 'yes']),
      async ({ url, admin }) => {
        const said = await refusal({ REDIS_URL: url });
        expect(said).toMatch(/Redis Cluster/);
        expect(said).toContain('docs/redis.md');
        expect(await admin.dbsize()).toBe(0);
      },
    ),
  );

  it.runIf(hasServer())('a cluster behind a proxy that hides what it is', ({ expect }) =>
    during(
      () => startNode(['--cluster-enabled', 'yes']),
      async ({ port, admin }) => {
        await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
        const hiding = (text: string): string =>
          text
            .replaceAll('cluster_enabled:1', 'cluster_enabled:0')
            .replaceAll('redis_mode:cluster', 'redis_mode:standal');
        await during(
          () => startProxy(port, hiding),
          async (proxy) => {
            await until(async () => String(await admin.call('CLUSTER', 'INFO')).includes('state:ok'), {
              what: 'the cluster to serve',
            });
            expect(await refusal({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })).toMatch(/Redis Cluster/);
          },
        );
      },
    ),
  );

  it('one that is older than 6.2', ({ expect }) =>
    during(startRedis, ({ port }) =>
      during(
        () => startProxy(port, (text) => text.replace(/redis_version:\d\.\d/, 'redis_version:6.0')),
        async (proxy) => {
          const said = await refusal({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
          expect(said).toMatch(/Redis 6\.0.*6\.2 or newer/);
        },
      ),
    ));

  it.runIf(hasServer())('a sentinel', ({ expect }) =>
    during(
      () => startSentinelNode([]),
      async ({ url }) => expect(await refusal({ REDIS_URL: url })).toMatch(/REDIS_SENTINELS/),
    ),
  );

  it.runIf(hasServer())('one whose user may not do what the service does', ({ expect }) =>
    during(startNode, async ({ port, admin }) => {
      await admin.acl('SETUSER', 'narrow', 'on', '>made-up-pass', '~token:*', '+@all');
      const said = await refusal({ REDIS_URL: `redis://narrow:made-up-pass@127.0.0.1:${port}` });
      expect(said).toMatch(/NOPERM.*check prints/);
      expect(said).not.toContain('made-up-pass');
    }),
  );
});

describe.runIf(hasServer()).concurrent('check', () => {
  it.for([
    ['--cluster-enabled yes', 2, /Redis Cluster/],
    ['--replicaof 127.0.0.1 1', 1, /replica/],
    ['--maxmemory-policy allkeys-lfu', 1, /allkeys-lfu/],
  ] as const)('says it before anything is started: %s', ([settings, code, why], { expect }) =>
    during(
      () => startNode(settings.split(' ')),
      async ({ url }) => {
        const files = { 'credentials.json': [DESK] };
        const checked = await runCli(['check'], { files, env: { REDIS_URL: url } });
        expect(checked.stderr).toMatch(why);
        expect(checked.code).toBe(code);
      },
    ),
  );
});

describe.runIf(hasServer()).concurrent('a Redis that may drop keys', () => {
  it('makes the service unready, with the reason, and ready once it is set otherwise', ({ expect }) =>
    during(
      () => startNode(['--maxmemory-policy', 'volatile-ttl']),
      ({ url, admin }) =>
        served({ redisUrl: url, entries: [DESK] }, async (bench) => {
          // It serves all the same: a token that may be dropped is better than none.
          await bench.keys(['token:DESK']);
          const ready = await fetch(`${bench.service.url}/readyz`);
          expect(ready.status).toBe(503);
          expect(await ready.text()).toContain('volatile-ttl');
          expect(bench.logged('redis.evicts')).toMatchObject([{ policy: 'volatile-ttl' }]);
          await admin.config('SET', 'maxmemory-policy', 'noeviction');
          await until(() => isReady(bench), { what: 'to be ready' });
        }),
    ));

  it('is served from with ALLOW_EVICTION=1, and where CONFIG is blocked', ({ expect }) =>
    during(
      () => startNode(['--maxmemory-policy', 'allkeys-lru', '--rename-command', 'CONFIG', 'blocked']),
      ({ url }) =>
        served({ redisUrl: url, entries: [DESK], env: { ALLOW_EVICTION: '1' } }, async (bench) => {
          await bench.keys(['token:DESK']);
          await until(() => isReady(bench), { what: 'to be ready' });
          expect(bench.logged('redis.evicts')).toEqual([]);
        }),
    ));
});

describe.runIf(hasServer())('a Redis whose memory is full', () => {
  it('is not called for, and refreshes go on once there is room', ({ expect }) =>
    during(startNode, ({ url, admin }) =>
      served({ redisUrl: url, entries: [IG] }, async (bench) => {
        await bench.keys(['token:IG']);
        const token = await admin.get('token:IG');
        await admin.hset('refresher:account:IG', 'renewAt', Date.now());
        await admin.zadd('refresher:due:ig', Date.now() + 1_000, 'IG');
        await admin.config('SET', 'maxmemory', '1');
        await until(
          () => bench.logged('schedule.trouble').some(({ error }) => String(error).includes('OOM')),
          {
            what: 'the trouble to be said',
          },
        );
        await until(async () => Number(await admin.zscore('refresher:due:ig', 'IG')) < Date.now() - 1_000, {
          what: 'the refresh to be late',
        });
        // A call whose answer could not be kept is not made.
        expect(bench.simulator.calls({ operation: 'refresh-token' })).toEqual([]);
        expect(await admin.get('token:IG')).toBe(token);
        await admin.config('SET', 'maxmemory', '0');
        await until(async () => (await admin.get('token:IG')) !== token, { what: 'the new token' });
        expect(logins(bench)).toBe(1);
      }),
    ));
});
