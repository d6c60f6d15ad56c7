import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import type { Budget, Ledger } from '../../src/core/limits.ts';
import { emptyRecord } from '../../src/core/session.ts';
import type { NoteOptions, Noted, Settlement, TokenStore } from '../../src/core/store.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { ledgerHold } from '../../src/core/ledger.ts';
import { readFailed, readUsage } from '../../src/redis/usage.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Windows go by the time that callers bring; Redis' own clock only ends keys. Pauses go by it: `simulation/breaker.test.ts`. */
const NOW = Date.now();
const network = { broker: 'some-broker', egress: 'default' };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

const renewals: Budget = {
  limit: 'renewals',
  subject: 'default',
  max: 5,
  routine: 3,
  windowMs: HOUR,
  counts: 'every-call',
};
const ledger: Ledger = {
  limit: 'sign-in-failures',
  subject: 'default',
  max: 5,
  routine: 3,
  windowMs: HOUR,
  counts: 'failures',
  paceMs: MINUTE,
};

let server: TestRedis;
let redis: Redis;
let store: TokenStore;

beforeAll(async () => {
  server = await startRedis();
  redis = server.client();
  store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
});
beforeEach(() => redis.flushall());
afterAll(() => server.stop());

/** One attempt of an account that is gone again at once, so that the next may follow. */
async function attempt(name: string, now: number, options: Partial<NoteOptions> = {}): Promise<Noted> {
  const acquired = await store.acquire(name, network, `owner of ${name}`, 10_000, Date.now());
  if (!acquired) throw new Error(`${name} is held`);
  const noted = await store.note(acquired.lease, undefined, {
    ttlMs: 10_000,
    now,
    network,
    budgets: [],
    cost: 1,
    emergency: false,
    expiresAt: 0,
    ...options,
  });
  await store.release(acquired.lease);
  return noted;
}

const renew = (name: string, now: number, options: Partial<NoteOptions> = {}): Promise<Noted> =>
  attempt(name, now, { budgets: [renewals], expiresAt: now + HOUR, ...options });

const signIn = (
  name: string,
  now: number,
  how: Partial<NonNullable<NoteOptions['signIn']>> = {},
): Promise<Noted> => attempt(name, now, { signIn: { ledger, proven: false, forced: false, ...how } });

/** A call of `name` ends, and what it was counts. */
async function ends(name: string, now: number, how: Partial<Settlement>): Promise<void> {
  const acquired = await store.acquire(name, network, `owner of ${name}`, 10_000, Date.now());
  if (!acquired) throw new Error(`${name} is held`);
  await store.settle(
    acquired.lease,
    network,
    {
      record: emptyRecord,
      standing: { state: 'backing_off', reason: 'code' },
      names: [name],
      dueAt: undefined,
      event: undefined,
      ramp: undefined,
      ...how,
    },
    now,
  );
}

const fails = (name: string, now: number, as: 'refused' | 'unknown'): Promise<void> =>
  ends(name, now, { charge: { ledger, as }, ramp: as === 'refused' ? 'refusal' : 'other' });

