import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAlerts, type Alerts } from '../../src/alerts/alerts.ts';
import { CALL_MS } from '../../src/alerts/channel.ts';
import { discordChannel } from '../../src/alerts/discord.ts';
import type { Failure } from '../../src/alerts/incidents.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { track } from '../support/leaks.ts';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** What Discord is sent, as far as the tests look at it. */
interface Said {
  readonly content: string;
  readonly embeds: readonly { readonly description: string }[];
  readonly allowed_mentions: { readonly parse: readonly string[] };
}
const said = (heard: Heard | undefined): Said => JSON.parse(heard?.body ?? '') as Said;

const ID = '123456789012345678';
const TOKEN = 'made-up_webhook-TOKEN';
/** Our own waits pass this many times as fast; Redis and sockets keep real time. */
const SPEED = 20;
const clock: Clock = {
  now: () => Math.round(systemClock.now() * SPEED),
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / SPEED, signal),
};

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly at: number;
}

type Behaviour = (heard: Heard, answer: ServerResponse) => void;

/** A Discord of our own: it remembers what it heard and answers as it is told. */
interface FakeDiscord {
  readonly api: string;
  heard: Heard[];
  behave: Behaviour;
  posts(): Heard[];
  patches(): Heard[];
  stop(): Promise<void>;
}

const json = (
  answer: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
let messages = 0;
const wellBehaved: Behaviour = (heard, answer) => {
  const id = heard.method === 'POST' ? String(1_000 + ++messages) : heard.path.split('/').at(-1);
  json(answer, 200, { id, content: '' });
};

async function startDiscord(): Promise<FakeDiscord> {
  const server = createServer((request, answer) => void receive(request, answer));
  const receive = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const chunks = await request.setEncoding('utf8').toArray();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const heard = { method: request.method ?? '', path, body: chunks.join(''), at: systemClock.now() };
    discord.heard.push(heard);
    discord.behave(heard, answer);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    untrack();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const untrack = track('the fake Discord', stop);
  const of = (method: string): Heard[] => discord.heard.filter((heard) => heard.method === method);
  const discord: FakeDiscord = {
    api: `http://127.0.0.1:${port}/api`,
    heard: [],
    behave: wellBehaved,
    posts: () => of('POST'),
    patches: () => of('PATCH'),
    stop,
  };
  return discord;
}

let redis: TestRedis;
let discord: FakeDiscord;
let logged: string[];
let running: Alerts[];
const log = (fields: Readonly<Record<string, unknown>>, message: string): void => {
  logged.push(JSON.stringify({ ...fields, message }));
};

function start(instance: string, mention?: string): Alerts {
  const channel = discordChannel({ id: ID, token: TOKEN, api: discord.api, mention });
  const client = redis.client();
  const alerts = startAlerts({
    redis: client,
    clock,
    channels: [channel],
    log: { debug: log, info: log, warn: log, error: log },
    instance,
  });
  running.push(alerts);
  return alerts;
}

async function stop(alerts: Alerts): Promise<void> {
  running = running.filter((one) => one !== alerts);
  await alerts.stop();
}

const failure = (account: string, changes: Partial<Failure> = {}): Failure => ({
  broker: 'tradovate',
  account,
  code: 'invalid_credentials',
  message: 'The broker refuses user name or password.',
  level: 'critical',
  ...changes,
});
const back = (account: string): { broker: string; account: string } => ({ broker: 'tradovate', account });
/** What was posted, once there are so many. */
const posted = async (count: number, what: string): Promise<Heard[]> => {
  await until(() => discord.posts().length === count, { what });
  return discord.posts();
};
/** Long enough, on the fast clock, for anything that is still to be said. */
const aWhile = (): Promise<void> => clock.sleep(8_000);

beforeAll(async () => {
  redis = await startRedis();
  discord = await startDiscord();
});
afterAll(async () => {
  await discord.stop();
  await redis.stop();
});
beforeEach(async () => {
  await redis.client().flushdb();
  discord.heard = [];
  discord.behave = wellBehaved;
  logged = [];
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((alerts) => alerts.stop()));
  expect(logged.join('\n')).not.toContain(TOKEN);
});

