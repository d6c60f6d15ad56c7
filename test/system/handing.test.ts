import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { runCli, type CliExit } from '../support/process.ts';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startRunning, type Running } from '../support/running.ts';

const upstox = {
  broker: 'upstox',
  name: 'UP',
  userId: 'MU0001',
  clientId: 'made-up-client',
  clientSecret: 'made-up-client-secret',
  redirectUri: 'https://desk.example/callback',
};
const desk = { username: 'DESK', password: 'made-up-desk', accounts: ['DESK_SUB'] };
const gone = { username: 'GONE', password: 'made-up-gone', accounts: ['GONE_SUB'] };
const ig = { broker: 'ig', username: 'PAIR', password: 'made-up-pair', apiKey: 'made-up-key' };
const entries = [desk, gone, ig, upstox];

const ends = makeEndings();
let server: TestRedis;
let redis: Redis;
let simulator: Simulator;
let service: Running;
const becomes = (name: string, state: string): Promise<unknown> =>
  until(async () => (await redis.hget(`state:${name}`, 'state')) === state, {
    what: `${name} to be ${state}`,
    timeoutMs: 15_000,
  });
const withInput = (input: string, ...args: readonly string[]): Promise<CliExit> =>
  runCli(args, { dir: service.dir, env: service.env, input });

beforeAll(async () => {
  server = ends.add(await startRedis({ own: true }), stop);
  simulator = ends.add(await startSimulator(), stop);
  redis = server.client();
  service = ends.add(await startRunning({ redisUrl: server.url, entries, env: simulator.settings }), kill);
  await service.ready();
  for (const name of ['DESK', 'GONE', 'PAIR']) await becomes(name, 'fresh');
});
afterAll(ends.all);

describe('adopt', () => {
  it('serves a token from standard input, at its own end, without a call where none is proved', async () => {
    const calls = simulator.calls({ username: 'DESK' }).length;
    const own = (await redis.hget('meta:DESK', 'userId')) ?? '';
    const exp = inSeconds(1_800);
    const token = foreignJwt({ sub: own, exp });
    const { code, stdout, stderr } = await withInput(`${token}\n`, 'adopt', 'DESK', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'DESK',
      expires_at: new Date(exp * 1000).toISOString(),
    });
    expect(stdout).not.toContain(token);
    expect(await redis.mget('token:DESK', 'auth:DESK', 'token:DESK_SUB')).toEqual([token, token, token]);
    expect(await redis.pttl('token:DESK')).toBeLessThanOrEqual(1_800_000);
    expect(simulator.calls({ username: 'DESK' })).toHaveLength(calls);
    const line = await service.event({ event: 'audit', what: 'adopt' });
    expect(line).toMatchObject({ account: 'DESK', outcome: 'done' });
  });

  it('refuses what is no token, what another user holds, and what the broker does not honour', async () => {
    const before = await redis.get('token:DESK');
    const other = await withInput(foreignJwt({ sub: 'somebody-else', exp: inSeconds(900) }), 'adopt', 'DESK');
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('another user') });
    const over = await withInput(foreignJwt({ sub: 'x', exp: inSeconds(-5) }), 'adopt', 'DESK');
    expect(over).toMatchObject({ code: 1, stderr: expect.stringContaining('no live token') });
    for (const input of ['', 'two words']) {
      expect(await withInput(input, 'adopt', 'DESK')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('must hold one token'),
      });
    }
    expect(await redis.get('token:DESK')).toBe(before);
    const opaque = await withInput('made-up-opaque', 'adopt', 'PAIR');
    expect(opaque).toMatchObject({ code: 1, stderr: expect.stringContaining('log in instead') });
    // Upstox has its tokens proved: this one is nobody's there.
    const calls = simulator.calls({ broker: 'upstox' }).length;
    const dead = await withInput(
      foreignJwt({ sub: 'MU0001', iat: inSeconds(-60), exp: inSeconds(3_000) }),
      'adopt',
      'UP',
    );
    expect(dead).toMatchObject({ code: 1, stderr: expect.stringContaining('does not honour') });
    expect(
      simulator
        .calls({ broker: 'upstox' })
        .slice(calls)
        .map(({ operation }) => operation),
    ).toEqual(['profile']);
    expect(await redis.exists('token:UP')).toBe(0);
  });

  it('takes no token as an argument, and no name that is none', async () => {
    expect((await withInput('', 'adopt', 'DESK', 'made-up-token')).code).toBe(2);
    expect((await withInput('x', 'adopt', 'NOBODY')).code).toBe(1);
    expect((await withInput('x', 'adopt', 'DESC')).stderr).toContain('Did you mean DESK?');
  });
});

