import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { freshFolder } from '../support/folder.ts';
import { until } from '../support/poll.ts';
import { startCli, type CliOptions } from '../support/process.ts';
import { startProxy } from '../support/proxy.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { sameLogin } from '../support/same-login.ts';
import { startRunning } from '../support/running.ts';

const user = (name: string) => ({ username: name, password: `made-up-password-of-${name}` });

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  server = ends.add(await startRedis({ settings: ['--databases', '64'] }), stop);
  simulator = ends.add(await startSimulator(), stop);
});
afterAll(ends.all);

let databases = 0;
const database = (): string => `${server.url}/${(databases += 1)}`;
const tokenOf = async (redisUrl: string, name: string): Promise<string | null> => {
  const redis = server.client();
  await redis.select(Number(new URL(redisUrl).pathname.slice(1)));
  return redis.get(`token:${name}`);
};
const loginsOf = (username: string): number => simulator.calls({ username }).length;

/** A desk that has not started the service yet. */
async function desk(redisUrl: string, entries: readonly unknown[]): Promise<CliOptions & { dir: string }> {
  const dir = await freshFolder();
  return { dir, files: { 'credentials.json': entries }, env: { REDIS_URL: redisUrl, ...simulator.settings } };
}

const check = async (options: CliOptions, ...args: readonly string[]) =>
  (await startCli(['check', ...args], options)).exit();

/** A way to the simulator on which everything is overheard that a broker says, its tokens too. */
async function heard(
  variable: string,
): Promise<{ said: () => string; settings: Readonly<Record<string, string>> }> {
  const url = new URL(simulator.settings[variable] ?? '');
  let text = '';
  const proxy = await startProxy(Number(url.port), (piece) => {
    text += piece;
    return piece;
  });
  ends.add(proxy, stop);
  url.port = String(proxy.port);
  return { said: () => text, settings: { [variable]: url.href } };
}

/** The texts that a field or header of this name held in what was said; there has to be one. */
function valuesOf(said: string, name: string): readonly string[] {
  const found = [
    ...said.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g')),
    ...said.matchAll(new RegExp(`^${name}: *(\\S+)\\r$`, 'gim')),
  ].flatMap(([, value]) => value ?? []);
  expect(found, name).not.toEqual([]);
  return found;
}

/** None of the values, and no part of a JWT. */
function expectNone(report: string, values: readonly string[]): void {
  for (const value of values.flatMap((each) => [each, ...(each.startsWith('ey') ? each.split('.') : [])])) {
    expect(value).toMatch(/.{4}/);
    expect(report).not.toContain(value);
  }
}

const howToFindOut = (id: string): RegExp =>
  new RegExp(`### Not settled by this login\\n[^]*\\*\\*${id}\\*\\*.*\\n {2}How to find out: \\S`);

