import { describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { startCli } from '../support/process.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const ADMIN = 'made-up-admin-token';
const tradovate = { username: 'TV', password: 'made-up-pass', accounts: ['TV_SUB'] };
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };
const refused = { username: 'TV_BAD', password: 'made-up-wrong' };
const entries = [tradovate, ig, refused];

interface Report {
  readonly accounts: readonly string[];
  readonly new_tokens: number;
  readonly held: readonly { readonly promise: string }[];
  readonly broken: readonly { readonly promise: string; readonly name: string; readonly what: string }[];
  readonly not_seen: readonly { readonly promise: string }[];
}

/** Watches for three seconds, in which `meanwhile` is done once the watch has begun. */
async function conformance(redisUrl: string, meanwhile: () => unknown) {
  const cli = await startCli(['conformance', '--redis', redisUrl, '--seconds', '3', '--json']);
  // Its second connection listens before anything is read.
  await meanwhile();
  const { code, stdout, stderr } = await cli.exit(30_000);
  return { code, stderr, report: JSON.parse(stdout) as Report };
}

const ready = async ({ keys, state }: ServiceBench): Promise<void> => {
  await keys(['token:TV', 'token:TV_SUB', 'token:IG']);
  await state('TV_BAD', 'stopped');
};

const listeners = async ({ redis }: ServiceBench): Promise<number> => {
  const reply: unknown = await redis.call('PUBSUB', 'NUMSUB', 'token-events');
  return Array.isArray(reply) ? Number(reply[1]) : 0;
};
/** Resolves when somebody besides the service and this test listens for events. */
const listening = (bench: ServiceBench, count: number) =>
  until(async () => (await listeners(bench)) > count, { what: 'the watch to begin', timeoutMs: 20_000 });

describe('conformance', () => {
  it('finds that all holds of a service that runs, over a change of token too', () =>
    withBench({ entries, env: { ADMIN_TOKEN: ADMIN } }, async (bench, { server }) => {
      await ready(bench);
      const count = await listeners(bench);
      const { code, stderr, report } = await conformance(server.url, async () => {
        await listening(bench, count);
        await until(async () => (await bench.redis.get('token:IG')) !== null, { what: 'a token' });
        const asked = await fetch(`${bench.service.url}/api/token/force-refresh`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
          body: JSON.stringify({ username: 'IG' }),
        });
        expect(asked.status).toBe(202);
      });
      expect(report.broken).toEqual([]);
      expect(report.accounts).toEqual(['IG', 'TV', 'TV_BAD', 'TV_SUB']);
      expect(report.new_tokens).toBeGreaterThanOrEqual(1);
      expect(report.not_seen).toEqual([]);
      expect([code, stderr]).toEqual([0, '']);
    }));

  it('says what does not hold where somebody else writes', () =>
    withBench({ entries }, async (bench, { server }) => {
      await ready(bench);
      const count = await listeners(bench);
      const { code, stderr, report } = await conformance(server.url, async () => {
        await listening(bench, count);
        await bench.redis
          .multi()
          .hincrby('meta:TV', 'generation', -5)
          .persist('token:TV')
          .set('auth:IG', 'made-up-other', 'KEEPTTL')
          .publish('token-events', '{"event":"hello"}')
          .exec();
      });
      const broken = new Set(report.broken.map(({ promise, name }) => `${promise} ${name}`));
      for (const each of ['generations TV', 'ttl TV', 'agreement IG', 'events '])
        expect(broken).toContain(each);
      expect([code, stderr]).toEqual([1, '4 promises of the contract did not hold.\n']);
    }));
});
