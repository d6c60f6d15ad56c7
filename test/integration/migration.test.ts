import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { withBench } from '../support/service.ts';

const names = Array.from({ length: 40 }, (_, i) => `DESK_${String(i).padStart(2, '0')}`);
const entries = names.map((username) => ({ username, password: `made-up-${username}` }));
/** What the script writes that is to be replaced: one that lives for so long. */
const theirs = (name: string, seconds: number): string =>
  foreignJwt({ sub: `sub-${name}`, exp: inSeconds(seconds) });

describe.concurrent('beside an older writer', () => {
  it('forty live tokens that it left are taken over, and nobody is logged in', ({ expect }) =>
    withBench(
      {
        entries,
        before: async ({ server }) => {
          const redis = server.client();
          for (const name of names) await redis.setex(`token:${name}`, 3_000, theirs(name, 3_000));
        },
      },
      async (bench, { brokers }) => {
        await bench.keys(
          names.map((name) => `meta:${name}`),
          30_000,
        );
        const sources = await Promise.all(names.map((name) => bench.redis.hget(`meta:${name}`, 'source')));
        expect(new Set(sources)).toEqual(new Set(['adopted']));
        expect(brokers.calls()).toEqual([]);
      },
    ));

  it('that goes on writing there is no fight: neither a login nor a write in answer', ({ expect }) =>
    withBench({ entries: [entries[0]] }, async (bench, { brokers }) => {
      const [name = ''] = names;
      await bench.keys([`meta:${name}`]);
      const calls = brokers.calls().length;
      const before = await bench.redis.hgetall(`meta:${name}`);
      for (let writes = 0; writes < 10; writes++) {
        const token = theirs(name, 600 + writes);
        await bench.redis.setex(`token:${name}`, 600, token);
        // As long as several looks of the service at what is due.
        await sleep(300);
        expect(await bench.redis.get(`token:${name}`)).toBe(token);
      }
      expect(brokers.calls()).toHaveLength(calls);
      // Who reads `meta:` alone goes on with the service's own.
      expect(await bench.redis.hgetall(`meta:${name}`)).toEqual(before);
    }));
});
