import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { createTokenReader, type Token } from '../../src/client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { startRedis } from '../support/redis.ts';
import { counted, eventsOf, generationOf, operations, report, settled } from '../support/reporting.ts';
import { startBench, withBench, type GroundOptions, type ServiceBench } from '../support/service.ts';

const DESK = { username: 'DESK', password: 'made-up-pass', accounts: ['SUB_1'] };
const keys = ['token:DESK', 'meta:DESK', 'token:SUB_1'];

const bench = (
  options: Partial<GroundOptions>,
  work: (
    each: ServiceBench,
    server: Parameters<Parameters<typeof withBench>[1]>[1]['server'],
  ) => Promise<void>,
): Promise<void> =>
  withBench({ entries: [DESK], ...options }, async (each, { server }) => {
    await each.keys(keys);
    await work(each, server);
  });

describe.concurrent('a token that bots report', () => {
  it('is proved and replaced once where it is dead, and a thousand readers go on with the new one', ({
    expect,
  }) =>
    bench({}, async (each, server) => {
      const clients = Array.from({ length: 20 }, () => new Redis(server.url));
      const readers = clients.map((redis) => createTokenReader({ redis }));
      try {
        const dead = await each.redis.get('token:DESK');
        each.simulator.command('tradovate', 'expire-all');
        const call = ({ token }: Token): { status: number } => ({ status: token === dead ? 401 : 200 });
        const answers = await Promise.all(
          Array.from({ length: 1_000 }, async (_, i) =>
            readers[i % readers.length]?.withToken(i % 2 === 0 ? 'DESK' : 'SUB_1', call),
          ),
        );
        expect(answers.every((answer) => answer?.status === 200)).toBe(true);
        await settled(each);
        expect(operations(each)).toEqual(['authorize', 'me', 'authorize']);
        expect(eventsOf(each)).toEqual(['refreshed', 'expired', 'refreshed', 'recovered']);
      } finally {
        for (const reader of readers) reader.close();
        for (const client of clients) client.disconnect();
      }
    }));

  it('is looked at past the queue, which is not waited for', ({ expect }) =>
    bench({ server: { own: true } }, async (each) => {
      const generation = await generationOf(each);
      await each.redis.hset('refresher:q:tradovate:meta', 'paused', '1');
      await each.redis.rename('refresher:q:tradovate:wait', 'refresher:q:tradovate:paused').catch(() => 0);
      each.simulator.command('tradovate', 'expire-all');
      await report(each.redis, 'DESK', generation);
      await until(async () => (await generationOf(each)) > generation, { what: 'the new token' });
      expect(operations(each)).toEqual(['authorize', 'me', 'authorize']);
      // Its next look is what the new token asks for, and not that of the claim.
      const dueAt = Number(await each.redis.zscore('refresher:due:tradovate', 'DESK'));
      expect(dueAt).toBeGreaterThan(Date.now() + 60_000);
    }));

  it('costs one proof and no login where it is good, however many say so, and each hears that it is', ({
    expect,
  }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      const write = each.redis.pipeline();
      for (let i = 0; i < 1_000; i++)
        write.xadd('token-reports', '*', 'name', i % 2 === 0 ? 'DESK' : 'SUB_1', 'generation', generation);
      await write.exec();
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the event' });
      await settled(each);
      expect(operations(each)).toEqual(['authorize', 'me']);
      // Whoever comes late hears it from what was proved a moment ago.
      const said = eventsOf(each).length;
      await report(each.redis, 'SUB_1', generation);
      await until(() => each.events.length > said, { what: 'the event for one who came late' });
      expect(each.events.at(-1)).toMatchObject({
        event: 'confirmed',
        username: 'DESK',
        names: ['DESK', 'SUB_1'],
        generation,
      });
      expect(await generationOf(each)).toBe(generation);
      expect(operations(each)).toEqual(['authorize', 'me']);
      const counts = await counted(each);
      expect(counts.get('tradovate noted')).toBe(1);
      expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(1_001);
      const uses = await each.redis.hgetall('refresher:uses:DESK');
      const reports = Object.entries(uses).filter(([field]) => field.endsWith(':reports'));
      expect(reports.reduce((sum, [, n]) => sum + Number(n), 0)).toBe(1_001);
    }));

  it('is left alone where a newer one is out, the name is nobody’s, or it is no report', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      const { redis } = each;
      await report(redis, 'DESK', generation - 1);
      await report(redis, 'DESK', generation + 1);
      await report(redis, 'NOBODY', generation);
      await report(redis, '__proto__', generation);
      await report(redis, 'DESK', 'x');
      await report(redis, '../DESK', generation);
      await redis.xadd('token-reports', '*', 'what', 'ever');
      const flood = redis.pipeline();
      for (let i = 0; i < 5_000; i++)
        flood.xadd('token-reports', '*', 'name', `N${i}`, 'generation', String(i));
      await flood.exec();
      await settled(each);
      expect(operations(each)).toEqual(['authorize']);
      const counts = await counted(each);
      expect(counts.get('tradovate outdated')).toBe(2);
      expect(counts.get(' unknown')).toBe(5_002);
      expect(counts.get(' junk')).toBe(3);
    }));

  it('rests where its account does', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      await each.redis.hset('state:DESK', 'state', 'paused');
      await report(each.redis, 'DESK', generation);
      await settled(each);
      expect((await counted(each)).get('tradovate resting')).toBe(1);
      expect(operations(each)).toEqual(['authorize']);
    }));

  it('stays where the broker does not say whether it is good', ({ expect }) =>
    bench({ random: () => Math.random() / 20 }, async (each) => {
      const generation = await generationOf(each);
      each.simulator.fault({ broker: 'tradovate', operation: 'me', kind: 'status', status: 503, times: 2 });
      for (let i = 0; i < 20; i++) await report(each.redis, 'DESK', generation);
      await each.simulator.waitForCalls({ operation: 'me' }, 1, 5_000);
      for (let i = 0; i < 20; i++) await report(each.redis, 'DESK', generation);
      await settled(each);
      expect(await generationOf(each)).toBe(generation);
      expect(operations(each).filter((each) => each === 'authorize')).toHaveLength(1);
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof', timeoutMs: 60_000 });
      expect(await generationOf(each)).toBe(generation);
    }));

  it('whose login somebody ends again and again is replaced once in five minutes', ({ expect }) =>
    bench({}, async (each) => {
      const first = await generationOf(each);
      each.simulator.command('tradovate', 'expire-all');
      await report(each.redis, 'DESK', first);
      await until(async () => (await generationOf(each)) > first, { what: 'the new token' });
      const second = await generationOf(each);
      each.simulator.command('tradovate', 'expire-all');
      await report(each.redis, 'DESK', second);
      await settled(each);
      const text = (await each.redis.hget('refresher:account:DESK', 'reported')) ?? '';
      const at = Number(/"at":(\d+)/.exec(text)?.[1]);
      expect(at).toBeGreaterThan(Date.now() + 4 * 60_000);
      expect(operations(each)).toEqual(['authorize', 'me', 'authorize']);
    }));

  it('is heard of again after a restart, and after Redis was emptied, away, or held another type', ({
    expect,
  }) =>
    bench({ server: { own: true, durable: true } }, async (each, server) => {
      const generation = await generationOf(each);
      await settled(each);
      // Written while nobody reads.
      await each.service.stop();
      await report(each.redis, 'DESK', generation);
      await each.restart();
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof after a restart' });

      await server.kill();
      await server.restart();
      await until(async () => (await each.redis.ping()).length > 0, { what: 'Redis' });
      await each.redis.del('token-reports');
      await each.redis.set('token-reports', 'made-up');
      await until(
        () => each.logged('reports.unread').some(({ error }) => String(error).includes('WRONGTYPE')),
        {
          what: 'the wrong type to be said',
        },
      );
      await each.redis.del('token-reports');
      await report(each.redis, 'NOBODY', 1);
      await settled(each);
      expect(operations(each).filter((each) => each === 'authorize')).toHaveLength(1);
    }));
});

it('is handled once by two services', async ({ expect }) => {
  const [server, brokers] = await Promise.all([startRedis(), startSimulator()]);
  const env = { SECRET_KEY: Buffer.alloc(32, 7).toString('base64') };
  const begin = (): Promise<ServiceBench> =>
    startBench({ redisUrl: server.url, brokers, entries: [DESK], env });
  const both = await Promise.all([begin(), begin()]);
  const [one] = both;
  try {
    await one.keys(keys);
    const generation = await generationOf(one);
    brokers.command('tradovate', 'expire-all');
    await Promise.all(Array.from({ length: 200 }, () => report(one.redis, 'DESK', generation)));
    await until(async () => (await generationOf(one)) > generation, { what: 'the new token' });
    await settled(one);
    expect(operations(one)).toEqual(['authorize', 'me', 'authorize']);
  } finally {
    await Promise.all(both.map((each) => each.stop()));
    await brokers.stop();
    await server.stop();
  }
});
