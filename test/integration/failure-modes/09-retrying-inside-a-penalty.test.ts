import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { DESK, request, rests } from './bench.ts';

const MINUTE = 60_000;
const names = ['ONE', 'TWO', 'THREE', 'FOUR'];
const four = names.map((username) => ({ ...DESK, username }));

/*
 * Retries inside a penalty, and retry layers on top of each other; and the reverse, a broker that is never
 * asked again. Seen in router-for-me/CLIProxyAPI#2567, #1666, #4725 and #5639, HKUDS/nanobot#2760, brainlid/langchain#503. Against it: one
 * layer that retries, a pause in Redis and on disk for all behind the address, and half-open looks.
 */
describe.concurrent('failure mode 9: retrying inside a penalty', () => {
  it.for(['423', '429', 'captcha'])(
    'after %s nobody behind the address calls for an hour, over a restart and an emptied Redis',
    { timeout: 60_000 },
    (how, { expect }) =>
      withBench(
        {
          entries: four,
          simulator: { latencyMs: 30, switches: { tradovate: { throttleWith: how } } },
          before: ({ brokers }) => brokers.fault({ broker: 'tradovate', kind: 'throttle', times: 1 }),
        },
        async (bench) => {
          for (const name of names) await rests(bench, name, 50 * MINUTE, 20_000);
          await bench.restart();
          for (const name of names) await request(bench, name);
          for (const name of names) await rests(bench, name, 50 * MINUTE, 20_000);
          await bench.redis.flushall();
          for (const name of names) await rests(bench, name, 50 * MINUTE, 20_000);
          expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(1);
        },
      ),
  );

  it(
    'a failed call is one request: nothing below the schedule retries',
    ({ expect }) =>
      withBench(
        {
          entries: [DESK],
          before: ({ brokers }) => brokers.fault({ broker: 'tradovate', kind: 'status', status: 503 }),
        },
        async (bench) => {
          await bench.simulator.waitForCalls({ broker: 'tradovate' }, 3, 40_000);
          const at = bench.simulator.calls({ broker: 'tradovate' }).map(({ startedAt }) => startedAt);
          for (const [i, instant] of at.entries())
            if (i > 0) expect(instant - at[i - 1]!).toBeGreaterThanOrEqual(1_990);
        },
      ),
    60_000,
  );

  it(
    'a broker that is away is asked by one account at a time, at least every 30 s, and all are back with it',
    ({ expect }) =>
      withBench(
        {
          entries: four,
          // Else three first logins that nobody confirmed pace the others, and the breaker is not seen.
          env: { TRADOVATE_FAILED_LOGINS_PER_HOUR: '100' },
          before: ({ brokers }) => brokers.fault({ broker: 'tradovate', kind: 'status', status: 503 }),
        },
        async (bench) => {
          await until(
            async () => (await bench.redis.exists('refresher:breaker:tradovate:default:demo-bridge')) === 1,
            {
              what: 'the breaker',
              timeoutMs: 40_000,
            },
          );
          const seen = bench.simulator.calls().length;
          const openedAt = Date.now();
          const [probe] = await bench.simulator
            .waitForCalls({ broker: 'tradovate' }, seen + 1, 35_000)
            .then((calls) => calls.slice(seen));
          expect((probe?.startedAt ?? 0) - openedAt).toBeLessThan(31_000);
          // Not by a password.
          expect(probe?.operation).toBe('bridge-accounts');
          bench.simulator.clearFaults();
          for (const name of names) await bench.state(name, 'fresh', 60_000);
        },
      ),
    150_000,
  );
});
