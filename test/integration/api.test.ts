import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectConforming } from '../support/conforms.ts';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';

type Body = Readonly<Record<string, unknown>>;

/** One of each kind: served, refused, disabled, and one that only a person can log in. */
const entries = [
  { username: 'DESK', password: 'made-up-desk' },
  { username: 'BAD', password: 'made-up-wrong' },
  { username: 'OFF', password: 'made-up-off', enabled: false },
  { broker: 'ig', username: 'IG_A', password: 'made-up-ig', apiKey: 'made-up-api-key' },
  {
    broker: 'upstox',
    name: 'UP_A',
    clientId: 'made-up-client',
    clientSecret: 'made-up-client-secret',
    redirectUri: 'https://desk.example/callback',
  },
];

describe('the API of a running service', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  let adminToken = '';
  beforeAll(async () => {
    server = await startRedis();
    bench = await startBench({ redisUrl: server.url, entries });
    adminToken = (await readFile(join(bench.folder, 'data/admin-token'), 'utf8')).trim();
    await bench.keys(['token:DESK', 'token:IG_A'], 20_000);
    await bench.state('BAD', 'stopped');
    await bench.state('UP_A', 'awaiting_approval');
  });
  afterAll(async () => {
    await bench.stop();
    await server.stop();
  });

  /** Asks, and holds the answer against the OpenAPI document. */
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${adminToken}` },
  ): Promise<{ readonly status: number; readonly body: Body }> => {
    const answer = await fetch(`${bench.service.url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const said = (await answer.json()) as Body;
    expectConforming({ method, path, status: answer.status, body: said });
    return { status: answer.status, body: said };
  };
  const refresh = (body?: unknown) => ask('POST', '/api/token/force-refresh', body);

  it.each(['/api/token/status', '/api/plan', '/api/plan?hours=168', '/livez', '/readyz'])(
    'answers as it is described: GET %s',
    async (path) => {
      expect((await ask('GET', path)).status).toBe(200);
    },
  );

  it.each(['DESK', 'BAD', 'OFF', 'IG_A', 'UP_A'])('describes and explains %s', async (name) => {
    expect((await ask('GET', `/api/token/status/${name}`)).status).toBe(200);
    expect((await ask('GET', `/api/accounts/${name}/explain`)).status).toBe(200);
  });

  it('refuses as it is described', async () => {
    const statuses = [
      await ask('GET', '/api/token/status', undefined, {}),
      await ask('GET', '/api/token/status/NOBODY'),
      await ask('GET', '/api/accounts/NOBODY/explain'),
      await ask('GET', '/api/plan?hours=0'),
      await refresh({ username: 'NOBODY' }),
      await refresh({ name: 'DESK' }),
      await refresh(),
      await refresh({ username: 'x'.repeat(20_000) }),
      await refresh({ username: 'BAD' }),
      await refresh({ username: 'OFF' }),
      await ask('POST', '/api/accounts/NOBODY/pause'),
      await ask('POST', '/api/accounts/OFF/pause'),
      await ask('POST', '/api/accounts/DESK/pause', { for: 'a while' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 404, 404, 400, 404, 400, 400, 413, 409, 409, 404, 409, 400]);
  });

  it('starts a refresh, says where only a person can, and allows one more try of a stopped one', async () => {
    expect((await refresh({ username: 'UP_A' })).status).toBe(200);
    const before = bench.simulator.calls({ username: 'DESK' }).length;
    expect((await refresh({ username: 'DESK' })).status).toBe(202);
    await until(() => bench.simulator.calls({ username: 'DESK' }).length > before, { what: 'a login' });
    expect((await refresh({ username: 'BAD', rearm: true })).status).toBe(202);
    await until(() => bench.simulator.calls({ username: 'BAD' }).length > 1, { what: 'one more try' });
    await bench.state('BAD', 'stopped');
  });

  it('counts of all what starts now, and says what does not', async () => {
    const { status, body } = await refresh({ all: true });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      status: 'success',
      action_required: [{ name: 'UP_A' }],
      refused: expect.any(Array),
    });
    const refused = body['refused'] as readonly object[];
    // Four are served: who is disabled is not counted.
    expect(Number(body['started']) + refused.length).toBe(3);
    const { acts } = (await ask('GET', '/api/accounts/DESK/explain')).body as { acts: object[] };
    expect(acts[0]).toMatchObject({ what: 'refresh', account: '*', outcome: '202' });
  });

  it('pauses, resumes and logs out as it is described', async () => {
    await until(async () => (await ask('GET', '/api/token/status/DESK')).body['state'] === 'fresh', {
      what: 'no refresh to be under way',
    });
    expect((await ask('POST', '/api/accounts/DESK/pause', { for: '2h' })).status).toBe(200);
    expect((await refresh({ username: 'DESK' })).status).toBe(409);
    expect((await ask('POST', '/api/accounts/DESK/resume')).status).toBe(200);
    expect([200, 202]).toContain((await ask('POST', '/api/accounts/IG_A/logout')).status);
    expect((await ask('GET', '/api/accounts/IG_A/explain')).body).toMatchObject({ state: 'paused' });
  });

  it('serves its own description', async () => {
    const answer = await fetch(`${bench.service.url}/api/openapi.json`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'token-refresher' } });
  });

  it('holds no token in any answer', async () => {
    await bench.keys(['token:DESK']);
    const tokens = [await bench.redis.get('token:DESK')];
    const answers = await Promise.all(
      ['/api/token/status', '/api/accounts/DESK/explain', '/api/plan', '/metrics', '/readyz'].map(
        async (path) =>
          (
            await fetch(`${bench.service.url}${path}`, { headers: { authorization: `Bearer ${adminToken}` } })
          ).text(),
      ),
    );
    for (const secret of [
      ...tokens,
      adminToken,
      'made-up-desk',
      'made-up-api-key',
      'made-up-client-secret',
    ]) {
      expect(secret).toBeTruthy();
      expect(answers.join('\n')).not.toContain(secret);
    }
  });
});
