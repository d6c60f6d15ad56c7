import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDiscord, type FakeDiscord } from '../support/discord.ts';
import { until } from '../support/poll.ts';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';

const ADMIN = 'made-up-admin-token';
const login = { username: 'DESK', password: 'made-up-pass', accounts: ['DESK_SUB'] };
const observed = { ...login, mode: 'observe' };

describe('an account that somebody else serves', () => {
  let server: TestRedis;
  let discord: FakeDiscord;
  let bench: ServiceBench;
  beforeEach(async () => {
    [server, discord] = await Promise.all([startRedis(), startDiscord()]);
  });
  afterEach(async () => {
    await bench.stop();
    await discord.stop();
    await server.stop();
  });
  const start = async (...entries: unknown[]): Promise<void> => {
    bench = await startBench({
      redisUrl: server.url,
      entries,
      env: { ...discord.env, ADMIN_TOKEN: ADMIN },
    });
  };
  const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
  const status = async () => {
    const answer = await fetch(`${bench.service.url}/api/token/status/DESK`, { headers });
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };
  /** As the script did that is to be replaced. */
  const foreignWrite = async (seconds: number): Promise<string> => {
    const token = foreignJwt({ sub: 'made-up-sub', exp: inSeconds(seconds) });
    await server.client().setex('token:DESK', seconds, token);
    return token;
  };
  const ours = [
    'auth:DESK',
    'meta:DESK',
    'state:DESK',
    'DESK',
    'token:DESK_SUB',
    'meta:DESK_SUB',
    'state:DESK_SUB',
  ];

  it('is watched, and neither logged in nor written', async () => {
    const token = await foreignWrite(3_000);
    await start(observed);
    await until(async () => (await status())['valid'], { what: 'it to be seen' });
    expect(await status()).toMatchObject({ state: 'fresh', username: 'DESK', broker: 'tradovate' });
    const plan = await fetch(`${bench.service.url}/api/plan`, { headers });
    expect(JSON.stringify(await plan.json())).toContain('"DESK"');
    const refresh = await fetch(`${bench.service.url}/api/token/force-refresh`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ username: 'DESK' }),
    });
    expect(refresh.status).toBe(409);
    expect(await bench.redis.get('token:DESK')).toBe(token);
    expect(await bench.redis.exists(...ours)).toBe(0);
    expect(bench.simulator.calls()).toEqual([]);
  });

  it(
    'is alerted on where nobody keeps it, and the alert closes when somebody does',
    { timeout: 60_000 },
    async () => {
      await start(observed);
      await until(() => discord.posts().some(({ body }) => body.includes('DESK')), {
        what: 'the alert',
        timeoutMs: 30_000,
      });
      expect(await status()).toMatchObject({ state: 'expired', reason: 'observed_missing', valid: false });
      await foreignWrite(3_000);
      const all = (): string => [...discord.posts(), ...discord.patches()].map(({ body }) => body).join('\n');
      await until(() => all().includes('recovered'), { what: 'its end', timeoutMs: 20_000 });
      expect(bench.simulator.calls()).toEqual([]);
    },
  );

  it('is taken over without a login once it is served, and left again', async () => {
    const token = await foreignWrite(3_000);
    await start(observed);
    await until(async () => (await status())['valid'], { what: 'it to be seen' });
    await bench.writeCredentials([login]);
    await bench.service.reload();
    await bench.state('DESK', 'fresh');
    expect(await bench.redis.mget('token:DESK', 'token:DESK_SUB')).toEqual([token, token]);
    expect(bench.simulator.calls()).toEqual([]);
    await bench.writeCredentials([observed]);
    await bench.service.reload();
    await until(() => bench.events.some(({ event }) => event === 'removed'), { what: 'the word of it' });
    expect(await bench.redis.get('token:DESK')).toBe(token);
    await until(async () => (await status())['state'] === 'fresh', { what: 'it to be watched again' });
  });
});
