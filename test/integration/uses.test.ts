import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyRecord } from '../../src/core/session.ts';
import type { Commit, Lease, Settlement, TokenStore } from '../../src/core/store.ts';
import { dayOf, USES_KEPT_MS, type Use } from '../../src/core/uses.ts';
import { keys } from '../../src/redis/keys.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { countUse, readUses } from '../../src/redis/uses.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { withBench } from '../support/service.ts';

const network = { broker: 'some-broker', egress: 'default' };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const DAY_MS = 24 * 60 * 60_000;

const commitOf = (lease: Lease, now: number, uses: readonly Use[]): Commit => ({
  session: {
    generation: lease.fence,
    grant: {
      token: `made-up-${lease.name}-${lease.fence}`,
      headers: {},
      issuedAt: now,
      expiresAt: now + 60_000,
      tokenType: 'Bearer',
      baseUrl: 'http://127.0.0.1',
    },
    source: 'sign-in',
    identity: 'login',
    renewAt: now + 30_000,
    renewalSpent: false,
  },
  publications: [{ name: lease.name, meta: { generation: String(lease.fence) } }],
  ttlCapMs: undefined,
  refused: [],
  claims: [],
  events: [],
  paused: undefined,
  dueAt: now + 30_000,
  ramp: undefined,
  facts: {
    owner: undefined,
    proven: undefined,
    provenAt: 0,
    proofDueAt: 0,
    discovered: undefined,
    listedAt: 0,
    retryAt: 0,
    asked: undefined,
  },
  answered: true,
  startedAt: undefined,
  ledger: undefined,
  uses,
});

const refusal: Settlement = {
  record: emptyRecord,
  standing: { state: 'stopped', reason: 'bad_credentials' },
  names: [],
  dueAt: undefined,
  event: undefined,
  ramp: undefined,
  uses: ['logins'],
};

describe('what an account is used for', () => {
  let server: TestRedis;
  let store: TokenStore;
  beforeAll(async () => {
    server = await startRedis();
    store = makeStore(server.client(), makeSeal([Buffer.alloc(32, 1)]), log);
  });
  afterAll(() => server.stop());

  const lease = async (name: string): Promise<Lease> => {
    const acquired = await store.acquire(name, network, 'process', 10_000, Date.now());
    if (!acquired) throw new Error('the account is held');
    return acquired.lease;
  };
  const used = async (name: string, now = Date.now()) =>
    (await readUses(server.client(), [name], now)).get(name);

  it('is counted in the step that publishes, and in the one that does not', async () => {
    const now = Date.now();
    const held = await lease('A');
    await store.commit(held, network, commitOf(held, now, ['refreshes', 'logins']), now);
    const next = await lease('A');
    await store.commit(next, network, commitOf(next, now, ['refreshes']), now);
    await store.settle(await lease('A'), network, refusal, now);
    expect(await used('A', now)).toEqual([{ day: dayOf(now), refreshes: 2, logins: 2, reports: 0 }]);
  });

  it('counts a step once that is repeated because its reply was lost', async () => {
    const now = Date.now();
    const held = await lease('B');
    const commit = commitOf(held, now, ['refreshes']);
    await store.commit(held, network, commit, now);
    await store.commit(held, network, commit, now);
    const failed = await lease('B');
    await store.settle(failed, network, refusal, now);
    await store.settle(failed, network, refusal, now);
    expect(await used('B', now)).toEqual([{ day: dayOf(now), refreshes: 1, logins: 1, reports: 0 }]);
  });

  it('is kept for a month after the last use, and no day longer', async () => {
    const redis = server.client();
    const start = Date.now() - 60 * DAY_MS;
    for (let day = 0; day <= 60; day += 1) {
      const held = await lease('C');
      const now = start + day * DAY_MS;
      await store.commit(held, network, commitOf(held, now, ['refreshes', 'logins']), now);
    }
    const shown = await used('C', start + 60 * DAY_MS);
    expect(shown).toHaveLength(31);
    expect(await redis.hlen(keys.uses('C'))).toBe(2 * 35);
    const ttl = await redis.pttl(keys.uses('C'));
    expect(ttl).toBeGreaterThan(USES_KEPT_MS - 60_000);
    expect(ttl).toBeLessThanOrEqual(USES_KEPT_MS);
  });

  it('counts a report in one round trip, for whoever takes reports', async () => {
    await countUse(server.client(), 'D', 'reports', Date.now());
    await countUse(server.client(), 'D', 'reports', Date.now());
    expect(await used('D')).toEqual([{ day: dayOf(Date.now()), refreshes: 0, logins: 0, reports: 2 }]);
    expect(await server.client().pttl(keys.uses('D'))).toBeGreaterThan(USES_KEPT_MS - 60_000);
  });

  it('costs a refresh no round trip, and two commands on the server', async () => {
    const redis = server.client();
    const calls = async (): Promise<ReadonlyMap<string, number>> =>
      new Map(
        [...(await redis.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].map(
          ([, name = '', count]) => [name, Number(count)],
        ),
      );
    const cost = async (uses: readonly Use[]): Promise<Readonly<Record<string, number>>> => {
      const now = Date.now();
      const held = await lease('E');
      const before = await calls();
      await store.commit(held, network, commitOf(held, now, uses), now);
      const after = await calls();
      const grown = [...after].map(([name, count]): [string, number] => [
        name,
        count - (before.get(name) ?? 0),
      ]);
      return Object.fromEntries(grown.filter(([name, count]) => count > 0 && name !== 'info'));
    };
    // The first of a day also tidies up.
    await cost(['refreshes', 'logins']);
    const without = await cost([]);
    const counting = await cost(['refreshes', 'logins']);
    expect(counting).toEqual({ ...without, hincrby: (without['hincrby'] ?? 0) + 2 });
    expect(counting['evalsha']).toBe(1);
  });
});

describe('a service', () => {
  it('says of each account what it was used for, also of one whose password is refused', () =>
    withBench(
      {
        entries: [
          { username: 'GOOD', password: 'made-up-pass' },
          { username: 'BAD', password: 'made-up-wrong-pass' },
        ],
        env: { ADMIN_TOKEN: 'made-up-admin-token' },
      },
      async (bench) => {
        await bench.state('GOOD', 'fresh');
        await bench.state('BAD', 'stopped');
        const ask = async (path: string): Promise<unknown> => {
          const headers = { authorization: 'Bearer made-up-admin-token' };
          return (await fetch(`${bench.service.url}/api/token/${path}`, { headers })).json();
        };
        const day = dayOf(Date.now());
        expect(await ask('status/GOOD')).toMatchObject({
          usage: [{ day, refreshes: 1, logins: 1, reports: 0 }],
        });
        expect(await ask('status/BAD')).toMatchObject({
          usage: [{ day, refreshes: 0, logins: 1, reports: 0 }],
        });
        // The page asks for all of them every few seconds.
        expect(JSON.stringify(await ask('status'))).not.toContain('usage');
      },
    ));
});
