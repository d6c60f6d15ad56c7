import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { moment } from '../../src/core/day.ts';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { runCli } from '../support/process.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { jsonOf, startRunning, type Running } from '../support/running.ts';

const entries = [
  { username: 'DESK', password: 'made-up-desk', accounts: ['DESK_SUB'] },
  { username: 'OTHER', password: 'made-up-other' },
  { broker: 'ig', username: 'PAIR', password: 'made-up-pair', apiKey: 'made-up-key' },
  { username: 'OFF', password: 'made-up-off', enabled: false },
];

const ends = makeEndings();
let server: TestRedis;
let redis: Redis;
let simulator: Simulator;
let service: Running;
const events: Record<string, unknown>[] = [];
const post = (path: string, body?: object) =>
  service.askAsAdmin(path, {
    method: 'POST',
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const stateOf = (name: string): Promise<string | null> => redis.hget(`state:${name}`, 'state');
const becomes = (name: string, state: string): Promise<unknown> =>
  until(async () => (await stateOf(name)) === state, { what: `${name} to be ${state}`, timeoutMs: 15_000 });

beforeAll(async () => {
  server = ends.add(await startRedis({ own: true }), stop);
  simulator = ends.add(await startSimulator(), stop);
  redis = server.client();
  const ear = server.client();
  await ear.subscribe('token-events');
  ear.on('message', (_, text: string) => events.push(JSON.parse(text) as Record<string, unknown>));
  service = ends.add(await startRunning({ redisUrl: server.url, entries, env: simulator.settings }), kill);
  await service.ready();
  for (const name of ['DESK', 'OTHER', 'PAIR']) await becomes(name, 'fresh');
});
afterAll(ends.all);

describe('over HTTP', () => {
  it('an account is paused, refused a refresh, and put back into service at once', async () => {
    const calls = simulator.calls({ username: 'DESK' }).length;
    const paused = await post('/api/accounts/DESK/pause', { for: '2h' });
    expect(paused.status).toBe(200);
    expect(jsonOf(paused)).toMatchObject({ status: 'success', name: 'DESK', state: 'paused' });
    const ends = Date.parse(String(jsonOf(paused)['until']));
    expect(Math.abs(ends - Date.now() - 7_200_000)).toBeLessThan(10_000);
    expect([await stateOf('DESK'), await stateOf('DESK_SUB')]).toEqual(['paused', 'paused']);
    expect(await redis.exists('token:DESK', 'token:DESK_SUB')).toBe(2);

    const refresh = await post('/api/token/force-refresh', { username: 'DESK' });
    expect(refresh.status).toBe(409);
    expect(jsonOf(refresh)).toMatchObject({ code: 'ACCOUNT_PAUSED', retry_at: jsonOf(paused)['until'] });
    const status = jsonOf(await service.askAsAdmin('/api/token/status/DESK'));
    expect(status).toMatchObject({ state: 'paused', valid: true, next_refresh: null });

    const resumed = await post('/api/accounts/DESK/resume');
    expect([resumed.status, jsonOf(resumed)['state']]).toEqual([200, 'due']);
    await becomes('DESK', 'fresh');
    expect(simulator.calls({ username: 'DESK' })).toHaveLength(calls);
    const again = await post('/api/accounts/DESK/resume');
    expect([again.status, jsonOf(again)['state']]).toEqual([200, 'unchanged']);
  });

  it('one is logged out: the broker sees it, its keys are gone, and it is not logged in again', async () => {
    const heard = events.length;
    const answer = await post('/api/accounts/PAIR/logout');
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({ state: 'paused', session: { ended: true, valid_until: null } });
    expect(await redis.exists('token:PAIR', 'auth:PAIR', 'meta:PAIR')).toBe(0);
    expect(events.slice(heard).filter(({ username }) => username === 'PAIR')).toEqual([
      expect.objectContaining({ event: 'removed', names: ['PAIR'] }),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const operations = simulator.calls({ username: 'PAIR' }).map(({ operation }) => operation);
    expect(operations.slice(operations.indexOf('logout'))).toEqual(['logout']);
    expect(await stateOf('PAIR')).toBe('paused');
    await post('/api/accounts/PAIR/resume');
    await becomes('PAIR', 'fresh');
    expect(simulator.calls({ username: 'PAIR', operation: 'login' })).toHaveLength(2);
  });

  it.each([
    ['/api/accounts/NOBODY/pause', undefined, 404, 'UNKNOWN_ACCOUNT'],
    ['/api/accounts/DESK_SUB/logout', undefined, 404, 'UNKNOWN_ACCOUNT'],
    ['/api/accounts/OFF/pause', undefined, 409, 'ACCOUNT_DISABLED'],
    ['/api/accounts/OFF/logout', undefined, 409, 'ACCOUNT_DISABLED'],
    ['/api/accounts/DESK/pause', { for: 'a while' }, 400, 'INVALID_BODY'],
    ['/api/accounts/DESK/logout', { for: 3600 }, 400, 'INVALID_BODY'],
  ])('%s with %j: %i', async (path, body, status, code) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect(jsonOf(answer)).toMatchObject({ status: 'error', code, message: expect.stringMatching(/\w/) });
  });

  it('nobody without the admin token does any of it', async () => {
    const answer = await service.ask('/api/accounts/DESK/pause', { method: 'POST' });
    expect([answer.status, await stateOf('DESK')]).toEqual([401, 'fresh']);
  });
});

describe('an account is explained', () => {
  it('over HTTP and at the command line: its decisions, what is next, and what people did', async () => {
    const answer = await service.askAsAdmin('/api/accounts/PAIR/explain');
    expect(answer.status).toBe(200);
    const said = jsonOf(answer);
    expect(said).toMatchObject({ name: 'PAIR', broker: 'ig', state: expect.stringMatching(/fresh|due/) });
    const decisions = said['decisions'] as { did: string; state: string; reason: string | null }[];
    expect(decisions.map(({ did }) => did)).toContain('removed');
    expect(decisions[0]).toMatchObject({ did: 'published', state: 'fresh' });
    expect(decisions.length).toBeLessThanOrEqual(20);
    expect(said['acts']).toEqual([
      expect.objectContaining({ who: 'token', what: 'resume', account: 'PAIR', outcome: '200' }),
      expect.objectContaining({ who: 'token', what: 'logout', account: 'PAIR', outcome: '200' }),
    ]);
    const token = await redis.get('token:PAIR');
    expect(answer.text).not.toContain(token);
    const { code, stdout } = await service.command('explain', 'PAIR');
    expect(code).toBe(0);
    expect(stdout).toMatch(/PAIR, ig demo: /);
    expect(stdout).toMatch(/Next: a (renewal|refresh) at /);
    expect(stdout).toContain('token-refresher pause PAIR --for 2h');
    expect((await service.command('explain', 'NOBODY')).code).toBe(1);
  });
});

describe('at the command line', () => {
  it('pause and resume say what holds, and until when', async () => {
    const paused = await service.command('pause', 'DESK', '--for', '30m', '--json');
    expect(paused).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(paused.stdout)).toMatchObject({
      ...{ name: 'DESK', outcome: 'done', state: 'paused' },
      until: expect.stringMatching(/Z$/),
      // For people in words, for programs in a field of its own.
      message: expect.stringMatching(
        /^DESK is paused until \w{3} \d+ \w{3} \d\d:\d\d UTC\. Its token is served until \w{3} \d+ \w{3} \d\d:\d\d UTC at the latest/,
      ),
    });
    await becomes('DESK', 'paused');
    const line = await service.event({ event: 'audit', what: 'pause', outcome: 'done' });
    expect(line).toMatchObject({ account: 'DESK', who: expect.stringMatching(/^command .+@.+/) });
    const refresh = await service.command('refresh', 'DESK');
    expect(refresh.code).toBe(1);
    expect(refresh.stdout).toContain('paused by a person: "token-refresher resume DESK"');
    expect((await service.command('status')).stdout).toMatch(
      /DESK +tradovate +paused .*Paused by a person until/,
    );
    const resumed = await service.command('resume', 'DESK');
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('back in service') });
    await becomes('DESK', 'fresh');
  });

  it('logout says that the broker has no call for it, and until when the token lives', async () => {
    const expiresAt = await redis.hget('meta:OTHER', 'expiresAt');
    const { code, stdout } = await service.command('logout', 'OTHER');
    expect(code).toBe(0);
    const livesUntil = moment(Date.parse(String(expiresAt)));
    expect(stdout).toContain(
      `has no call that ends a session. The token is good there until ${livesUntil}, for`,
    );
    expect(stdout).toContain('paused until it is resumed');
    expect(await redis.exists('token:OTHER')).toBe(0);
    // A second one ends nothing that the first one did not.
    const again = await service.command('logout', 'OTHER', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      session: { ended: false, valid_until: expiresAt, reason: expect.stringContaining('earlier') },
      message: expect.stringContaining(`The token is good there until ${livesUntil}, for`),
    });
  });

  it.each([
    [['pause', 'NOBODY'], 1, /no account named NOBODY/],
    [['pause', 'DESC'], 1, /no account named DESC\. Did you mean DESK\?/],
    [['pause', 'OFF'], 1, /disabled/],
    [['pause', 'DESK', '--for', 'soon'], 2, /2h, 90m/],
    [['pause'], 2, /missing required argument/],
  ])('%j ends with %i', async (args, code, said) => {
    const exit = await service.command(...args);
    expect(exit.code).toBe(code);
    expect(exit.stderr).toMatch(said);
  });

  it('a pause without a service is kept for the next start; a logout is refused', async () => {
    expect((await service.stop()).code).toBe(0);
    const options = { dir: service.dir, env: service.env };
    await runCli(['pause', 'DESK'], options);
    const resumed = await runCli(['resume', 'DESK', '--json'], options);
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      state: 'due',
      message: 'DESK is back in service, and is looked at once one runs.',
    });
    const paused = await runCli(['pause', 'DESK'], options);
    expect(paused).toMatchObject({ code: 0, stderr: expect.stringContaining('No service is running') });
    const logout = await runCli(['logout', 'PAIR'], options);
    expect(logout).toMatchObject({ code: 1, stderr: expect.stringContaining('No service is running') });
    const calls = simulator.calls({ username: 'OTHER' }).length;
    service = ends.add(
      await startRunning({ redisUrl: server.url, entries, like: service, env: simulator.settings }),
      kill,
    );
    await service.ready();
    await becomes('PAIR', 'fresh');
    expect([await stateOf('DESK'), await stateOf('OTHER')]).toEqual(['paused', 'paused']);
    expect(simulator.calls({ username: 'OTHER' })).toHaveLength(calls);
  });
});
