import { describe, it } from 'vitest';
import { withBench } from '../../support/service.ts';
import { DESK, IG, request, WIDE } from './bench.ts';

/*
 * A firewall's page or a 5xx is taken for a refusal, and good credentials are thrown away. Seen in
 * planningcenter/developers#1310 and stacklok/toolhive#5169. Against it: only what a broker's own words say
 * is a refusal; anything else passes.
 */
describe.concurrent('failure mode 6: a passing failure taken for a lasting one', () => {
  it.for([
    ['a page with 403', { kind: 'html', status: 403 }],
    ['a page with 502', { kind: 'html', status: 502 }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['an empty 200', { kind: 'empty' }],
    ['nothing', { kind: 'drop' }],
  ] as const)(
    'the first login is answered with %s: the account is not stopped, and gets its token without a person',
    { timeout: 60_000 },
    ([, fault], { expect }) =>
      withBench(
        {
          entries: [DESK],
          before: ({ brokers }) => brokers.fault({ broker: 'tradovate', times: 1, ...fault }),
        },
        async (bench) => {
          await bench.keys(['token:DESK', 'meta:DESK'], 40_000);
          await bench.state('DESK', 'fresh');
          expect(bench.logged('refresh.failed').map(({ kind }) => kind)).not.toContain('needs-human');
          expect(await bench.redis.hget('refresher:account:DESK', 'refused')).toBeNull();
        },
      ),
  );

  it(
    'a renewal is answered with a page: the token that is there stays, and another one follows',
    ({ expect }) =>
      withBench({ entries: [IG], env: WIDE }, async (bench) => {
        await bench.keys(['token:IG']);
        const token = await bench.redis.get('token:IG');
        bench.simulator.fault({
          broker: 'ig',
          operation: 'refresh-token',
          kind: 'html',
          status: 503,
          times: 1,
        });
        await request(bench, 'IG');
        await bench.simulator.waitForCalls({ fault: 'html' }, 1, 5_000);
        expect(await bench.redis.get('token:IG')).toBe(token);
        await bench.simulator.waitForCalls({ operation: 'login' }, 2, 20_000);
        await bench.state('IG', 'fresh');
        expect(await bench.redis.hget('refresher:account:IG', 'refused')).toBeNull();
      }),
    40_000,
  );
});
