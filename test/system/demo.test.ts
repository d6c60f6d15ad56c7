import { readdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { startDiscord, type FakeDiscord } from '../support/discord.ts';
import { freshFolder } from '../support/folder.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { startCli, type CliExit, type CliProcess } from '../support/process.ts';
import { freePort } from '../support/redis.ts';

const root = resolve(import.meta.dirname, '../..');

/** `npm run demo`, as a person types it. */
const startDemo = (env: Readonly<Record<string, string>>): Promise<CliProcess> =>
  startCli(['run', 'demo'], { program: 'npm', dir: root, env });

/** Every process of the group that was started here: npm, its shell, what it runs. */
async function processesOf(group: number): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.filter((stat) => {
    const [state, , inGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(inGroup) === group && state !== 'Z';
  });
}

/** What the demo keeps of its own; npm keeps a cache there too. */
const foldersIn = async (tmp: string): Promise<readonly string[]> =>
  (await readdir(tmp)).filter((name) => name.startsWith('token-refresher'));

/** The account that the demo lets fail now and then, and the call that does. */
async function shaky(): Promise<{ readonly name: string; readonly fault: object }> {
  const simulator = await startSimulator();
  const found = brokers.flatMap(({ name: broker }) => {
    const { troubled } = simulator.demo(broker, 'http://localhost/callback') ?? {};
    return troubled ? [{ name: troubled.username, fault: { broker, ...troubled } }] : [];
  });
  await simulator.stop();
  const [only, ...others] = found;
  if (!only || others.length > 0) throw new Error('the demo lets one account fail, and no other');
  return only;
}

const isUp = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    (answer) => answer.status === 200,
    () => false,
  );

async function expectGone(demo: CliProcess, exit: CliExit, ports: readonly number[]): Promise<void> {
  expect({ code: exit.code, signal: exit.signal }, exit.stdout + exit.stderr).toEqual({
    code: 0,
    signal: null,
  });
  expect(await processesOf(demo.pid)).toEqual([]);
  for (const port of ports) {
    const free = createServer().listen(port, '127.0.0.1');
    await once(free, 'listening');
    free.close();
  }
}