describe('one cause', () => {
  it('is one message, edited as it grows, closed by one that says recovered', async () => {
    const alerts = start('one');
    await Promise.all([alerts.failed(failure('USER_000000')), alerts.failed(failure('USER_000001'))]);
    const [opening] = await posted(1, 'the opening');
    expect(opening?.path).toBe(`/api/v10/webhooks/${ID}/${TOKEN}`);
    expect(opening?.body).toContain('USER_000000');
    expect(opening?.body).toContain('USER_000001');
    expect(opening?.body).toContain('invalid_credentials');
    expect(said(opening).allowed_mentions.parse).toEqual([]);

    await alerts.failed(failure('USER_000000'));
    await alerts.failed(failure('USER_000002'));
    await until(() => discord.patches().length === 1, { what: 'the edit' });
    const [edit] = discord.patches();
    expect(edit?.path).toMatch(new RegExp(`/messages/${1_000 + messages}$`));
    expect(edit?.body).toContain('USER_000002');

    await Promise.all(
      ['USER_000000', 'USER_000001', 'USER_000002'].map((name) => alerts.recovered(back(name))),
    );
    await posted(2, 'the closing');
    await aWhile();
    const closing = discord.heard.filter((heard) => heard.body.includes('recovered'));
    expect(closing.map((heard) => heard.method)).toEqual(['POST']);
    expect(closing[0]?.body).toContain('USER_000002');
    expect(discord.heard).toHaveLength(3);
    expect(await redis.client().hget('refresher:alerts:book', 'text')).toBe('{"incidents":[]}');
  });

  it('is opened again by the next failure', async () => {
    const alerts = start('one');
    for (const count of [2, 4]) {
      await alerts.failed(failure('USER_000000'));
      await posted(count - 1, 'the opening');
      await alerts.recovered(back('USER_000000'));
      await posted(count, 'the closing');
    }
  });

  it('is one message over a restart, and its recovery another', async () => {
    const first = start('one');
    await first.failed(failure('USER_000000'));
    await posted(1, 'the opening');
    await stop(first);
    const second = start('one');
    await second.failed(failure('USER_000000'));
    await aWhile();
    expect(discord.heard).toHaveLength(1);
    await stop(second);
    const third = start('one');
    await third.recovered(back('USER_000000'));
    await posted(2, 'the closing');
    expect(discord.posts()[1]?.body).toContain('recovered');
  });

  it('stored just before a stop is said by the next process', async () => {
    const first = start('one');
    await first.failed(failure('USER_000000'));
    await stop(first);
    expect(discord.heard).toHaveLength(0);
    start('one');
    await posted(1, 'the opening');
  });

  it('is one message from two replicas that fail at once', async () => {
    const [one, two] = [start('one'), start('two')];
    const names = Array.from({ length: 40 }, (_, index) => `USER_0000${String(index).padStart(2, '0')}`);
    await Promise.all(names.map((name, index) => (index % 2 === 0 ? one : two).failed(failure(name))));
    await posted(1, 'the opening');
    await until(() => names.every((name) => discord.heard.at(-1)?.body.includes(name)), {
      what: 'all names',
    });
    await aWhile();
    expect(discord.posts()).toHaveLength(1);
    await Promise.all(names.map((name, index) => (index % 2 === 0 ? two : one).recovered(back(name))));
    await posted(2, 'the closing');
    await aWhile();
    expect(discord.posts()).toHaveLength(2);
  });

  it('with a thousand accounts stays within what Discord takes', async () => {
    const alerts = start('one');
    const names = Array.from({ length: 1_000 }, (_, index) => `USER_${String(index).padStart(59, '0')}`);
    await Promise.all(names.map((name) => alerts.failed(failure(name))));
    await posted(1, 'the opening');
    await Promise.all(names.map((name) => alerts.recovered(back(name))));
    await posted(2, 'the closing');
    for (const { content, embeds } of discord.heard.map(said)) {
      expect(content.length).toBeLessThanOrEqual(2_000);
      expect(embeds[0]?.description.length).toBeLessThanOrEqual(4_096);
      expect(JSON.stringify(embeds).length).toBeLessThanOrEqual(6_000);
    }
  });

  it('of the service as a whole opens and closes by its code', async () => {
    const alerts = start('one', '@here');
    await alerts.raise({
      code: 'configuration',
      message: 'The changed credentials file is refused.',
      level: 'warning',
    });
    await posted(1, 'the opening');
    await alerts.resolve({ code: 'configuration' });
    await posted(2, 'the closing');
    const [opening, closing] = discord.posts().map(said);
    expect(opening?.allowed_mentions.parse).toEqual(['everyone']);
    expect(opening?.content).toMatch(
      /^@here .*service: The changed credentials file is refused\. \(configuration\)$/,
    );
    expect(closing?.allowed_mentions.parse).toEqual([]);
    expect(closing?.content).toContain('recovered');
  });
});

