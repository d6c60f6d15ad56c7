import { chmod, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeProgram } from '../../src/cli/program.ts';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import type { Recorded } from '../docs/cli-page.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { runCli, startCli, type CliExit } from '../support/process.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { startRunning, type Running } from '../support/running.ts';

const good = { username: 'USER_000000', password: 'made-up-password' };
const wrong = { username: 'USER_000001', password: 'made-up-wrong-one' };
const ig = {
  broker: 'ig',
  username: 'demo_user',
  password: 'made-up-ig',
  apiKey: 'made-up-key',
  session: 'v2',
};
const upstox = {
  broker: 'upstox',
  name: 'AB0001',
  clientId: 'made-up-client',
  clientSecret: 'made-up-client-secret',
  redirectUri: 'https://desk.example/callback',
};
const left = { username: 'OLD_USER', password: 'made-up-old' };
const entries = [good, wrong, ig, upstox];

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
let service: Running;
const run = (line: string, input?: string): Promise<CliExit> =>
  runCli(line.split(' '), { dir: service.dir, env: service.env, ...(input !== undefined && { input }) });

beforeAll(async () => {
  server = ends.add(await startRedis({ own: true }), stop);
  simulator = ends.add(await startSimulator(), stop);
  service = ends.add(
    await startRunning({ redisUrl: server.url, entries: [...entries, left], env: simulator.settings }),
    kill,
  );
  await chmod(service.credentialsFile, 0o600);
  await service.ready();
  for (const account of ['USER_000000', 'demo_user', 'OLD_USER'])
    await service.event({ event: 'token.published', account });
  await service.event({ event: 'refresh.failed', account: 'USER_000001' });
  await writeFile(join(service.dir, 'old.json'), JSON.stringify([good, { username: 'USER_000002' }]));
});
afterAll(ends.all);

const file = resolve(import.meta.dirname, '../docs/cli-examples.json');
const recording = process.env['EXAMPLES'];
const made: Record<string, string> = {};