describe('a budget over a rolling window', () => {
  it('lets as many through as it has for those in no hurry, and says when the next fits', async () => {
    for (const [i, name] of ['A', 'B', 'C'].entries())
      expect((await renew(name, NOW + i)).outcome).toBe('noted');
    expect(await renew('D', NOW + 10)).toEqual({ outcome: 'over', until: NOW + HOUR + 1, limit: 'renewals' });
    expect((await renew('D', NOW + HOUR + 1)).outcome).toBe('noted');
  });

  it('keeps its reserve for tokens that are dead or nearly so, and never goes past the broker’s number', async () => {
    for (const name of ['A', 'B', 'C']) await renew(name, NOW);
    for (const name of ['D', 'E'])
      expect((await renew(name, NOW, { emergency: true })).outcome).toBe('noted');
    expect((await renew('F', NOW, { emergency: true })).outcome).toBe('over');
  });

  it('gives the next place to whose token dies first', async () => {
    for (const name of ['A', 'B', 'C']) await renew(name, NOW);
    expect((await renew('LATE', NOW, { expiresAt: NOW + 3 * HOUR })).outcome).toBe('over');
    expect((await renew('EARLY', NOW, { expiresAt: NOW + 2 * HOUR })).outcome).toBe('over');
    // All three places are free again, but only two are not spoken for.
    await renew('X', NOW + HOUR + 1, { expiresAt: NOW + 90 * MINUTE });
    await renew('Y', NOW + HOUR + 1, { expiresAt: NOW + 90 * MINUTE });
    expect((await renew('LATE', NOW + HOUR + 2, { expiresAt: NOW + 3 * HOUR })).outcome).toBe('over');
    expect((await renew('EARLY', NOW + HOUR + 3, { expiresAt: NOW + 2 * HOUR })).outcome).toBe('noted');
  });

  it('keeps no place for who has gone another way', async () => {
    for (const name of ['A', 'B', 'C']) await renew(name, NOW);
    expect((await renew('GONE', NOW, { expiresAt: NOW + HOUR + 2 })).outcome).toBe('over');
    await attempt('GONE', NOW, { leaves: [renewals] });
    expect(await redis.zcard('refresher:budget:some-broker:renewals:default:waiting')).toBe(0);
  });

  it('charges nothing for a call that another budget turned away', async () => {
    const other: Budget = { ...renewals, limit: 'other', routine: 1, max: 1 };
    await renew('A', NOW, { budgets: [other] });
    expect(await renew('B', NOW, { budgets: [renewals, other] })).toMatchObject({ limit: 'other' });
    expect(await redis.zcard('refresher:budget:some-broker:renewals:default')).toBe(0);
  });

  it('counts every call of a step that makes several', async () => {
    expect((await renew('A', NOW, { cost: 2 })).outcome).toBe('noted');
    expect((await renew('B', NOW, { cost: 2 })).outcome).toBe('over');
    expect((await renew('C', NOW)).outcome).toBe('noted');
    expect((await renew('D', NOW, { emergency: true, cost: 2 })).outcome).toBe('noted');
    expect((await renew('E', NOW, { emergency: true })).outcome).toBe('over');
  });

  it('counts the reads that follow a step, where it counts reads', async () => {
    const all: Budget = { ...renewals, limit: 'all', countsReads: true, routine: 5 };
    expect((await renew('A', NOW, { budgets: [renewals, all], reads: 1 })).outcome).toBe('noted');
    const used = (of: string): Promise<number> => redis.zcard(`refresher:budget:some-broker:${of}:default`);
    expect([await used('renewals'), await used('all')]).toEqual([1, 2]);
  });

  it('is shown as used as the ledger itself counts: what nobody answered no more once a sign-in worked', async () => {
    const used = async (): Promise<readonly number[]> =>
      (await readUsage(redis, [{ broker: 'some-broker', budget: ledger }], NOW))[0] ?? [];
    const key = 'refresher:budget:some-broker:sign-in-failures:default';
    await redis.zadd(key, NOW - 3_000, 'u:1', NOW - 2_000, 'r:2', NOW - 1_000, 'u:3', NOW - 2 * HOUR, 'r:4');
    expect(await used()).toEqual([NOW - 3_000, NOW - 2_000, NOW - 1_000]);
    await redis.set(`${key}:success`, NOW - 1_500);
    expect(await used()).toEqual([NOW - 2_000, NOW - 1_000]);
  });

  it('takes a call back that never left', async () => {
    await renew('A', NOW);
    const acquired = await store.acquire('A', network, 'A', 10_000, Date.now());
    if (!acquired) throw new Error('held');
    await store.note(acquired.lease, undefined, {
      ttlMs: 10_000,
      now: NOW,
      network,
      budgets: [renewals],
      cost: 1,
      emergency: false,
      expiresAt: 0,
    });
    const settlement = {
      record: emptyRecord,
      standing: { state: 'backing_off', reason: 'unreachable' },
      names: ['A'],
      dueAt: undefined,
      event: undefined,
      ramp: undefined,
      refunded: [{ ...renewals, kept: 0 }],
    } as const;
    await store.settle(acquired.lease, network, settlement, NOW);
    expect(await redis.zcard('refresher:budget:some-broker:renewals:default')).toBe(1);
  });

  it('of failures counts what failed, not what was tried', async () => {
    const proofs: Budget = { ...renewals, limit: 'proofs', counts: 'failures', max: 2, routine: 2 };
    for (let i = 0; i < 5; i++)
      expect((await attempt('A', NOW + i, { budgets: [proofs] })).outcome).toBe('noted');
    for (const at of [10, 11]) await ends('A', NOW + at, { failed: [proofs] });
    expect((await attempt('A', NOW + 12, { budgets: [proofs] })).outcome).toBe('over');
  });
});

