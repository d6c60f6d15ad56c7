import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keys } from '../../src/redis/keys.ts';
import { broken, startDiscord } from '../support/discord.ts';
import { until } from '../support/poll.ts';
import { expressions, recorded } from '../support/monitoring.ts';
import { metricsIn } from '../support/promql.ts';
import { scrape } from '../support/scrape.ts';
import { withBench } from '../support/service.ts';

const ADMIN_TOKEN = 'made-up-admin-token';
const entries = [
  { username: 'GOOD', password: 'made-up-pass' },
  { username: 'BAD', password: 'made-up-wrong-pass' },
];

describe('/metrics', () => {
  it('shows states, budgets and attempts, and no account’s name', () =>
    withBench({ entries }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      await bench.state('BAD', 'stopped');
      const { text, value } = await scrape(bench.service.url);
      for (const line of [
        'accounts{broker="tradovate",state="fresh"} 1',
        'accounts{broker="tradovate",state="stopped"} 1',
        'accounts_without_next_action 0',
        'accounts_without_token{broker="tradovate",waits_for="service"} 0',
        'accounts_without_token{broker="tradovate",waits_for="person"} 1',
        'token_headroom_seconds{broker="tradovate"} 0',
        'rate_budget_remaining{broker="tradovate",limit="sign-in-failures"} 4',
        'login_budget_remaining{broker="tradovate"} 4',
        'breaker_state{broker="tradovate",part="demo-bridge"} 0',
        'broker_silence_seconds{broker="tradovate"} 0',
        'refresh_attempts_total{broker="tradovate",kind="sign-in",result="ok"} 1',
        'refresh_attempts_total{broker="tradovate",kind="sign-in",result="needs-human"} 1',
        'refresh_duration_seconds_count{broker="tradovate",kind="sign-in"} 2',
        'token_refresher_build_info{version="0.0.0"} 1',
        'redis_up 1',
      ]) {
        expect(text).toContain(line);
      }
      expect(value('refresh_duration_seconds_bucket{le="30",broker="tradovate",kind="sign-in"}')).toBe(2);
      expect(value('queue_wait_seconds_count{broker="tradovate"}')).toBeGreaterThanOrEqual(2);
      expect(value('looks_total{broker="tradovate",outcome="committed"}')).toBe(1);
      expect(value('process_start_time_seconds')).toBeGreaterThan(1.7e9);
      expect(Math.abs(value('clock_skew_seconds') ?? NaN)).toBeLessThan(5);
      expect(value('schedule_lag_seconds{broker="tradovate"}')).toBeLessThan(15);
      expect(text).not.toMatch(/GOOD|BAD/);
    }));

  it('has names of one kind and labels of few values', () =>
    withBench({ entries: entries.slice(0, 1) }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      const { kinds, text } = await scrape(bench.service.url);
      const own = [...kinds].filter(([name]) => !name.startsWith('nodejs_'));
      for (const [name, kind] of own)
        expect([name, kind === 'counter']).toEqual([name, /_total$/.test(name)]);
      const labels = new Set([...text.matchAll(/[{,]([a-z_]+)="/g)].map(([, label = '']) => label));
      const ofNode = ['type', 'space', 'version', 'major', 'minor', 'patch'];
      const ours = [
        'broker',
        'waits_for',
        'state',
        'limit',
        'part',
        'kind',
        'result',
        'outcome',
        'channel',
        'le',
      ];
      expect([...labels].filter((label) => ![...ofNode, ...ours].includes(label))).toEqual([]);
    }));

  it('tells which part of a broker does not answer, also while a call waits to see', () => {
    const live = { username: 'LIVE', password: 'made-up-pass', environment: 'live' };
    const upstox = { broker: 'upstox', name: 'UP', clientId: 'made-up-id', clientSecret: 'made-up-secret' };
    const redirectUri = 'http://localhost:5999/callback';
    const all = [...entries.slice(0, 1), live, { ...upstox, redirectUri }];
    return withBench({ entries: all }, async (bench) => {
      for (const name of ['GOOD', 'LIVE']) await bench.state(name, 'fresh');
      const network = { broker: 'tradovate', egress: 'default', part: 'live-bridge' };
      const [breaker] = keys.breaker(network);
      // The pause is over; who tries has no answer yet.
      await bench.redis.hset(breaker, { since: Date.now() - 60_000, until: Date.now() - 1_000 });
      const { value } = await scrape(bench.service.url);
      expect(value('breaker_state{broker="tradovate",part="live-bridge"}')).toBe(1);
      expect(value('breaker_state{broker="tradovate",part="demo-bridge"}')).toBe(0);
      expect(value('breaker_state{broker="upstox",part=""}')).toBe(0);
    });
  });

  it('counts no login that nobody answered as a failure once one after it has worked', () =>
    withBench({ entries: entries.slice(0, 1) }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      const ledger = keys.budget('tradovate', { limit: 'sign-in-failures', subject: 'default' });
      const at = Date.now() - 60_000;
      await bench.redis.zadd(ledger, at, 'u:ONE:1', at + 1, 'u:TWO:2', at + 2, 'r:THREE:3');
      await bench.redis.set(`${ledger}:success`, at + 30_000);
      const { value } = await scrape(bench.service.url);
      expect(value('login_budget_remaining{broker="tradovate"}')).toBe(4);
    }));

  it('shows each account only where that is asked for', () =>
    withBench({ entries, env: { METRICS_ACCOUNT_LABELS: '1' } }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      await bench.state('BAD', 'stopped');
      const { value } = await scrape(bench.service.url);
      const expiresAt = Date.parse((await bench.redis.hget('meta:GOOD', 'expiresAt')) ?? '');
      const of = 'broker="tradovate",account=';
      expect(value(`token_expiry_timestamp_seconds{${of}"GOOD"}`)).toBeCloseTo(expiresAt / 1000, 2);
      expect(value(`token_next_refresh_timestamp_seconds{${of}"GOOD"}`)).toBeLessThan(expiresAt / 1000);
      expect(value(`account_state{${of}"GOOD",state="fresh"}`)).toBe(1);
      expect(value(`account_state{${of}"BAD",state="stopped"}`)).toBe(1);
      expect(value(`token_expiry_timestamp_seconds{${of}"BAD"}`)).toBeUndefined();
    }));

  it('names the first end and the next look of a broker without its accounts', () =>
    withBench({ entries: entries.slice(0, 1) }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      const { value } = await scrape(bench.service.url);
      const expiresAt = Date.parse((await bench.redis.hget('meta:GOOD', 'expiresAt')) ?? '');
      const dueAt = Number(await bench.redis.zscore('refresher:due:tradovate', 'GOOD'));
      expect(value('token_expiry_timestamp_seconds{broker="tradovate"}')).toBeCloseTo(expiresAt / 1000, 2);
      expect(value('token_next_refresh_timestamp_seconds{broker="tradovate"}')).toBeCloseTo(dueAt / 1000, 2);
    }));

  it('shows what is left of the API key that is nearest to its limit', () => {
    const ig = (username: string, apiKey: string) => ({
      ...{ broker: 'ig', username, password: 'made-up-pass', apiKey },
    });
    const shared = [ig('IG_A', 'made-up-key-1'), ig('IG_B', 'made-up-key-1'), ig('IG_C', 'made-up-key-2')];
    return withBench({ entries: shared }, async (bench) => {
      for (const { username } of shared) await bench.state(username, 'fresh');
      const keys = await bench.redis.keys('refresher:budget:ig:demo-key-calls:*');
      const counted = keys.filter((key) => !/:(?:waiting|success)$/.test(key));
      expect(counted).toHaveLength(2);
      const used = await Promise.all(counted.map((key) => bench.redis.zcard(key)));
      const { value } = await scrape(bench.service.url);
      expect(Math.min(...used)).toBeLessThan(Math.max(...used));
      expect(value('rate_budget_remaining{broker="ig",limit="demo-key-calls"}')).toBe(60 - Math.max(...used));
    });
  });

  it('measures the objective in account-seconds', () =>
    withBench({ entries }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      await bench.state('BAD', 'stopped');
      const seconds = async (what: string): Promise<number> =>
        (await scrape(bench.service.url)).value(`freshness_${what}_total{broker="tradovate"}`) ?? 0;
      const before = await seconds('good_account_seconds');
      // A refused password is nothing that the service could mend.
      const lacking = async (): Promise<number> =>
        (await seconds('account_seconds')) - (await seconds('good_account_seconds'));
      const lackedBefore = await lacking();
      await until(async () => (await seconds('good_account_seconds')) > before + 1, { what: 'a second' });
      expect(await seconds('waiting_account_seconds')).toBeGreaterThan(0.5);
      expect(await lacking()).toBeLessThan(lackedBefore + 0.5);
    }));

  it(
    'counts an account that lost its next action, until the sweep gives it one',
    () =>
      withBench({ entries: entries.slice(0, 1) }, async (bench) => {
        await bench.state('GOOD', 'fresh');
        const lost = async () => (await scrape(bench.service.url)).value('accounts_without_next_action');
        await bench.redis.zrem('refresher:due:tradovate', 'GOOD');
        expect(await lost()).toBe(1);
        await until(async () => (await lost()) === 0, { what: 'a next action', timeoutMs: 45_000 });
      }),
    60_000,
  );

  it('says how late an account is that nobody looks at', () =>
    withBench({ entries: entries.slice(0, 1) }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      // As one that waits in a queue that no worker empties.
      await bench.redis.zadd('refresher:queued:tradovate', Date.now() - 4_000, 'GOOD');
      const { value } = await scrape(bench.service.url);
      expect(value('schedule_lag_seconds{broker="tradovate"}')).toBeGreaterThanOrEqual(4);
    }));

  it('answers while Redis is away, with what the process itself has counted', () =>
    withBench({ entries: entries.slice(0, 1), server: { own: true } }, async (bench, { server }) => {
      await bench.state('GOOD', 'fresh');
      const before = await scrape(bench.service.url);
      await server.kill();
      const { value, names } = await scrape(bench.service.url);
      expect(value('redis_up')).toBe(0);
      expect(names.has('accounts')).toBe(false);
      expect(value('refresh_attempts_total{broker="tradovate",kind="sign-in",result="ok"}')).toBe(1);
      const good = 'freshness_good_account_seconds_total{broker="tradovate"}';
      const owed = 'freshness_account_seconds_total{broker="tradovate"}';
      const lacked = (scraped: typeof before) => (scraped.value(owed) ?? 0) - (scraped.value(good) ?? 0);
      // What nobody can read is lacking, whatever its broker would say of it.
      await until(async () => lacked(await scrape(bench.service.url)) > lacked(before) + 0.5, {
        what: 'time without Redis',
      });
      await server.restart();
      await until(async () => (await scrape(bench.service.url)).value('redis_up') === 1, { what: 'Redis' });
    }));

  it('has every series that the rules and the dashboard ask for', async () => {
    const discord = await startDiscord();
    try {
      await withBench({ entries: entries.slice(0, 1), env: discord.env }, async (bench) => {
        await bench.state('GOOD', 'fresh');
        // They begin when something is counted.
        const later = [
          'jobs_stalled_total',
          'token_reports_total',
          'freshness_waiting_account_seconds_total',
        ];
        const given = ['up', 'ALERTS', ...recorded.map(({ record }) => record)];
        const asked = new Set(expressions.flatMap(metricsIn));
        const { names, kinds } = await scrape(bench.service.url);
        expect(later.filter((name) => !kinds.has(name))).toEqual([]);
        expect([...asked].filter((name) => ![...names, ...later, ...given].includes(name))).toEqual([]);
      });
    } finally {
      await discord.stop();
    }
  });

  it('says that a channel for alerts takes nothing, and so does /readyz', async () => {
    const discord = await startDiscord(broken);
    try {
      await withBench({ entries: entries.slice(1), env: discord.env }, async (bench) => {
        const { url } = bench.service;
        await bench.state('BAD', 'stopped');
        await until(async () => (await scrape(url)).value('alert_channel_up{channel="discord"}') === 0, {
          what: 'a failing channel',
        });
        const seen = await scrape(url);
        expect(seen.value('alert_outbox_depth{channel="discord"}')).toBe(1);
        expect(seen.value('alert_outbox_oldest_seconds{channel="discord"}')).toBeGreaterThan(0);
        const readyz = await fetch(`${url}/readyz`);
        expect([readyz.status, await readyz.json()]).toMatchObject([
          200,
          { details: ['alerts by discord do not get through and are tried again'] },
        ]);
      });
    } finally {
      await discord.stop();
    }
  });

  it('says that STATE_DIR fails and works again, and so does /readyz, which stays ready', () =>
    withBench({ entries: entries.slice(0, 1), env: { ADMIN_TOKEN } }, async (bench) => {
      const { url } = bench.service;
      const look = async (): Promise<readonly unknown[]> => {
        const readyz = await fetch(`${url}/readyz`);
        const { details } = (await readyz.json()) as { details: readonly string[] };
        return [readyz.status, (await scrape(url)).value('state_dir_up'), ...details];
      };
      await bench.state('GOOD', 'fresh');
      expect(await look()).toEqual([200, 1]);
      const folder = join(bench.folder, 'data', 'simulated', 'mirror');
      await rename(folder, `${folder}.away`);
      await writeFile(folder, 'no folder');
      // What has to outlive Redis, so that it is written.
      await fetch(`${url}/api/accounts/GOOD/pause`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      await until(async () => (await look())[1] === 0, { what: 'a STATE_DIR that fails' });
      const words = 'what must outlive a loss of Redis cannot be kept in STATE_DIR (ENOTDIR)';
      expect(await look()).toEqual([200, 0, words]);
      await rm(folder);
      await rename(`${folder}.away`, folder);
      await until(async () => (await look())[1] === 1, { what: 'a STATE_DIR that works again' });
      expect(await look()).toEqual([200, 1]);
    }));
});
