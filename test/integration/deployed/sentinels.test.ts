import { describe, it } from 'vitest';
import { aclLine } from '../../../src/redis/acl.ts';
import { until } from '../../support/poll.ts';
import { hasServer } from '../../support/redis-process.ts';
import { startGuarded, type Guarded, type GuardedOptions } from '../../support/sentinel.ts';
import { hasOpenssl, makeCertificates } from '../../support/tls.ts';
import { DESK, IG, isReady, logins, served, spent } from './deployed.ts';

async function guarded(options: GuardedOptions, work: (guarded: Guarded) => Promise<void>): Promise<void> {
  const started = await startGuarded(options);
  try {
    await work(started);
  } finally {
    await started.stop();
  }
}

describe.runIf(hasServer()).concurrent('behind sentinels', () => {
  it(
    'a master that is killed costs no token and no login, and refreshes go on at the new one',
    ({ expect }) =>
      guarded({}, ({ nodes: [master, replica], connect, copied, settings }) =>
        served(
          {
            redisUrl: '',
            connect,
            env: settings,
            entries: [DESK, IG],
            simulator: { switches: { ig: { accessTtl: 16 } } },
          },
          async (bench) => {
            await bench.keys(['token:DESK', 'token:IG']);
            await until(() => isReady(bench), { what: 'to be ready' });
            const tokens = await bench.redis.mget('token:DESK', 'token:IG');
            await copied();
            await master.kill();
            const from = Date.now();
            await until(async () => !(await isReady(bench)), { what: 'not to be ready' });
            await until(() => isReady(bench), { what: 'to be ready at the new master' });
            expect(Date.now() - from).toBeLessThan(10_000);
            expect(await replica.admin.mget('token:DESK', 'token:IG')).toEqual(tokens);
            await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 24_000);
            await until(async () => ![null, tokens[1]].includes(await replica.admin.get('token:IG')), {
              what: 'the new token at the new master',
            });
            expect(logins(bench)).toBe(1);
            expect(new Set(spent(bench)).size).toBe(spent(bench).length);
            expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(1);
          },
        ),
      ),
    60_000,
  );

  it('that want TLS, a certificate and a password, it serves, also after a planned failover', async (context) => {
    if (!(await hasOpenssl())) return context.skip();
    const tls = await makeCertificates(['IP:127.0.0.1']);
    await guarded({ tls, password: 'made-up-sentinel-pass' }, async (all) => {
      // Users are not replicated: each server has its own list.
      const [, ...line] = aclFor('made-up-redis-pass');
      for (const { admin } of all.nodes) await admin.call('ACL', ...line);
      const env = {
        ...all.settings,
        REDIS_USERNAME: 'token-refresher',
        REDIS_PASSWORD: 'made-up-redis-pass',
        REDIS_SENTINEL_PASSWORD: 'made-up-sentinel-pass',
        REDIS_TLS: '1',
        REDIS_TLS_CA_FILE: tls.ca,
        REDIS_TLS_CERT_FILE: tls.client.cert,
        REDIS_TLS_KEY_FILE: tls.client.key,
      };
      await served({ redisUrl: '', connect: all.connect, env, entries: [IG] }, async (bench) => {
        await bench.keys(['token:IG']);
        await all.copied();
        await all.failOver();
        await until(() => isReady(bench), { what: 'to be ready at the new master' });
        await all.nodes[1].admin.zadd('refresher:due:ig', Date.now(), 'IG');
        await all.nodes[1].admin.hset('refresher:account:IG', 'renewAt', Date.now());
        await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 15_000);
        context.expect(logins(bench)).toBe(1);
      });
    });
  }, 60_000);
});

const aclFor = (password: string): readonly string[] =>
  aclLine([{ name: 'IG' }])
    .replace('<password>', password)
    .split(' ');
