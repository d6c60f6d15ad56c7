import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browsing, logIn, register } from '../support/browser-login.ts';
import { track } from '../support/leaks.ts';
import { until } from '../support/poll.ts';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type BenchOptions, type ServiceBench } from '../support/service.ts';

/** A bridge that hands out what it is told to, whoever logs in. */
interface FakeBridge {
  readonly url: string;
  /** Who logged in, in order. */
  readonly logins: string[];
  stop(): Promise<void>;
}

async function startBridge(tokenFor: (username: string) => string): Promise<FakeBridge> {
  const logins: string[] = [];
  const server = createServer((request, response) => {
    void request
      .setEncoding('utf8')
      .toArray()
      .then((chunks) => {
        const username = new URLSearchParams(chunks.join('')).get('login') ?? '';
        logins.push(username);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ s: 'ok', d: { access_token: tokenFor(username) } }));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    untrack();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const untrack = track('the fake bridge', stop);
  return { url: `http://127.0.0.1:${port}`, logins, stop };
}

const FIRST = { username: 'FIRST', password: 'made-up-pass' };
const SECOND = { username: 'SECOND', password: 'made-up-pass' };

describe('the same owner or the same token under two logins', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  let bridge: FakeBridge | undefined;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    await bench.stop();
    await bridge?.stop();
    bridge = undefined;
    await server.stop();
  });
  const start = async (options: Omit<BenchOptions, 'redisUrl'>): Promise<void> => {
    bench = await startBench({
      redisUrl: server.url,
      ...(bridge && { baseUrls: { TRADOVATE_BRIDGE_URL: bridge.url } }),
      ...options,
    });
  };
  let tokens = 0;
  const sameOwner = (life: number) => (): string =>
    foreignJwt({ sub: 'made-up-owner', exp: inSeconds(life), jti: String(++tokens) });

  it.each([
    ['owner', () => sameOwner(3_000)],
    ['token', () => () => 'made-up-opaque-token'],
  ] as const)('the same %s is refused and said for the second, the first keeps running', async (_, make) => {
    bridge = await startBridge(make());
    await start({ entries: [FIRST] });
    await bench.state('FIRST', 'fresh');
    const token = await bench.redis.get('token:FIRST');
    await bench.writeCredentials([FIRST, SECOND]);
    const state = await bench.state('SECOND', 'stopped');
    expect(state['reason']).toBe('claimed_by_another');
    expect(await bench.redis.exists('token:SECOND', 'auth:SECOND', 'meta:SECOND')).toBe(0);
    expect(await bench.redis.get('token:FIRST')).toBe(token);
    expect(await bench.redis.hget('state:FIRST', 'state')).toBe('fresh');
    expect(bench.logged('refresh.failed')).toHaveLength(1);
    expect(JSON.stringify(bench.logged('refresh.failed'))).toContain('FIRST');
    // Over a restart, too: it is not tried again.
    await bench.restart();
    await bench.state('SECOND', 'stopped');
    expect(bridge.logins).toEqual(['FIRST', 'SECOND']);
  });

  it('the first goes on being refreshed beside the one that was refused', async () => {
    bridge = await startBridge(sameOwner(7));
    await start({ entries: [FIRST] });
    await bench.state('FIRST', 'fresh');
    await bench.writeCredentials([FIRST, SECOND]);
    await bench.state('SECOND', 'stopped');
    const generation = await bench.redis.hget('meta:FIRST', 'generation');
    await until(async () => (await bench.redis.hget('meta:FIRST', 'generation')) !== generation, {
      what: 'the next refresh of the first',
    });
    expect(bridge.logins.filter((name) => name === 'SECOND')).toHaveLength(1);
    expect(await bench.redis.exists('token:SECOND')).toBe(0);
  });

  it('when the first is gone, the second may have the owner', async () => {
    bridge = await startBridge(sameOwner(3_000));
    await start({ entries: [FIRST] });
    await bench.state('FIRST', 'fresh');
    await bench.writeCredentials([SECOND]);
    await bench.state('SECOND', 'fresh');
    expect(await bench.redis.hget('meta:SECOND', 'userId')).toBe('made-up-owner');
  });

  it('two Upstox apps of one user: the second login is refused and said', async () => {
    const app = (name: string): object => ({ ...browsing, name, clientId: `client-${name}` });
    await start({ entries: [app('ONE'), app('TWO')] });
    for (const name of ['ONE', 'TWO']) register(bench, name, 'MU0007');
    expect((await logIn(bench, 'ONE')).status).toBe(200);
    expect((await logIn(bench, 'TWO')).status).toBe(409);
    expect(await bench.redis.hget('meta:ONE', 'userId')).toBe('MU0007');
    expect(await bench.redis.exists('token:TWO', 'auth:TWO', 'meta:TWO')).toBe(0);
    expect(await bench.redis.hgetall('state:TWO')).toMatchObject({
      state: 'stopped',
      reason: 'claimed_by_another',
    });
    expect(bench.events.map(({ event, username }) => [event, username])).toEqual([
      ['refreshed', 'ONE'],
      ['failed', 'TWO'],
    ]);
    expect(await bench.redis.hget('state:ONE', 'state')).toBe('fresh');
  });

  it.each([
    ['a sub-account', [], [{ ...FIRST, accounts: ['SECOND'] }]],
    ['an alias', ['token:SECOND'], [FIRST]],
  ] as const)(
    '%s that becomes a login of its own logs in: the token it shared is not taken for its own',
    async (_, listed, entries) => {
      if (listed.length > 0) await server.client().rpush('FIRST', ...listed);
      await start({ entries });
      await bench.keys(['token:FIRST', 'token:SECOND']);
      expect(await bench.redis.get('token:SECOND')).toBe(await bench.redis.get('token:FIRST'));
      await bench.writeCredentials([FIRST, SECOND]);
      await bench.simulator.waitForCalls({ username: 'SECOND' }, 1, 8_000);
      await bench.keys(['auth:SECOND']);
      expect(await bench.redis.hget('state:SECOND', 'state')).toBe('fresh');
      expect(await bench.redis.get('token:SECOND')).not.toBe(await bench.redis.get('token:FIRST'));
      expect(await bench.redis.get('auth:SECOND')).toBe(await bench.redis.get('token:SECOND'));
      expect(bench.simulator.calls({ username: 'SECOND' })).toHaveLength(1);
      expect(bench.simulator.calls({ username: 'FIRST' })).toHaveLength(1);
    },
  );
});
