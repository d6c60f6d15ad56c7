import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { startDiscord, WEBHOOK_TOKEN, type FakeDiscord } from '../support/discord.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import type { CliExit } from '../support/process.ts';
import { freePort } from '../support/redis.ts';
import { startRunning, type Answer, type Running } from '../support/running.ts';
import { startWiretap, type Wiretap } from '../support/wiretap.ts';

/**
 * Everything the service is told, hears and says in a busy minute is kept; then it is searched. The
 * middle of every made-up secret is letters and digits, so that it shows in any encoding but base64.
 */
const password = (core: string): string => `pw & +%#=@/"\\ ${core} ü`;
const given = {
  tradovate: 'MarkTdvPass1',
  tradovateWrong: 'wrongMarkTdvPass2',
  tradovateHtml: 'MarkTdvPass3',
  tradovateStall: 'MarkTdvPass4',
  ig: 'MarkIgPass1',
  igWrong: 'wrongMarkIgPass2',
  igSeeded: 'MarkIgPass3',
  igUnlucky: 'MarkIgPass4',
  seedAccess: 'MarkIgSeedAccess1',
  seedRefresh: 'MarkIgSeedRefresh1',
  client: 'MarkUpstox+/Secret1=',
  clientWrong: 'wrongMarkUpstox+/Secret2=',
} as const;
const apiKey = 'MarkIgApiKey1';

const ig = (username: string, core: string, more: object = {}) => ({
  broker: 'ig',
  username,
  password: password(core),
  apiKey,
  ...more,
});
const seed = {
  access_token: given.seedAccess,
  refresh_token: given.seedRefresh,
  token_type: 'Bearer',
  expires_in: '60',
  scope: 'profile',
};

interface Stored {
  readonly key: string;
  readonly value: string;
}

const ends = makeEndings();
let simulator: Simulator;
let wire: Wiretap;
let discord: FakeDiscord;
let service: Running;
let redis: Redis;
/** Every value that was seen at a key, every command that reached Redis, every answer and every output. */
const stored = new Map<string, Stored>();
const commands: string[] = [];
const answers: string[] = [];
const exits: { readonly command: string; readonly exit: CliExit }[] = [];

async function keep(answer: Promise<Answer>): Promise<Answer> {
  const { status, headers, text } = await answer;
  answers.push(`${status}\n${[...headers].map((header) => header.join(': ')).join('\n')}\n${text}`);
  return { status, headers, text };
}

async function keepStored(): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor);
    cursor = next;
    for (const key of keys) {
      const value = JSON.stringify(await valueAt(key));
      stored.set(`${key}\n${value}`, { key, value });
    }
  } while (cursor !== '0');
}

async function valueAt(key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null;
  }
}

/** A browser's way: the service's link, the broker's dialog with one button pressed, and back. */
async function logInAs(name: string, press: '1' | 'other' | 'cancel'): Promise<Answer> {
  const begun = await keep(service.askAsAdmin(`/oauth/upstox/${name}`));
  expect(begun.status).toBe(302);
  const dialog = new URL(begun.headers.get('location') ?? '');
  dialog.searchParams.set('auto', press);
  const pressed = await fetch(dialog, { redirect: 'manual' });
  await pressed.body?.cancel();
  const back = new URL(pressed.headers.get('location') ?? '');
  return keep(service.ask(back.pathname + back.search));
}

async function command(...args: readonly string[]): Promise<CliExit> {
  const exit = await service.command(...args);
  exits.push({ command: args.join(' '), exit });
  return exit;
}

