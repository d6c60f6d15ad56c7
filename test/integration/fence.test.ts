import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyRecord, type Session } from '../../src/core/session.ts';
import type { Commit, Lease, Settlement, TokenStore } from '../../src/core/store.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const network = { broker: 'some-broker', egress: 'default' };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

const sessionOf = (lease: Lease, token: string): Session => ({
  generation: lease.fence,
  grant: {
    token,
    headers: {},
    issuedAt: Date.now(),
    expiresAt: Date.now() + 60_000,
    tokenType: 'Bearer',
    baseUrl: 'http://127.0.0.1',
  },
  source: 'sign-in',
  identity: 'login',
  renewAt: Date.now() + 30_000,
  renewalSpent: false,
});

const commitOf = (lease: Lease, token: string): Commit => ({
  session: sessionOf(lease, token),
  publications: [{ name: 'DESK', meta: { generation: String(lease.fence) } }],
  ttlCapMs: undefined,
  refused: [],
  claims: [],
  events: ['refreshed'],
  dueAt: Date.now() + 30_000,
  paused: undefined,
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
});

const failure: Settlement = {
  record: { ...emptyRecord, refused: ['verdict'] },
  standing: { state: 'stopped', reason: 'bad_credentials' },
  names: ['DESK'],
  dueAt: undefined,
  event: 'failed',
  ramp: undefined,
};

describe('a holder whose lease ran out while it was away', () => {
  let server: TestRedis;
  let store: TokenStore;
  let slow: Lease;
  let next: Lease;

  beforeAll(async () => {
    server = await startRedis();
    const redis = server.client();
    store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
    const acquire = async (owner: string): Promise<Lease> => {
      const acquired = await store.acquire('DESK', network, owner, 10_000, Date.now());
      if (!acquired) throw new Error('the account is held');
      return acquired.lease;
    };
    slow = await acquire('slow');
    await redis.del('refresher:lease:DESK');
    next = await acquire('next');
    expect((await store.commit(next, network, commitOf(next, 'newer'), Date.now())).outcome).toBe(
      'committed',
    );
  });
  afterAll(() => server.stop());

  it('has an older fence than the next one', () => {
    expect(next.fence).toBeGreaterThan(slow.fence);
  });

  it('publishes nothing over the newer token', async () => {
    expect(await store.commit(slow, network, commitOf(slow, 'older'), Date.now())).toEqual({
      outcome: 'stale',
    });
    const redis = server.client();
    expect(await redis.mget('token:DESK', 'auth:DESK')).toEqual(['newer', 'newer']);
    expect(await redis.hget('meta:DESK', 'generation')).toBe(String(next.fence));
  });

  it('writes no verdict over the newer success', async () => {
    expect((await store.settle(slow, network, failure, Date.now())).settled).toBe(false);
    const redis = server.client();
    expect(await redis.hget('state:DESK', 'state')).toBe('fresh');
    expect(await redis.hget('refresher:account:DESK', 'refused')).toBeNull();
  });

  it('frees nobody else’s lease', async () => {
    const held = await store.acquire('DESK', network, 'third', 10_000, Date.now());
    await store.release(slow);
    expect(await server.client().get('refresher:lease:DESK')).toBe(held?.lease.owner);
  });

  it('is told that its token is in where only the reply was lost, whoever took the next lease', async () => {
    await server.client().del('refresher:lease:DESK');
    const later = await store.acquire('DESK', network, 'later', 10_000, Date.now());
    expect(later?.lease.fence).toBeGreaterThan(next.fence);
    expect((await store.commit(next, network, commitOf(next, 'newer'), Date.now())).outcome).toBe(
      'committed',
    );
  });
});

describe('two holders under one fence, as Redis was emptied in between', () => {
  let server: TestRedis;
  let store: TokenStore;
  let first: Lease;
  let second: Lease;

  beforeAll(async () => {
    server = await startRedis();
    // What may have been given out lies ahead of the clock: each emptied Redis begins there.
    const ahead = Date.now() + 60 * 60_000;
    const given = { generation: () => 0, reservedElsewhere: () => ahead, reservedAtStart: () => 0 };
    store = makeStore(server.client(), makeSeal([Buffer.alloc(32, 1)]), log, given);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    first = await acquired('first');
    second = await acquired('second');
    expect(second.fence).toBe(first.fence);
  });

  async function acquired(owner: string): Promise<Lease> {
    await server.client().flushall();
    const held = await store.acquire('DESK', network, owner, 10_000, Date.now());
    if (!held) throw new Error('the account is held');
    return held.lease;
  }
  const commit = async (lease: Lease, token: string): Promise<string> =>
    (await store.commit(lease, network, commitOf(lease, token), Date.now())).outcome;

  it('are one too many: only the later one publishes, whoever is first', async () => {
    expect(await commit(first, 'of the first')).toBe('stale');
    expect(await commit(second, 'of the second')).toBe('committed');
    expect(await commit(first, 'of the first')).toBe('stale');
    expect(await server.client().get('token:DESK')).toBe('of the second');
  });

  it('write no verdict for each other', async () => {
    expect((await store.settle(first, network, failure, Date.now())).settled).toBe(false);
    expect((await store.settle(second, network, failure, Date.now())).settled).toBe(true);
  });

  it('do not take each other’s token for their own that is in already', async () => {
    expect(await commit(second, 'of the second')).toBe('committed');
    await store.acquire('DESK', network, 'third', 10_000, Date.now());
    expect(await commit(first, 'of the first')).toBe('stale');
    expect(await commit(second, 'of the second')).toBe('committed');
  });

  it('are told apart also where the first one stored its answer before the second began', async () => {
    await server.client().flushall();
    expect(await commit(first, 'of the first')).toBe('committed');
    await server.client().del('refresher:lease:DESK');
    const next = await store.acquire('DESK', network, 'second', 10_000, Date.now());
    expect(next?.lease.fence).toBeGreaterThan(first.fence);
    expect(await commit(second, 'of the second')).toBe('stale');
  });
});
