import { describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { withBench } from '../support/service.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const OLD = key(1);
const NEW = key(2);

const entries = [
  { username: 'GOOD', password: 'made-up-pass' },
  { username: 'BAD', password: 'made-up-wrong-pass' },
];

describe('a sealing key that is rotated', () => {
  it('can be dropped: nobody logs in again, and a refused password stays refused', () =>
    withBench({ entries, env: { SECRET_KEY: OLD } }, async (bench) => {
      const { redis, simulator } = bench;
      const state = (name: string): Promise<string | null> => redis.hget(`state:${name}`, 'state');
      const refused = async (): Promise<readonly unknown[]> =>
        JSON.parse((await redis.hget('refresher:account:BAD', 'refused')) ?? '[]') as unknown[];
      await until(async () => (await state('GOOD')) === 'fresh' && (await state('BAD')) === 'stopped', {
        what: 'one login and one refusal',
      });
      const calls = simulator.calls({ broker: 'tradovate' }).length;
      const token = await redis.get('token:GOOD');

      await bench.restart({ SECRET_KEY: `${NEW},${OLD}` });
      await until(async () => (await refused()).length === 2, { what: 'the verdict under the new key too' });
      await bench.restart({ SECRET_KEY: NEW });
      // The session was sealed with the key that is gone: at its next look the live token is all there is.
      await redis.zadd('refresher:due:tradovate', 1, 'GOOD');
      await until(async () => (await redis.hget('meta:GOOD', 'source')) === 'adopted', {
        what: 'the live token, taken over from our own key',
      });
      await until(() => bench.log.some((line) => line['event'] === 'service.ready'), {
        what: 'the last start',
      });

      expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(calls);
      expect(await redis.get('token:GOOD')).toBe(token);
      expect(await state('BAD')).toBe('stopped');
    }));
});
