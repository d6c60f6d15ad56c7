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
let dueOf: (...names: string[]) => Promise<readonly number[]>;
beforeEach(async () => {
  now = START;
  aheadMs = 0;
  const redis = makeClient(directLink((await makeRedisServer(() => now)).execute));
  store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
  await redis.hset('refresher:roster', ...['D', 'E', 'X'].flatMap((name) => [name, '{}']));
  dueOf = async (...names) =>
    Promise.all(names.map(async (name) => Number(await redis.zscore('refresher:due:some-broker', name))));
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
/** Before which a harmless call goes. */
const harmless = (name: string): Promise<Noted> => attempt(name, { reaches: true });
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
/** Opens, and the first try shows that the broker is away. */
const tripFor = async (name: string): Promise<void> => {
  await trip();
  await renew(name);
  await ends(name, { answered: 'down' });
};
/** Lets each look when it was told to, for so many seconds; who went, and when. What goes out gets no answer. */
async function play(
  names: readonly string[],
  seconds: number,
  call: (name: string) => Promise<Noted>,
  fail: (name: string) => Promise<void>,
): Promise<readonly { readonly name: string; readonly at: number }[]> {
  const went: { name: string; at: number }[] = [];
  const lookAt = new Map<string, number>();
  for (let tick = 0; tick < 4 * seconds; tick++, now += SECOND / 4) {
    for (const name of names) {
      if ((lookAt.get(name) ?? 0) > now) continue;
      const noted = await call(name);
      if (noted.outcome === 'down') {
        lookAt.set(name, noted.until);
        await ends(name, { standing: { state: 'expired', reason: 'broker_down' } });
        continue;
      }
      went.push({ name, at: now });
      await fail(name);
    }
  }
  return went;
}
/** One that no failure of this file spends. */
const freely: Ledger = { ...ledger, max: 1_000, routine: 1_000 };

describe('the breaker of a broker', () => {
  it('opens when three accounts got no answer within four minutes', async () => {
    for (const name of ['A', 'B', 'A']) await ends(name, { answered: 'down' });
    expect((await renew('D')).outcome).toBe('noted');
    await ends('C', { answered: 'down' });
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: true });
    await ends('D', { answered: 'down' });
    const until = now + 8 * SECOND;
    expect(await renew('E')).toEqual({ outcome: 'down', until });
    const acquired = await store.acquire('E', network, 'owner', 10_000, now);
    expect(acquired?.downUntil).toBe(until);
  });

  it('lets nobody but one by a harmless call see at once whether it is away', async () => {
    await trip();
    expect(await attempt('D', { signIn: { ledger, proven: true, forced: false } })).toEqual({
      outcome: 'down',
      until: now + 28 * SECOND,
    });
  });

  it('stays closed for failures that are further apart', async () => {
    for (const name of ['A', 'B', 'C']) {
      await ends(name, { answered: 'down' });
      now += 121 * SECOND;
    }
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: false });
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
    expect(await renew('D')).toEqual({ outcome: 'noted', reachFirst: true });
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
    now += 3 * SECOND;
    await ends('D', { answered: 'down' });
    expect(await renew('E')).toEqual({ outcome: 'down', until: now + 5 * SECOND });
    now += 5 * SECOND;
    expect((await renew('E')).outcome).toBe('noted');
  });

  it('lets a login through after five minutes, then later and later, whatever the harmless call is answered', async () => {
    await trip();
    const reachesFirst: boolean[] = [];
    for (let i = 0; i < 252; i++) {
      now += 29 * SECOND;
      const noted = await signIn('D');
      reachesFirst.push(noted.outcome === 'noted' && noted.reachFirst);
      now += SECOND;
      await ends('D', { answered: 'down', ramp: 'other' });
    }
    expect(reachesFirst.flatMap((first, i) => (first ? [] : [i]))).toEqual([10, 30, 70, 150]);
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
    await renew('E');
    await ends('E', { answered: 'down' });
    expect(await renew('D')).toEqual({ outcome: 'down', until: now + HOUR + 8 * SECOND });
    aheadMs = 0;
    expect(await renew('D')).toEqual({ outcome: 'down', until: now + 8 * SECOND });
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
    expect(await renew('F')).toEqual({ outcome: 'down', until: now + 8 * SECOND });
  });

  it('nor ends the one that is under way', async () => {
    await trip();
    for (let i = 0; i < 10; i++)
      await ends(`W${i}`, { standing: { state: 'expired', reason: 'broker_down' } });
    now += 30 * SECOND;
    await renew('E');
    await dying('D');
    await ends('D', { answered: 'down' });
    // The next try would be due after five seconds; this one has ten for its answer.
    now += 6 * SECOND;
    expect(await renew('F')).toMatchObject({ outcome: 'down' });
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

  /** Turned away, as whoever looks meanwhile. */
  const waits = (name: string): Promise<void> =>
    ends(name, { standing: { state: 'expired', reason: 'broker_down' } });

  it('gives the next try to whoever tried longest ago, and first to one that never failed', async () => {
    await tripFor('X');
    now += SECOND;
    const order = await play(['A', 'B', 'X', 'D'], 80, renew, async (name) =>
      ends(name, { answered: 'down', standing: { state: 'expired', reason: 'broker_down' } }),
    );
    expect(order.map(({ name }) => name).slice(0, 6)).toEqual(['D', 'A', 'B', 'X', 'D', 'A']);
  });

  it('is no freer to the last of a hundred that wait', async () => {
    await tripFor('X');
    for (let i = 0; i < 100; i++) await waits(`W${i}`);
    await waits('X');
    now += 9 * SECOND;
    expect(await renew('X')).toMatchObject({ outcome: 'down' });
    expect((await renew('W0')).outcome).toBe('noted');
  });

  it('waits for that one no longer than a second, and not again the next time', async () => {
    await tripFor('X');
    await waits('D');
    now += 8 * SECOND;
    expect(await renew('A')).toEqual({ outcome: 'down', until: now + SECOND });
    now += SECOND;
    expect((await renew('A')).outcome).toBe('noted');
    await ends('A', { answered: 'down' });
    now += 8 * SECOND;
    expect((await renew('B')).outcome).toBe('noted');
  });

  it.each([
    ['in the first ten minutes', 0, [8, 8, 5]],
    ['later', 11 * MINUTE, [28, 10, 10]],
  ] as const)(
    'tries by harmless calls so often that each who waits has its turn in half a minute, %s',
    async (_, laterMs, expected) => {
      const paces: number[] = [];
      for (const many of [1, 3, 20]) {
        await trip();
        for (let at = 0; at < laterMs; at += MINUTE) {
          now += MINUTE;
          await ends('A', { answered: 'down' });
        }
        for (let i = 0; i < many; i++) await waits(`W${i}`);
        now += 30 * SECOND;
        expect(await harmless('W0')).toMatchObject({ outcome: 'noted', reachFirst: true });
        await ends('W0', { answered: 'down' });
        const until = (await store.acquire('W1', network, 'owner', 1, now))?.downUntil ?? 0;
        paces.push((until - now) / SECOND);
        now += HOUR;
        await ends('W0', { answered: 'up' });
      }
      expect(paces).toEqual(expected);
    },
  );

  it('is looked at at once by those that wait, as soon as anybody is answered', async () => {
    await trip();
    for (const name of ['D', 'E']) {
      await ends(name, { standing: { state: 'expired', reason: 'broker_down' }, dueAt: now + 20 * SECOND });
    }
    await ends('X', { answered: 'up' });
    expect(await dueOf('D', 'E')).toEqual([now, now]);
  });

  it('closes where only the harmless call was answered, and not what came after it', async () => {
    await trip();
    now += 30 * SECOND;
    await signIn('D');
    await ends('D', { answered: 'down', reached: true, ramp: 'other', signIn: 'sent' });
    expect(await renew('E')).toEqual({ outcome: 'noted', reachFirst: false });
  });

  it('is not held by a try that a server whose clock is set back keeps for an hour', async () => {
    await trip();
    now += 30 * SECOND;
    await renew('D');
    now -= HOUR;
    expect(await renew('E')).toMatchObject({ outcome: 'noted' });
  });
});