describe('the ledger of failed sign-ins', () => {
  it('lets untried logins go one at a time after a refusal', async () => {
    await redis.set('refresher:ramp:some-broker:default', 10);
    await fails('WRONG', NOW, 'refused');
    await redis.set('refresher:ramp:some-broker:default', 10);
    expect((await signIn('A', NOW + 1)).outcome).toBe('noted');
    expect((await signIn('B', NOW + 2)).outcome).toBe('ramped');
  });

  it('keeps an hour’s last failures for logins that are known to be good', async () => {
    for (const i of [1, 2, 3]) await fails(`WRONG_${i}`, NOW + i, 'refused');
    expect(await signIn('UNTRIED', NOW + 10)).toEqual({
      outcome: 'over',
      until: NOW + 1 + HOUR + 1,
      limit: 'sign-in-failures',
    });
    expect((await signIn('KNOWN', NOW + 10, { proven: true })).outcome).toBe('noted');
    await fails('KNOWN', NOW + 11, 'refused');
    expect((await signIn('KNOWN_TOO', NOW + 12, { proven: true })).outcome).toBe('over');
    expect((await signIn('UNTRIED', NOW + HOUR + 2)).outcome).toBe('noted');
  });

  it('obeys a person who allows one more try, but for the broker’s very last', async () => {
    for (const i of [1, 2, 3]) await fails(`WRONG_${i}`, NOW + i, 'refused');
    expect((await signIn('FORCED', NOW + 10, { forced: true })).outcome).toBe('noted');
    await fails('FORCED', NOW + 11, 'refused');
    expect((await signIn('FORCED_TOO', NOW + 12, { forced: true })).outcome).toBe('over');
  });

  it('spends the untried’s last failure on nobody where a refusal and open questions may have spent it', async () => {
    await fails('WRONG', NOW + 1, 'refused');
    for (const i of [2, 3]) await fails(`SILENT_${i}`, NOW + i, 'unknown');
    expect(await signIn('UNTRIED', NOW + 10)).toMatchObject({ outcome: 'over', until: NOW + 3 + HOUR / 5 });
    // One goes after that, and alone: it may show that the others were no failures.
    expect((await signIn('UNTRIED', NOW + 3 + HOUR / 5)).outcome).toBe('noted');
    expect((await signIn('ANOTHER', NOW + 4 + HOUR / 5)).outcome).toBe('ramped');
    await fails('UNTRIED', NOW + 5 + HOUR / 5, 'unknown');
    // A fifth could bar all: no more of them than four.
    const later = NOW + 30 * MINUTE;
    expect(await signIn('ANOTHER', later)).toMatchObject({ outcome: 'over', until: later + HOUR / 5 + 1 });
    expect((await signIn('KNOWN', later, { proven: true })).outcome).toBe('noted');
    await ends('KNOWN', later, { ramp: 'other' });
    await redis.set('refresher:budget:some-broker:sign-in-failures:default:success', later);
    expect((await signIn('UNTRIED', later + 20_000)).outcome).toBe('noted');
  });

  it('paces what nobody answers, and never stops it', async () => {
    for (const i of [1, 2, 3]) await fails(`SILENT_${i}`, NOW + i, 'unknown');
    expect(await signIn('UNTRIED', NOW + 10)).toMatchObject({ until: NOW + 3 + HOUR / 5 });
    expect(await signIn('KNOWN', NOW + 10, { proven: true })).toMatchObject({ until: NOW + 3 + MINUTE });
    expect((await signIn('KNOWN', NOW + 4 + MINUTE, { proven: true })).outcome).toBe('noted');
  });

  it('holds up whom a plan says it holds up, and no longer', async () => {
    const key = 'refresher:budget:some-broker:sign-in-failures:default';
    const member = (as: string, i: number): string => `${as}:WRONG_${i}:7`;
    let held = 0;
    for (let seed = 0; seed < 243; seed++) {
      await redis.flushall();
      // Up to five failures, each none, refused or unknown, spread over the hour; a success between them, or none.
      const kinds = Array.from({ length: 5 }, (_, i) => [undefined, 'r', 'u'][Math.floor(seed / 3 ** i) % 3]);
      for (const [i, as] of kinds.entries())
        if (as !== undefined) await redis.zadd(key, NOW - (5 - i) * 7 * MINUTE, member(as, i));
      if (seed % 4 === 0) await redis.set(`${key}:success`, NOW - 20 * MINUTE);
      if (seed % 7 === 0) await redis.set(`${key}:success`, NOW + HOUR);
      const failed = await readFailed(redis, 'some-broker', ledger, NOW);
      for (const who of [{ proven: true }, { forced: true }, {}]) {
        const suitor = { proven: false, forced: false, ...who };
        const noted = await signIn('ASKS', NOW, suitor);
        const hold = ledgerHold(ledger, failed, suitor, NOW);
        held += hold ? 1 : 0;
        expect([seed, who, 'until' in noted ? noted.until : undefined]).toEqual([seed, who, hold?.until]);
        await redis.del(...(await redis.keys('refresher:ramp:*')), 'none');
      }
    }
    expect(held).toBeGreaterThan(100);
  });

  it('names whose sign-ins it counts', async () => {
    await fails('A:B', NOW - 2, 'refused');
    await fails('C', NOW - 1, 'unknown');
    expect(await readFailed(redis, 'some-broker', ledger, NOW)).toEqual([
      { name: 'A:B', at: NOW - 2, as: 'refused' },
      { name: 'C', at: NOW - 1, as: 'unknown' },
    ]);
  });

  it('counts nothing for a login that succeeded', async () => {
    for (let i = 0; i < 8; i++) {
      expect((await signIn('GOOD', NOW + i)).outcome).toBe('noted');
      await ends('GOOD', NOW + i, { ramp: 'success' });
    }
  });
});

it('a silence that came after the lease was taken holds the call up, unless a person waits for it', async () => {
  const acquired = await store.acquire('A', network, 'A', 10_000, Date.now());
  if (!acquired) throw new Error('held');
  await store.silence(network, { scope: 'egress', until: NOW + HOUR, code: 'captcha' }, NOW);
  const options = { ttlMs: 10_000, now: NOW, network, budgets: [], cost: 1, emergency: true, expiresAt: 0 };
  const noted = await store.note(acquired.lease, undefined, options);
  const until = noted.outcome === 'silent' ? noted.until : 0;
  expect(Math.abs(until - NOW - HOUR)).toBeLessThan(5_000);
  const passing = await store.note(acquired.lease, undefined, { ...options, passesSilence: true });
  expect(passing.outcome).toBe('noted');
});