describe('check --login', () => {
  it('makes one login, keeps its token, and reports no value; the service goes on from there', async () => {
    const redisUrl = database();
    const at = await desk(redisUrl, [{ ...user('FIRST_A'), accounts: ['FIRST_SUB'] }, user('FIRST_B')]);
    const { code, stdout, stderr } = await check(at, '--login', 'FIRST_A', '--report', 'first.md');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('FIRST_A is logged in; its token is good until ');
    const token = (await tokenOf(redisUrl, 'FIRST_A')) ?? '';
    expect(token).toMatch(/./);
    expect(await tokenOf(redisUrl, 'FIRST_SUB')).toBe(token);
    expect([loginsOf('FIRST_A'), loginsOf('FIRST_B')]).toEqual([1, 0]);

    const path = join(at.dir, 'first.md');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const report = await readFile(path, 'utf8');
    expect(report).toMatch(/the token lives \d+ s/);
    for (const value of [token, ...token.split('.'), user('FIRST_A').password, 'FIRST_A', 'FIRST_SUB'])
      expect(report).not.toContain(value);

    const service = await startRunning({
      redisUrl,
      entries: [{ ...user('FIRST_A'), accounts: ['FIRST_SUB'] }, user('FIRST_B')],
      env: { ...simulator.settings, SECRET_KEY: await readFile(join(at.dir, 'data/secret.key'), 'utf8') },
    });
    ends.add(service, kill);
    await until(async () => (await tokenOf(redisUrl, 'FIRST_B')) !== null, { what: 'the other token' });
    expect(await tokenOf(redisUrl, 'FIRST_A')).toBe(token);
    expect(loginsOf('FIRST_A')).toBe(1);
    expect((await service.stop()).code).toBe(0);
  });

  it('said again for a login that renews, renews its token, and says what that settles', async () => {
    const at = await desk(database(), [{ ...user('FIRST_R'), renew: true }]);
    expect((await check(at, '--login', 'FIRST_R', '--report', 'first.md')).code).toBe(0);
    const first = await readFile(join(at.dir, 'first.md'), 'utf8');
    expect(first).toMatch(
      /### Not settled by this login\n[^]*\*\*bridge-renewal\*\*.*\n {2}How to find out: /,
    );
    expect((await check(at, '--login', 'FIRST_R', '--report', 'second.md')).code).toBe(0);
    const second = await readFile(join(at.dir, 'second.md'), 'utf8');
    expect(second).toContain('Answer: A token of the bridge was renewed');
    expect(simulator.calls({ username: 'FIRST_R' }).map(({ operation }) => operation)).toEqual([
      'authorize',
      'renew',
    ]);
  });

  it('goes beside a running service, which does not log in for it as well', async () => {
    const redisUrl = database();
    const service = ends.add(
      await startRunning({ redisUrl, entries: [user('BESIDE_A')], env: simulator.settings }),
      kill,
    );
    await until(async () => (await tokenOf(redisUrl, 'BESIDE_A')) !== null, { what: 'its token' });
    const before = await tokenOf(redisUrl, 'BESIDE_A');
    expect((await service.command('check', '--login', 'BESIDE_A')).code).toBe(0);
    expect(await tokenOf(redisUrl, 'BESIDE_A')).not.toBe(before);
    expect(loginsOf('BESIDE_A')).toBe(2);
    expect((await service.command('get', 'BESIDE_A')).code).toBe(0);
    expect((await service.stop()).code).toBe(0);
    expect(loginsOf('BESIDE_A')).toBe(2);
  });

  it('sends a wrong password once, ever, and says so with 1', async () => {
    const at = await desk(database(), [{ username: 'FIRST_BAD', password: 'made-up-wrong-one' }]);
    const first = await check(at, '--login', 'FIRST_BAD', '--json', '--report', 'bad.md');
    expect(first.code).toBe(1);
    expect(JSON.parse(first.stdout)).toMatchObject({
      login: { outcome: 'failed', code: 'bad_credentials' },
      report: { calls: [{ method: 'POST', error: 'bad_credentials' }] },
    });
    expect(await readFile(join(at.dir, 'bad.md'), 'utf8')).toContain('Outcome: failed (`bad_credentials`)');
    const second = await check(at, '--login', 'FIRST_BAD', '--report', 'second.md');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('nothing was sent');
    await expect(readFile(join(at.dir, 'second.md'))).rejects.toThrow('ENOENT');
    const third = await check(at, '--login', 'FIRST_BAD', '--report', 'bad.md');
    expect([third.code, third.stderr]).toEqual([2, expect.stringContaining('bad.md exists')]);
    expect(loginsOf('FIRST_BAD')).toBe(1);
    for (const { stdout, stderr } of [first, second])
      expect(stdout + stderr).not.toContain('made-up-wrong-one');
  });

  it('shows a person the link and takes what their browser brings back', async () => {
    const redisUrl = database();
    const redirectUri = `http://localhost:${await freePort()}/callback`;
    const app = { clientId: 'made-up-client', clientSecret: 'made-up-client-secret', redirectUri };
    const at = await desk(redisUrl, [{ broker: 'upstox', name: 'FIRST_UP', ...app }]);
    const checking = ends.add(await startCli(['check', '--login', 'FIRST_UP'], at), kill);
    const link = (await checking.line(/^ {2}http/)).trim();
    const location = await pressedThrough(link);
    expect(location.href.startsWith(redirectUri)).toBe(true);
    expect((await fetch(location)).status).toBe(200);
    const { code, stdout } = await checking.exit();
    expect(code).toBe(0);
    expect(stdout).toContain('FIRST_UP is logged in');
    expect(await tokenOf(redisUrl, 'FIRST_UP')).toMatch(/./);
    expect(stdout).not.toContain(location.searchParams.get('code') ?? 'no code');
  });

  it.each([
    {
      session: 'v3',
      more: { streaming: true },
      values: ['access_token', 'refresh_token', 'clientId', 'accountId', 'CST', 'X-SECURITY-TOKEN'],
      names: ['oauthToken.access_token', 'oauthToken.refresh_token', 'cst', 'x-security-token'],
      lifetime: /`oauthToken\.expires_in`: 60 s/,
      settled: /\*\*expires-in-type\*\*.*\n {2}Answer: a string, 60 s/,
      open: ['second-login', 'lockout', 'timestamp-type'],
    },
    {
      session: 'v2',
      more: { encryptPassword: true },
      values: ['clientId', 'currentAccountId', 'encryptionKey', 'CST', 'X-SECURITY-TOKEN'],
      names: ['currentAccountId', 'encryptedPassword', 'cst', 'x-security-token'],
      lifetime: /`timeStamp`: -?\d s/,
      settled: /\*\*timestamp-type\*\*.*\n {2}Answer: a number/,
      open: ['lockout', 'v2-life', 'expires-in-type'],
    },
  ])('reports of IG $session names, statuses and lifetimes, and no value', async (kind) => {
    const { said, settings } = await heard('IG_API_URL');
    const username = `first_${kind.session}`;
    const password = `made-up-password-of-${username}`;
    const apiKey = `made-up-key-of-${username}`;
    const entry = { broker: 'ig', username, password, apiKey, session: kind.session, ...kind.more };
    const bare = await desk(database(), [entry]);
    const at = { ...bare, env: { ...bare.env, ...settings } };
    const { code, stderr } = await check(at, '--login', username, '--report', 'first.md');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = await readFile(join(at.dir, 'first.md'), 'utf8');
    expect(report).toMatch(/POST `\S*\/session` \| 200 \|/);
    for (const name of kind.names) expect(report).toContain(`"${name}"`);
    expect(report).toMatch(kind.lifetime);
    expect(report).toMatch(kind.settled);
    for (const id of kind.open) expect(report).toMatch(howToFindOut(id));
    expectNone(report, [
      username,
      password,
      apiKey,
      ...kind.values.flatMap((name) => valuesOf(said(), name)),
    ]);
  });

  it('reports of a browser login names, statuses and lifetimes, and no value', async () => {
    const { said, settings } = await heard('UPSTOX_API_URL');
    const redirectUri = `http://localhost:${await freePort()}/callback`;
    const app = {
      clientId: 'made-up-first-app',
      clientSecret: 'made-up-client-secret',
      redirectUri,
    };
    const bare = await desk(database(), [{ broker: 'upstox', name: 'FIRST_SEEN', ...app }]);
    const at = { ...bare, env: { ...bare.env, ...settings } };
    const checking = ends.add(
      await startCli(['check', '--login', 'FIRST_SEEN', '--report', 'first.md'], at),
      kill,
    );
    const location = await pressedThrough((await checking.line(/^ {2}http/)).trim());
    expect((await fetch(location)).status).toBe(200);
    expect((await checking.exit()).code).toBe(0);
    const report = await readFile(join(at.dir, 'first.md'), 'utf8');
    expect(report).toMatch(/POST `\S*\/token` \| 200 \|.*`access_token`: \d+ s, `extended_token`: \d+ s/);
    for (const name of ['access_token', 'extended_token', 'email', 'user_name', 'client_secret'])
      expect(report).toContain(`"${name}"`);
    expect(report).toMatch(/\*\*extended-token\*\*.*\n {2}Answer: yes, and it ends in 365 days/);
    for (const id of ['second-login', 'code-lifetime', 'totp']) expect(report).toMatch(howToFindOut(id));
    const answered = ['access_token', 'extended_token', 'email', 'user_name', 'user_id'];
    const brought = ['code', 'state'].map((name) => location.searchParams.get(name) ?? '');
    const values = answered.flatMap((name) => valuesOf(said(), name));
    expectNone(report, ['FIRST_SEEN', ...Object.values(app), ...brought, ...values]);
  });

  it.each(['check', 'login'] as const)(
    '`%s` ends beside a running service, which has the port that the browser comes back to',
    async (command) => {
      const redisUrl = database();
      const redirectUri = `http://localhost:${await freePort()}/callback`;
      const app = { clientId: `made-up-${command}`, clientSecret: 'made-up-client-secret', redirectUri };
      const entries = [{ broker: 'upstox', name: 'BESIDE_UP', ...app }];
      const service = ends.add(await startRunning({ redisUrl, entries, env: simulator.settings }), kill);
      await service.ready();
      const args = command === 'check' ? ['check', '--login', 'BESIDE_UP'] : ['login', 'BESIDE_UP'];
      const waiting = ends.add(await startCli(args, { dir: service.dir, env: service.env }), kill);
      const link = (await waiting.line(/^ {2}http/)).trim();
      expect(await waiting.line(/running service/)).toContain('hands the login on to this command');
      const location = await pressedThrough(link);
      // Another program's guess at a state is nobody's, and costs nothing.
      expect((await fetch(`${redirectUri}?code=forged&state=forged`)).status).toBe(400);
      const page = await fetch(location);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('The login came back')]);
      const { code, stdout } = await waiting.exit();
      expect([code, stdout]).toEqual([0, expect.stringContaining('BESIDE_UP is logged in')]);
      if (command === 'check') expect(stdout).toMatch(/POST \S*\/token: HTTP 200/);
      expect(await tokenOf(redisUrl, 'BESIDE_UP')).toMatch(/./);
      expect((await fetch(location)).status).toBe(400);
      expect((await service.stop()).code).toBe(0);
    },
  );

  it('works on an embedded Redis of its own, and beside the service that runs one', async () => {
    const at = await desk('embedded', [user('FIRST_E')]);
    expect((await check(at, '--login', 'FIRST_E')).code).toBe(0);
    const service = ends.add(
      await startCli(['run'], { ...at, env: { ...at.env, HTTP_PORT: String(await freePort()) } }),
      kill,
    );
    await service.event({ event: 'service.ready' });
    expect((await check(at, '--login', 'FIRST_E')).code).toBe(0);
    expect(loginsOf('FIRST_E')).toBe(2);
    service.signal('SIGTERM');
    expect((await service.exit()).code).toBe(0);
  });

  it.each<readonly [string, readonly string[], string, number]>([
    [
      'an account that is not there',
      ['--login', 'FIRST_X'],
      'named FIRST_X in the credentials file. Did you mean FIRST_C?',
      1,
    ],
    ['one that is switched off', ['--login', 'FIRST_OFF'], 'FIRST_OFF is disabled', 1],
    ['a report of no login', ['--report', 'x.md'], '--report goes with --login', 2],
    ['a report with no place', ['--login', 'FIRST_C', '--report', '/nowhere/x.md'], 'cannot be written', 2],
  ])('refuses %s, and calls nobody', async (_what, args, why, exit) => {
    const at = await desk(database(), [user('FIRST_C'), { ...user('FIRST_OFF'), enabled: false }]);
    const { code, stderr } = await check(at, ...args);
    expect(code).toBe(exit);
    expect(stderr).toContain(why);
    expect([loginsOf('FIRST_C'), loginsOf('FIRST_OFF')]).toEqual([0, 0]);
  });
});

