import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type BenchOptions, type ServiceBench } from '../support/service.ts';
import type { Redis } from 'ioredis';

const A = { username: 'A', password: 'made-up-pass' };
const B = { username: 'B', password: 'made-up-pass' };

describe('the list of a login’s keys', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  let before: Redis;
  beforeEach(async () => {
    server = await startRedis();
    before = server.client();
  });
  afterEach(async () => {
    await bench.stop();
    await server.stop();
  });
  const start = async (options: Omit<BenchOptions, 'redisUrl'>): Promise<void> => {
    bench = await startBench({ redisUrl: server.url, ...options });
    const logins = options.entries as readonly { username: string }[];
    await bench.keys(logins.map(({ username }) => `token:${username}`));
  };
  const get = (key: string): Promise<string | null> => bench.redis.get(key);
  const list = (name: string): Promise<string[]> => bench.redis.lrange(name, 0, -1);
  const reports = (): string[] => bench.logged('keys.reported').map((line) => String(line['report']));
  /** Asks for a refresh as an operator would: by the way the service itself is asked. */
  const refresh = async (name: string): Promise<void> => {
    const generation = await bench.redis.hget(`meta:${name}`, 'generation');
    await bench.redis
      .multi()
      .hset(`refresher:account:${name}`, 'request', JSON.stringify({ at: Date.now(), rearm: false }))
      .zadd('refresher:due:tradovate', Date.now(), name)
      .exec();
    await until(async () => (await bench.redis.hget(`meta:${name}`, 'generation')) !== generation, {
      what: `a refresh of ${name}`,
    });
  };

  it('keeps what others put on it, and writes it too where it begins with token: or auth:', async () => {
    await before.rpush('A', 'token:alias', 'auth:A', 'auth:alias2');
    await start({ entries: [A] });
    const token = await get('token:A');
    expect(await list('A')).toEqual(['token:alias', 'auth:A', 'auth:alias2', 'token:A']);
    expect(await bench.redis.mget('token:alias', 'auth:alias2', 'auth:A')).toEqual([token, token, token]);
    expect(
      Math.abs((await bench.redis.pttl('token:alias')) - (await bench.redis.pttl('token:A'))),
    ).toBeLessThan(50);
    expect(reports()).toEqual([]);
    // Put there later: written from the next refresh on.
    await bench.redis.rpush('A', 'token:later');
    await refresh('A');
    expect(await get('token:later')).toBe(await get('token:A'));
    expect(await list('A')).toEqual(['token:alias', 'auth:A', 'auth:alias2', 'token:A', 'token:later']);
  });

  it('entries of another login, of other shapes and names, are never written, and reported', async () => {
    const strange = [
      'meta:x',
      'x',
      'token:',
      'token:a b',
      'refresher:contract',
      'token:a:b',
      `token:${'n'.repeat(65)}`,
      'TOKEN:x',
      'state:A',
    ];
    await before.rpush('A', 'token:B', 'auth:B', 'token:B_SUB', ...strange);
    await before.set('x', 'foreign');
    await start({ entries: [A, { ...B, accounts: ['B_SUB'] }] });
    const [a, b] = [await get('token:A'), await get('token:B')];
    expect(a).not.toBe(b);
    expect(await bench.redis.mget('auth:B', 'token:B_SUB')).toEqual([b, b]);
    expect(await get('x')).toBe('foreign');
    const there = await bench.redis.keys('*');
    for (const entry of strange.filter((each) => !['x', 'refresher:contract', 'state:A'].includes(each))) {
      expect(there).not.toContain(entry);
    }
    expect(await get('refresher:contract')).toBe('1');
    expect(await bench.redis.type('state:A')).toBe('hash');
    expect(await list('A')).toEqual(['token:B', 'auth:B', 'token:B_SUB', ...strange, 'token:A']);
    // Each is reported; one that does not look like a key by its place, for it may be a secret.
    const said = reports().join('\n');
    expect(reports()).toHaveLength(3 + strange.length);
    for (const entry of ['token:B', 'auth:B', 'token:B_SUB', 'meta:x', 'refresher:contract', 'token:a:b']) {
      expect(said).toContain(entry);
    }
  });

  it('a token that somebody put on it by mistake is not told to the log', async () => {
    const pasted = `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"made-up-secret"}').toString('base64url')}.c2ln`;
    await before.rpush('A', pasted);
    await start({ entries: [A] });
    expect(reports()).toHaveLength(1);
    expect(JSON.stringify(bench.log)).not.toContain(pasted.slice(20, 50));
  });

  it.each(['string', 'hash', 'set', 'zset'] as const)(
    'a %s in its place is reported and left alone, the token is still served',
    async (kind) => {
      if (kind === 'string') await before.set('A', 'foreign');
      if (kind === 'hash') await before.hset('A', 'field', 'foreign');
      if (kind === 'set') await before.sadd('A', 'foreign');
      if (kind === 'zset') await before.zadd('A', 1, 'foreign');
      await start({ entries: [{ ...A, accounts: ['A_SUB'] }] });
      const token = await get('token:A');
      expect(await bench.redis.mget('auth:A', 'token:A_SUB')).toEqual([token, token]);
      expect(await bench.redis.type('A')).toBe(kind);
      expect(await bench.redis.ttl('A')).toBe(-1);
      expect(reports().some((report) => report.includes(`a ${kind}`))).toBe(true);
      await bench.state('A', 'fresh');
    },
  );

  it('what is of another type where a token, meta or state belongs is replaced, and said', async () => {
    await before
      .multi()
      .rpush('token:A', 'foreign')
      .set('meta:A', 'foreign')
      .sadd('auth:A', 'foreign')
      .set('state:A', 'foreign')
      .exec();
    await start({ entries: [A] });
    await bench.state('A', 'fresh');
    expect(await get('auth:A')).toBe(await get('token:A'));
    expect(await bench.redis.type('meta:A')).toBe('hash');
    expect(reports()).toHaveLength(3);
  });

  it('a name has one owner: of two lists that name the same alias, one writes it, the other is told', async () => {
    await before.rpush('A', 'token:shared');
    await before.rpush('B', 'token:shared');
    await start({ entries: [A, B] });
    const owner = (await get('token:shared')) === (await get('token:A')) ? 'A' : 'B';
    const other = owner === 'A' ? 'B' : 'A';
    expect(await get('token:shared')).toBe(await get(`token:${owner}`));
    expect(reports()).toHaveLength(1);
    await refresh(other);
    expect(await get('token:shared')).toBe(await get(`token:${owner}`));
    // Off the owner's list, the name is free for the other.
    await bench.redis.lrem(owner, 0, 'token:shared');
    await refresh(owner);
    await refresh(other);
    expect(await get('token:shared')).toBe(await get(`token:${other}`));
  });

  it('an alias of an account that was removed is free for another', async () => {
    await before.rpush('A', 'token:shared');
    await start({ entries: [A] });
    expect(await get('token:shared')).toBe(await get('token:A'));
    await bench.writeCredentials([B]);
    await bench.keys(['token:B']);
    await bench.redis.rpush('B', 'token:shared');
    await refresh('B');
    expect(await get('token:shared')).toBe(await get('token:B'));
  });

  it('a configured name goes before an alias', async () => {
    await before.rpush('A', 'token:NEW');
    await start({ entries: [A] });
    expect(await get('token:NEW')).toBe(await get('token:A'));
    await bench.writeCredentials([A, { ...B, accounts: ['NEW'] }]);
    await bench.keys(['meta:NEW']);
    await refresh('A');
    expect(await get('token:NEW')).toBe(await get('token:B'));
    expect(reports().at(-1)).toContain('token:NEW');
  });

  it('a sub-account that is configured no longer leaves the list, and its keys run out', async () => {
    const entry = { ...A, ttlSeconds: 3, accounts: ['S1', 'S2'] };
    await start({ entries: [entry] });
    await bench.writeCredentials([{ ...entry, accounts: ['S2', 'S3'] }]);
    await bench.keys(['token:S3', 'meta:S3']);
    expect(await list('A')).toEqual(['token:A', 'token:S2', 'token:S3']);
    expect(await get('token:S3')).toBe(await get('token:A'));
    await until(async () => (await bench.redis.exists('token:S1', 'meta:S1')) === 0, {
      what: 'the keys of S1 to run out',
      timeoutMs: 5_000,
    });
    expect(await bench.redis.exists('token:A', 'token:S2', 'token:S3', 'meta:S2', 'meta:S3')).toBe(5);
    expect(bench.simulator.calls()).toHaveLength(1);
  });

  it('a sub-account that moves to another login has that login’s token', async () => {
    await start({ entries: [{ ...A, accounts: ['MOVING'] }, B] });
    await bench.writeCredentials([A, { ...B, accounts: ['MOVING'] }]);
    await until(async () => (await get('token:MOVING')) === (await get('token:B')), { what: 'the move' });
    expect(await bench.redis.hget('meta:MOVING', 'username')).toBe('B');
    expect([await list('A'), await list('B')]).toEqual([['token:A'], ['token:B', 'token:MOVING']]);
    await refresh('A');
    expect(await get('token:MOVING')).toBe(await get('token:B'));
    await until(async () => (await bench.redis.ttl('state:MOVING')) === -1, { what: 'its state to stay' });
  });
});
