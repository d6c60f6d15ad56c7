import { describe, it } from 'vitest';
import type { FaultRule } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const subjects = [
  ['a Tradovate', 'tradovate', { username: 'BOT', password: 'made-up-pass' }],
  ['a renewed Tradovate', 'tradovate', { username: 'BOT', password: 'made-up-pass', renew: true }],
  ['an IG', 'ig', { broker: 'ig', username: 'BOT', password: 'made-up-pass', apiKey: 'made-up-key' }],
] as const;

/** What a WAF, a proxy or a broken server puts in the place of an answer; the two that end at a deadline last. */
const hostilities: readonly Omit<FaultRule, 'broker'>[] = [
  { kind: 'html', status: 200 },
  { kind: 'html', status: 403 },
  { kind: 'html', status: 502 },
  { kind: 'html', status: 503 },
  { kind: 'empty' },
  { kind: 'half' },
  { kind: 'garbage' },
  { kind: 'gzip' },
  { kind: 'status', status: 301 },
  { kind: 'status', status: 307 },
  { kind: 'large' },
  { kind: 'trickle', ms: 50 },
  { kind: 'stall' },
];

const request = ({ redis }: ServiceBench, broker: string): Promise<unknown> =>
  redis
    .multi()
    // A person insists: else the pace that unknown outcomes get would make this a long day.
    .hset('refresher:account:BOT', 'request', JSON.stringify({ at: Date.now(), rearm: true }))
    .zadd(`refresher:due:${broker}`, Date.now(), 'BOT')
    .exec();

describe.concurrent.each(subjects)('%s token', (_, broker, entry) => {
  it(
    'stays through everything that is no answer, and the next one comes when the broker answers again',
    ({ expect }) =>
      withBench(
        {
          entries: [entry],
          // What is refused room by a limit is not what this is about; nor what a lost login's session ends.
          env: { IG_KEY_CALLS_PER_MINUTE: '1000', IG_ACCOUNT_CALLS_PER_MINUTE: '1000' },
          simulator: {
            switches: {
              ig: { accessTtl: 3_600 },
              tradovate: { 'limits.renew': 1_000, 'bridge.countsAsSession': 'off' },
            },
          },
        },
        async (bench) => {
          await bench.keys(['token:BOT', 'auth:BOT', 'meta:BOT']);
          const token = await bench.redis.get('token:BOT');
          const read = async (): Promise<string> =>
            (await bench.redis.mget('token:BOT', 'auth:BOT'))
              .concat(await bench.redis.hget('meta:BOT', 'headers'))
              .join();
          const reader = hammer(read);
          for (const hostility of hostilities) {
            const failedBefore = bench.logged('refresh.failed').length;
            const fault = bench.simulator.fault({ broker, ...hostility });
            await request(bench, broker);
            // The last of a look: a renewal that fails may be followed by a login at once.
            await until(() => bench.logged('refresh.failed').length > failedBefore, {
              what: `${hostility.kind} to fail`,
              timeoutMs: 15_000,
            });
            await until(() => bench.redis.exists('refresher:lease:BOT').then((held) => held === 0), {
              what: 'the look to end',
              timeoutMs: 15_000,
            });
            fault.remove();
          }
          await reader.stop();
          expect(new Set(reader.seen.map(({ value }) => value)).size).toBe(1);
          expect(reader.seen[0]?.value).toContain(token);
          const seen = bench.simulator.calls({ broker }).flatMap(({ fault }) => fault ?? []);
          expect(new Set(seen)).toEqual(new Set(hostilities.map(({ kind }) => kind)));
          expect(bench.simulator.calls({ operation: 'unknown' })).toEqual([]);
          expect((await bench.redis.hgetall('state:BOT'))['state']).not.toBe('stopped');

          await request(bench, broker);
          await until(async () => (await bench.redis.get('token:BOT')) !== token, { what: 'the next token' });
        },
      ),
    90_000,
  );
});
