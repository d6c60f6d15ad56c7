import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import {
  broken,
  hanging,
  startDiscord,
  webhookSettings,
  wellBehaved,
  type FakeDiscord,
} from '../support/discord.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { startRunning, type Running } from '../support/running.ts';

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
let discord: FakeDiscord;
beforeAll(async () => {
  server = await startRedis({ own: true });
});
afterAll(() => server.stop());
beforeEach(async () => {
  simulator = ends.add(await startSimulator(), stop);
  discord = ends.add(await startDiscord(), stop);
});
afterEach(ends.all);

let databases = 0;
const database = (): string => `${server.url}/${(databases += 1)}`;

async function start(options: Parameters<typeof startRunning>[0]): Promise<Running> {
  const env = { ...simulator.settings, ...discord.env, ...options.env };
  return ends.add(await startRunning({ ...options, env }), kill);
}

/** Longer than the service waits between a failure and its word about it: a second word would be out by then. */
const QUIET_MS = 4_500;

describe('a wrong password', () => {
  const accounts = [
    { name: 'DESK_T', entry: { username: 'DESK_T' }, filter: { broker: 'tradovate' } },
    {
      name: 'DESK_I',
      entry: { broker: 'ig', username: 'DESK_I', apiKey: 'made-up-key' },
      filter: { broker: 'ig', operation: 'login' },
    },
  ];
  const withPassword = (password: string) => accounts.map(({ entry }) => ({ ...entry, password }));
  /** Logins and messages so far, by account. */
  const costs = () =>
    accounts.map(({ name, filter }) => ({
      name,
      logins: simulator.calls(filter).length,
      messages: discord.posts().filter((heard) => heard.body.includes(name)).length,
    }));
  const each = (logins: number, messages: number) => accounts.map(({ name }) => ({ name, logins, messages }));
  const told = (messages: number, timeoutMs = 20_000): Promise<unknown> =>
    until(() => costs().every((cost) => cost.messages >= messages), {
      what: `message ${messages} about each account`,
      timeoutMs,
    });

  it('is told by the next process where a kill -9 came before the message', async () => {
    const redisUrl = database();
    const entries = withPassword('made-up-wrong-one');
    const first = await start({ redisUrl, entries });
    const redis = ends.add(new Redis(redisUrl), (client) => client.disconnect());
    await until(
      async () => {
        const states = await Promise.all(accounts.map(({ name }) => redis.hget(`state:${name}`, 'state')));
        return states.every((state) => state === 'stopped');
      },
      { what: 'both accounts stopped', intervalMs: 5 },
    );
    await first.kill();
    expect(discord.posts()).toEqual([]);
    const second = await start({ redisUrl, entries, like: first });
    await told(1, 75_000);
    await sleep(QUIET_MS);
    expect(costs()).toEqual(each(1, 1));
    expect((await second.stop()).code).toBe(0);
  });

  it('costs one login and one message, over a restart too, and one of each once it is right', async () => {
    const redisUrl = database();
    const first = await start({ redisUrl, entries: withPassword('made-up-wrong-one') });
    await told(1);
    await sleep(QUIET_MS);
    expect(costs()).toEqual(each(1, 1));
    for (const heard of discord.posts()) {
      expect(heard.body).not.toContain('recovered');
      // It is stopped: that another try comes by itself would be a lie.
      expect(heard.body).toContain('a person must act');
    }
    expect((await first.stop()).code).toBe(0);

    const second = await start({ redisUrl, entries: withPassword('made-up-wrong-one'), like: first });
    await second.ready();
    // A person's plain request does not spend a try either.
    for (const { name } of accounts) expect((await second.command('refresh', name)).code).toBe(1);
    await sleep(QUIET_MS);
    expect(costs()).toEqual(each(1, 1));

    // The watch on the file finds it; nobody tells the service.
    await second.writeCredentials(withPassword('made-up-right-one'));
    await told(2);
    for (const { name } of accounts) expect((await second.command('get', name)).code).toBe(0);
    await sleep(QUIET_MS);
    expect(costs()).toEqual(each(2, 2));
    const recoveries = discord.posts().slice(2);
    expect(recoveries).toHaveLength(2);
    for (const heard of recoveries) expect(heard.body).toContain('recovered');
    expect((await second.stop()).code).toBe(0);
  });
});

