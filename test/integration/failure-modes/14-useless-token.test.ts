import { describe, it } from 'vitest';
import { browsing, logIn, register } from '../../support/browser-login.ts';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { DESK, IG, logins, request } from './bench.ts';

/*
 * The sign-in "worked", but the token is useless or dies early. Seen in Voyz/ibeam#231, NangoHQ/nango#1016,
 * marketcalls/openalgo#1396, ig-python/trading-ig#268, cloud37/s3-encryption-gateway#259. Against it: a proof
 * before a token replaces the old one, and a slow proof of those that are out.
 */
describe.concurrent('failure mode 14: a token that is useless or dies early', () => {
  it(
    'one that the broker refuses when it is proved is not published, and the old one stays',
    ({ expect }) =>
      withBench({ entries: [{ ...DESK, verify: true }] }, async (bench) => {
        await bench.keys(['token:DESK']);
        const token = await bench.redis.get('token:DESK');
        expect(bench.simulator.calls({ operation: 'me' })).toHaveLength(1);
        bench.simulator.fault({
          broker: 'tradovate',
          operation: 'me',
          kind: 'status',
          status: 401,
          times: 1,
        });
        await request(bench, 'DESK');
        await until(() => bench.simulator.calls({ operation: 'me' }).length >= 2, { what: 'the proof' });
        await until(() => bench.logged('refresh.failed').length > 0, { what: 'the verdict' });
        expect(await bench.redis.get('token:DESK')).toBe(token);
      }),
    40_000,
  );

  it(
    'one that nobody can prove yet is kept, and published once it is proved: it costs no second login',
    ({ expect }) =>
      withBench({ entries: [{ ...IG, verify: true }] }, async (bench) => {
        await bench.keys(['token:IG']);
        const token = await bench.redis.get('token:IG');
        bench.simulator.fault({ broker: 'ig', operation: 'session', kind: 'status', status: 500, times: 1 });
        await request(bench, 'IG');
        await until(() => bench.logged('token.pending').length > 0, { what: 'the token in hand' });
        expect(await bench.redis.get('token:IG')).toBe(token);
        await until(async () => (await bench.redis.get('token:IG')) !== token, {
          what: 'the proof',
          timeoutMs: 25_000,
        });
        expect(logins(bench, 'IG')).toHaveLength(1);
      }),
    40_000,
  );

  it(
    'one that the broker ends before its time is found by its next proof, withdrawn, and a person is asked',
    ({ expect }) =>
      withBench({ entries: [browsing] }, async (bench) => {
        register(bench, 'UP', 'MU0007');
        expect((await logIn(bench, 'UP')).status).toBe(200);
        await bench.state('UP', 'fresh');
        bench.simulator.command('upstox', 'expire-all');
        // The half hour between two proofs is over.
        await bench.redis.hset('refresher:account:UP', 'proofDueAt', Date.now());
        await bench.redis.zadd('refresher:due:upstox', Date.now(), 'UP');
        await bench.state('UP', 'awaiting_approval');
        expect(await bench.redis.exists('token:UP', 'auth:UP', 'meta:UP')).toBe(0);
        expect(bench.logged('token.died_early')).toHaveLength(1);
        expect(bench.events.map(({ event }) => event)).toContain('expired');
      }),
    40_000,
  );
});