describe('npm run demo', () => {
  const ends = makeEndings();
  let demo: CliProcess;
  let httpPort: number;
  let redisPort: number;
  let discord: FakeDiscord;
  let trapped = 0;
  let redis: Redis;
  let cookie = '';
  let shell: Readonly<Record<string, string>> = {};

  /** A page as the browser gets it that followed the sign-in link. */
  const visit = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('cookie', cookie);
    return fetch(new URL(url, `http://localhost:${httpPort}`), { redirect: 'manual', ...init, headers });
  };
  const form = (fields: Readonly<Record<string, string>>, origin: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
    body: new URLSearchParams(fields).toString(),
  });
  const statuses = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const answer = (await (await visit('/api/token/status')).json()) as {
      accounts: readonly Readonly<Record<string, unknown>>[];
    };
    return answer.accounts;
  };

  beforeAll(async () => {
    discord = ends.add(await startDiscord(), stop);
    const trap = createServer((socket) => {
      trapped += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    ends.add(trap, () => trap.close());
    const address = trap.address();
    const trapPort = typeof address === 'object' && address !== null ? address.port : 0;
    const trapUrl = `http://127.0.0.1:${trapPort}`;
    const folder = await freshFolder();
    [httpPort, redisPort] = [await freePort(), await freePort()];
    const own = [{ username: 'TRAP_OF_THE_FILE', password: 'made-up' }];
    await writeFile(join(folder, 'credentials.json'), JSON.stringify(own));
    const traps = {
      REDIS_URL: `redis://127.0.0.1:${trapPort}/3`,
      REDIS_PASSWORD: 'made-up-trap',
      CREDENTIALS_FILE: join(folder, 'credentials.json'),
      ...discord.env,
      ALERT_WEBHOOK_URL: trapUrl,
      HEARTBEAT_URL: trapUrl,
      PUBLIC_URL: trapUrl,
      ADMIN_TOKEN: 'made-up-trap-token',
      TRADOVATE_BRIDGE_URL: trapUrl,
      TRADOVATE_API_URL: trapUrl,
      IG_API_URL: trapUrl,
      UPSTOX_API_URL: trapUrl,
      IG_USERNAME: 'TRAP_OF_THE_ENVIRONMENT',
      IG_PASSWORD: 'made-up',
      IG_API_KEY: 'made-up',
      UPSTOX_CLIENT_ID: 'made-up-trap',
      UPSTOX_CLIENT_SECRET: 'made-up-trap',
      UPSTOX_REDIRECT_URI: `${trapUrl}/callback`,
    };
    const lines = Object.entries({ ...traps, IG_USERNAME: 'TRAP_OF_ENV_FILE' });
    await writeFile(join(folder, 'env'), lines.map(([name, value]) => `${name}=${value}`).join('\n'));
    shell = {
      ...traps,
      ENV_FILE: join(folder, 'env'),
      HTTP_PORT: String(httpPort),
      EMBEDDED_REDIS_PORT: String(redisPort),
      STATE_DIR: join(folder, 'state'),
    };
    demo = ends.add(await startDemo(shell), kill);
    await demo.line('/sign-in#', 60_000);
    redis = ends.add(new Redis(redisPort, '127.0.0.1'), (client) => client.disconnect());
    redis.on('error', () => undefined);
  });
  afterAll(ends.all);

  it('prints where the page is, with a link that signs in, and where the Redis is', async () => {
    const link = /http:\/\/localhost:\d+\/sign-in#\S+/.exec(demo.output())?.[0] ?? '';
    expect(new URL(link).port).toBe(String(httpPort));
    expect(demo.output()).toMatch(new RegExp(`redis-cli .*${redisPort}.* GET token:`));
    const signedIn = await visit(
      '/sign-in',
      form({ link: new URL(link).hash.slice(1) }, `http://localhost:${httpPort}`),
    );
    cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
    expect(cookie).toMatch(/=/);
    expect((await visit('/dashboard')).status).toBe(200);
  });

  it('serves at least twelve accounts of three brokers, all but one with a live token', async () => {
    await until(async () => (await statuses()).filter((account) => account['valid']).length >= 11, {
      what: 'eleven live tokens',
      timeoutMs: 30_000,
    });
    const accounts = await statuses();
    expect(accounts.length).toBeGreaterThanOrEqual(12);
    expect(new Set(accounts.map((account) => account['broker']))).toEqual(
      new Set(['tradovate', 'ig', 'upstox']),
    );
    const without = accounts.filter((account) => account['valid'] !== true);
    expect(without).toMatchObject([{ broker: 'upstox', state: 'awaiting_approval' }]);
    const page = await (await visit('/dashboard')).text();
    for (const account of accounts) expect(page).toContain(String(account['name']));
    expect(await redis.get('token:DESK_ALPHA')).toMatch(/./);
  });

  it('prints what goes before any command, which then speaks to the demo, whatever the shell has set', async () => {
    const [, before = ''] = /Any command +(.+) npm run/.exec(demo.output()) ?? [];
    const typed = [...before.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
    const env = { ...shell, ...Object.fromEntries(typed) };
    const said = await (await startCli(['explain', 'DESK_ALPHA', '--json'], { env })).exit();
    expect(said.code, said.stderr).toBe(0);
    expect(JSON.parse(said.stdout)).toMatchObject({ name: 'DESK_ALPHA', state: 'fresh' });
    const checked = await (await startCli(['check'], { env })).exit();
    expect(checked.stdout).toContain('SIMULATED');
    expect(checked.stdout).toContain('Redis: embedded; it runs, and answers.');
    // At the demo's brokers, whose tokens live a minute and a half: those of its own would bring one that they do not know.
    const login = await (await startCli(['login', 'DESK_BRAVO', '--json'], { env })).exit();
    const { expires_at } = JSON.parse(login.stdout) as { expires_at: string };
    expect(Date.parse(expires_at) - Date.now()).toBeLessThan(90_000);
    expect(trapped).toBe(0);
  });

  it('lets a person log the waiting account in, from the page to the broker and back', async () => {
    const page = await (await visit('/dashboard')).text();
    const href = /href="(\/oauth\/upstox\/[^"]+)"/.exec(page)?.[1] ?? '';
    const name = href.split('/').at(-1) ?? '';
    const begun = await visit(href);
    expect(begun.status).toBe(302);
    const dialog = new URL(begun.headers.get('location') ?? '');
    const shown = await fetch(dialog);
    expect(shown.status).toBe(200);
    expect(await shown.text()).toMatch(/<button[^>]*name="as" value="1">Log in/);
    const pressed = await fetch(dialog, { redirect: 'manual', ...form({ as: '1' }, dialog.origin) });
    expect(pressed.status).toBe(302);
    const back = await visit(pressed.headers.get('location') ?? '');
    expect(back.status).toBe(200);
    expect(await back.text()).toContain('Logged in');
    const after = (await statuses()).find((account) => account['name'] === name);
    expect(after).toMatchObject({ state: 'fresh', valid: true });
    expect(await redis.get(`token:${name}`)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    await demo.line(/Published a token for UPSTOX_DEMO \(consent\)/);
  });

  it('shows on the terminal how its shaky account fails and recovers', async () => {
    const begun = await visit('/oauth/upstox/UPSTOX_DEMO');
    const simulator = new URL(begun.headers.get('location') ?? '').origin;
    const { name, fault } = await shaky();
    const ordered = await fetch(`${simulator}/_simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...fault, kind: 'status', status: 500, times: 1 }),
    });
    expect(ordered.status).toBe(200);
    const token = await redis.get(`token:${name}`);
    const ask = async (): Promise<number> => {
      const asked = await visit('/api/token/force-refresh', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: `http://localhost:${httpPort}` },
        body: JSON.stringify({ username: name }),
      });
      return asked.status;
    };
    expect(await ask()).toBe(202);
    await demo.line(`${name} failed`);
    expect(await redis.get(`token:${name}`)).toBe(token);
    // Nor does that hold anybody else up: logins of a network that nobody answered pace all of its logins.
    const plan = (await (await visit('/api/plan')).json()) as { budgets: { limit: string; used: number }[] };
    const failed = plan.budgets.filter(({ limit }) => limit === 'sign-in-failures');
    expect(failed.map(({ used }) => used)).toEqual(failed.map(() => 0));
    expect(await ask()).toBe(202);
    await until(
      async () => {
        const now = await redis.get(`token:${name}`);
        return now !== null && now !== token;
      },
      { what: 'its recovery' },
    );
  });

  it('uses nothing of the environment: no Redis, no credentials, no broker, no Discord', async () => {
    const names = (await statuses()).map((account) => String(account['name']));
    expect(names.filter((name) => /TRAP/.test(name))).toEqual([]);
    expect(discord.heard).toEqual([]);
    expect(trapped).toBe(0);
    expect(demo.output()).not.toContain('TRAP');
  });

  it('ends on Ctrl-C with 0, leaving no process and no open port', async () => {
    redis.disconnect();
    demo.interrupt();
    await expectGone(demo, await demo.exit(), [httpPort, redisPort]);
  });
});

