import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { runCli } from '../support/process.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, withBench, type ServiceBench } from '../support/service.ts';

const names = ['A', 'B', 'C', 'D'];
const entry = (username: string, renew = true): object => ({
  username,
  password: `made-up-password-${username}`,
  renew,
});
/** Two renewals an hour carry 2.1 accounts. */
const env = { TRADOVATE_RENEWALS_PER_HOUR: '2', EGRESS_ID: 'desk' };

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function get(bench: ServiceBench, path: string): Promise<Response> {
  const token = (await readFile(join(bench.folder, 'data/admin-token'), 'utf8')).trim();
  return fetch(`${bench.service.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

async function ask(bench: ServiceBench, query: string): Promise<Answered> {
  const answer = await get(bench, `/api/plan${query}`);
  return { status: answer.status, body: (await answer.json()) as Answered['body'] };
}

const openAlerts = async (bench: ServiceBench, of = 'plan_exceeded'): Promise<readonly unknown[]> => {
  const text = await bench.redis.hget('refresher:alerts:book', 'text');
  const book = JSON.parse(text ?? '{"incidents":[]}') as {
    incidents: readonly { readonly code: string; readonly end?: object }[];
  };
  return book.incidents.filter(({ code, end }) => code === of && end === undefined);
};

describe('the plan of a running service', () => {
  let server: TestRedis;
  let bench: ServiceBench;
  beforeAll(async () => {
    server = await startRedis();
    bench = await startBench({
      redisUrl: server.url,
      env,
      entries: [
        ...names.map((name) => entry(name)),
        { broker: 'ig', username: 'IG_A', password: 'made-up-ig', apiKey: 'made-up-api-key' },
        {
          broker: 'upstox',
          name: 'UP_A',
          clientId: 'made-up-client',
          clientSecret: 'made-up-client-secret',
          redirectUri: 'https://desk.example/callback',
        },
        { username: 'OFF', password: 'made-up-off', enabled: false },
      ],
    });
    await bench.keys([...names, 'IG_A'].map((name) => `token:${name}`));
  });
  afterAll(async () => {
    await bench.stop();
    await server.stop();
  });

  it('holds the refreshes of every account that is served, in order, and the budgets they spend', async () => {
    const { status, body } = await ask(bench, '?hours=168');
    expect(status).toBe(200);
    expect(body).toMatchObject({ hours: 168, verdict: 'over' });
    // The person is asked on the next weekday; the list would be full of one-minute tokens by then.
    const refreshes = body['refreshes'] as { name: string; call: string; at: string }[];
    expect(refreshes.map(({ at }) => at)).toEqual(refreshes.map(({ at }) => at).sort());
    expect(refreshes).toHaveLength(1_000);
    expect(body['refreshes_total']).toBeGreaterThan(10_000);
    expect(new Set(refreshes.map(({ name }) => name))).toEqual(new Set([...names, 'IG_A', 'UP_A']));
    const nextOf = (name: string): string | undefined => refreshes.find((each) => each.name === name)?.call;
    expect(nextOf('UP_A')).toBe('person');
    // Two find room, whichever are due first.
    expect(names.map(nextOf).sort()).toEqual(['renewal', 'renewal', 'sign-in', 'sign-in']);
    const first = Date.parse(refreshes.find(({ name }) => name === 'A')?.at ?? '');
    expect(first).toBe(Number(await bench.redis.hget('refresher:account:A', 'renewAt')));
    expect(body['budgets']).toContainEqual(
      expect.objectContaining({
        broker: 'tradovate',
        limit: 'renewals',
        setting: 'TRADOVATE_RENEWALS_PER_HOUR',
        per: 'egress',
        subject: 'desk',
        verdict: 'over',
        max: 2,
        routine: 2,
        accounts: 4,
        carries: 2.1,
      }),
    );
  });

  it('looks a day ahead where nobody says how far', async () => {
    expect((await ask(bench, '')).body).toMatchObject({ hours: 24, verdict: 'over' });
  });

  it('counts the calls that went out on a key already, and names the key by its account', async () => {
    const keyCalls = await until(
      async () => {
        const budgets = (await ask(bench, '?hours=1')).body['budgets'] as Record<string, unknown>[];
        const found = budgets.find(({ limit }) => limit === 'demo-key-calls');
        return Number(found?.['used']) > 0 && found;
      },
      { what: 'a call of IG to be counted' },
    );
    expect(keyCalls).toMatchObject({ subject: 'key of IG_A', verdict: 'fits', accounts: 1 });
  });

  it('holds no secret', async () => {
    const text = JSON.stringify((await ask(bench, '?hours=2')).body);
    const [key = 'none'] = (await bench.redis.keys('refresher:budget:ig:demo-key-calls:*')).map((each) =>
      each.split(':').at(-1),
    );
    const tokens = await bench.redis.mget(names.map((name) => `token:${name}`));
    for (const secret of ['made-up', key, ...tokens]) expect(text).not.toContain(secret);
  });

  it('stands beside a line for a pause that a broker asked for: by HTTP, on the page, and in status --json', async () => {
    const key = 'refresher:silence:tradovate:desk';
    const until = Date.now() + 3_600_000;
    await bench.redis.hset(key, { until, code: 'captcha' });
    try {
      const options = { dir: bench.folder, env: { ...env, REDIS_URL: server.url } };
      const [api, page, printed] = await Promise.all([
        get(bench, '/api/token/status').then((answer) => answer.json()),
        get(bench, '/dashboard').then((answer) => answer.text()),
        runCli(['status', '--json'], options),
      ]);
      const message = `Tradovate, network desk: silent until ${new Date(until).toISOString().slice(11, 16)} UTC (captcha). `;
      const iso = new Date(until).toISOString();
      const silences = [
        {
          broker: 'tradovate',
          network: 'desk',
          until: iso,
          code: 'captcha',
          message: expect.stringContaining(message) as unknown,
        },
      ];
      expect(api).toMatchObject({ silences });
      expect(page).toContain(message);
      expect(JSON.parse(printed.stdout)).toMatchObject({ silences });
    } finally {
      await bench.redis.del(key);
    }
  });

  it.each(['?hours=0', '?hours=169', '?hours=soon', '?hours=', '?hours=1&hours=2'])(
    'refuses %s',
    async (query) => {
      expect(await ask(bench, query)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
    },
  );

  it('is for those who are signed in', async () => {
    expect((await fetch(`${bench.service.url}/api/plan`)).status).toBe(401);
  });

  it('is shown by the command line, also in JSON', async () => {
    const options = { dir: bench.folder, env: { ...env, REDIS_URL: server.url } };
    const [people, machines] = await Promise.all([
      runCli(['plan', '--hours', '2'], options),
      runCli(['plan', '--json'], options),
    ]);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(/^tradovate +renewals +desk +2 of 2 an hour +0 +\d +2 +4 +over$/m);
    expect(people.stdout).toMatch(
      /^over tradovate: From the network "desk" .* it has 4\. Nothing fails: 2 sign in/m,
    );
    expect(people.stdout).toMatch(/^\w.* +IG_A +ig +renewal$/m);
    expect(people.stdout).toMatch(/refreshes in the next 2 h\. The limits do not carry them all\.$/m);
    expect(JSON.parse(machines.stdout)).toMatchObject({ hours: 24, verdict: 'over' });
  });

  it('lets a refresh of all start what fits, and says when the rest does', async () => {
    const renewals = (): number => bench.simulator.calls({ broker: 'tradovate', operation: 'renew' }).length;
    const token = (await readFile(join(bench.folder, 'data/admin-token'), 'utf8')).trim();
    const answer = await fetch(`${bench.service.url}/api/token/force-refresh`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ all: true }),
    });
    expect(answer.status).toBe(202);
    const body = (await answer.json()) as Answered['body'];
    const refused = body['refused'] as { name: string; message: string; retry_at: string }[];
    expect(body).toMatchObject({
      started: 3,
      action_required: [{ name: 'UP_A' }],
      retry_at: expect.any(String),
    });
    expect(refused).toHaveLength(2);
    for (const { name, message, retry_at } of refused) {
      expect(names).toContain(name);
      expect(message).toContain('"renewals" (2 in 60 min) leaves no room before');
      expect(Math.abs(Date.parse(retry_at) - Date.now() - 3_600_000)).toBeLessThan(20_000);
    }
    await until(() => renewals() === 2, { what: 'two renewals' });

    // Nobody is in line for them: the others are as fresh as before.
    const options = { dir: bench.folder, env: { ...env, REDIS_URL: server.url } };
    const exit = await runCli(['refresh', '--all', '--json'], options);
    expect(exit.code).toBe(1);
    const { results } = JSON.parse(exit.stdout) as { results: { name: string; code: string | null }[] };
    expect(
      results
        .filter(({ code }) => code === 'budget_spent')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    expect(renewals()).toBe(2);
    for (const name of names) expect(await bench.redis.hget(`state:${name}`, 'state')).toBe('fresh');
  });
});

describe.concurrent('more accounts than a budget carries', () => {
  it('are said at the start, before anything fails, and that it is over once they fit', ({ expect }) =>
    withBench({ entries: names.map((name) => entry(name)), env }, async (bench) => {
      expect(bench.logged('plan.exceeded')).toEqual([
        expect.objectContaining({
          level: 40,
          broker: 'tradovate',
          limit: 'renewals',
          accounts: 4,
          carries: 2,
          msg: expect.stringContaining('raise TRADOVATE_RENEWALS_PER_HOUR'),
        }),
      ]);
      expect(await openAlerts(bench)).toEqual([
        expect.objectContaining({
          broker: 'tradovate',
          level: 'warning',
          next: expect.stringContaining('Nothing fails'),
        }),
      ]);
      await bench.writeCredentials(names.map((name, i) => entry(name, i < 2)));
      await until(async () => (await openAlerts(bench)).length === 0, {
        what: 'the alert to be resolved',
        timeoutMs: 10_000,
      });
      expect(bench.logged('plan.exceeded')).toHaveLength(1);
    }));

  it('are said where they only may be too many, until the setting says what is allowed', ({ expect }) => {
    const entries = ['IG_A', 'IG_B', 'IG_C', 'IG_D', 'IG_E'].map((username) => ({
      ...{ broker: 'ig', username, password: 'made-up-ig', apiKey: 'made-up-api-key' },
    }));
    return withBench({ entries }, async (bench, { server }) => {
      expect(bench.logged('plan.doubted')).toEqual([
        expect.objectContaining({ level: 40, broker: 'ig', limit: 'demo-key-calls', accounts: 5 }),
      ]);
      expect(bench.logged('plan.exceeded')).toEqual([]);
      const message = expect.stringContaining('5 accounts need 8.7 calls a minute');
      expect(await openAlerts(bench, 'plan_doubted')).toEqual([
        expect.objectContaining({ broker: 'ig', level: 'warning', reason: message }),
      ]);
      const options = { dir: bench.folder, env: { REDIS_URL: server.url } };
      const said = { ...options, env: { ...options.env, IG_DEMO_KEY_CALLS_PER_MINUTE: '60' } };
      const [unsure, sure] = await Promise.all([runCli(['plan'], options), runCli(['plan'], said)]);
      expect(unsure.stdout).toMatch(/^unsure ig: With the key of IG_A and 4 more, 5 accounts need/m);
      expect(sure).toMatchObject({ code: 0, stdout: expect.not.stringContaining('unsure') });
      await bench.writeCredentials(entries.slice(1));
      await until(async () => (await openAlerts(bench, 'plan_doubted')).length === 0, {
        what: 'the alert to be resolved',
        timeoutMs: 10_000,
      });
    });
  });

  it('are said when a changed file brings them', ({ expect }) =>
    withBench({ entries: [entry('A')], env }, async (bench) => {
      expect(bench.logged('plan.exceeded')).toEqual([]);
      await bench.writeCredentials(names.map((name) => entry(name)));
      await until(async () => (await openAlerts(bench)).length === 1, {
        what: 'the alert',
        timeoutMs: 10_000,
      });
      expect(bench.logged('plan.exceeded')).toHaveLength(1);
    }));
});
