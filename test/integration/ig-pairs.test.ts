import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const faults: readonly (readonly [string, Omit<FaultRule, 'broker'>])[] = [
  ['the answer is lost after it took effect', { kind: 'drop-after' }],
  ['the connection breaks', { kind: 'drop' }],
  ['nothing ever comes', { kind: 'stall' }],
  ['the answer is cut off', { kind: 'half' }],
  ['the answer is no JSON', { kind: 'garbage' }],
  ['the answer is empty', { kind: 'empty' }],
  ['the answer comes after the deadline', { kind: 'slow', ms: 8_000 }],
  ['a gateway answers', { kind: 'html', status: 502 }],
  ['IG fails with 500', { kind: 'status', status: 500 }],
  ['IG fails with 503', { kind: 'status', status: 503 }],
  ['IG refuses the pair', { kind: 'refuse' }],
];

const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };

/** Every refresh token that was sent, as the ledger's fingerprints. */
const spent = ({ simulator }: ServiceBench): readonly (string | undefined)[] =>
  simulator.calls({ operation: 'refresh-token' }).map((call) => call.spent);
const logins = ({ simulator }: ServiceBench): number => simulator.calls({ operation: 'login' }).length;

describe.concurrent('an IG refresh token is sent once', () => {
  it.each(faults)(
    'where %s; at most one password login follows',
    (_, fault) => {
      return withBench(
        { entries: [IG], simulator: { switches: { ig: { accessTtl: 6 } } } },
        async (bench) => {
          await bench.keys(['token:IG']);
          bench.simulator.fault({ broker: 'ig', operation: 'refresh-token', times: 1, ...fault });
          await bench.simulator.waitForCalls({ operation: 'refresh-token', fault: fault.kind }, 1, 10_000);
          // Back to normal: two more refreshes that work.
          const failedAt = bench.simulator.calls({ fault: fault.kind })[0]?.n ?? 0;
          await until(
            () =>
              bench.simulator
                .calls({ operation: 'refresh-token', after: failedAt })
                .filter((call) => call.status === 200 && call.fault === undefined).length >= 2,
            { what: 'two good refreshes', timeoutMs: 25_000 },
          );
          expect(new Set(spent(bench)).size).toBe(spent(bench).length);
          expect(logins(bench)).toBeLessThanOrEqual(2);
          expect(bench.simulator.peakInFlight('ig')).toBe(1);
          await bench.state('IG', 'fresh');
        },
      );
    },
    45_000,
  );

  it('where a process died between the call and its outcome', ({ expect }) =>
    withBench({ entries: [IG], simulator: { switches: { ig: { accessTtl: 30 } } } }, async (bench) => {
      await bench.keys(['token:IG']);
      await bench.service.stop();
      // What a killed process leaves: the attempt noted, no outcome.
      const attempt = { kind: 'renewal', startedAt: Date.now(), by: 'made-up', fingerprint: 'made-up' };
      await bench.redis.hset('refresher:account:IG', 'attempt', JSON.stringify(attempt));
      await bench.restart();
      await bench.redis.zadd('refresher:due:ig', Date.now(), 'IG');
      await bench.simulator.waitForCalls({ operation: 'login' }, 2, 25_000);
      expect(spent(bench)).toEqual([]);
    }));

  it('where it came with the configuration: once ever, over a restart and a changed file', ({ expect }) => {
    const seeded = {
      ...IG,
      oauthToken: { access_token: 'made-up-access', refresh_token: 'made-up-refresh', expires_in: '60' },
    };
    return withBench({ entries: [seeded] }, async (bench) => {
      await bench.keys(['token:IG']);
      expect([spent(bench).length, logins(bench)]).toEqual([1, 1]);
      await bench.restart();
      await bench.writeCredentials([seeded, { ...IG, username: 'IG2', apiKey: 'made-up-key-2' }]);
      await bench.keys(['token:IG2']);
      await bench.redis.del('token:IG', 'refresher:due:ig');
      await bench.keys(['token:IG'], 35_000);
      expect(spent(bench)).toHaveLength(1);
      expect(await bench.redis.keys('refresher:*')).not.toEqual([]);
    });
  }, 50_000);

  it('over a dozen rotations: one password login', ({ expect }) =>
    withBench({ entries: [IG], simulator: { switches: { ig: { accessTtl: 2 } } } }, async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 12, 28_000);
      expect(logins(bench)).toBe(1);
      expect(new Set(spent(bench)).size).toBe(spent(bench).length);
    }));
});
