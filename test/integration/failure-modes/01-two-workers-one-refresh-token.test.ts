import { describe, it } from 'vitest';
import { startSimulator } from '../../../src/simulator/index.ts';
import { makeEndings, stop } from '../../support/endings.ts';
import { until } from '../../support/poll.ts';
import { startRedis } from '../../support/redis.ts';
import { startBench, withBench } from '../../support/service.ts';
import { due, IG, logins, overlapping, request, rotations, sentTwice, WIDE } from './bench.ts';

/*
 * Two workers spend one rotating refresh token; the loser marks the account dead, or the broker revokes
 * the family. Seen in Wei-Shaw/sub2api#1035, n8n-io/n8n#12742, oauth2-proxy/oauth2-proxy#1992, HQBase/hqbase#41,
 * trycompai/comp#3143. Against it: one lease for each account, the record read again inside it.
 */
describe.concurrent('failure mode 1: two workers and one refresh token', () => {
  it('two processes that are told again and again that the account is due rotate one at a time, each pair once', async ({
    expect,
  }) => {
    const ends = makeEndings();
    try {
      const server = ends.add(await startRedis(), stop);
      const brokers = ends.add(
        await startSimulator({ latencyMs: 100, switches: { ig: { accessTtl: 4 } } }),
        stop,
      );
      const env = { ...WIDE, SECRET_KEY: Buffer.alloc(32, 7).toString('base64') };
      const start = async () =>
        ends.add(await startBench({ redisUrl: server.url, brokers, entries: [IG], env }), stop);
      const [one, two] = await Promise.all([start(), start()]);
      await one.keys(['token:IG']);
      const until_ = Date.now() + 8_000;
      while (Date.now() < until_) {
        // Also the note that it waits in the queue already is lost: jobs come twice and more.
        await one.redis.zrem('refresher:queued:ig', 'IG');
        await due(one, 'IG');
        if (Math.random() < 0.1) await request(one, 'IG');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(rotations(one).length).toBeGreaterThan(8);
      expect(overlapping(one.simulator.calls({ username: 'IG' }))).toEqual([]);
      expect(sentTwice(one)).toEqual([]);
      expect(logins(one, 'IG')).toHaveLength(1);
      for (const bench of [one, two]) expect(bench.logged('token.published').length).toBeGreaterThan(0);
    } finally {
      await ends.all();
    }
  }, 40_000);

  it('a pair that somebody else has spent costs one login: the account is not taken for dead', ({ expect }) =>
    withBench({ entries: [IG] }, async (bench) => {
      await bench.keys(['token:IG']);
      const token = await bench.redis.get('token:IG');
      bench.simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'refuse', times: 1 });
      await request(bench, 'IG');
      await until(async () => (await bench.redis.get('token:IG')) !== token, { what: 'the next token' });
      await bench.state('IG', 'fresh');
      expect(sentTwice(bench)).toEqual([]);
      expect(logins(bench, 'IG')).toHaveLength(2);
      expect(bench.events.filter(({ event }) => event === 'failed')).toEqual([]);
    }));
});