describe('sign-ins that nobody answers, where all else is answered', () => {
  const login = (name: string): Promise<Noted> =>
    attempt(name, { reaches: true, signIn: { ledger: freely, proven: true, forced: false } });
  const fails = (name: string): Promise<void> =>
    ends(name, { answered: 'down', ramp: 'other', signIn: 'sent' });
  /** Three fail, and others are answered all the time. */
  const tripSignIns = async (): Promise<void> => {
    for (const name of ['A', 'B', 'C']) {
      await login(name);
      await fails(name);
      await ends('HEALTHY', { answered: 'up' });
    }
  };

  it('hold back sign-ins, and nothing else', async () => {
    await tripSignIns();
    expect(await login('D')).toEqual({ outcome: 'noted', reachFirst: false });
    expect((await login('E')).outcome).toBe('down');
    expect(await renew('F')).toEqual({ outcome: 'noted', reachFirst: false });
  });

  it('go one at a time: each once, five seconds apart, then every 28 s', async () => {
    await tripSignIns();
    now += SECOND;
    const went = await play(['D', 'E', 'F', 'A'], 120, login, fails);
    expect(went.map(({ name }) => name)).toEqual(['D', 'E', 'F', 'A', 'D', 'E']);
    expect(went.slice(1).map(({ at }, i) => (at - (went[i]?.at ?? 0)) / SECOND)).toEqual([5, 5, 28, 28, 28]);
  });

  it('go freely again as soon as one is answered, and not for an answer to anything else', async () => {
    await tripSignIns();
    await login('D');
    await ends('HEALTHY', { answered: 'up' });
    expect((await login('E')).outcome).toBe('down');
    await ends('D', { answered: 'up', ramp: 'success', signIn: 'sent' });
    expect((await login('E')).outcome).toBe('noted');
    expect((await login('F')).outcome).toBe('noted');
  });

  it('wait for no try that ended before the password went out', async () => {
    await tripSignIns();
    await login('D');
    await ends('D', { ramp: 'other', signIn: 'unsent' });
    expect((await login('E')).outcome).toBe('noted');
  });

  it('never hold back what a person allows', async () => {
    await tripSignIns();
    await login('D');
    await fails('D');
    expect((await login('E')).outcome).toBe('down');
    const asked = { signIn: { ledger: freely, proven: true, forced: true } };
    expect((await attempt('E', asked)).outcome).toBe('noted');
  });
});

describe('a place on the ramp', () => {
  it('is one of one again after an outage', async () => {
    const many = async (): Promise<number> => {
      const names = Array.from({ length: 12 }, (_, i) => `R${i}`);
      const noted: string[] = [];
      for (const name of names) {
        const said = await attempt(name, { signIn: { ledger: freely, proven: true, forced: false } });
        if (said.outcome === 'noted') noted.push(name);
      }
      for (const name of noted) await ends(name, { ramp: 'other' });
      return noted.length;
    };
    for (let i = 0; i < 6; i++) {
      await attempt('A', { signIn: { ledger: freely, proven: true, forced: false } });
      await ends('A', { answered: 'up', ramp: 'success', signIn: 'sent' });
    }
    expect(await many()).toBe(12);
    await trip();
    await ends('X', { answered: 'up' });
    expect(await many()).toBe(1);
  });

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
