import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { importText } from '../../src/accounts/import.ts';
import { brokers, settingsShapes } from '../../src/brokers/index.ts';
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
      async (bench, { brokers: simulators }) => {
        await bench.keys(
          names.map((name) => `meta:${name}`),
          30_000,
        );
        const sources = await Promise.all(names.map((name) => bench.redis.hget(`meta:${name}`, 'source')));
        expect(new Set(sources)).toEqual(new Set(['adopted']));
        expect(simulators.calls()).toEqual([]);
      },
    ));

  it('that goes on writing there is no fight: neither a login nor a write in answer', ({ expect }) =>
    withBench({ entries: [entries[0]] }, async (bench, { brokers: simulators }) => {
      const [name = ''] = names;
      await bench.keys([`meta:${name}`]);
      const calls = simulators.calls().length;
      const before = await bench.redis.hgetall(`meta:${name}`);
      for (let writes = 0; writes < 10; writes++) {
        const token = theirs(name, 600 + writes);
        await bench.redis.setex(`token:${name}`, 600, token);
        // As long as several looks of the service at what is due.
        await sleep(300);
        expect(await bench.redis.get(`token:${name}`)).toBe(token);
      }
      expect(simulators.calls()).toHaveLength(calls);
      // Who reads `meta:` alone goes on with the service's own.
      expect(await bench.redis.hgetall(`meta:${name}`)).toEqual(before);
    }));

  it('several of its files, imported each by itself and put into one list, are served as one', ({
    expect,
  }) => {
    const files = [
      JSON.stringify([{ username: 'DESK_LIST', password: 'made-up-list' }]),
      'IG_USERNAME=DESK_IG\nIG_PASSWORD=made-up-ig\nIG_API_KEY=made-up-key\nIG_DEMO=true\n',
      JSON.stringify({
        ig_markets: {
          demo: {
            enabled: true,
            clientId: 'DESK_OLD',
            username: 'OLD',
            password: 'made-up-old',
            apiKey: 'made-up-key-2',
          },
        },
      }),
    ];
    const merged = files.flatMap((text) => {
      const read = importText(text, brokers, settingsShapes);
      if ('wrong' in read) throw new Error(read.wrong);
      expect(read.toMend).toEqual([]);
      return read.entries;
    });
    return withBench({ entries: merged }, async (bench, { brokers: simulators }) => {
      await bench.keys(['token:DESK_LIST', 'token:DESK_IG', 'token:DESK_OLD'], 30_000);
      expect(simulators.calls().filter(({ operation }) => /authorize|login/.test(operation))).toHaveLength(3);
    });
  });

  it('may write again once the service is stopped: its bots keep their token, and nothing is cleaned up', ({
    expect,
  }) =>
    withBench({ entries: [entries[0]] }, async (bench, { brokers: simulators }) => {
      const [name = ''] = names;
      await bench.keys([`meta:${name}`]);
      const token = await bench.redis.get(`token:${name}`);
      const meta = await bench.redis.hgetall(`meta:${name}`);
      await bench.service.stop();
      const calls = simulators.calls().length;
      // The last token stays, and ends by itself with its broker's.
      expect(await bench.redis.get(`token:${name}`)).toBe(token);
      const endsAt = await bench.redis.pexpiretime(`token:${name}`);
      expect(endsAt).toBeGreaterThan(Date.now());
      expect(endsAt).toBeLessThanOrEqual(Date.parse(meta['expiresAt'] ?? ''));
      expect(await bench.redis.pexpiretime(`meta:${name}`)).toBeLessThanOrEqual(
        Date.parse(meta['expiresAt'] ?? ''),
      );
      const next = theirs(name, 600);
      await bench.redis.setex(`token:${name}`, 600, next);
      expect(await bench.redis.get(`token:${name}`)).toBe(next);
      expect(simulators.calls()).toHaveLength(calls);
      // And the service, should it come back: it does not fight the writer.
      await bench.restart();
      await bench.state(name, 'fresh');
      expect(await bench.redis.get(`token:${name}`)).toBe(next);
      expect(simulators.calls()).toHaveLength(calls);
    }));
});
