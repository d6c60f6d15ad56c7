import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';

const UPSTOX = {
  broker: 'upstox',
  name: 'UPSTOX',
  userId: 'MU0001',
  clientId: 'made-up-client',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
};

describe('on the first start', () => {
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
  const start = async (...entries: unknown[]): Promise<void> => {
    bench = await startBench({ redisUrl: server.url, entries });
  };

  it('a live token that somebody else wrote is taken over instead of logging in', async () => {
    const expiresAt = inSeconds(3_000);
    const token = foreignJwt({ sub: 'made-up-sub', exp: expiresAt });
    await before.set('token:DESK', token);
    await start({ username: 'DESK', password: 'made-up-pass', accounts: ['DESK_SUB'] });
    await bench.state('DESK', 'fresh');
    expect(await before.mget('token:DESK', 'auth:DESK', 'token:DESK_SUB')).toEqual([token, token, token]);
    const meta = await before.hgetall('meta:DESK');
    expect(meta).toMatchObject({
      expiresAt: new Date(expiresAt * 1_000).toISOString(),
      userId: 'made-up-sub',
    });
    expect(meta['headers']).toContain(`Bearer ${token}`);
    // Whatever TTL it had, or none: now it is the token's own.
    expect(Math.abs((await before.pexpiretime('token:DESK')) - expiresAt * 1_000)).toBeLessThan(200);
    expect(bench.simulator.calls()).toEqual([]);
    expect(bench.events).toEqual([
      expect.objectContaining({ event: 'confirmed', username: 'DESK', names: ['DESK', 'DESK_SUB'] }),
    ]);
  });

  it('so is a live token of an Upstox user, and nobody is asked to log in', async () => {
    const token = foreignJwt({ sub: 'MU0001', iat: inSeconds(-60), exp: inSeconds(3_000) });
    await before.set('token:UPSTOX', token);
    await start(UPSTOX);
    await bench.state('UPSTOX', 'fresh');
    expect(await before.mget('token:UPSTOX', 'auth:UPSTOX')).toEqual([token, token]);
    expect(await before.pexpiretime('token:UPSTOX')).toBeLessThanOrEqual(
      Date.parse((await before.hget('meta:UPSTOX', 'expiresAt')) ?? ''),
    );
    expect(bench.simulator.calls()).toEqual([]);
  });

  it('an Upstox token of another user, of a year, or without an end is not taken over', async () => {
    const notOurs = {
      OTHER_USER: foreignJwt({ sub: 'ZZ9999', iat: inSeconds(-60), exp: inSeconds(3_000) }),
      OF_A_YEAR: foreignJwt({ sub: 'MU0002', iat: inSeconds(-60), exp: inSeconds(365 * 86_400) }),
      ENDLESS: foreignJwt({ sub: 'MU0003', iat: inSeconds(-60) }),
    };
    for (const [name, token] of Object.entries(notOurs)) await before.set(`token:${name}`, token);
    await start(
      ...Object.keys(notOurs).map((name, i) => ({
        ...UPSTOX,
        name,
        userId: `MU000${i + 1}`,
        clientId: `made-up-client-${i}`,
      })),
    );
    for (const [name, token] of Object.entries(notOurs)) {
      await bench.state(name, 'awaiting_approval');
      expect(await before.get(`token:${name}`)).toBe(token);
      expect(await before.exists(`auth:${name}`, `meta:${name}`)).toBe(0);
    }
  });

  it('a token that is dead, unreadable or no string is replaced by a login', async () => {
    const old = {
      EXPIRED: foreignJwt({ sub: 'made-up', exp: inSeconds(-5) }),
      GARBAGE: 'made-up-garbage',
      NO_END: foreignJwt({ sub: 'made-up' }),
      BROKEN: 'eyJhbGciOiJub25lIn0.bm8tanNvbg.c2ln',
      FAR: foreignJwt({ sub: 'made-up', exp: inSeconds(400 * 86_400) }),
      LINE_BREAK: `${foreignJwt({ sub: 'made-up', exp: inSeconds(3_000) })}\r\nX-Evil: 1`,
    };
    for (const [name, token] of Object.entries(old)) await before.set(`token:${name}`, token);
    await before.hset('token:HASH', 'a', 'b');
    const logins = [...Object.keys(old), 'HASH', 'NONE'];
    await start(...logins.map((username) => ({ username, password: 'made-up-pass' })));
    for (const login of logins) {
      await bench.state(login, 'fresh');
      const token = await before.get(`token:${login}`);
      expect(Object.values(old)).not.toContain(token);
      expect(await before.get(`auth:${login}`)).toBe(token);
      expect(bench.simulator.calls({ username: login })).toHaveLength(1);
    }
  });

  it('a taken-over token is renewed before its end, by one login', async () => {
    await before.set('token:DESK', foreignJwt({ sub: 'made-up', exp: inSeconds(8) }));
    await start({ username: 'DESK', password: 'made-up-pass' });
    await bench.state('DESK', 'fresh');
    const [call] = await bench.simulator.waitForCalls({ operation: 'authorize' }, 1, 8_000);
    expect(call?.username).toBe('DESK');
    expect(await before.exists('token:DESK')).toBe(1);
  });

  it('a wrong password is not noticed while a taken-over token lives: it is not sent', async () => {
    await before.set('token:DESK', foreignJwt({ sub: 'made-up', exp: inSeconds(3_000) }));
    await start({ username: 'DESK', password: 'made-up-wrong' });
    await bench.state('DESK', 'fresh');
    expect(bench.simulator.calls()).toEqual([]);
  });

  it('a disabled account is neither taken over nor logged in, and listed as disabled', async () => {
    const token = foreignJwt({ sub: 'made-up', exp: inSeconds(3_000) });
    await before.set('token:DESK', token, 'EX', 500);
    await start({ username: 'DESK', password: 'made-up-pass', enabled: false });
    await bench.state('DESK', 'disabled');
    expect(await before.exists('auth:DESK', 'meta:DESK')).toBe(0);
    expect(await before.ttl('token:DESK')).toBeGreaterThan(480);
    expect(bench.simulator.calls()).toEqual([]);
  });
});