/** Numbers and times are others each time, and so is what depends on the hour: when a person is asked. */
const shapeOf = (text: string): readonly string[] =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replaceAll(/[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d\d:\d\d UTC/g, '<hour of a day>')
    .replaceAll(/(?<=desk:)\d+:[0-9a-f]{8}/g, '<process>')
    .replaceAll(/\d+ (?:s|min|h)\b(?: \d+ min)?/g, '<time>')
    // The file is watched: its process may have been faster than the command.
    .replaceAll('nothing has changed', 'took the file up')
    .replaceAll(/\d+(?:\.\d+)?/g, '0')
    .replaceAll(/ +/g, ' ')
    .split('\n')
    .filter((line) => !/AB0+|upstox:/.test(line))
    .sort();

describe('an example in docs/cli.md prints what stands there', () => {
  it.each([
    ['check', 0],
    ['status', 0],
    ['status USER_000000', 0],
    ['explain USER_000001', 0],
    ['get USER_000001', 1],
    ['refresh USER_000000', 0],
    ['refresh --all', 1],
    ['plan', 0],
    ['pause USER_000000 --for 2h', 0],
    ['resume USER_000000', 0],
    ['logout demo_user', 0],
    ['reload', 0],
    ['forget OLD_USER', 0],
    ['login USER_000000', 0],
    ['import old.json --out new.json', 0],
  ])('%s', async (line, code) => {
    if (line === 'reload') await service.writeCredentials(entries);
    const exit = await run(line);
    expect({ code: exit.code, trace: /^\s+at /m.test(exit.stderr) }).toEqual({ code, trace: false });
    made[line] = `${exit.stdout}${exit.stderr}`.replaceAll(hostname(), 'desk');
    const recorded = JSON.parse(await readFile(file, 'utf8')) as Recorded;
    if (recording === undefined) expect(shapeOf(made[line])).toEqual(shapeOf(recorded[line] ?? ''));
  });

  it('adopt USER_000000 < token.txt', async () => {
    const token = (await run('get USER_000000')).stdout;
    expect((await run('logout USER_000000')).code).toBe(0);
    const { code, stdout } = await run('adopt USER_000000', token);
    expect(code).toBe(0);
    made['adopt USER_000000 < token.txt'] = stdout;
    expect((await run('resume USER_000000')).code).toBe(0);
    if (recording !== undefined) await writeFile(recording, `${JSON.stringify(made, null, 2)}\n`);
  });
});

describe('--json is one object, whatever came of it', () => {
  const commands = makeProgram('0.0.0')
    .commands.map((command) => command.name())
    .filter((name) => !['run', 'demo'].includes(name));
  const cases: readonly (readonly [line: string, code: number, fields: object, input?: string])[] = [
    [
      'check',
      0,
      {
        accounts: { tradovate: 2, ig: 1, upstox: 1 },
        acl: expect.stringContaining('ACL'),
        warnings: expect.anything(),
      },
    ],
    ['status', 0, { summary: { total: 4 }, accounts: [{}, {}, {}, {}] }],
    ['status USER_000000', 0, { name: 'USER_000000', usage: [{}] }],
    ['status NOBODY', 1, { code: 'UNKNOWN_ACCOUNT' }],
    ['explain USER_000001', 0, { name: 'USER_000001', state: 'stopped' }],
    ['explain USER_00001', 1, { code: 'UNKNOWN_ACCOUNT', message: expect.stringContaining('Did you mean') }],
    [
      'get USER_000000',
      0,
      {
        token: expect.any(String),
        headers: { Authorization: expect.any(String) },
        generation: expect.any(Number),
        expires_at: expect.any(String),
      },
    ],
    ['get USER_000001', 1, { code: 'NO_TOKEN', state: 'stopped', reason: 'bad_credentials' }],
    [
      'refresh USER_000000',
      0,
      { total: 1, refreshed: 1, failed: 0, results: [{ outcome: 'refreshed', code: null }] },
    ],
    ['refresh --all', 1, { code: 'NOT_REFRESHED', failed: 1 }],
    [
      'refresh AB0001',
      1,
      { results: [{ code: 'needs_person', message: expect.stringContaining('login AB0001"') }] },
    ],
    ['refresh', 2, { code: 'WRONG_USAGE' }],
    ['pause USER_000000 --for 2h', 0, { outcome: 'done', state: 'paused', until: expect.any(String) }],
    ['pause NOBODY', 1, { code: 'UNKNOWN_ACCOUNT' }],
    ['pause USER_000000 --for soon', 2, { code: 'WRONG_USAGE' }],
    ['resume USER_000000', 0, { outcome: 'done', state: 'due', until: null }],
    ['logout USER_000000', 0, { outcome: 'done', session: { ended: false } }],
    ['adopt USER_000000', 1, { code: 'NOT_ADOPTED' }, 'made-up-token'],
    ['adopt USER_000000', 1, { code: 'WRONG_INPUT' }, 'two words'],
    ['resume USER_000000', 0, { state: 'due' }],
    ['login USER_000000', 0, { name: 'USER_000000', expires_at: expect.any(String) }],
    ['login NOBODY', 1, { code: 'UNKNOWN_ACCOUNT' }],
    ['adopt NOBODY', 1, { code: 'UNKNOWN_ACCOUNT' }, 'made-up-token'],
    ['login AB0001 --webhook', 1, { code: 'NO_WEBHOOK' }],
    ['forget USER_000000', 1, { code: 'STILL_SERVED' }],
    ['forget AB0001 --while-served', 0, { name: 'AB0001' }],
    ['reload', 0, { answers: [{ done: true }] }],
    ['plan', 0, { hours: 24, verdict: expect.any(String) }],
    [
      'conformance --name USER_000000 --seconds 2',
      0,
      { accounts: expect.anything(), held: expect.anything(), broken: [], not_seen: expect.anything() },
    ],
    ['import old.json', 0, { accounts: 2, entries: [{ username: 'USER_000000' }, {}] }],
    [
      'import nothing.json',
      2,
      { code: 'CONFIGURATION', faults: [{ message: expect.stringContaining('ENOENT') }] },
    ],
    ['frobnicate', 2, { code: 'WRONG_USAGE' }],
  ];

  it('is asked of every command', () => {
    expect(new Set(cases.map(([line]) => line.split(' ')[0]))).toEqual(new Set([...commands, 'frobnicate']));
  });

  it.each(cases.map((each) => [each[0], each] as const))('%s', async (line, [, code, fields, input]) => {
    const exit = await run(`${line} --json`, input);
    expect(exit.code).toBe(code);
    const answer: unknown = JSON.parse(exit.stdout);
    expect(answer).toMatchObject(fields);
    if (code !== 0) {
      expect(answer).toMatchObject({ status: 'error', message: expect.stringMatching(/\w/) });
      expect(exit.stderr).toMatch(/\w/);
    }
  });

  it('says which Redis does not answer', async () => {
    const env = { ...service.env, REDIS_URL: `redis://:Mark-of-redis@127.0.0.1:${await freePort()}` };
    const lines = ['status', 'plan', 'reload', 'refresh --all', 'get A', 'pause A', 'forget A'];
    const exits = await Promise.all(
      lines.map((line) => runCli([...line.split(' '), '--json'], { dir: service.dir, env })),
    );
    for (const exit of exits) {
      expect(exit.code).toBe(1);
      expect(JSON.parse(exit.stdout)).toMatchObject({
        code: 'REDIS_AWAY',
        message: expect.stringMatching(/^Redis does not answer at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/),
      });
      expect(exit.stdout + exit.stderr).not.toContain('Mark');
    }
  });
});

describe('status --watch', () => {
  it('writes a line of JSON a change until Ctrl-C, and ends with 0', async () => {
    const watching = ends.add(
      await startCli(['status', 'USER_000000', '--watch', '--interval', '1s', '--json'], service),
      kill,
    );
    await watching.event({ name: 'USER_000000', state: 'fresh' });
    expect((await run('pause USER_000000')).code).toBe(0);
    const { at } = await watching.event({ name: 'USER_000000', state: 'paused' });
    expect(at).toMatch(/^\d{4}-/);
    watching.interrupt();
    expect(await watching.exit()).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect((await run('resume USER_000000')).code).toBe(0);
  });

  it('fails at once where there is no such account', async () => {
    expect(await run('status NOBODY --watch')).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('colours', () => {
  it('are there where they are asked for, and nowhere else but on a terminal', async () => {
    const options = { dir: service.dir, env: { ...service.env, NO_COLOR: '', FORCE_COLOR: '1' } };
    const forced = await runCli(['status'], options);
    expect(forced.stdout).toContain('\u001B[31mstopped');
    const plain = await runCli(['status'], { ...options, env: { ...service.env, NO_COLOR: '' } });
    expect(plain.stdout).not.toContain('\u001B');
    expect(plain.stdout).toContain('stopped');
  });
});