/** A busy minute: logins, rotations, failures, people, commands, and a bad file. */
async function drive(): Promise<void> {
  // The log says it a moment before anything is sent there; waiting for a line fails with the output.
  await service.event({ event: 'service.started' });
  const endpoint = join(service.stateDir, 'redis/endpoint');
  const url = await until(() => readFile(endpoint, 'utf8'), { what: 'the embedded Redis', intervalMs: 2 });
  redis = ends.add(new Redis(url.trim()), (client) => client.disconnect());
  const monitor = ends.add(await redis.monitor(), (client) => client.disconnect());
  monitor.on('monitor', (_time: string, args: readonly string[]) => commands.push(args.join(' ')));
  const watching = new AbortController();
  const watched = (async () => {
    while (!watching.signal.aborted) {
      await keepStored();
      await sleep(100);
    }
  })();

  await service.ready();
  const published = (name: string): Promise<unknown> =>
    until(() => redis.exists(`token:${name}`), { what: `a token of ${name}`, timeoutMs: 40_000 });
  for (const name of ['TDV', 'IG', 'IG_SEEDED', 'IG_UNLUCKY']) await published(name);

  expect((await logInAs('UP', '1')).status).toBe(200);
  await published('UP');
  expect((await logInAs('UP', 'other')).status).toBe(409);
  expect((await logInAs('UP', 'cancel')).status).toBeGreaterThanOrEqual(400);
  expect((await logInAs('UP_WRONG', '1')).status).toBe(502);
  expect((await keep(service.ask('/callback?code=MarkUnasked1&state=made-up'))).status).toBe(400);

  for (const path of ['/livez', '/readyz', '/dashboard', '/sign-in', '/nothing', '/oauth/upstox/UP'])
    await keep(service.ask(path));
  for (const path of ['/dashboard', '/api/token/status', '/api/token/status/IG', '/api/token/status/UP'])
    expect((await keep(service.askAsAdmin(path))).status).toBe(200);
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: service.url };
  for (const token of ['MarkGuess1', await service.adminToken()])
    await keep(service.ask('/sign-in', { method: 'POST', headers: form, body: `token=${token}` }));
  for (const body of [{ username: 'IG' }, { username: 'TDV_WRONG' }, { username: 'UP' }, { all: true }, 7])
    await keep(
      service.askAsAdmin('/api/token/force-refresh', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );

  for (const args of [['status'], ['status', '--json'], ['check'], ['get', 'UP_WRONG'], ['refresh', 'IG']])
    await command(...args);
  await command('refresh', 'TDV_WRONG', '--force');
  expect((await command('get', 'UP')).code).toBe(0);
  expect((await command('get', 'IG', '--headers')).code).toBe(0);

  const credentials = await readFile(service.credentialsFile, 'utf8');
  await service.writeCredentials(credentials.replace('"password"', '"pasword"'));
  await command('reload');
  await service.writeCredentials(credentials.slice(0, -20));
  await command('reload');
  await command('check');
  await service.writeCredentials(credentials);
  await command('reload');

  const calls = (operation: string, username: string): number =>
    simulator.calls({ operation, username }).length;
  await until(
    () =>
      calls('refresh-token', 'IG') >= 3 &&
      calls('authorize', 'TDV') >= 3 &&
      simulator.calls({ fault: 'empty' }).length > 0 &&
      calls('authorize', 'TDV_STALL') >= 2 &&
      calls('authorize', 'TDV_HTML') >= 2,
    { what: 'rotations and failures', timeoutMs: 45_000 },
  );
  for (const broker of ['ig', 'tradovate'])
    simulator.fault({
      broker,
      operation: broker === 'ig' ? 'refresh-token' : 'authorize',
      kind: 'throttle',
      times: 1,
    });
  await until(() => simulator.calls({ fault: 'throttle' }).length >= 2, {
    what: 'two penalties',
    timeoutMs: 20_000,
  });
  await until(() => discord.posts().length >= 3, { what: 'alerts', timeoutMs: 20_000 });

  watching.abort();
  await watched;
  await keepStored();
  monitor.disconnect();
  redis.disconnect();
  exits.push({ command: 'run', exit: await service.stop() });
}

/** What went over the wire and must stay between the service and the broker, and what only bots may read. */
function heardOnTheWire(): { readonly kept: readonly string[]; readonly tokens: readonly string[] } {
  const kept = new Set<string>();
  const tokens = new Set<string>();
  const field = (text: string, name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`"${name}"\\s*:\\s*"([^"]+)"`, 'g'))].flatMap((match) => match[1] ?? []);
  for (const exchange of wire.exchanges) {
    for (const text of [exchange.sent, exchange.received]) {
      for (const each of field(text, 'refresh_token')) kept.add(each);
      for (const each of field(text, 'p-ticket')) kept.add(each);
      for (const each of field(text, 'access_token')) tokens.add(each);
      for (const each of field(text, 'extended_token')) tokens.add(each);
    }
    const code = URL.parse(exchange.location)?.searchParams.get('code');
    if (code) kept.add(code);
  }
  // Cut-off answers hold pieces that are no token, and an operator's penalty a ticket of two letters.
  const atLeast = (length: number, secrets: ReadonlySet<string>): readonly string[] =>
    [...secrets].filter((secret) => secret.length >= length);
  return { kept: atLeast(6, kept), tokens: atLeast(20, tokens) };
}

