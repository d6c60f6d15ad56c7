import { beforeEach, describe, expect, it } from 'vitest';
import type { Budget, Ledger } from '../../src/core/limits.ts';
import { emptyRecord } from '../../src/core/session.ts';
import type { Lease, NoteOptions, Noted, Settlement, TokenStore } from '../../src/core/store.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { refundsOf } from '../../src/tending/charges.ts';
import { directLink, makeClient } from './redis/client.ts';
import { makeRedisServer } from './redis/server.ts';

/* A broker that does not answer is left alone by Redis' own clock, which a test can move only here. */

const START = 1_790_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const network = { broker: 'some-broker', egress: 'default' };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const ledger: Ledger = {
  limit: 'sign-in-failures',
  subject: 'default',
  max: 5,
  routine: 3,
  windowMs: HOUR,
  counts: 'failures',
  paceMs: MINUTE,
};

/** The server's time, and how far ahead of it whoever calls is. */
let now = START;
let aheadMs = 0;
let store: TokenStore;
let used: (limit: string) => Promise<number>;
beforeEach(async () => {
  now = START;
  aheadMs = 0;
  const redis = makeClient(directLink((await makeRedisServer(() => now)).execute));
  store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
  used = (limit) => redis.zcard(`refresher:budget:some-broker:${limit}:default`);
});

