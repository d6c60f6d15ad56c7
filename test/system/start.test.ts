import { execFileSync } from 'node:child_process';
import { readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { THREADS } from '../../src/core/lookup.ts';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { freshFolder } from '../support/folder.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { runCli, startCli } from '../support/process.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { jsonOf, startRunning, type Running, type RunningOptions } from '../support/running.ts';

const entry = { username: 'USER_A', password: 'made-up-password-a' };
const igEntry = { broker: 'ig', username: 'IG_A', password: 'made-up-ig-a', apiKey: 'made-up-key-a' };

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  server = await startRedis({ own: true });
});
afterAll(() => server.stop());
beforeEach(async () => {
  simulator = ends.add(await startSimulator(), stop);
});
afterEach(ends.all);

/** A process whose brokers are the simulator of this test, as if they were the real ones. */
async function start(options: RunningOptions): Promise<Running> {
  const env = { ...simulator.settings, ...options.env };
  return ends.add(await startRunning({ ...options, env }), kill);
}

let databases = 0;
/** A database that no other test uses. */
const database = (): string => `${server.url}/${(databases += 1)}`;

const published = async (redis: Redis, ...names: readonly string[]): Promise<void> => {
  await until(async () => (await redis.exists(...names.map((name) => `token:${name}`))) === names.length, {
    what: `the tokens of ${names.join(', ')}`,
  });
};

async function withClient<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Redis servers whose data lies in this folder. */
async function redisServersIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return cwd.startsWith(`${folder}/data/`) ? [pid] : [];
    }),
  );
  return found.flat();
}