/** The ways one may find a secret again: itself, encoded, and as a plain hash. */
function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hashes = ['md5', 'sha1', 'sha256', 'sha512'].flatMap((name) =>
    (['hex', 'base64', 'base64url'] as const).map((encoding) =>
      createHash(name).update(secret).digest(encoding).replace(/=+$/, ''),
    ),
  );
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    ...hashes,
  ];
}

/** Where any of these secrets shows, by the name of the place. */
function found(
  secrets: readonly string[],
  places: readonly { readonly where: string; readonly text: string }[],
): readonly string[] {
  const needles = secrets.flatMap((secret) => forms(secret).map((form) => ({ secret, form })));
  return places.flatMap(({ where, text }) =>
    needles
      .filter(({ form }) => text.includes(form))
      .map(({ secret, form }) => `${secret.slice(0, 24)} as ${form.slice(0, 24)} in ${where}`),
  );
}

async function filesIn(folder: string): Promise<readonly { where: string; text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const where = join(entry.parentPath, entry.name);
        return { where, text: (await readFile(where)).toString('latin1') };
      }),
  );
}

beforeAll(async () => {
  simulator = ends.add(await startSimulator({ latencyMs: 20 }), stop);
  wire = ends.add(await startWiretap(simulator.url), stop);
  discord = ends.add(await startDiscord(), stop);
  simulator.setSwitch('ig', 'accessTtl', 5);
  simulator.setSwitch('tradovate', 'lifetimeSeconds', 8);
  // A broker that repeats what it was sent, which would put a password into an error message.
  simulator.setSwitch(
    'tradovate',
    'bridge.errmsg',
    `Incorrect username or password ${password(given.tradovateWrong)} for user. Please try again.`,
  );
  simulator.fault({ broker: 'tradovate', username: 'TDV_HTML', kind: 'html', times: 1 });
  simulator.fault({ broker: 'tradovate', username: 'TDV_STALL', kind: 'stall', times: 1 });
  for (const kind of ['half', 'garbage', 'empty'] as const)
    simulator.fault({ broker: 'ig', username: 'IG_UNLUCKY', operation: 'refresh-token', kind, times: 1 });

  const port = await freePort();
  const upstox = (name: string, clientSecret: string) => ({
    broker: 'upstox',
    name,
    clientId: `made-up-client-of-${name}`,
    clientSecret,
    redirectUri: `http://localhost:${port}/callback`,
  });
  const settings = Object.entries(simulator.settings).map(([name, value]) => [
    name,
    value.replace(simulator.url, wire.url),
  ]);
  const options = {
    redisUrl: 'embedded',
    entries: [
      { username: 'TDV_WRONG', password: password(given.tradovateWrong) },
      { username: 'TDV', password: password(given.tradovate) },
      { username: 'TDV_HTML', password: password(given.tradovateHtml) },
      { username: 'TDV_STALL', password: password(given.tradovateStall) },
      ig('IG', given.ig),
      ig('IG_WRONG', given.igWrong),
      ig('IG_SEEDED', given.igSeeded, { oauthToken: seed }),
      ig('IG_UNLUCKY', given.igUnlucky),
      upstox('UP', given.client),
      upstox('UP_WRONG', given.clientWrong),
    ],
    env: {
      ...Object.fromEntries(settings),
      ...discord.env,
      LOG_LEVEL: 'trace',
    },
    port,
  };
  service = ends.add(await startRunning(options), kill);
  await drive();
}, 90_000);
afterAll(ends.all);

