import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { withBench, type GroundOptions, type ServiceBench } from '../support/service.ts';

const DESK = { username: 'DESK', password: 'made-up-pass', discoverAccounts: true };
const OTHER = { username: 'OTHER', password: 'made-up-pass' };
const IG = {
  broker: 'ig',
  username: 'IG',
  password: 'made-up-pass',
  apiKey: 'made-up-key',
  discoverAccounts: true,
};

/** Everybody's list of accounts at the simulated broker. */
const lists = (names: readonly string[]): Partial<GroundOptions> => ({
  simulator: { switches: { tradovate: { accountNames: names } } },
});
const withDesk = (
  entries: readonly unknown[],
  names: readonly string[],
  work: (bench: ServiceBench) => Promise<void>,
): Promise<void> => withBench({ entries, ...lists(names) }, (bench) => work(bench));

const keysOf = (name: string): readonly string[] => [`token:${name}`, `meta:${name}`];
const reports = (bench: ServiceBench, account: string): readonly unknown[] =>
  bench
    .logged('keys.reported')
    .filter((line) => line['account'] === account)
    .map((line) => line['report']);
const listOf = ({ redis }: ServiceBench, name: string): Promise<readonly string[]> =>
  redis.lrange(name, 0, -1);
const generationOf = ({ redis }: ServiceBench, name: string): Promise<string | null> =>
  redis.hget(`meta:${name}`, 'generation');
const operations = ({ simulator }: ServiceBench): readonly string[] =>
  simulator.calls().map(({ operation }) => operation);

/** Asks for a refresh and waits until it is published. */
async function refresh(bench: ServiceBench, name: string): Promise<void> {
  const { redis } = bench;
  const before = await generationOf(bench, name);
  await redis.hset(`refresher:account:${name}`, 'request', JSON.stringify({ at: Date.now(), rearm: true }));
  await redis.zadd('refresher:due:tradovate', Date.now(), name);
  await until(async () => (await generationOf(bench, name)) !== before, { what: `a new token of ${name}` });
}

