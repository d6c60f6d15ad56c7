import type { Redis } from 'ioredis';
import type { ContainerRuntimeClient } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/poll.ts';
import { prepareComposed, runCompose, type Composed, type ComposedService, type Login } from './composed.ts';
import { findEngine } from './engine.ts';

const SETTLE_MS = 60_000;
const STOP_MS = 15_000;

const one: Login = { username: 'desk-one', password: 'made-up-password-one' };
/** Begins as the service's own keys do: bots read its list all the same. */
const two: Login = { username: 'refresh-desk', password: 'made-up-password-two' };
const late: Login = { username: 'desk-late', password: 'made-up-password-three' };
const tokenKeys = [one, two, late].map(({ username }) => `token:${username}`);

const found = await findEngine();

describe.skipIf(found === undefined)('the composed service', () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  let composed: Composed;
  let bot: Redis;

  beforeAll(async () => {
    composed = await prepareComposed();
    cleanups.push(() => composed.remove());
    await composed.saveCredentials([one, two]);
    await composed.compose('up', '-d', '--build');
    bot = composed.connectAsBot();
    cleanups.push(() => {
      bot.disconnect();
    });
    await healthy('token-refresher');
  });

  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  test('is ready on the published port', async () => {
    const ready = async (): Promise<boolean> => (await fetch(`${composed.httpUrl}/readyz`)).ok;
    await until(ready, { what: 'readiness', timeoutMs: SETTLE_MS });
  });

  test.each([one, two])('publishes a token for $username, which bots read', async ({ username }) => {
    const token = await tokenOf(username);
    expect(await bot.mget(`token:${username}`, `auth:${username}`)).toEqual([token, token]);
    expect(await bot.pttl(`token:${username}`)).toBeGreaterThan(0);
    expect(await bot.lrange(username, 0, -1)).toContain(`token:${username}`);
    expect(await bot.hget(`meta:${username}`, 'username')).toBe(username);
    expect(await bot.hget(`state:${username}`, 'state')).toBe('fresh');
    expect(await bot.get('refresher:contract')).toBe('1');
  });

  test.each([
    ['write a token', 'SET', 'token:desk-one', 'forged'],
    ['delete a token', 'DEL', 'token:desk-one'],
    ['change a key list', 'RPUSH', 'desk-one', 'token:other'],
    ['add to anything but the reports', 'XADD', 'meta:desk-one', '*', 'name', 'desk-one'],
    ['read the keys of the service', 'GET', 'refresher:world'],
    ['read what is sealed', 'HGETALL', 'refresher:account:desk-one'],
    ['say which contract holds', 'SET', 'refresher:contract', '2'],
    ['read the lists of the service', 'LRANGE', 'refresher:q:any:wait', '0', '-1'],
    ['list the keys', 'KEYS', '*'],
    ['announce an event', 'PUBLISH', 'token-events', '{}'],
    ['listen to other channels', 'SUBSCRIBE', 'refresher:any'],
    ['change the configuration', 'CONFIG', 'SET', 'maxmemory', '1'],
    ['run a script', 'EVAL', 'return 1', '0'],
  ] as const)('bots may not %s', async (_what, command, ...args) => {
    await expect(bot.call(command, ...args)).rejects.toThrow(/NOPERM/);
  });

  test('bots may report a refused token and hear of new ones', async () => {
    expect(await bot.xadd('token-reports', '*', 'name', 'nobody', 'generation', '1')).toBeTruthy();
    const listener = composed.connectAsBot();
    expect(await listener.subscribe('token-events')).toBe(1);
    listener.disconnect();
  });

  test.each(['redis', 'token-refresher'] as const)('%s runs hardened', async (service) => {
    const { HostConfig, NetworkSettings } = await inspect(service);
    expect(HostConfig.ReadonlyRootfs).toBe(true);
    // Null for a port that is exposed and not published, whatever the client's type says.
    const ports: Readonly<Record<string, readonly { readonly HostIp: string }[] | null>> =
      NetworkSettings.Ports;
    const bindings = Object.values(ports).flatMap((bound) => bound ?? []);
    expect(bindings.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
    expect(await execIn(service, 'id', '-u')).not.toBe('0');
    expect(await execIn(service, 'sh', '-c', 'touch /written || echo refused')).toContain('refused');
    expect(await execIn(service, 'grep', 'CapEff', '/proc/1/status')).toMatch(/\t0+$/);
  });

  test('Redis evicts nothing, writes to disk and wants a password', async () => {
    const redisCli = (command: string): Promise<string> =>
      execIn('redis', 'sh', '-c', `REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli ${command}`);
    expect(await redisCli('config get maxmemory-policy')).toContain('noeviction');
    expect(await redisCli('config get appendonly')).toContain('yes');
    expect(await execIn('redis', 'redis-cli', 'get', 'refresher:contract')).toContain('NOAUTH');
  });

  test('takes up credentials that are saved by renaming', async () => {
    await composed.saveCredentials([one, two, late]);
    await tokenOf(late.username);
  });

  test('ends on SIGTERM with exit code 0, and the tokens outlast a restart of Redis', async () => {
    const held = await bot.mget(tokenKeys);
    const askedAt = Date.now();
    await composed.compose('stop', 'token-refresher');
    const { State } = await inspect('token-refresher');
    expect(State).toMatchObject({ Running: false, ExitCode: 0 });
    expect(Date.parse(State.FinishedAt) - askedAt).toBeLessThan(STOP_MS);

    await composed.compose('restart', 'redis');
    await healthy('redis');
    expect(await bot.mget(tokenKeys)).toEqual(held);
  });

  test('logs no secret', async () => {
    const logs = await composed.compose('logs', '--no-color');
    expect(logs).toContain('token-refresher');
    const tokens = (await bot.mget(tokenKeys)).filter((token) => token !== null);
    expect(tokens).toHaveLength(tokenKeys.length);
    const secrets = [...composed.secrets, ...[one, two, late].map(({ password }) => password), ...tokens];
    expect(secrets.filter((secret) => logs.includes(secret))).toEqual([]);
  });

  const tokenOf = (username: string): Promise<string> =>
    until(() => bot.get(`token:${username}`), { what: `a token for ${username}`, timeoutMs: SETTLE_MS });

  const healthy = (service: ComposedService): Promise<boolean> =>
    until(async () => (await inspect(service)).State.Health?.Status === 'healthy', {
      what: `${service} to be healthy`,
      timeoutMs: SETTLE_MS,
    });

  const engine = (): ContainerRuntimeClient['container'] => {
    if (found === undefined) throw new Error('no Docker engine');
    return found.container;
  };

  const inspect = async (service: ComposedService) =>
    engine()
      .getById(await composed.containerId(service))
      .inspect();

  const execIn = async (service: ComposedService, ...command: readonly string[]): Promise<string> => {
    const container = engine().getById(await composed.containerId(service));
    return (await engine().exec(container, [...command])).output.trim();
  };
});

describe.skipIf(found === undefined)('the compose file', () => {
  test.each(['REDIS_PASSWORD', 'BOTS_PASSWORD'])('refuses to start without %s', async (name) => {
    const passwords = { REDIS_PASSWORD: 'made-up', BOTS_PASSWORD: 'made-up-too' };
    const settings = { ...passwords, ENV_FILE: '/dev/null', [name]: '' };
    await expect(runCompose(settings, 'config')).rejects.toThrow(name);
  });
});