describe('after a busy minute', () => {
  /** Secrets that may be nowhere but in the credentials file and on the wire. */
  const kept = (): readonly string[] => [
    ...Object.values(given),
    ...Object.values(given).map(password),
    ...['MarkUnasked1', 'MarkGuess1', WEBHOOK_TOKEN],
    ...heardOnTheWire().kept,
  ];
  /** Secrets of the service itself, which are in a file each. */
  const own = async (): Promise<readonly string[]> => [
    await service.adminToken(),
    (await readFile(join(service.stateDir, 'secret.key'), 'utf8')).trim(),
  ];
  const outputs = (): readonly { where: string; text: string }[] =>
    exits.map(({ command: where, exit }) => ({ where, text: exit.stdout + exit.stderr }));
  const values = (): readonly { where: string; text: string }[] =>
    [...stored.values()].map(({ key, value }) => ({ where: key, text: `${key}\n${value}` }));
  const said = (): readonly { where: string; text: string }[] => [
    ...discord.heard.map((heard) => ({ where: 'Discord', text: heard.body })),
    ...answers.map((text, i) => ({ where: `HTTP answer ${i}`, text })),
    ...outputs(),
  ];

  it('everything that could leak had its chance', () => {
    const { kept: secrets, tokens } = heardOnTheWire();
    // Rotated refresh tokens, browser codes, penalty tickets; tokens of three brokers.
    expect(secrets.length).toBeGreaterThan(12);
    expect(tokens.length).toBeGreaterThan(12);
    const codes = new Set(
      service.events().flatMap((event) => (event['event'] === 'refresh.failed' ? [event['code']] : [])),
    );
    expect(codes.size).toBeGreaterThanOrEqual(5);
    expect(exits.find(({ command: name }) => name === 'run')?.exit.code).toBe(0);
    expect(commands.length).toBeGreaterThan(500);
    expect(discord.posts().length).toBeGreaterThanOrEqual(3);
  });

  it('the search finds a secret in every form', () => {
    const secret = password(given.ig);
    for (const form of [...forms(secret), ...forms(given.ig)])
      expect(found([secret, given.ig], [{ where: 'here', text: `x${form}x` }])).not.toEqual([]);
    const shown = stored.get([...stored.keys()].find((key) => key.startsWith('token:UP\n')) ?? '');
    expect(heardOnTheWire().tokens.some((token) => shown?.value.includes(token))).toBe(true);
  });

  it('no secret is in a log or in the output of a command', async () => {
    expect(found([...kept(), ...(await own())], outputs())).toEqual([]);
  });

  it('no secret is at any key of Redis, in clear or as a plain hash', async () => {
    expect(found([...kept(), ...(await own())], values())).toEqual([]);
  });

  it('no secret was in any command that Redis was sent', async () => {
    const places = commands.map((text) => ({ where: text.slice(0, 60), text }));
    expect(found([...kept(), ...(await own())], places)).toEqual([]);
  });

  it('no secret is in a message to Discord or in an HTTP answer', async () => {
    expect(
      found(
        [...kept(), ...(await own()), apiKey],
        said().filter(({ where }) => !where.startsWith('get ')),
      ),
    ).toEqual([]);
  });

  it('no secret is in a file of STATE_DIR but the two that are there for one', async () => {
    const files = await filesIn(service.stateDir);
    expect(files.some(({ where }) => where.endsWith('.aof'))).toBe(true);
    expect(found(kept(), files)).toEqual([]);
    const others = files.filter(({ where }) => !/\/(secret\.key|admin-token)$/.test(where));
    expect(found(await own(), others)).toEqual([]);
  });

  it('tokens and the API key are in clear at token:, auth: and meta: alone, and where `get` was asked for them', () => {
    const plain = [...heardOnTheWire().tokens, apiKey];
    const elsewhere = [
      ...values().filter(({ where }) => !/^(token|auth|meta):/.test(where)),
      ...said().filter(({ where }) => !where.startsWith('get ')),
    ];
    const shown = elsewhere.flatMap(({ where, text }) =>
      plain.filter((token) => text.includes(token)).map((token) => `${token.slice(0, 12)} in ${where}`),
    );
    expect(shown).toEqual([]);
    expect(
      values()
        .filter(({ where }) => where.startsWith('meta:IG'))
        .some(({ text }) => text.includes(apiKey)),
    ).toBe(true);
  });

  it('what renews a session, and Upstox tokens, are sealed at rest', () => {
    for (const name of ['TDV', 'IG', 'IG_SEEDED', 'UP']) {
      const record = [...stored.values()].findLast(({ key }) => key === `refresher:account:${name}`);
      const fields = JSON.parse(record?.value ?? '{}') as Record<string, string>;
      expect(fields['session']).toMatch(/^v1\.[\w-]{8}\.[\w-]{60,}$/);
    }
  });
});
