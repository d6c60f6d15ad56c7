import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const CAPPED = { username: 'CAPPED', password: 'made-up-pass', ttlSeconds: 3, accounts: ['CAPPED_SUB'] };
const keysOf = (login: string, ...subs: string[]): string[] => [
  `auth:${login}`,
  ...[login, ...subs].flatMap((name) => [`token:${name}`, `meta:${name}`]),
];

const ttls = ({ redis }: ServiceBench, keys: readonly string[]): Promise<number[]> =>
  Promise.all(keys.map((key) => redis.pttl(key)));
const expiryOf = async ({ redis }: ServiceBench, name: string): Promise<number> =>
  Date.parse((await redis.hget(`meta:${name}`, 'expiresAt')) ?? '');

// Side by side: most of their time is waiting.
describe.concurrent('the TTL of a login’s keys', () => {
  it('is the time to the token’s real expiry, at most ttlSeconds or TOKEN_TTL_SECONDS', ({ expect }) => {
    return withBench(
      {
        entries: [
          { username: 'OWN', password: 'made-up-pass', ttlSeconds: 100 },
          { username: 'COMMON', password: 'made-up-pass' },
          { username: 'LONGER', password: 'made-up-pass', ttlSeconds: 100_000 },
          { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' },
          {
            broker: 'ig',
            username: 'IG_CAPPED',
            password: 'made-up-pass',
            apiKey: 'made-up-key',
            ttlSeconds: 20,
          },
        ],
        env: { TOKEN_TTL_SECONDS: '50' },
      },
      async (bench) => {
        const expected = { OWN: 100, COMMON: 50, LONGER: 4_800, IG: 60, IG_CAPPED: 20 };
        for (const [name, seconds] of Object.entries(expected)) {
          await bench.keys(keysOf(name));
          for (const ttl of await ttls(bench, keysOf(name))) {
            expect(ttl, name).toBeLessThanOrEqual(seconds * 1_000);
            expect(ttl, name).toBeGreaterThan(seconds * 1_000 - 6_000);
          }
        }
      },
    );
  });

  it('is re-armed before it runs out: never a moment without a key while the token is good', ({ expect }) => {
    return withBench({ entries: [CAPPED] }, async (bench) => {
      const keys = keysOf('CAPPED', 'CAPPED_SUB');
      await bench.keys(keys);
      const reader = hammer(() => bench.redis.exists(...keys));
      const shortest = hammer(async () => Math.max(...(await ttls(bench, keys))));
      await until(() => (reader.seen.at(-1)?.at ?? 0) - (reader.seen[0]?.at ?? 0) >= 15_000, {
        what: 'fifteen seconds of reading',
        timeoutMs: 20_000,
      });
      await Promise.all([reader.stop(), shortest.stop()]);
      expect(reader.seen.filter(({ value }) => value !== keys.length)).toEqual([]);
      expect(Math.max(...shortest.seen.map(({ value }) => value))).toBeLessThanOrEqual(3_000);
      expect(bench.simulator.calls({ broker: 'tradovate' })).toHaveLength(1);
    });
  });

  it('never ends later than the token, also where it is re-armed', ({ expect }) => {
    return withBench(
      {
        entries: [{ ...CAPPED, ttlSeconds: 2 }],
        simulator: { switches: { tradovate: { lifetimeSeconds: 9 } } },
      },
      async (bench) => {
        const keys = keysOf('CAPPED', 'CAPPED_SUB');
        await bench.keys(keys);
        // From here on no login succeeds: the first token is all there is.
        bench.simulator.fault({ broker: 'tradovate', kind: 'drop' });
        const expiresAt = await expiryOf(bench, 'CAPPED');
        const reader = hammer(async () => ({
          there: await bench.redis.exists(...keys),
          ends: await Promise.all(keys.map((key) => bench.redis.pexpiretime(key))),
        }));
        await until(() => Date.now() > expiresAt + 1_000, {
          what: 'the end of the token',
          timeoutMs: 15_000,
        });
        await reader.stop();
        const late = reader.seen.filter(({ from, value }) => from > expiresAt + 50 && value.there > 0);
        expect(late).toEqual([]);
        const early = reader.seen.filter(({ at, value }) => at < expiresAt - 50 && value.there < keys.length);
        expect(early).toEqual([]);
        const beyond = reader.seen.filter(({ value }) => value.ends.some((ends) => ends > expiresAt));
        expect(beyond).toEqual([]);
      },
    );
  });

  it('a key that somebody deleted is written again, whichever of the login’s it is', ({ expect }) => {
    return withBench(
      {
        entries: [CAPPED, { username: 'LONG', password: 'made-up-pass', accounts: ['LONG_SUB'] }],
      },
      async (bench) => {
        const keys = [...keysOf('CAPPED', 'CAPPED_SUB'), ...keysOf('LONG', 'LONG_SUB')];
        await bench.keys(keys);
        const tokens = await bench.redis.mget('token:CAPPED', 'token:LONG');
        for (const gone of ['meta:CAPPED_SUB', 'token:CAPPED', 'auth:CAPPED']) {
          await bench.redis.del(gone);
          await bench.keys([gone], 4_000);
        }
        expect(await bench.redis.mget('token:CAPPED', 'token:LONG')).toEqual(tokens);
        expect(bench.simulator.calls()).toHaveLength(2);
      },
    );
  });

  it('a deleted key is written again within the time of a sweep, also where the TTL is long', ({
    expect,
  }) => {
    const gone = ['token:A', 'auth:B', 'meta:C', 'token:D_SUB', 'meta:E_SUB'];
    const logins = ['A', 'B', 'C', 'D', 'E'];
    return withBench(
      {
        entries: logins.map((username) => ({
          username,
          password: 'made-up-pass',
          accounts: [`${username}_SUB`],
        })),
      },
      async (bench) => {
        await bench.keys(logins.flatMap((login) => keysOf(login, `${login}_SUB`)));
        await bench.redis.del(...gone);
        await bench.keys(gone, 35_000);
        expect(bench.simulator.calls()).toHaveLength(5);
      },
    );
  }, 60_000);

  it('a key that somebody else wrote is not re-armed, and that is said', ({ expect }) => {
    return withBench({ entries: [CAPPED] }, async (bench) => {
      await bench.keys(keysOf('CAPPED', 'CAPPED_SUB'));
      await bench.redis.set('auth:CAPPED', 'made-up-foreign', 'PX', 2_500);
      const reader = hammer(async () => {
        const read = bench.redis
          .multi()
          .get('auth:CAPPED')
          .pexpiretime('auth:CAPPED')
          .exists('token:CAPPED', 'meta:CAPPED', 'token:CAPPED_SUB');
        const [foreign, endsAt, own] = ((await read.exec()) ?? []).map(([, reply]) => reply);
        return { foreign, endsAt: Number(endsAt), own };
      });
      await until(() => bench.logged('keys.foreign').length > 0, { what: 'the report' });
      await until(async () => (await bench.redis.get('auth:CAPPED')) !== 'made-up-foreign', {
        what: 'the end of the foreign value',
        timeoutMs: 5_000,
      });
      await reader.stop();
      const foreign = reader.seen.filter(({ value }) => value.foreign === 'made-up-foreign');
      expect(new Set(foreign.map(({ value }) => value.endsAt)).size).toBe(1);
      expect(reader.seen.filter(({ value }) => value.own !== 3)).toEqual([]);
      expect(JSON.stringify(bench.log)).not.toContain('made-up-foreign');
    });
  });

  it('the keys of an account that is switched off run out by their TTL', ({ expect }) => {
    return withBench(
      { entries: [CAPPED, { username: 'OTHER', password: 'made-up-pass' }] },
      async (bench) => {
        await bench.keys(keysOf('CAPPED', 'CAPPED_SUB'));
        await bench.writeCredentials([
          { ...CAPPED, enabled: false },
          { username: 'OTHER', password: 'made-up-pass' },
        ]);
        await bench.state('CAPPED', 'disabled');
        await until(async () => (await bench.redis.exists(...keysOf('CAPPED', 'CAPPED_SUB'))) === 0, {
          what: 'the keys to run out',
          timeoutMs: 6_000,
        });
        // Switched on again while its token lives: served at once, with the same token.
        await bench.writeCredentials([CAPPED, { username: 'OTHER', password: 'made-up-pass' }]);
        await bench.state('CAPPED', 'fresh');
        await bench.keys(keysOf('CAPPED', 'CAPPED_SUB'), 2_000);
        expect(bench.simulator.calls({ username: 'CAPPED' })).toHaveLength(1);
      },
    );
  });

  it('follows a changed ttlSeconds, and a changed TOKEN_TTL_SECONDS over a restart', () => {
    const entry = { username: 'LONG', password: 'made-up-pass' };
    return withBench({ entries: [entry] }, async (bench) => {
      await bench.keys(keysOf('LONG'));
      await bench.writeCredentials([{ ...entry, ttlSeconds: 30 }]);
      await until(async () => Math.max(...(await ttls(bench, keysOf('LONG')))) <= 30_000, {
        what: 'the shorter TTL',
        timeoutMs: 6_000,
      });
      await bench.writeCredentials([entry]);
      await until(async () => Math.min(...(await ttls(bench, keysOf('LONG')))) > 30_000, {
        what: 'the longer TTL',
        timeoutMs: 16_000,
      });
      await bench.restart({ TOKEN_TTL_SECONDS: '40' });
      await until(async () => Math.max(...(await ttls(bench, keysOf('LONG')))) <= 40_000, {
        what: 'the TTL of the new setting',
        timeoutMs: 6_000,
      });
    });
  });
});
