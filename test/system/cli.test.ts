import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { runCli, type CliExit } from '../support/process.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { sameLogin } from '../support/same-login.ts';
import { startRunning, type Running } from '../support/running.ts';

const user = (name: string) => ({ username: name, password: `made-up-${name}` });
const good = [user('USER_A'), user('USER_B'), user('USER_C')];
const ig = { broker: 'ig', username: 'IG_A', password: 'made-up-ig-a', apiKey: 'made-up-key-a' };
const wrong = { username: 'USER_BAD', password: 'made-up-wrong-one' };
const browser = {
  broker: 'upstox',
  name: 'UP_A',
  clientId: 'made-up-client',
  clientSecret: 'made-up-client-secret',
  redirectUri: 'https://desk.example/callback',
};
const off = { ...user('USER_OFF'), enabled: false };
const entries = [...good, ig, wrong, browser, off];

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  server = ends.add(await startRedis({ own: true }), stop);
  simulator = ends.add(await startSimulator(), stop);
});
afterAll(ends.all);

const tokensAt = (url: string, ...names: readonly string[]): Promise<unknown> => {
  const redis = server.client();
  return until(
    async () => {
      await redis.select(Number(new URL(url).pathname.slice(1)));
      return (await redis.exists(...names.map((name) => `token:${name}`))) === names.length;
    },
    { what: `tokens of ${names.join(', ')}` },
  );
};

