import { spawn } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run } from '../../../src/redis/embedded/command.ts';
import { until } from '../../support/poll.ts';
import { openDesk, type ClientDesk } from './desk.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../../examples/call.sh');

/** The tools beside the server of this machine, which is where a Redis that was got for the tests is. */
function environment(): Record<string, string> {
  const server = inject('redisServer');
  const tools = server ? [dirname(server.command)] : [];
  return { ...server?.env, PATH: [...tools, process.env['PATH'] ?? ''].join(':') };
}

let desk: ClientDesk;
let broker: Server;
let missing: string | undefined;
const calls: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];

beforeAll(async () => {
  desk = await openDesk();
  for (const tool of ['redis-cli', 'curl']) {
    const { ok } = await run(tool, ['--version'], { env: environment(), timeoutMs: 10_000 });
    if (!ok) missing = `this machine has no ${tool}`;
  }
  broker = createServer(({ url, headers }, response) => {
    calls.push({ url, headers });
    const isDead = headers.authorization === 'Bearer made-up-DEAD-1';
    response.writeHead(isDead ? 401 : 200).end(isDead ? 'no' : 'yes');
  });
  await new Promise<void>((done) => broker.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  broker.close();
  await desk.stop();
});

/** Says where this broker is, as `meta:` would. */
async function publish(name: string, generation: number): Promise<void> {
  const address = broker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await desk.publish(name, generation, { baseUrl: `http://127.0.0.1:${port}/v1` });
}

function example(...args: readonly string[]) {
  const child = spawn(EXAMPLE, args, {
    env: { ...environment(), REDIS_PORT: String(desk.server.port), WAIT_SECONDS: '5' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) =>
    child.once('close', (code) => done({ code, stdout, stderr })),
  );
}

describe('examples/call.sh', () => {
  it('calls with every header, and shows the answer', async ({ skip }) => {
    if (missing !== undefined) return skip(missing);
    await publish('GOOD', 1);
    const { code, stdout, stderr } = await example('GOOD', '/session', '--header', 'VERSION: 2');
    expect([code, stdout, stderr]).toEqual([0, 'yes', '']);
    const headers = { authorization: 'Bearer made-up-GOOD-1', 'x-account': 'GOOD', version: '2' };
    expect(calls.at(-1)).toMatchObject({ url: '/v1/session', headers });
  });

  it.for([
    [
      'STOPPED',
      { state: 'stopped', reason: 'bad_credentials', since: 'S' },
      'stopped (bad_credentials) since S',
    ],
    ['PERSON', { state: 'awaiting_approval', reason: 'asked', expiresAt: 'E' }, 'log in (asked) by E'],
    ['DOWN', { state: 'backing_off', reason: 'outage', since: 'S' }, 'goes on by itself'],
    ['NOBODY', undefined, 'keeps no account of that name'],
  ] as const)('says why there is no token for %s', async ([name, state, words], { skip }) => {
    if (missing !== undefined) return skip(missing);
    if (state) await desk.redis.hset(`state:${name}`, state);
    const { code, stdout, stderr } = await example(name, '/session');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(words);
  });

  it('reports a refused token once, and calls again with the newer one', async ({ skip }) => {
    if (missing !== undefined) return skip(missing);
    await publish('DEAD', 1);
    const ended = example('DEAD', '/orders');
    await until(async () => (await desk.reports()).length > 0, { what: 'the report' });
    await publish('DEAD', 2);
    expect(await ended).toEqual({ code: 0, stdout: 'yes', stderr: '' });
    expect(await desk.reports()).toEqual([{ name: 'DEAD', generation: '1', status: '401' }]);
  });
});