describe.concurrent('sub-accounts that the broker lists', () => {
  it('get keys of their own, at once with their login', ({ expect }) =>
    withDesk([DESK], ['EVAL_1', 'EVAL_7'], async (bench) => {
      await bench.keys([...keysOf('DESK'), 'auth:DESK', ...keysOf('EVAL_1'), ...keysOf('EVAL_7')]);
      const { redis } = bench;
      const tokens = await redis.mget('token:DESK', 'auth:DESK', 'token:EVAL_1', 'token:EVAL_7');
      expect(new Set(tokens).size).toBe(1);
      expect(await redis.exists('auth:EVAL_1')).toBe(0);
      expect(await listOf(bench, 'DESK')).toEqual(['token:DESK', 'token:EVAL_1', 'token:EVAL_7']);
      expect(await redis.hgetall('meta:EVAL_7')).toMatchObject({
        username: 'DESK',
        accountId: 'EVAL_7',
        generation: await generationOf(bench, 'DESK'),
      });
      expect(await redis.hgetall('state:EVAL_1')).toMatchObject({ state: 'fresh' });
      expect(bench.events).toMatchObject([{ event: 'refreshed', names: ['DESK', 'EVAL_1', 'EVAL_7'] }]);
      expect(operations(bench)).toEqual(['authorize', 'bridge-accounts']);
    }));

  it('carry their own id in the headers, where the broker tells accounts apart by one', ({ expect }) =>
    withBench({ entries: [IG], simulator: { switches: { ig: { accessTtl: 600 } } } }, async (bench) => {
      await bench.keys(keysOf('IG'));
      const names = (await listOf(bench, 'IG')).map((key) => key.slice('token:'.length));
      expect(names).toHaveLength(4);
      const subs = names.filter((name) => name !== 'IG');
      for (const sub of subs) {
        const { headers = '{}', accountId } = await bench.redis.hgetall(`meta:${sub}`);
        expect([accountId, JSON.parse(headers)]).toMatchObject([sub, { 'IG-ACCOUNT-ID': sub }]);
      }
      expect(operations(bench)).toEqual(['login', 'accounts']);
    }));

  it('are not asked for where nobody wants them', ({ expect }) =>
    withDesk([{ ...DESK, discoverAccounts: false }], ['EVAL_1'], async (bench) => {
      await bench.keys(keysOf('DESK'));
      expect(operations(bench)).toEqual(['authorize']);
      expect(await bench.redis.exists('token:EVAL_1')).toBe(0);
    }));

  it('stand beside configured ones, each once', ({ expect }) =>
    withDesk([{ ...DESK, accounts: ['EVAL_1', 'EXTRA'] }], ['EVAL_1', 'DESK', 'EVAL_2'], async (bench) => {
      await bench.keys([...keysOf('EVAL_1'), ...keysOf('EVAL_2'), ...keysOf('EXTRA')]);
      expect(await listOf(bench, 'DESK')).toEqual([
        'token:DESK',
        'token:EVAL_1',
        'token:EXTRA',
        'token:EVAL_2',
      ]);
      expect(reports(bench, 'DESK')).toEqual([]);
    }));

  it('cost no token where the list does not come; the former names stay, and it is asked for again', ({
    expect,
  }) =>
    withDesk([DESK], ['EVAL_1'], async (bench) => {
      await bench.keys(keysOf('EVAL_1'));
      bench.simulator.fault({ broker: 'tradovate', operation: 'bridge-accounts', kind: 'html', status: 502 });
      await refresh(bench, 'DESK');
      expect(await generationOf(bench, 'EVAL_1')).toBe(await generationOf(bench, 'DESK'));
      bench.simulator.clearFaults();
      bench.simulator.setSwitch('tradovate', 'accountNames', ['EVAL_1', 'EVAL_2']);
      await refresh(bench, 'DESK');
      await bench.keys(keysOf('EVAL_2'));
    }));

  it('that are another login by configuration are reported, and not written', ({ expect }) =>
    withDesk([DESK, { ...OTHER, accounts: ['EVAL_1'] }], ['EVAL_1', 'OTHER', 'EVAL_2'], async (bench) => {
      await bench.keys([...keysOf('EVAL_2'), ...keysOf('EVAL_1'), ...keysOf('OTHER')]);
      await bench.state('DESK', 'fresh');
      const { redis } = bench;
      const others = await redis.get('token:OTHER');
      expect(await redis.get('token:EVAL_1')).toBe(others);
      expect(await redis.get('token:DESK')).not.toBe(others);
      expect(await redis.hget('meta:EVAL_1', 'username')).toBe('OTHER');
      expect(await listOf(bench, 'DESK')).toEqual(['token:DESK', 'token:EVAL_2']);
      expect(reports(bench, 'DESK')).toEqual([
        'EVAL_1 belongs to OTHER now and was not written',
        'OTHER belongs to OTHER now and was not written',
      ]);
      // What readers of the other login are told is not ours to say either.
      await refresh(bench, 'DESK');
      expect(await redis.hget('meta:OTHER', 'username')).toBe('OTHER');
      expect(await redis.get('token:OTHER')).toBe(others);
    }));

  it('that two logins list belong to the first; the second says so', ({ expect }) =>
    withBench({ entries: [DESK], ...lists(['SHARED']) }, async (bench) => {
      await bench.keys(keysOf('SHARED'));
      await bench.writeCredentials([DESK, { ...OTHER, discoverAccounts: true }]);
      await bench.keys(keysOf('OTHER'));
      expect(reports(bench, 'OTHER')).toEqual(['SHARED belongs to DESK now and was not written']);
      expect(await bench.redis.hget('meta:SHARED', 'username')).toBe('DESK');
      expect(await listOf(bench, 'OTHER')).toEqual(['token:OTHER']);
      // The first one leaves: the name is free for the second.
      await bench.writeCredentials([{ ...OTHER, discoverAccounts: true }]);
      await until(() => bench.events.some(({ event }) => event === 'removed'), { what: 'the removal' });
      await refresh(bench, 'OTHER');
      expect(await bench.redis.hget('meta:SHARED', 'username')).toBe('OTHER');
    }));

  it('win over names that others put on a list', ({ expect }) =>
    withBench(
      {
        entries: [OTHER],
        ...lists(['ALIAS']),
        before: async ({ server }) => void (await server.client().rpush('OTHER', 'token:ALIAS')),
      },
      async (bench) => {
        await bench.keys(['token:OTHER', 'token:ALIAS']);
        const { redis } = bench;
        expect(await redis.get('token:ALIAS')).toBe(await redis.get('token:OTHER'));
        await bench.writeCredentials([OTHER, DESK]);
        await bench.keys(keysOf('DESK'));
        expect(await redis.get('token:ALIAS')).toBe(await redis.get('token:DESK'));
        await refresh(bench, 'OTHER');
        expect(await redis.get('token:ALIAS')).toBe(await redis.get('token:DESK'));
        expect(reports(bench, 'OTHER')).toEqual([
          'the key list OTHER has an entry that belongs to DESK: token:ALIAS',
        ]);
      },
    ));

  it('give way to a login that is configured with the name', ({ expect }) =>
    withBench({ entries: [DESK], ...lists(['EVAL_1']) }, async (bench) => {
      await bench.keys(keysOf('EVAL_1'));
      await bench.writeCredentials([DESK, { ...OTHER, accounts: ['EVAL_1'] }]);
      await bench.keys(keysOf('OTHER'));
      await until(async () => (await bench.redis.hget('meta:EVAL_1', 'username')) === 'OTHER', {
        what: 'the name to change hands',
      });
      await refresh(bench, 'DESK');
      expect(await bench.redis.get('token:EVAL_1')).toBe(await bench.redis.get('token:OTHER'));
      expect(reports(bench, 'DESK')).toEqual(['EVAL_1 belongs to OTHER now and was not written']);
      expect(await listOf(bench, 'DESK')).toEqual(['token:DESK']);
    }));

  it('that disappear run out, and say so', ({ expect }) =>
    withDesk([DESK], ['EVAL_1', 'EVAL_2'], async (bench) => {
      await bench.keys(keysOf('EVAL_1'));
      const { redis } = bench;
      const old = await redis.get('token:EVAL_1');
      bench.simulator.setSwitch('tradovate', 'accountNames', ['EVAL_2']);
      await refresh(bench, 'DESK');
      expect(await listOf(bench, 'DESK')).toEqual(['token:DESK', 'token:EVAL_2']);
      expect(await redis.get('token:EVAL_1')).toBe(old);
      expect(await redis.pttl('token:EVAL_1')).toBeGreaterThan(0);
      expect(await redis.hget('refresher:discovered', 'EVAL_1')).toBeNull();
      // Nobody keeps it up: it does not say "fresh" for ever.
      expect(await redis.pttl('state:EVAL_1')).toBeGreaterThan(0);
      expect(await redis.pttl('state:EVAL_2')).toBe(-1);
    }));

  it('outlive a restart, without a call', ({ expect }) =>
    withDesk([DESK], ['EVAL_1'], async (bench) => {
      await bench.keys(keysOf('EVAL_1'));
      await bench.restart();
      await bench.redis.del('token:EVAL_1', 'meta:EVAL_1', 'state:EVAL_1');
      await bench.restart();
      await bench.keys(keysOf('EVAL_1'), 20_000);
      expect(operations(bench)).toEqual(['authorize', 'bridge-accounts']);
      expect(await bench.redis.get('token:EVAL_1')).toBe(await bench.redis.get('token:DESK'));
    }));

  it('leave with their login, and with the wish for them', ({ expect }) =>
    withDesk([DESK, { ...OTHER, discoverAccounts: true, accounts: [] }], ['EVAL_1'], async (bench) => {
      await bench.keys([...keysOf('EVAL_1'), ...keysOf('DESK'), ...keysOf('OTHER')]);
      const owner = await bench.redis.hget('meta:EVAL_1', 'username');
      const rest = owner === 'DESK' ? OTHER : DESK;
      await bench.writeCredentials([{ ...rest, discoverAccounts: false }]);
      await until(() => bench.events.some(({ event }) => event === 'removed'), { what: 'the removal' });
      const removed = bench.events.find(({ event }) => event === 'removed');
      expect(removed).toMatchObject({ username: owner, names: [owner, 'EVAL_1'] });
      expect(await bench.redis.pttl('state:EVAL_1')).toBeGreaterThan(0);
    }));
});