describe('a start on the Redis that REDIS_URL names', () => {
  it('says first which files it read, which Redis it fills and how many accounts each broker has', async () => {
    const url = database();
    const folder = await freshFolder();
    await writeFile(join(folder, '.env'), 'LOG_LEVEL=debug\n');
    await writeFile(join(folder, 'password'), 'made-up-password-b\n');
    const like = { dir: folder, port: await freePort() } as Running;
    const redisUrl = url.replace('redis://', 'redis://desk:Mark-of-redis@');
    await withClient(url, (redis) =>
      redis.call('ACL', 'SETUSER', 'desk', 'on', '>Mark-of-redis', '~*', '&*', '+@all'),
    );
    const service = await start({
      redisUrl,
      entries: [entry, { username: 'USER_B', password: 'file:password' }, igEntry],
      like,
    });
    await service.ready();
    const [first] = service.events();
    expect(first).toMatchObject({
      event: 'service.started',
      redis: url.replace('redis://', ''),
      accounts: { tradovate: 2, ig: 1 },
    });
    expect(first?.['files']).toEqual([
      join(folder, '.env'),
      service.credentialsFile,
      join(folder, 'password'),
    ]);
    expect(String(first?.['msg'])).toContain(service.credentialsFile);
    expect((await service.stop()).code).toBe(0);
    expect(service.output()).not.toContain('Mark');
  });

  it('logs one JSON object a line, each with an event, a level and a time', async () => {
    const url = database();
    simulator.fault({ broker: 'tradovate', kind: 'html', times: 1 });
    const service = await start({ redisUrl: url, entries: [entry, igEntry], env: { LOG_LEVEL: 'debug' } });
    await service.ready();
    await withClient(url, (redis) => published(redis, 'IG_A'));
    await service.event({ event: 'refresh.failed' });
    const { code, stdout, stderr } = await service.stop();
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout.split('\n').filter((line) => line !== '');
    expect(lines).toHaveLength(service.events().length);
    for (const line of service.events()) {
      expect(line).toMatchObject({
        event: expect.stringMatching(/^[a-z_]+(\.[a-z_]+)*$/),
        level: expect.stringMatching(/^[a-z]+$/),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        msg: expect.stringMatching(/./),
      });
    }
  });

  it('answers /livez and /readyz to all, and /dashboard to who is signed in', async () => {
    const url = database();
    const service = await start({ redisUrl: url, entries: [entry] });
    await service.ready();
    await withClient(url, (redis) => published(redis, 'USER_A'));
    expect((await service.ask('/livez')).status).toBe(200);
    const ready = await service.ask('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.text).not.toContain('USER_A');
    expect((await service.ask('/dashboard')).status).toBe(401);
    const page = await service.askAsAdmin('/dashboard');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.text).toContain('USER_A');
  });

  it('makes its key and its admin token once, for this user alone', async () => {
    const url = database();
    const service = await start({ redisUrl: url, entries: [entry] });
    await service.ready();
    const files = ['secret.key', 'admin-token'].map((name) => join(service.stateDir, name));
    const before = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(Buffer.from(before[0] ?? '', 'base64')).toHaveLength(32);
    await service.stop();
    const second = await start({ redisUrl: url, entries: [entry], like: service });
    await second.ready();
    expect(await Promise.all(files.map((file) => readFile(file, 'utf8')))).toEqual(before);
  });

  it('waits for a Redis that is not there yet, saying so, and serves once it is', async () => {
    const late = ends.add(await startRedis({ own: true }), stop);
    await late.kill();
    const service = await start({ redisUrl: late.url, entries: [entry] });
    await until(async () => (await service.ask('/livez')).status === 200, { what: 'its HTTP' });
    const waiting = await service.ask('/readyz');
    expect(waiting.status).toBe(503);
    expect(waiting.text).toContain('Redis');
    await late.restart();
    await service.ready();
    await published(late.client(), 'USER_A');
    expect((await service.ask('/readyz')).status).toBe(200);
    expect((await service.stop()).code).toBe(0);
  });

  it('ends with 0 on SIGTERM also while a thread hangs, in a lookup or on a disk', async () => {
    const folder = await freshFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // A pipe that nobody writes to holds the thread that opens it, as a name server that is silent does.
    const hang = `import { open, readdirSync } from 'node:fs';
process.once('SIGUSR2', () => {
  open(${JSON.stringify(pipe)}, () => undefined);
  console.log('one hangs of', readdirSync('/proc/self/task').length);
});`;
    await writeFile(join(folder, 'hang.mjs'), hang);
    const running = await start({
      entries: [entry],
      redisUrl: database(),
      env: { NODE_OPTIONS: `--import=${join(folder, 'hang.mjs')}` },
    });
    await running.ready(30_000);
    running.signal('SIGUSR2');
    const threads = Number(/one hangs of (\d+)/.exec(await running.line('one hangs of'))?.[1]);
    expect(threads).toBeGreaterThan(THREADS);
    running.signal('SIGTERM');
    expect(await running.exit(15_000)).toMatchObject({ code: 0, signal: null });
  });

  it('ends with 0 on SIGTERM while it waits for a Redis that is not there', async () => {
    const service = await start({ redisUrl: `redis://127.0.0.1:${await freePort()}`, entries: [entry] });
    await service.event({ event: 'redis.error' });
    expect((await service.stop()).code).toBe(0);
    expect(simulator.calls()).toEqual([]);
  });
});

