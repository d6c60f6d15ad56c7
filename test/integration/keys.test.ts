import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hammer } from '../support/readers.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';
import { until } from '../support/poll.ts';

const tradovate = { username: 'DESK_T', password: 'made-up-pass-t', accounts: ['DESK_T_1', 'DESK_T_2'] };
const ig = {
  broker: 'ig',
  username: 'desk_ig',
  name: 'DESK_IG',
  password: 'made-up-pass-ig',
  apiKey: 'made-up-key-ig',
  accounts: ['ZSUB1', 'ZSUB2'],
};
const names = { DESK_T: ['DESK_T', 'DESK_T_1', 'DESK_T_2'], DESK_IG: ['DESK_IG', 'ZSUB1', 'ZSUB2'] };

describe('the keys of a login and its sub-accounts', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  beforeAll(async () => {
    server = await startRedis();
    bench = await startBench({
      redisUrl: server.url,
      entries: [tradovate, ig],
      // Lives of seconds: each login is renewed many times while the test looks on.
      simulator: { switches: { ig: { accessTtl: 3 }, tradovate: { lifetimeSeconds: 5 } } },
    });
    await bench.keys(['token:DESK_T', 'token:DESK_IG']);
  });
  afterAll(async () => {
    await bench.stop();
    await server.stop();
  });

  const metaOf = (name: string): Promise<Record<string, string>> => bench.redis.hgetall(`meta:${name}`);
  const headersOf = (meta: Readonly<Record<string, string>>): Record<string, string> =>
    JSON.parse(meta['headers'] ?? '{}') as Record<string, string>;

  it('each name has token, meta and state; auth and the list are the login’s alone', async () => {
    for (const all of Object.values(names)) {
      const [login = '', ...subs] = all;
      for (const name of all) {
        const types = await Promise.all(
          ['token', 'meta', 'state'].map((kind) => bench.redis.type(`${kind}:${name}`)),
        );
        expect(types, name).toEqual(['string', 'hash', 'hash']);
      }
      expect(await bench.redis.type(`auth:${login}`)).toBe('string');
      expect(await bench.redis.lrange(login, 0, -1)).toEqual(all.map((name) => `token:${name}`));
      for (const sub of subs) expect(await bench.redis.exists(`auth:${sub}`, sub), sub).toBe(0);
    }
  });

  it('meta says everything that the contract lists, in ISO 8601 UTC and whole numbers', async () => {
    const fields =
      'broker username environment generation issuedAt expiresAt tokenType scope source baseUrl userId';
    for (const name of Object.values(names).flat()) {
      const meta = await metaOf(name);
      expect(Object.keys(meta).sort(), name).toEqual([...fields.split(' '), 'accountId', 'headers'].sort());
      for (const at of [meta['issuedAt'], meta['expiresAt']]) {
        expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
      }
      expect(meta['generation']).toMatch(/^[1-9]\d*$/);
      expect(meta['baseUrl']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    }
    expect(await metaOf('DESK_T_1')).toMatchObject({
      broker: 'tradovate',
      username: 'DESK_T',
      environment: 'demo',
    });
    expect(await metaOf('ZSUB1')).toMatchObject({ broker: 'ig', username: 'desk_ig', accountId: 'ZSUB1' });
  });

  it('the headers of an IG sub-account carry its own id, those of the login the default account', async () => {
    const read = bench.redis.multi().get('token:DESK_IG');
    for (const name of names.DESK_IG) read.hgetall(`meta:${name}`);
    const [token, ...metas] = ((await read.exec()) ?? []).map(([, reply]) => reply);
    const [login, first, second] = metas as Record<string, string>[];
    const common = { Authorization: `Bearer ${String(token)}`, 'X-IG-API-KEY': 'made-up-key-ig' };
    expect(headersOf(login!)).toMatchObject({ ...common, 'IG-ACCOUNT-ID': login?.['accountId'] });
    expect(login?.['accountId']).toMatch(/^Z[0-9A-F]{4}$/);
    expect(headersOf(first!)).toMatchObject({ ...common, 'IG-ACCOUNT-ID': 'ZSUB1' });
    expect(headersOf(second!)).toMatchObject({ ...common, 'IG-ACCOUNT-ID': 'ZSUB2' });
  });

  it('no reader sees two generations of a login, with MGET or in a MULTI, over many refreshes', async () => {
    const readers = Object.entries(names).flatMap(([login, all]) => [
      hammer(async () => {
        const values = await bench.redis.mget(`auth:${login}`, ...all.map((name) => `token:${name}`));
        return { kinds: [new Set(values).size], generations: [] as number[] };
      }),
      hammer(async () => {
        const read = bench.redis.multi().get(`auth:${login}`);
        for (const name of all)
          read.get(`token:${name}`).hmget(`meta:${name}`, 'generation', 'headers', 'expiresAt');
        const replies = ((await read.exec()) ?? []).map(([, reply]) => reply);
        const tokens = [replies[0], ...all.map((_, i) => replies[1 + 2 * i])];
        const metas = all.map((_, i) => replies[2 + 2 * i] as string[]);
        const bearers = metas.map(([, headers]) => /Bearer ([^"]+)/.exec(headers ?? '')?.[1] ?? null);
        return {
          kinds: [
            new Set([...tokens, ...bearers]).size,
            new Set(metas.map(([generation]) => generation)).size,
            new Set(metas.map(([, , expiresAt]) => expiresAt)).size,
          ],
          generations: [Number(metas[0]?.[0] ?? 0)],
        };
      }),
    ]);
    const before = bench.events.length;
    const published = (username: string): number =>
      bench.events
        .slice(before)
        .filter((event) => event['event'] === 'refreshed' && event['username'] === username).length;
    await until(() => published('DESK_IG') >= 6 && published('DESK_T') >= 4, {
      what: 'many refreshes of both',
      timeoutMs: 25_000,
    });
    await Promise.all(readers.map((reader) => reader.stop()));
    for (const reader of readers) {
      expect(reader.seen.length).toBeGreaterThan(500);
      expect(reader.seen.filter(({ value }) => value.kinds.some((kinds) => kinds !== 1))).toEqual([]);
      const generations = reader.seen.flatMap(({ value }) => value.generations);
      expect(generations).toEqual(generations.toSorted((a, b) => a - b));
    }
  });

  it('state says since when, and a look that changes nothing does not move that', async () => {
    const since: (string | undefined)[] = [];
    const reader = hammer(async () => {
      const said = await bench.redis.hgetall('state:DESK_IG');
      if (said['state'] === 'fresh') since.push(said['since']);
    });
    const generation = await bench.redis.hget('meta:DESK_IG', 'generation');
    await bench.redis.zadd('refresher:due:ig', Date.now(), 'DESK_IG');
    await until(async () => (await bench.redis.hget('meta:DESK_IG', 'generation')) !== generation, {
      what: 'a refresh',
    });
    await reader.stop();
    expect(new Set(since).size).toBe(1);
  });

  it('an event finds the generation it tells of, or a newer one, in Redis already', async () => {
    const other = server.client();
    const subscriber = server.client();
    const behind: unknown[] = [];
    const looks: Promise<void>[] = [];
    await subscriber.subscribe('token-events');
    subscriber.on('message', (_, text: string) => {
      const { username, generation } = JSON.parse(text) as { username: string; generation: number };
      looks.push(
        other.hget(`meta:${username}`, 'generation').then((there) => {
          if (Number(there) < generation) behind.push({ username, generation, there });
        }),
      );
    });
    await until(() => looks.length >= 4, { what: 'four events', timeoutMs: 15_000 });
    await Promise.all(looks);
    expect(behind).toEqual([]);
  });

  it('generations only grow, and every refresh has its own', () => {
    for (const login of Object.keys(names)) {
      const generations = bench.events.flatMap(({ event, username, generation }) =>
        event === 'refreshed' && username === login ? [Number(generation)] : [],
      );
      expect(generations.length).toBeGreaterThan(4);
      expect(generations).toEqual([...new Set(generations)].toSorted((a, b) => a - b));
    }
  });

  it('no password, refresh token or sealed session lies in clear in any key, and no token outside its keys', async () => {
    const token = await bench.redis.get('token:DESK_IG');
    const dump: [string, string][] = [];
    for (const key of await bench.redis.keys('*')) {
      const kind = await bench.redis.type(key);
      const value =
        kind === 'string'
          ? await bench.redis.get(key)
          : kind === 'hash'
            ? await bench.redis.hgetall(key)
            : kind === 'list'
              ? await bench.redis.lrange(key, 0, -1)
              : kind === 'zset'
                ? await bench.redis.zrange(key, '0', '-1')
                : kind === 'stream'
                  ? await bench.redis.xrange(key, '-', '+')
                  : await bench.redis.smembers(key);
      dump.push([key, JSON.stringify(value)]);
    }
    expect(dump.length).toBeGreaterThan(20);
    expect(dump.filter(([, text]) => /made-up-pass/.test(text)).map(([key]) => key)).toEqual([]);
    expect(
      dump
        .filter(([key, text]) => key.startsWith('refresher:') && text.includes('made-up-key'))
        .map(([key]) => key),
    ).toEqual([]);
    // A refresh may have come between: then the first token is nowhere, which is as well.
    const holders = dump.filter(([, text]) => token !== null && text.includes(token)).map(([key]) => key);
    expect(holders.filter((key) => !/^(token|auth|meta):/.test(key))).toEqual([]);
    expect(bench.log.filter((line) => JSON.stringify(line).includes('made-up-pass'))).toEqual([]);
  });
});