describe('wrong passwords of several accounts', () => {
  it('are sent one after the other, three in an hour, and make one message that names them', async () => {
    const entries = Array.from({ length: 5 }, (_, i) => ({
      username: `DESK_${i}`,
      password: 'made-up-wrong',
    }));
    const service = await start({ redisUrl: database(), entries });
    const namedIn = (code: string): readonly string[] => {
      const last = discord.heard.findLast(({ body }) => body.includes(`(${code})`))?.body ?? '';
      // Whose passwords hold the others up is named as well, before the list of those that fail.
      const failing = last.slice(last.indexOf('**Failing'));
      return entries.filter((entry) => failing.includes(entry.username)).map((entry) => entry.username);
    };
    await until(() => namedIn('bad_credentials').length === 3 && namedIn('budget_spent').length === 2, {
      what: 'three refused and two that wait',
      timeoutMs: 25_000,
    });
    // The network's last failures of the hour are kept for logins that are known to be good.
    expect(discord.posts()).toHaveLength(2);
    expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(3);
    expect(simulator.peakInFlight('tradovate')).toBe(1);
    expect((await service.stop()).code).toBe(0);
  });
});

describe('a Discord that is no help', () => {
  /** Tokens of 5 s, renewed about every 3 s. */
  const LIFE_S = 5;
  const good = ['DESK_A', 'DESK_B', 'DESK_C'];
  const entries = [
    ...good.map((username) => ({ username, password: `made-up-${username}` })),
    { username: 'DESK_BAD', password: 'made-up-wrong-one' },
  ];

  /** Runs until each good account had three logins; how long each took from its end to the token, ms. */
  async function delays(env: Readonly<Record<string, string>>): Promise<readonly number[]> {
    const redisUrl = database();
    simulator.setSwitch('tradovate', 'lifetimeSeconds', LIFE_S);
    const heard: { readonly username: string; readonly at: number }[] = [];
    const subscriber = new Redis(redisUrl);
    await subscriber.subscribe('token-events');
    subscriber.on('message', (_, text: string) => {
      const { event, username } = JSON.parse(text) as { event: string; username: string };
      if (event === 'refreshed') heard.push({ username, at: Date.now() });
    });
    const since = simulator.calls().at(-1)?.n ?? 0;
    const service = ends.add(
      await startRunning({ redisUrl, entries, env: { ...simulator.settings, ...env } }),
      kill,
    );
    const of = (username: string) => heard.filter((each) => each.username === username);
    await until(() => good.every((username) => of(username).length >= 3), {
      what: 'three tokens for each account',
      timeoutMs: 40_000,
    });
    const stoppedAt = Date.now();
    const exit = await service.stop();
    subscriber.disconnect();
    expect(exit.code).toBe(0);
    expect(Date.now() - stoppedAt).toBeLessThan(15_000);
    return good.flatMap((username) => {
      const logins = simulator.calls({ broker: 'tradovate', username, after: since });
      return of(username).map(({ at }, i) => at - (logins[i]?.endedAt ?? Infinity));
    });
  }

  it('delays no token, be it refusing connections, silent or broken', async () => {
    const median = (values: readonly number[]): number =>
      [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
    const without = await delays({});
    const refusing = webhookSettings(`http://127.0.0.1:${await freePort()}/api`);
    for (const [what, env, behave] of [
      ['refusing', refusing, hanging],
      ['silent', discord.env, hanging],
      ['broken', discord.env, broken],
    ] as const) {
      discord.behave = behave;
      discord.heard = [];
      const measured = await delays(env);
      const said = `${what}: ${measured.join(', ')} ms; without Discord: ${without.join(', ')} ms`;
      // One that waited for Discord would be late by seconds, and by the time-out each time.
      expect(Math.max(...measured), said).toBeLessThan(1_500);
      expect(median(measured), said).toBeLessThan(median(without) + 250);
      if (what !== 'refusing') expect(discord.heard.length, what).toBeGreaterThan(0);
    }
  });

  it('hears of it once it is back, and once only', async () => {
    const redisUrl = database();
    discord.behave = broken;
    const service = await start({ redisUrl, entries });
    await until(() => discord.posts().length > 1, { what: 'two tries in vain', timeoutMs: 30_000 });
    const before = discord.posts().length;
    discord.behave = wellBehaved();
    await until(() => discord.posts().length > before, { what: 'the message', timeoutMs: 30_000 });
    await sleep(QUIET_MS);
    expect(discord.posts()).toHaveLength(before + 1);
    expect((await service.stop()).code).toBe(0);
  });
});