describe('a start with REDIS_URL=embedded', () => {
  const embedded = { redisUrl: 'embedded' };

  it('fills a Redis of its own, says where it is, and takes it along when it ends', async () => {
    const service = await start({ ...embedded, entries: [entry] });
    await service.ready();
    const endpoint = join(service.stateDir, 'redis/endpoint');
    const url = (await readFile(endpoint, 'utf8')).trim();
    expect(url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
    await withClient(url, (redis) => published(redis, 'USER_A'));
    expect(await redisServersIn(service.dir)).toHaveLength(1);
    const exit = await service.stop();
    expect(exit.code).toBe(0);
    expect(await redisServersIn(service.dir)).toEqual([]);
    await expect(stat(endpoint)).rejects.toThrow('ENOENT');
  });

  it('finds its tokens again after a kill -9, with no second login', async () => {
    const first = await start({ ...embedded, entries: [entry] });
    await first.ready();
    const url = (await readFile(join(first.stateDir, 'redis/endpoint'), 'utf8')).trim();
    const token = await withClient(url, async (redis) => {
      await published(redis, 'USER_A');
      return redis.get('token:USER_A');
    });
    await first.kill();
    const second = await start({ ...embedded, entries: [entry], like: first });
    await second.ready();
    expect(await redisServersIn(first.dir)).toHaveLength(1);
    expect((await second.command('get', 'USER_A')).stdout.trim()).toBe(token);
    expect((await second.stop()).code).toBe(0);
    expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(1);
  });

  it('leaves a second process with the same STATE_DIR at the door, with 2 and the reason', async () => {
    const first = await start({ ...embedded, entries: [entry] });
    await first.ready();
    const second = await runCli(['run'], {
      dir: first.dir,
      env: { ...first.env, HTTP_PORT: String(await freePort()) },
    });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('STATE_DIR');
    expect(second.stderr).toContain(String(first.pid));
    expect((await first.ask('/readyz')).status).toBe(200);
    expect((await first.stop()).code).toBe(0);
  });

  it('leaves no Redis behind where SIGTERM comes while it is being started', async () => {
    const service = await start({ ...embedded, entries: [entry] });
    await until(async () => (await redisServersIn(service.dir)).length > 0, {
      what: 'the Redis process',
      intervalMs: 1,
    });
    expect((await service.stop()).code).toBe(0);
    await until(async () => (await redisServersIn(service.dir)).length === 0, {
      what: 'the end of the embedded Redis',
      timeoutMs: 3_000,
    });
  });

  it('leaves no Redis behind where HTTP_PORT is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const service = await start({ ...embedded, entries: [entry], env: { HTTP_PORT: String(port) } });
    const exit = await service.exit();
    holder.close();
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain('HTTP_PORT');
    expect(exit.stderr).toContain(String(port));
    expect(await redisServersIn(service.dir)).toEqual([]);
    expect(simulator.calls()).toEqual([]);
  });
});