describe('check', () => {
  it('warns of holidays that nobody listed and of alerts that nobody hears', async () => {
    const app = { clientId: 'made-up-client', clientSecret: 'made-up-client-secret' };
    const entries = [
      { broker: 'upstox', name: 'FIRST_UP', ...app, redirectUri: 'http://localhost/callback' },
    ];
    const { code, stdout } = await check(await desk(database(), entries));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Warning: nobody is told when something goes wrong/m);
    expect(stdout).toMatch(/^Warning: a person has to log FIRST_UP in, .* HOLIDAYS_FILE\.$/m);
  });

  it('finds the example file at fault, and a rehearsal with it good', async () => {
    const example = await readFile(join(import.meta.dirname, '../../credentials.example.json'), 'utf8');
    const at = await desk(database(), JSON.parse(example) as unknown[]);
    const real = await check(at);
    expect([real.code, real.stderr]).toEqual([2, expect.stringContaining("still the example's")]);
    const rehearsed = await check({ ...at, env: { ...at.env, SIMULATE: '1' } });
    expect([rehearsed.code, rehearsed.stderr]).toEqual([0, '']);
  });

  it('lets a rehearsal of a browser login end, as the user that the file names', async () => {
    const redirectUri = `http://localhost:${await freePort()}/callback`;
    const app = {
      clientId: 'made-up-own',
      clientSecret: 'made-up-client-secret',
      redirectUri,
      userId: 'AB0007',
    };
    const at = await desk(database(), [{ broker: 'upstox', name: 'OWN', ...app }]);
    const env = { ...at.env, SIMULATE: '1' };
    const checking = ends.add(await startCli(['check', '--login', 'OWN'], { ...at, env }), kill);
    const location = await pressedThrough((await checking.line(/^ {2}http/)).trim());
    expect((await fetch(location)).status).toBe(200);
    const { code, stdout } = await checking.exit();
    expect([code, stdout]).toEqual([0, expect.stringContaining('OWN is logged in')]);
  });

  it('warns of a credentials file that others can open, and of nothing else', async () => {
    const bare = await desk(database(), [user('FIRST_D')]);
    const at = { ...bare, env: { ...bare.env, ALERT_WEBHOOK_URL: 'http://127.0.0.1:1/' } };
    const open = await check(at);
    expect(open.code).toBe(0);
    const file = join(at.dir, 'credentials.json');
    expect(open.stdout).toMatch(/^Warning: .*credentials\.json can be opened by other users .*chmod 600/m);
    await chmod(file, 0o600);
    const closed = await check({ dir: at.dir, env: at.env });
    expect(closed.code).toBe(0);
    expect(closed.stdout).not.toContain('Warning');
    const json = await check({ dir: at.dir, env: at.env }, '--json');
    expect(JSON.parse(json.stdout)).toEqual({
      accounts: { tradovate: 1 },
      acl: expect.stringContaining('~FIRST_D'),
      warnings: [],
    });
  });
});