describe('the commands beside a running service', () => {
  let service: Running;
  const cli = (...args: readonly string[]): Promise<CliExit> => service.command(...args);

  beforeAll(async () => {
    const redisUrl = `${server.url}/1`;
    service = ends.add(await startRunning({ redisUrl, entries, env: simulator.settings }), kill);
    await service.ready();
    await tokensAt(redisUrl, 'USER_A', 'USER_B', 'USER_C', 'IG_A');
    await service.event({ event: 'refresh.failed', account: 'USER_BAD' });
  });
  afterAll(async () => {
    expect((await service.stop()).code).toBe(0);
  });

  it('status shows every account, its state and what is wrong with it', async () => {
    const { code, stdout, stderr } = await cli('status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const row = (name: string): string => stdout.split('\n').find((line) => line.startsWith(name)) ?? '';
    expect(row('USER_A')).toMatch(/tradovate +fresh/);
    expect(row('IG_A')).toMatch(/ig +(fresh|due|refreshing)/);
    expect(row('USER_BAD')).toMatch(/stopped .*password/);
    expect(row('UP_A')).toMatch(/awaiting_approval/);
    expect(row('USER_OFF')).toMatch(/disabled/);
    expect(stdout).toContain('4 of 7 accounts have a live token.');
  });

  it('status --json says the same for machines', async () => {
    const { code, stdout } = await cli('status', '--json');
    expect(code).toBe(0);
    const { accounts } = JSON.parse(stdout) as {
      accounts: { name: string; state: string; valid: boolean }[];
    };
    expect(accounts.map((account) => account.name).sort()).toEqual([
      'IG_A',
      'UP_A',
      'USER_A',
      'USER_B',
      'USER_BAD',
      'USER_C',
      'USER_OFF',
    ]);
    expect(accounts.find((account) => account.name === 'USER_BAD')).toMatchObject({
      state: 'stopped',
      valid: false,
      next_refresh: null,
      last_error: { code: expect.any(String), message: expect.any(String) },
    });
  });

  it('status NAME shows that account alone, and what it was used for', async () => {
    const { code, stdout } = await cli('status', 'USER_A');
    expect(code).toBe(0);
    expect(stdout).toContain('1 of 1 account has a live token.');
    expect(stdout).toMatch(
      /\nDAY \(UTC\) +REFRESHES +LOGINS +REPORTS\n\d{4}-\d\d-\d\d +1 +1 +0\n31 days +1 +1 +0\n$/,
    );
    expect(stdout).not.toContain('USER_B');
    const { stdout: json } = await cli('status', 'USER_A', '--json');
    expect(JSON.parse(json)).toMatchObject({ name: 'USER_A', usage: [{ refreshes: 1, logins: 1 }] });
    expect(await cli('status', 'NOBODY')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no account named NOBODY'),
    });
  });

  it('get prints the token a bot would read, and nothing else', async () => {
    const redis = server.client();
    await redis.select(1);
    const { code, stdout, stderr } = await cli('get', 'USER_A');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${await redis.get('token:USER_A')}\n`);
  });

  it('get --headers prints all headers that a call to the broker needs', async () => {
    const { code, stdout } = await cli('get', 'IG_A', '--headers');
    expect(code).toBe(0);
    const headers = JSON.parse(stdout) as Record<string, string>;
    expect(headers).toMatchObject({
      Authorization: expect.stringMatching(/^Bearer ./),
      'X-IG-API-KEY': 'made-up-key-a',
      'IG-ACCOUNT-ID': expect.stringMatching(/./),
    });
    const asked = await fetch(`${simulator.settings['IG_API_URL']}/session`, {
      headers: { ...headers, version: '1' },
    });
    expect(asked.status).toBe(200);
  });

  it.each([
    ['NOBODY', /no account named NOBODY/],
    ['USER_BAD', /USER_BAD: stopped/],
    ['UP_A', /UP_A: awaiting_approval/],
    ['USER_OFF', /USER_OFF: disabled/],
  ])('get %s fails with 1 and says why', async (name, why) => {
    for (const args of [[name], [name, '--headers']]) {
      const { code, stdout, stderr } = await cli('get', ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(why);
    }
  });

  it('refresh NAME waits until the new token is out', async () => {
    const before = (await cli('get', 'USER_A')).stdout;
    const { code, stdout } = await cli('refresh', 'USER_A');
    expect(code).toBe(0);
    expect(stdout).toContain('USER_A: refreshed');
    const after = (await cli('get', 'USER_A')).stdout;
    expect(after).toMatch(/./);
    expect(after).not.toBe(before);
    expect(simulator.calls({ broker: 'tradovate', username: 'USER_A' })).toHaveLength(2);
  });

  it('refresh says where the broker hands out the same token again', async () => {
    const same = sameLogin();
    simulator.command('tradovate', 'answer', same);
    expect((await cli('refresh', 'USER_B')).stdout).toBe('USER_B: refreshed\n');
    simulator.command('tradovate', 'answer', same);
    const { code, stdout } = await cli('refresh', 'USER_B');
    expect(code).toBe(0);
    expect(stdout).toBe('USER_B: refreshed. The broker handed out the same token as before.\n');
  });

  it('refresh of an IG account spends its refresh token, not its password', async () => {
    const logins = simulator.calls({ broker: 'ig', operation: 'login' }).length;
    expect((await cli('refresh', 'IG_A')).code).toBe(0);
    expect(simulator.calls({ broker: 'ig', operation: 'login' })).toHaveLength(logins);
    expect(simulator.calls({ broker: 'ig', operation: 'refresh-token' }).length).toBeGreaterThan(0);
  });

  it('refresh --all counts as it goes, and fails for what a person stopped', async () => {
    const { code, stdout, stderr } = await cli('refresh', '--all');
    expect(code).toBe(1);
    for (const step of ['[1/5]', '[2/5]', '[3/5]', '[4/5]', '[5/5]']) expect(stdout).toContain(step);
    for (const name of ['USER_A', 'USER_B', 'USER_C', 'IG_A']) expect(stdout).toContain(`${name}: refreshed`);
    expect(stdout).toMatch(/USER_BAD: stopped.*--force/);
    expect(stdout).toContain('1 left out, for a person to log in: UP_A');
    expect(stderr).toContain('1 of 5 accounts was not');
    expect(simulator.calls({ broker: 'tradovate', username: 'USER_BAD' })).toHaveLength(1);
  });

  it('refresh of a stopped account fails and names --force, which tries once more', async () => {
    const refused = await cli('refresh', 'USER_BAD');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('--force');
    const forced = await cli('refresh', 'USER_BAD', '--force');
    expect(forced.code).toBe(1);
    expect(forced.stdout).toMatch(/USER_BAD: .*password/);
    expect(simulator.calls({ broker: 'tradovate', username: 'USER_BAD' })).toHaveLength(2);
    simulator.setPassword('tradovate', 'USER_BAD', wrong.password);
    expect((await cli('refresh', 'USER_BAD', '--force')).code).toBe(0);
    expect((await cli('get', 'USER_BAD')).code).toBe(0);
    expect(simulator.calls({ broker: 'tradovate', username: 'USER_BAD' })).toHaveLength(3);
  });

  it('refresh says at once that a password that is back was refused before, and sends it to nobody', async () => {
    const withPassword = async (password: string): Promise<void> => {
      const changed = { ...user('USER_C'), password };
      await service.writeCredentials([...entries.filter((entry) => entry !== good[2]), changed]);
      expect((await cli('reload')).code).toBe(0);
    };
    const own = user('USER_C').password;
    await withPassword('made-up-and-wrong');
    expect((await cli('refresh', 'USER_C')).stdout).toMatch(/USER_C: .*password/);
    await withPassword(own);
    expect((await cli('refresh', 'USER_C')).code).toBe(0);
    const calls = simulator.calls({ broker: 'tradovate', username: 'USER_C' }).length;
    await withPassword('made-up-and-wrong');
    const { code, stdout } = await cli('refresh', 'USER_C');
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /^USER_C: stopped: .*refused earlier.* "token-refresher refresh USER_C --force"\.\n$/,
      ),
    });
    expect(simulator.calls({ broker: 'tradovate', username: 'USER_C' })).toHaveLength(calls);
    await withPassword(own);
  });

  it('refresh says that only a person can, that an account is off, and that there is none', async () => {
    for (const [name, why] of [
      ['UP_A', /person/],
      ['USER_OFF', /disabled/],
      ['NOBODY', /no account named NOBODY/],
    ] as const) {
      const { code, stdout, stderr } = await cli('refresh', name);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(why);
    }
  });

  it('refresh is told at once that the broker asked for silence, and calls nobody', async () => {
    simulator.fault({ broker: 'tradovate', operation: 'authorize', kind: 'throttle', times: 1 });
    expect((await cli('refresh', 'USER_A')).code).toBe(1);
    const calls = simulator.calls({ broker: 'tradovate' }).length;
    const { code, stdout } = await cli('refresh', 'USER_B');
    expect(code).toBe(1);
    expect(stdout).toMatch(/USER_B: .*silence/);
    expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(calls);
    expect((await cli('get', 'USER_B')).code).toBe(0);
    simulator.command('tradovate', 'forget-penalties');
  });

  it('reload takes a changed file up, refuses a bad one, and waits before it drops many', async () => {
    expect((await cli('reload')).stdout).toContain('nothing has changed');
    await service.writeCredentials([...entries, { ...ig, username: 'IG_D' }]);
    expect((await cli('reload')).code).toBe(0);
    await tokensAt(`${server.url}/1`, 'IG_D');

    await service.writeCredentials([{ username: 'USER_A', pasword: 'Mark-of-a-password' }]);
    const refused = await cli('reload');
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).not.toContain('Mark');
    expect(refused.stdout).toContain('"token-refresher check"');
    expect(refused.stderr).toBe('The file was not taken up.\n');
    expect((await cli('get', 'IG_D')).code).toBe(0);

    await service.writeCredentials([ig, { ...ig, username: 'IG_D' }]);
    const held = await cli('reload');
    expect(held.code).toBe(1);
    expect(held.stdout).toContain('--accept-removals');
    expect((await cli('reload', '--accept-removals')).code).toBe(0);
    const { accounts } = JSON.parse((await cli('status', '--json')).stdout) as {
      accounts: { name: string }[];
    };
    expect(accounts.map((account) => account.name)).toEqual(['IG_A', 'IG_D']);
  });
});

describe('check', () => {
  it('says that all is well, and prints an ACL line with which the service runs', async () => {
    const admin = server.client();
    const url = `${server.url}/2`;
    const listed = [user('USER_A'), { ...ig, accounts: ['IG_A_SUB'] }, browser];
    const files = { 'credentials.json': listed };
    const checked = await runCli(['check'], { files, env: { REDIS_URL: url } });
    expect({ code: checked.code, stderr: checked.stderr }).toEqual({ code: 0, stderr: '' });
    expect(checked.stdout).toMatch(/1 tradovate, 1 ig, 1 upstox/);
    const line = checked.stdout.split('\n').find((each) => each.trim().startsWith('ACL SETUSER')) ?? '';
    expect(line).toContain('<password>');
    const [command = '', ...args] = line.trim().replace('<password>', 'made-up-redis-pass').split(/\s+/);
    expect(await admin.call(command, ...args)).toBe('OK');

    const redisUrl = url.replace('redis://', 'redis://token-refresher:made-up-redis-pass@');
    const service = await startRunning({ redisUrl, entries: listed, env: simulator.settings });
    try {
      await service.ready();
      await tokensAt(url, 'USER_A', 'IG_A', 'IG_A_SUB');
      expect((await service.ask('/readyz')).status).toBe(200);
      expect((await service.command('refresh', 'IG_A')).code).toBe(0);
      expect((await service.command('reload')).code).toBe(0);
      expect((await service.command('status')).code).toBe(0);
      expect((await service.command('check')).code).toBe(0);
      await service.writeCredentials([user('USER_A')]);
      expect((await service.command('reload', '--accept-removals')).code).toBe(0);
    } finally {
      expect((await service.stop()).code).toBe(0);
    }
    const denied = (await admin.call('ACL', 'LOG')) as unknown[];
    expect(denied.map((entry) => String(entry))).toEqual([]);
    expect(service.output()).not.toMatch(/NOPERM|no permissions/);
  });

  it('lists every fault with 2, and fails with 1 where Redis does not answer or may drop keys', async () => {
    const files = { 'credentials.json': [{ username: 'USER_A', password: '' }, { broker: 'nobody' }] };
    const bad = await runCli(['check'], { files, env: { LOG_LEVEL: 'Mark-of-a-level' } });
    expect(bad.code).toBe(2);
    for (const each of ['REDIS_URL', 'LOG_LEVEL', 'password', 'broker']) expect(bad.stderr).toContain(each);
    expect(bad.stdout + bad.stderr).not.toContain('Mark');

    const fine = { 'credentials.json': [user('USER_A')] };
    const away = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    const unanswered = await runCli(['check'], { files: fine, env: away });
    expect(unanswered.code).toBe(1);
    expect(unanswered.stderr).toContain('Redis does not answer');
    const admin = server.client();
    await admin.config('SET', 'maxmemory-policy', 'volatile-lru');
    const evicting = await runCli(['check'], { files: fine, env: { REDIS_URL: server.url } });
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(evicting.code).toBe(1);
    expect(evicting.stderr).toContain('volatile-lru');
  });
});

describe('the command line itself', () => {
  it.each([
    [['frobnicate']],
    [['status', '--frobnicate']],
    [['get']],
    [['get', 'ONE', 'TWO']],
    [['refresh']],
    [['refresh', 'ONE', '--all']],
  ])('ends %j with 2 and says what is wrong', async (args) => {
    const { code, stdout, stderr } = await runCli(args, {
      files: { 'credentials.json': good },
      env: { REDIS_URL: server.url },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/./);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('lists its commands with --help, and its version with --version', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of ['run', 'demo', 'check', 'status', 'get', 'refresh', 'reload'])
      expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('finds the embedded Redis of a running service by its STATE_DIR, and says so where none runs', async () => {
    const service = await startRunning({ redisUrl: 'embedded', entries: good, env: simulator.settings });
    await service.ready();
    await until(async () => (await service.command('get', 'USER_A')).code === 0, { what: 'a token' });
    const env = { REDIS_URL: 'embedded', STATE_DIR: service.stateDir };
    const status = await runCli(['status'], { env });
    expect(status.code).toBe(0);
    expect(status.stdout).toContain('USER_A');
    await service.stop();
    const alone = await runCli(['status'], { env });
    expect(alone.code).toBe(1);
    expect(alone.stderr).toContain('not running');
    expect(alone.stderr).toContain(service.stateDir);
  });

  it('says so where Redis does not answer', async () => {
    const { code, stderr } = await runCli(['status'], {
      env: { REDIS_URL: `redis://:Mark-of-redis@127.0.0.1:${await freePort()}` },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Redis does not answer');
    expect(stderr).not.toContain('Mark');
  });

  it('is quiet where its reader has left', () => {
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    const shell = spawnSync('sh', ['-c', `"$0" "$1" --help | true`, process.execPath, main], {
      encoding: 'utf8',
    });
    expect(shell).toMatchObject({ status: 0, stderr: '' });
  });
});