describe('a start that a person must mend first', () => {
  const refused = async (options: RunningOptions): Promise<{ message: string; stdout: string }> => {
    const service = await start(options);
    const exit = await service.exit();
    expect(exit.code).toBe(2);
    return { message: exit.stderr, stdout: exit.stdout };
  };

  it('names both ways where no Redis is named', async () => {
    const { message } = await refused({ entries: [entry] });
    expect(message).toMatch(/REDIS_URL=redis:\/\//);
    expect(message).toMatch(/REDIS_URL=embedded/);
  });

  it('lists the faults of environment, state folder and credentials in one message, without a secret', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'state'), '');
    const { message, stdout } = await refused({
      like: { dir: folder, port: await freePort() } as Running,
      env: {
        STATE_DIR: join(folder, 'state'),
        WORKER_CONCURRENCY: 'Mark-of-concurrency',
        SECRET_KEY: 'Mark-of-the-key',
        DISCORD_WEBHOOK_URL: 'ftp://Mark-of-the-webhook',
        ALLOW_EVICTION: 'Mark-of-eviction',
      },
      entries: [
        { username: 'USER_A', password: 'Mark-of-password-a', pasword: 'Mark-of-the-slip' },
        { username: 'USER_A', password: 'Mark-of-password-b' },
        { broker: 'ig', username: 'IG_A', password: 'Mark-of-password-c' },
        { username: 'USER_D', password: '${NOT_SET}' },
        { broker: 'upstox', username: 'UP_A', clientId: 'Mark-of-the-client', clientSecret: 7 },
      ],
    });
    for (const each of ['REDIS_URL', 'STATE_DIR', 'WORKER_CONCURRENCY', 'SECRET_KEY', 'DISCORD_WEBHOOK_URL'])
      expect(message).toContain(each);
    for (const each of ['ALLOW_EVICTION', 'pasword', 'entry 2', 'apiKey', 'NOT_SET', 'clientSecret'])
      expect(message).toContain(each);
    expect(message).not.toMatch(/Mark/);
    expect(stdout).toBe('');
  });

  it('shows no piece of a credentials file that is not JSON', async () => {
    const text = '[{"username": "USER_A", "password": "Mark-of-a-password" "apiKey": "Mark-of-a-key"}]';
    const { message, stdout } = await refused({ redisUrl: database(), entries: text });
    expect(message).toContain('credentials.json');
    expect(message).toMatch(/line 1/);
    expect(message + stdout).not.toMatch(/Mark|USER_A/);
  });

  it('refuses a list without accounts, and a file that is not there', async () => {
    expect((await refused({ redisUrl: database(), entries: [] })).message).toContain('no account');
    const exit = await runCli(['run'], { env: { REDIS_URL: database() } });
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain('credentials.json');
  });

  it('refuses a STATE_DIR that cannot be written', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'data'), '');
    const like = { dir: folder, port: await freePort() } as Running;
    const { message } = await refused({ redisUrl: database(), entries: [entry], like });
    expect(message).toContain('STATE_DIR');
    expect(message).toContain(join(folder, 'data'));
  });

  it('keeps simulated and real records apart, either way round', async () => {
    const real = database();
    const service = await start({ redisUrl: real, entries: [entry] });
    await service.ready();
    await service.stop();
    const env = { SIMULATE: '1' };
    expect((await refused({ redisUrl: real, entries: [entry], env })).message).toMatch(/simulated/);

    const simulated = database();
    const demo = await start({ redisUrl: simulated, entries: [entry], env });
    await demo.ready();
    await demo.stop();
    expect((await refused({ redisUrl: simulated, entries: [entry] })).message).toMatch(/simulated/);
  });

  it('refuses another SECRET_KEY, takes an added one, and starts over with --new-key', async () => {
    const url = database();
    const [key, other] = ['a', 'b'].map((letter) => Buffer.alloc(32, letter).toString('base64')) as [
      string,
      string,
    ];
    const withKey = (keys: string) => ({ redisUrl: url, entries: [entry], env: { SECRET_KEY: keys } });
    const first = await start(withKey(key));
    await first.ready();
    await withClient(url, (redis) => published(redis, 'USER_A'));
    await first.stop();

    const { message } = await refused(withKey(other));
    expect(message).toContain('SECRET_KEY');
    expect(message).toContain('--new-key');
    expect(message).not.toContain(other);

    const rotated = await start(withKey(`${other},${key}`));
    await rotated.ready();
    expect((await rotated.command('refresh', 'USER_A')).code).toBe(0);
    await rotated.stop();

    const renewed = await start({
      ...withKey(Buffer.alloc(32, 'c').toString('base64')),
      args: ['--new-key'],
    });
    await renewed.ready();
    expect((await renewed.command('refresh', 'USER_A')).code).toBe(0);
    expect((await renewed.stop()).code).toBe(0);
  });
});

describe('a Redis that may drop keys', () => {
  let evicting: TestRedis;
  beforeAll(async () => {
    evicting = await startRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] });
  });
  afterAll(() => evicting.stop());

  it('is served to nobody: not ready, with the reason', async () => {
    const service = await start({ redisUrl: `${evicting.url}/1`, entries: [entry] });
    await service.ready();
    const ready = await service.ask('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.text).toContain('allkeys-lru');
    expect(ready.text).toContain('ALLOW_EVICTION');
    expect((await service.ask('/livez')).status).toBe(200);
    expect((await service.stop()).code).toBe(0);
  });

  it('is taken where ALLOW_EVICTION=1', async () => {
    const url = `${evicting.url}/2`;
    const service = await start({ redisUrl: url, entries: [entry], env: { ALLOW_EVICTION: '1' } });
    await service.ready();
    await withClient(url, (redis) => published(redis, 'USER_A'));
    expect((await service.ask('/readyz')).status).toBe(200);
  });
});

