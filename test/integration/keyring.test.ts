import { describe, expect, it } from 'vitest';
import { makeSeal } from '../../src/redis/seal.ts';
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
      await until(() => bench.logged('records.resealed').length > 0, {
        what: 'the session under the new key',
      });
      await bench.restart({ SECRET_KEY: NEW });
      await redis.zadd('refresher:due:tradovate', 1, 'GOOD');
      await until(async () => Number(await redis.zscore('refresher:due:tradovate', 'GOOD')) > Date.now(), {
        what: 'a look at it',
      });
      await until(() => bench.log.some((line) => line['event'] === 'service.ready'), {
        what: 'the last start',
      });

      expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(calls);
      expect(await redis.get('token:GOOD')).toBe(token);
      expect(await redis.hget('meta:GOOD', 'source')).toBe('sign-in');
      expect(bench.logged('record.unreadable')).toEqual([]);
      expect(await state('BAD')).toBe('stopped');
    }));

  it('that is lost for one entry puts it aside, says so, and gets a new token', () =>
    withBench({ entries: entries.slice(0, 1), env: { SECRET_KEY: NEW } }, async (bench) => {
      const { redis } = bench;
      await bench.keys(['token:GOOD']);
      const sealed = await redis.hget('refresher:account:GOOD', 'session');
      const foreign = makeSeal([Buffer.alloc(32, 3)]).seal('{}', 'session GOOD');
      await redis.hset('refresher:account:GOOD', 'session', foreign);
      await bench.restart();
      await until(() => bench.logged('record.quarantined').length === 1, { what: 'the quarantine' });
      expect(await redis.hget('refresher:quarantine:GOOD', 'session')).toBe(foreign);
      await redis.zadd('refresher:due:tradovate', 1, 'GOOD');
      await until(
        async () => {
          const now = await redis.hget('refresher:account:GOOD', 'session');
          return now !== null && now !== foreign && now !== sealed;
        },
        { what: 'a session that can be opened' },
      );
    }));
});