it('a login at the command line is kept as what a person did', async () => {
  expect((await service.command('login', 'DESK')).code).toBe(0);
  const line = await service.event({ event: 'audit', what: 'login' });
  expect(line).toMatchObject({ account: 'DESK', outcome: 'done' });
});

describe('forget', () => {
  it('deletes nothing of an account that is served, unless told so', async () => {
    const { code, stderr } = await service.command('forget', 'GONE');
    expect(code).toBe(1);
    expect(stderr).toContain('--while-served');
    expect(await redis.exists('token:GONE', 'auth:GONE', 'meta:GONE')).toBe(3);
  });

  it('deletes the keys of a removed account, which nothing else does, and no stranger’s', async () => {
    await service.writeCredentials([desk, ig, upstox]);
    expect((await service.command('reload')).code).toBe(0);
    expect(await redis.exists('token:GONE', 'token:GONE_SUB', 'state:GONE')).toBe(3);
    await redis.set('token:STRANGER', 'somebody-elses');
    const done = await service.command('forget', 'GONE');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('is forgotten') });
    const left = [...(await redis.keys('*:GONE*')), ...(await redis.keys('GONE*'))].filter(
      (key) => !key.startsWith('refresher:audit'),
    );
    expect(left).toEqual([]);
    const stranger = await service.command('forget', 'STRANGER');
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing is known') });
    expect(await redis.get('token:STRANGER')).toBe('somebody-elses');
    expect(await redis.exists('token:DESK', 'token:PAIR')).toBe(2);
  });

  it('has one that is served begin anew where that is meant', async () => {
    const logins = simulator.calls({ username: 'PAIR', operation: 'login' }).length;
    const before = Number(await redis.hget('meta:PAIR', 'generation'));
    expect((await service.command('forget', 'PAIR', '--while-served')).code).toBe(0);
    await until(async () => Number(await redis.hget('meta:PAIR', 'generation')) > before, {
      what: 'a new token',
      timeoutMs: 15_000,
    });
    expect(simulator.calls({ username: 'PAIR', operation: 'login' })).toHaveLength(logins + 1);
  });
});

describe('import', () => {
  it('writes the current shape for its owner alone, never over another file unless told so', async () => {
    const older = join(service.dir, 'older.json');
    const out = join(service.dir, 'imported.json');
    await writeFile(
      older,
      JSON.stringify({
        ig_markets: { demo: { username: 'made_up', clientId: 'DESK', password: 'made-up-pass' } },
      }),
    );
    const first = await service.command('import', older, '--out', out);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain('1 account');
    expect(first.stderr).not.toContain('made-up-pass');
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual([
      {
        broker: 'ig',
        username: 'made_up',
        password: 'made-up-pass',
        apiKey: '${IG_API_KEY}',
        name: 'DESK',
        environment: 'demo',
      },
    ]);
    await writeFile(out, 'mine');
    const second = await service.command('import', older, '--out', out);
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(await readFile(out, 'utf8')).toBe('mine');
    expect((await service.command('import', older, '--out', out, '--force')).code).toBe(0);
    expect(JSON.parse(await readFile(out, 'utf8'))).toHaveLength(1);
    expect((await service.command('import', join(service.dir, 'none.json'))).code).toBe(2);
    // What cannot be read as any of the shapes is one message without a piece of it, and nothing is written.
    const odd = join(service.dir, 'odd.json');
    const none = join(service.dir, 'never.json');
    await writeFile(odd, '[{"username": "made_up", "password": "made-up-pass",}]');
    const refused = await service.command('import', odd, '--out', none);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('is not JSON') });
    expect(refused.stderr).not.toContain('made-up-pass');
    await expect(stat(none)).rejects.toThrow('ENOENT');
    expect(JSON.parse((await service.command('import', older)).stdout)).toHaveLength(1);
  });
});