describe('a signal', () => {
  const users = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      username: `USER_${from + i}`,
      password: `made-up-password-${from + i}`,
    }));

  it('SIGTERM ends it with 0 within 15 s though ten logins are under way, and their tokens are written', async () => {
    const url = database();
    // Ten that worked speak for the next ten of their batch.
    const service = await start({ redisUrl: url, entries: users(0, 10) });
    await service.ready();
    await withClient(url, (redis) => published(redis, ...users(0, 10).map((user) => user.username)));
    simulator.fault({ broker: 'tradovate', operation: 'authorize', kind: 'slow', ms: 3_000 });
    await service.writeCredentials(users(0, 20));
    service.signal('SIGHUP');
    await until(() => simulator.inFlight('tradovate') === 10, { what: 'ten logins under way' });

    const signalledAt = Date.now();
    service.signal('SIGTERM');
    await service.event({ event: 'signal', signal: 'SIGTERM' });
    for (const again of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGTERM'] as const) service.signal(again);
    const exit = await service.exit();
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(Date.now() - signalledAt).toBeLessThan(15_000);
    await withClient(url, async (redis) => {
      const names = users(0, 20).map((user) => `token:${user.username}`);
      expect(await redis.exists(...names)).toBe(20);
    });
    expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(20);
  });

  it('SIGTERM ends it with 0 within 15 s though a broker never answers, and the login is not lost', async () => {
    const url = database();
    simulator.fault({ broker: 'tradovate', operation: 'authorize', kind: 'stall', times: 1 });
    const service = await start({ redisUrl: url, entries: [entry] });
    await until(() => simulator.inFlight('tradovate') === 1, { what: 'the login under way' });
    const signalledAt = Date.now();
    expect((await service.stop()).code).toBe(0);
    expect(Date.now() - signalledAt).toBeLessThan(15_000);
    const next = await start({ redisUrl: url, entries: [entry], like: service });
    await withClient(url, (redis) =>
      until(() => redis.exists('token:USER_A'), { what: 'the token', timeoutMs: 30_000 }),
    );
    expect((await next.stop()).code).toBe(0);
    expect(simulator.calls({ broker: 'tradovate' })).toHaveLength(2);
  });

  it('SIGINT ends it as SIGTERM does', async () => {
    const service = await start({ redisUrl: database(), entries: [entry] });
    await service.ready();
    service.signal('SIGINT');
    expect((await service.exit()).code).toBe(0);
  });

  it('SIGHUP takes a changed credentials file up at once, and refuses a bad one', async () => {
    const url = database();
    const service = await start({ redisUrl: url, entries: users(0, 1) });
    await service.ready();
    await withClient(url, async (redis) => {
      await published(redis, 'USER_0');
      await service.writeCredentials(users(0, 2));
      service.signal('SIGHUP');
      await published(redis, 'USER_1');
      await service.writeCredentials('[{"username": "USER_2", "password": "Mark-of-a-password",]');
      service.signal('SIGHUP');
      await service.event({ event: 'accounts.refused' });
      expect(service.output()).not.toContain('Mark');
      expect((await service.command('refresh', 'USER_1')).code).toBe(0);
    });
    const status = jsonOf(await service.askAsAdmin('/api/token/status'));
    expect(status['accounts']).toMatchObject([{ name: 'USER_0' }, { name: 'USER_1' }]);
    expect((await service.stop()).code).toBe(0);
  });
});

describe('at a terminal', () => {
  it('shows sentences and a sign-in link, and ends when the terminal is closed', async () => {
    const [dir, port] = [await freshFolder(), await freePort()];
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    // `script` gives it a terminal; killed, it takes the terminal away.
    const terminal = ends.add(
      await startCli(['-qefc', `exec '${process.execPath}' '${main}' run`, '/dev/null'], {
        program: 'script',
        dir,
        files: { 'credentials.json': [entry] },
        env: { ...simulator.settings, REDIS_URL: 'embedded', HTTP_PORT: String(port) },
      }),
      kill,
    );
    const link = await terminal.line('Sign in to the page: ');
    expect(link).toMatch(new RegExp(`http://localhost:${port}/sign-in#[\\w-]{20,}`));
    await terminal.line('Published a token for USER_A');
    expect(terminal.events()).toEqual([]);
    await terminal.kill();
    await until(async () => (await redisServersIn(dir)).length === 0, {
      what: 'its end, with its Redis',
      timeoutMs: 15_000,
    });
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow('fetch failed');
  });
});