async function attempt(name: string, options: Partial<NoteOptions> = {}): Promise<Noted> {
  const own = now + aheadMs;
  const acquired = await store.acquire(name, network, `owner of ${name}`, 10_000, own);
  if (!acquired) throw new Error(`${name} is held`);
  const noted = await store.note(acquired.lease, undefined, {
    ttlMs: 10_000,
    now: own,
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
const renew = (name: string): Promise<Noted> => attempt(name, { expiresAt: now + HOUR });
const signIn = (name: string, budgets: readonly Budget[] = []): Promise<Noted> =>
  attempt(name, { budgets, reaches: true, signIn: { ledger, proven: false, forced: false } });

async function ends(name: string, how: Partial<Settlement>): Promise<void> {
  const own = now + aheadMs;
  const acquired = await store.acquire(name, network, `owner of ${name}`, 10_000, own);
  if (!acquired) throw new Error(`${name} is held`);
  await settle(acquired.lease, how);
}
async function settle(lease: Lease, how: Partial<Settlement>): Promise<void> {
  const settlement = {
    record: emptyRecord,
    standing: { state: 'backing_off', reason: 'code' },
    names: [lease.name],
    dueAt: undefined,
    event: undefined,
    ramp: undefined,
    ...how,
  } as const;
  await store.settle(lease, network, settlement, now + aheadMs);
}
const trip = async (): Promise<void> => {
  for (const name of ['A', 'B', 'C']) await ends(name, { answered: 'down' });
};

describe('the breaker of a broker', () => {
  it('opens when three accounts got no answer within four minutes', async () => {
    for (const name of ['A', 'B', 'A']) await ends(name, { answered: 'down' });
    expect((await renew('D')).outcome).toBe('noted');
    await ends('C', { answered: 'down' });
    expect(await renew('D')).toEqual({ outcome: 'down', until: now + 28 * SECOND });
    const acquired = await store.acquire('E', network, 'owner', 10_000, now);
    expect(acquired?.downUntil).toBe(now + 28 * SECOND);
  });

  it('stays closed for failures that are further apart', async () => {
    for (const name of ['A', 'B', 'C']) {
      await ends(name, { answered: 'down' });
      now += 121 * SECOND;
    }
    expect((await renew('D')).outcome).toBe('noted');
  });

  it('opens for logins that the ledger lets out a minute apart', async () => {
    for (const name of ['A', 'B', 'C']) {
      await ends(name, { answered: 'down' });
      now += MINUTE;
    }
    expect(await renew('D')).toMatchObject({ outcome: 'noted', reachFirst: true });
  });

  it('stays closed where anybody was answered between them', async () => {
    for (const name of ['A', 'B']) await ends(name, { answered: 'down' });
    await ends('HEALTHY', { answered: 'up' });
    for (const name of ['C', 'A']) await ends(name, { answered: 'down' });
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: false });
    await ends('B', { answered: 'down' });
    expect((await renew('D')).outcome).toBe('down');
  });

  it('is one for each part of the broker', async () => {
    await trip();
    const other = { ...network, part: 'another' };
    const acquired = await store.acquire('E', other, 'owner of E', 10_000, now);
    expect(acquired?.downUntil).toBe(0);
  });

  it('then lets one account through to see, and one only', async () => {
    await trip();
    now += 30 * SECOND;
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: true });
    expect(await renew('E')).toMatchObject({ outcome: 'down' });
  });

  it('closes with the first answer, be it a refusal', async () => {
    await trip();
    now += 30 * SECOND;
    await renew('D');
    await ends('D', { answered: 'up' });
    expect(await renew('E')).toEqual({ outcome: 'noted', reachFirst: false });
  });

  it('opens again when that one got no answer either', async () => {
    await trip();
    now += 30 * SECOND;
    await renew('D');
    await ends('D', { answered: 'down' });
    expect(await renew('E')).toMatchObject({ outcome: 'down' });
    now += 28 * SECOND;
    expect((await renew('E')).outcome).toBe('noted');
  });

  it('counts the pause from the beginning of the call that showed it', async () => {
    await trip();
    now += 30 * SECOND;
    await renew('D');
    now += 9 * SECOND;
    await ends('D', { answered: 'down' });
    expect(await renew('E')).toEqual({ outcome: 'down', until: now + 19 * SECOND });
    now += 19 * SECOND;
    expect((await renew('E')).outcome).toBe('noted');
  });

  it('lets a login through after five minutes, and then each hour, whatever the harmless call is answered', async () => {
    await trip();
    const reachesFirst: boolean[] = [];
    for (let i = 0; i < 252; i++) {
      now += 29 * SECOND;
      const noted = await signIn('D');
      reachesFirst.push(noted.outcome === 'noted' && noted.reachFirst);
      now += SECOND;
      await ends('D', { answered: 'down', ramp: 'other' });
    }
    expect(reachesFirst.flatMap((first, i) => (first ? [] : [i]))).toEqual([10, 130, 250]);
  });

  it('counts the harmless call before a login where reads are counted', async () => {
    const all: Budget = { ...ledger, limit: 'all', counts: 'every-call', countsReads: true };
    await trip();
    now += 30 * SECOND;
    await signIn('D', [all]);
    expect(await used('all')).toBe(2);
  });

  it('counts it still where the login after it was never sent', async () => {
    const all: Budget = { ...ledger, limit: 'all', counts: 'every-call', countsReads: true };
    await trip();
    now += 30 * SECOND;
    const acquired = await store.acquire('D', network, 'owner of D', 10_000, now);
    if (!acquired) throw new Error('D is held');
    const options = { ttlMs: 10_000, now, network, cost: 2, emergency: true, expiresAt: 0 };
    const reaching = { reaches: true, signIn: { ledger, proven: true, forced: false } };
    await store.note(acquired.lease, undefined, { ...options, ...reaching, budgets: [all] });
    expect(await used('all')).toBe(3);
    await settle(acquired.lease, { refunded: refundsOf([all], 1) });
    expect(await used('all')).toBe(1);
  });

  it('is told to each process in its own time, whichever clock began the pause', async () => {
    aheadMs = HOUR;
    await trip();
    expect(await renew('D')).toEqual({ outcome: 'down', until: now + HOUR + 28 * SECOND });
    aheadMs = 0;
    expect(await renew('D')).toEqual({ outcome: 'down', until: now + 28 * SECOND });
    now += 28 * SECOND;
    expect((await renew('D')).outcome).toBe('noted');
  });

  it('is not held open by a server whose clock is set back', async () => {
    await trip();
    now -= HOUR;
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: true });
  });

  it('never holds up a person who waits for the answer', async () => {
    await trip();
    expect((await attempt('D', { passesBreaker: true })).outcome).toBe('noted');
  });
});