describe('the line of the morning', () => {
  const brokers = [{ broker: 'tradovate', ready: 40, total: 40, lacks: [] }];
  const line = (day: string): Parameters<Alerts['greet']>[0] => ({ day, at: clock.now(), brokers, link: '' });

  it('is said once by two replicas, mentions nobody, and not again by the next process', async () => {
    const two = [start('one', '@here'), start('two', '@here')];
    await Promise.all(two.map((alerts) => alerts.greet(line('2026-11-30'))));
    const [greeting] = await posted(1, 'the line');
    expect(said(greeting)).toMatchObject({
      content: '☀️ tradovate 40/40 ready.',
      allowed_mentions: { parse: [] },
    });
    await aWhile();
    await Promise.all(two.map(stop));
    await start('three').greet(line('2026-11-30'));
    await aWhile();
    expect(discord.heard).toHaveLength(1);
    await start('four').greet(line('2026-12-01'));
    await posted(2, 'the line of the next day');
  });

  it('stored just before a stop is said by the next process', async () => {
    discord.behave = (_heard, answer) => answer.writeHead(502).end();
    const first = start('one');
    await first.greet(line('2026-11-30'));
    await posted(1, 'a try');
    await stop(first);
    discord.behave = wellBehaved;
    start('one');
    await posted(2, 'the line');
  });
});

describe('a Discord in trouble', () => {
  it('that hangs delays no caller and hardly a stop, and hears everything afterwards', async () => {
    discord.behave = () => undefined;
    const alerts = start('one');
    await alerts.failed(failure('USER_000000'));
    await posted(1, 'the call that hangs');
    const before = systemClock.now();
    for (let index = 0; index < 20; index += 1) await alerts.failed(failure(`USER_10000${index}`));
    await alerts.recovered(back('USER_000000'));
    expect(systemClock.now() - before).toBeLessThan(1_000);
    await stop(alerts);
    expect(systemClock.now() - before).toBeLessThan(CALL_MS + 2_000);
    discord.behave = wellBehaved;
    start('one');
    const [, again] = await posted(2, 'the next try');
    for (const name of ['USER_000000', 'USER_100000', 'USER_1000019']) expect(again?.body).toContain(name);
  });

  it.each([
    ['in the header', { 'retry-after': '1.5' }, {}],
    ['in the body alone', {}, { retry_after: 1.5 }],
  ])('that answers 429 is asked again when it said, %s', async (_, headers, body) => {
    discord.behave = (_heard, answer) => {
      discord.behave = wellBehaved;
      json(answer, 429, { message: 'You are being rate limited.', global: false, ...body }, headers);
    };
    const [one, two] = [start('one'), start('two')];
    await Promise.all([one.failed(failure('USER_000000')), two.failed(failure('USER_000001'))]);
    const [first, second] = await posted(2, 'the second try');
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_500);
    // Not waited for inside the call, where a stop would have to wait too.
    expect(logged.join('\n')).toContain('Discord asks for silence');
    await aWhile();
    expect(discord.heard).toHaveLength(2);
  });

  it('that fails is asked again', async () => {
    let failures = 3;
    discord.behave = (heard, answer) => {
      failures -= 1;
      if (failures >= 0) answer.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
      else wellBehaved(heard, answer);
    };
    const alerts = start('one');
    await alerts.failed(failure('USER_000000'));
    const at = (await posted(4, 'the fourth try')).map((heard) => heard.at);
    for (const [index, waitMs] of [1_000, 2_000, 4_000].entries()) {
      expect((at[index + 1] ?? 0) - (at[index] ?? 0)).toBeGreaterThan((waitMs / SPEED) * 0.8);
    }
    await aWhile();
    expect(discord.heard).toHaveLength(4);
  });

  it.each([
    [401, { message: 'Invalid Webhook Token', code: 50027 }],
    [404, { message: 'Unknown Webhook', code: 10015 }],
  ])('that does not know the webhook (%i) is left alone', async (status, body) => {
    discord.behave = (_heard, answer) => {
      json(answer, status, body);
    };
    const alerts = start('one');
    await alerts.failed(failure('USER_000000'));
    await posted(1, 'the call');
    await aWhile();
    await alerts.failed(failure('USER_000001'));
    await aWhile();
    expect(discord.heard).toHaveLength(1);
    expect(logged.filter((line) => line.includes('alert.channel_dead'))).toHaveLength(1);
  });

  it('whose message was deleted gets it anew, and goes on with that one', async () => {
    const alerts = start('one');
    await alerts.failed(failure('USER_000000'));
    await posted(1, 'the opening');
    discord.behave = (heard, answer) => {
      if (heard.method === 'PATCH') json(answer, 404, { message: 'Unknown Message', code: 10008 });
      else wellBehaved(heard, answer);
    };
    await alerts.failed(failure('USER_000001'));
    await posted(2, 'the message anew');
    discord.behave = wellBehaved;
    await alerts.failed(failure('USER_000002'));
    await until(() => discord.patches().length === 2, { what: 'the next edit' });
    expect(discord.patches()[1]?.path).toMatch(new RegExp(`/messages/${1_000 + messages}$`));
  });
});