/** What a person does in the browser: presses the first button of the page. */
async function pressedThrough(link: string): Promise<URL> {
  const page = await fetch(link, { redirect: 'manual' });
  const button = /<button\b[^>]*>/.exec(await page.text())?.[0] ?? '';
  const attribute = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(button)?.[1] ?? '';
  const body = new URLSearchParams({ [attribute('name')]: attribute('value') });
  const back = await fetch(link, { method: 'POST', body, redirect: 'manual' });
  return new URL(back.headers.get('location') ?? '', link);
}

describe('login', () => {
  const login = async (options: CliOptions, ...args: readonly string[]) =>
    (await startCli(['login', ...args], options)).exit();

  it('logs one account in, once, and keeps its token', async () => {
    const redisUrl = database();
    const { code, stdout } = await login(await desk(redisUrl, [user('BY_HAND')]), 'BY_HAND');
    expect(code).toBe(0);
    expect(stdout).toContain('BY_HAND is logged in; its token is good until ');
    expect(await tokenOf(redisUrl, 'BY_HAND')).toMatch(/./);
    expect(loginsOf('BY_HAND')).toBe(1);
  });

  it('says where the broker hands out the same token again', async () => {
    const at = await desk(database(), [user('AGAIN')]);
    const same = sameLogin();
    simulator.command('tradovate', 'answer', same);
    expect((await login(at, 'AGAIN')).stdout).not.toContain('same token');
    simulator.command('tradovate', 'answer', same);
    const { code, stdout } = await login(at, 'AGAIN');
    expect([code, stdout]).toEqual([0, expect.stringContaining('the same token as before')]);
  });

  it('shows where a broker has to post, the same every time, and nothing for an account without', async () => {
    const asked = {
      broker: 'upstox',
      name: 'ASKED',
      clientId: 'made-up-client',
      clientSecret: 'made-up-client-secret',
      redirectUri: 'http://localhost:5001/callback',
      userId: 'AB0001',
      approval: 'request',
    };
    const keyless = await desk(database(), [asked, user('NO_WEBHOOK')]);
    const none = await login(keyless, 'ASKED', '--webhook');
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('There is no sealing key');
    const at = { ...keyless, env: { ...keyless.env, SECRET_KEY: Buffer.alloc(32, 5).toString('base64') } };
    const first = await login(at, 'ASKED', '--webhook');
    expect(first.stderr).toContain('no broker reaches this address');
    expect(first.stdout.trim()).toMatch(/^http:\/\/localhost:8000\/webhooks\/upstox\/[\w-]{32}$/);
    expect((await login(at, 'ASKED', '--webhook')).stdout).toBe(first.stdout);
    expect((await login(at, 'NO_WEBHOOK', '--webhook')).code).toBe(1);
    expect((await login(at, 'NOBODY')).code).toBe(1);
  });
});