describe('npm run demo without a STATE_DIR', () => {
  const ends = makeEndings();
  afterEach(ends.all);
  const start = async (env: Readonly<Record<string, string>>): Promise<CliProcess> =>
    ends.add(await startDemo(env), kill);

  it('finds ports by itself, and leaves no folder behind on Ctrl-C', async () => {
    const tmp = await freshFolder();
    const demo = await start({ TMPDIR: tmp });
    const line = await demo.line('/sign-in#', 60_000);
    expect(await foldersIn(tmp)).toHaveLength(1);
    const port = Number(/localhost:(\d+)/.exec(line)?.[1]);
    expect(await isUp(port)).toBe(true);
    await demo.line('Published a token for DESK_ALPHA', 30_000);
    demo.interrupt();
    await expectGone(demo, await demo.exit(), [port]);
    expect(await foldersIn(tmp)).toEqual([]);
  });

  it('ends as well where npm alone gets SIGTERM, as from a supervisor', async () => {
    const tmp = await freshFolder();
    const demo = await start({ TMPDIR: tmp });
    await demo.line('/sign-in#', 60_000);
    demo.signal('SIGTERM');
    await expectGone(demo, await demo.exit(), []);
    expect(await foldersIn(tmp)).toEqual([]);
  });

  it('says which port is taken where one was asked for, with 2', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const tmp = await freshFolder();
    const demo = await start({ TMPDIR: tmp, HTTP_PORT: String(port) });
    const exit = await demo.exit();
    holder.close();
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain('HTTP_PORT');
    expect(await processesOf(demo.pid)).toEqual([]);
    expect(await foldersIn(tmp)).toEqual([]);
  });
});
