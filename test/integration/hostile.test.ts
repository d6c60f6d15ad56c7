import { describe, it } from 'vitest';
import { called, hostilities } from '../support/hostilities.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const key = { appId: 'Desk', appVersion: '1.0', deviceId: 'made-up-device', cid: 1234, sec: 'made-up-sec' };
const tradovate = { username: 'BOT', password: 'made-up-pass' };
const ig = { ...tradovate, broker: 'ig', apiKey: 'made-up-key' };
const subjects = [
  ['a Tradovate', 'tradovate', tradovate],
  ['a renewed Tradovate', 'tradovate', { ...tradovate, renew: true }],
  ['a Tradovate API', 'tradovate', { ...tradovate, login: 'api', api: key }],
  ['an IG', 'ig', ig],
  ['an IG v2', 'ig', { ...ig, session: 'v2' }],
] as const;

/** An adapter's own deadline is no longer than this, and half a second for a busy machine, ms. */
const LONGEST_CALL_MS = 10_500;

const request = ({ redis }: ServiceBench, broker: string): Promise<unknown> =>
  redis
    .multi()
    // A person insists: else the pace that unknown outcomes get would make this a long day.
    .hset('refresher:account:BOT', 'request', JSON.stringify({ at: Date.now(), rearm: true }))
    .zadd(`refresher:due:${broker}`, Date.now(), 'BOT')
    .exec();

/** All that a bot may take the token from, in one step. */
async function read({ redis }: ServiceBench): Promise<string> {
  const said = await redis.multi().mget('token:BOT', 'auth:BOT').hget('meta:BOT', 'headers').exec();
  return JSON.stringify(said);
}

/** Calls that change nothing: a refresh without an answer may be followed by a proof of the token. */
const proofs = ['session', 'me'];
const isFree = async ({ redis }: ServiceBench): Promise<boolean> =>
  (await redis.exists('refresher:lease:BOT')) === 0;

describe.concurrent.each(subjects)('%s token', (_, broker, entry) => {
  it(
    'stays through each thing that is no answer, and the next one comes by one call when the broker answers again',
    ({ expect }) =>
      withBench(
        {
          entries: [entry],
          // What is refused room by a limit is not what this is about; nor what a lost login's session ends.
          env: {
            IG_KEY_CALLS_PER_MINUTE: '1000',
            IG_ACCOUNT_CALLS_PER_MINUTE: '1000',
            TRADOVATE_RENEWALS_PER_HOUR: '1000',
          },
          simulator: {
            switches: {
              ig: { accessTtl: 3_600 },
              tradovate: { 'limits.renew': 1_000, 'bridge.countsAsSession': 'off' },
            },
          },
        },
        async (bench) => {
          const { simulator } = bench;
          await bench.keys(['token:BOT', 'auth:BOT', 'meta:BOT']);
          const published = [await read(bench)];
          const reader = hammer(() => read(bench));
          for (const hostility of hostilities) {
            const what = called(hostility);
            const failedBefore = bench.logged('refresh.failed').length;
            const after = simulator.calls().length;
            const fault = simulator.fault({ broker, ...hostility });
            await request(bench, broker);
            await until(() => bench.logged('refresh.failed').length > failedBefore, {
              what: `${what} to fail`,
              timeoutMs: 15_000,
            });
            await until(() => isFree(bench), { what: 'the look to end', timeoutMs: 15_000 });
            fault.remove();
            const met = simulator.calls({ after });
            expect(new Set(met.map(({ operation }) => operation)).size, what).toBe(met.length);
            expect(new Set(met.map((call) => call.fault)), what).toEqual(new Set([hostility.kind]));
            for (const { startedAt, endedAt = Infinity } of met) {
              expect(endedAt - startedAt, what).toBeLessThan(LONGEST_CALL_MS);
            }
            for (const { kind } of bench.logged('refresh.failed').slice(failedBefore)) {
              expect(kind, what).toMatch(/^(transient|outcome-unknown)$/);
            }
            expect(await read(bench), what).toBe(published.at(-1));

            await request(bench, broker);
            await until(async () => (await read(bench)) !== published.at(-1), { what: 'the next token' });
            published.push(await read(bench));
            const next = simulator.calls({ after: after + met.length });
            expect(
              next.filter(({ operation }) => !proofs.includes(operation)),
              what,
            ).toMatchObject([{ status: 200 }]);
          }
          // What it holds decides, not what it is called.
          simulator.fault({ broker, kind: 'wrong-type', type: 'image/png', times: 1 });
          await request(bench, broker);
          await until(async () => (await read(bench)) !== published.at(-1), {
            what: 'the mislabelled token',
          });
          published.push(await read(bench));
          await reader.stop();
          expect([...new Set(reader.seen.map(({ value }) => value))]).toEqual(published);
          expect(simulator.calls({ operation: 'unknown' })).toEqual([]);
          expect((await bench.redis.hgetall('state:BOT'))['state']).toBe('fresh');
        },
      ),
    90_000,
  );
});