describe('the breaker, where some accounts fail and others are answered', () => {
  const dying = (name: string): Promise<Noted> => attempt(name, { expiresAt: now + 20 * SECOND });
  it('lets a token that dies be renewed at once, after a harmless call of its own, which shows as well', async () => {
    await trip();
    expect(await dying('D')).toEqual({ outcome: 'noted', reachFirst: true });
    expect(await dying('A')).toMatchObject({ outcome: 'down' });
    expect(await renew('E')).toMatchObject({ outcome: 'down' });
  });

  it('takes nobody’s try for that', async () => {
    await trip();
    now += 28 * SECOND;
    await renew('E');
    expect(await dying('D')).toMatchObject({ outcome: 'noted' });
    await ends('D', { answered: 'down' });
    expect(await renew('F')).toMatchObject({ outcome: 'down' });
    await ends('E', { answered: 'down' });
    expect(await renew('F')).toEqual({ outcome: 'down', until: now + 28 * SECOND });
  });

  it('lets it go once: who got no answer waits with those that fail', async () => {
    await trip();
    await dying('D');
    await ends('D', { answered: 'down' });
    expect(await dying('D')).toMatchObject({ outcome: 'down' });
  });

  it('never lets a password go beside the one that tries without a harmless call', async () => {
    await trip();
    for (let tried = 0; tried < 12; tried++) {
      now += 28 * SECOND;
      await renew('A');
      await ends('A', { answered: 'down' });
    }
    const beside: Noted[] = [];
    for (const name of ['D', 'E', 'F']) {
      beside.push(
        await attempt(name, {
          expiresAt: now + 20 * SECOND,
          reaches: true,
          signIn: { ledger, proven: true, forced: false },
        }),
      );
      await ends(name, { answered: 'down', ramp: 'other' });
    }
    expect(beside).toEqual(Array<Noted>(3).fill({ outcome: 'noted', reachFirst: true }));
  });

  it('keeps the next try for one that never failed, where such a one waits', async () => {
    await trip();
    expect(await renew('D')).toMatchObject({ outcome: 'down' });
    now += 28 * SECOND;
    expect(await renew('A')).toEqual({ outcome: 'down', until: now + SECOND });
    expect((await renew('D')).outcome).toBe('noted');
    await ends('D', { answered: 'down' });
    now += 28 * SECOND;
    expect((await renew('A')).outcome).toBe('noted');
  });

  it('waits for that one no longer than a second', async () => {
    await trip();
    await renew('D');
    now += 29 * SECOND;
    expect((await renew('A')).outcome).toBe('noted');
  });
});

describe('a place on the ramp', () => {
  it('ends with its lease, though the clock of the process that died with it was ahead', async () => {
    aheadMs = HOUR;
    expect((await signIn('DEAD')).outcome).toBe('noted');
    aheadMs = 0;
    expect((await signIn('A')).outcome).toBe('ramped');
    now += 10 * SECOND + 1;
    expect((await signIn('A')).outcome).toBe('noted');
  });
});

describe('the wait of an account', () => {
  it('lasts as long as it was meant to, whichever clock wrote it down', async () => {
    aheadMs = HOUR;
    const record = { ...emptyRecord, failures: 1, retryAt: now + aheadMs + 15 * MINUTE };
    await ends('A', { record });
    aheadMs = 0;
    const read = async (): Promise<number> => {
      const acquired = await store.acquire('A', network, 'reader', 10_000, now + aheadMs);
      if (acquired) await store.release(acquired.lease);
      return (acquired?.record.retryAt ?? 0) - now - aheadMs;
    };
    expect(await read()).toBe(15 * MINUTE);
    now += 5 * MINUTE;
    expect(await read()).toBe(10 * MINUTE);
    aheadMs = -20 * MINUTE;
    expect(await read()).toBe(10 * MINUTE);
    // Nor is it an hour longer where the server's own clock is set back.
    aheadMs = 2 * HOUR;
    now -= HOUR;
    expect(await read()).toBe(15 * MINUTE);
    now += HOUR;
    // What is carried on is not put off.
    aheadMs = HOUR;
    await ends('A', { record });
    now += MINUTE;
    expect(await read()).toBe(9 * MINUTE);
  });
});
