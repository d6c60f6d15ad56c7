import { beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/core/limits.ts';
import { emptyRecord, withdrawn, type Trouble } from '../../src/core/session.ts';
import type { Acquired, Commit, Network, Settlement, TokenStore } from '../../src/core/store.ts';
import { makeDueIndex } from '../../src/redis/due.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { directLink, makeClient } from './redis/client.ts';
import { makeRedisServer } from './redis/server.ts';

/* What the scripts make of clocks that stand wrong, of words of another version, and of writes that overtake each other. */

const START = 1_790_000_000_000;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
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
  paceMs: 60 * SECOND,
};

let now = START;
let redis: ReturnType<typeof makeClient>;
let store: TokenStore;
beforeEach(async () => {
  now = START;
  redis = makeClient(directLink((await makeRedisServer(() => now)).execute));
  store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
});

let owners = 0;
async function take(name: string, on: Network = network): Promise<Acquired> {
  const acquired = await store.acquire(name, on, `owner-${(owners += 1)}`, 10 * SECOND, now);
  if (!acquired) throw new Error(`${name} is held`);
  return acquired;
}

/** A token from a login, by a clock that is so far ahead. */
function commitOf({ lease }: Acquired, aheadMs = 0): Commit {
  const own = now + aheadMs;
  const { owner, proven, provenAt, proofDueAt, discovered, listedAt, retryAt, asked } = emptyRecord;
  return {
    session: {
      generation: lease.fence,
      grant: {
        token: `token-${lease.fence}`,
        headers: {},
        issuedAt: own,
        expiresAt: own + HOUR,
        tokenType: 'Bearer',
        baseUrl: 'http://127.0.0.1',
      },
      source: 'sign-in',
      identity: 'login',
      renewAt: own + HOUR / 2,
      renewalSpent: false,
    },
    publications: [{ name: lease.name, meta: { generation: String(lease.fence) } }],
    ttlCapMs: undefined,
    refused: [],
    claims: [],
    events: ['refreshed'],
    dueAt: own + HOUR / 2,
    paused: undefined,
    ramp: 'success',
    facts: { owner, proven, provenAt, proofDueAt, discovered, listedAt, retryAt, asked },
    answered: true,
    startedAt: own,
    ledger,
  };
}

const unanswered = (name: string): Settlement => ({
  record: emptyRecord,
  standing: { state: 'backing_off', reason: 'timeout' },
  names: [name],
  dueAt: now,
  event: undefined,
  ramp: 'other',
  charge: { ledger, as: 'unknown' },
});

describe('a network of which nobody answers', () => {
  /** How many logins of as many accounts go out in a minute, none of which is answered. */
  async function sentInAMinute(): Promise<number> {
    let sent = 0;
    for (let i = 0; i < 30; i++) {
      now += 2 * SECOND;
      const name = `LATER_${i}`;
      const { lease } = await take(name);
      const { outcome } = await store.note(lease, undefined, {
        ttlMs: 10 * SECOND,
        now,
        network,
        budgets: [],
        cost: 1,
        emergency: true,
        expiresAt: 0,
        signIn: { ledger, proven: true, forced: false },
      });
      if (outcome === 'noted') {
        sent += 1;
        await store.settle(lease, network, unanswered(name), now);
      } else await store.release(lease);
    }
    return sent;
  }

  it.each([0, 10 * SECOND, HOUR])('is paced also after a login that is dated %i ms ahead', async (ahead) => {
    const first = await take('FIRST');
    await store.settle(first.lease, network, unanswered('FIRST'), now);
    now += SECOND;
    const second = await take('SECOND');
    const commit = commitOf(second, ahead);
    expect((await store.commit(second.lease, network, commit, now + ahead)).outcome).toBe('committed');
    expect(await sentInAMinute()).toBe(3);
  });
});

describe('what another version wrote', () => {
  it('is an attempt, also where its kind is unknown: what it sent is not sent again', async () => {
    await store.release((await take('DESK')).lease);
    const attempt = { kind: 'some-new-kind', startedAt: now, by: 'a newer one', fingerprint: 'f' };
    await redis.hset('refresher:account:DESK', 'attempt', JSON.stringify(attempt));
    expect((await store.peek('DESK')).attempt).toMatchObject({ kind: 'renewal' });
  });

  it('hinders no token from being published, its lease from ending and its next look from being planned', async () => {
    await redis.hset('refresher:roster', 'DESK', '{}');
    await redis.set('refresher:day:DESK', `${Math.floor(now / (900 * SECOND))}.0.g.p`);
    const taken = await take('DESK');
    const commit = commitOf(taken);
    expect((await store.commit(taken.lease, network, commit, now)).outcome).toBe('committed');
    expect(await redis.get('token:DESK')).toBe(commit.session.grant.token);
    expect(await redis.exists('refresher:lease:DESK')).toBe(0);
    expect(Number(await redis.zscore('refresher:due:some-broker', 'DESK'))).toBe(commit.dueAt);
  });
});

it('a token that was withdrawn is not put back by who has looked at it before', async () => {
  const first = await take('DESK');
  const commit = commitOf(first);
  await store.commit(first.lease, network, commit, now);
  await redis.del('token:DESK');
  const second = await take('DESK');
  await store.settle(
    second.lease,
    network,
    {
      ...unanswered('DESK'),
      record: withdrawn(second.record, now),
      standing: { state: 'expired', reason: 'revoked' },
      withdraw: true,
    },
    now,
  );
  await store.restore('DESK', network, commit, now - 1);
  expect(await redis.exists('token:DESK')).toBe(0);
});

it('an account whose job was lost is due as soon as that is known, though a claim has pushed it ahead', async () => {
  const due = makeDueIndex(redis);
  await due.put('some-broker', ['DESK'], now);
  // Its process dies before the job is in the queue.
  expect((await due.claim('some-broker', now, 10)).names).toEqual(['DESK']);
  now += 15 * SECOND;
  // To the next process it seems to wait there.
  expect((await due.claim('some-broker', now, 10)).names).toEqual([]);
  now += SECOND;
  await due.unqueueLost('some-broker', now - 5 * SECOND, now);
  expect((await due.claim('some-broker', now, 10)).names).toEqual(['DESK']);
});

function goneQuiet(name: string): Settlement {
  const { charge: _, ...uncounted } = unanswered(name);
  return { ...uncounted, answered: 'down' };
}

describe('a sign-in that was overtaken', () => {
  const signingIn = { ledger, proven: true, forced: false };
  async function signIn({ lease }: Acquired, expiresAt = 0): Promise<string> {
    const how = { ttlMs: 10 * SECOND, now, network, budgets: [], cost: 1, emergency: true };
    return (await store.note(lease, undefined, { ...how, expiresAt, signIn: signingIn })).outcome;
  }
  /** Two leases on A, the first of which Redis forgot while its login was under way. */
  async function overtaken(): Promise<{ readonly late: Acquired; readonly present: Acquired }> {
    const late = await take('A');
    expect(await signIn(late)).toBe('noted');
    await redis.del('refresher:lease:A');
    const present = await take('A');
    expect(await signIn(present)).toBe('noted');
    return { late, present };
  }

  it('frees no place of the one that overtook it, whose own end frees it', async () => {
    const { late, present } = await overtaken();
    expect((await store.settle(late.lease, network, unanswered('A'), now)).settled).toBe(false);
    expect(await signIn(await take('B'))).toBe('ramped');
    await store.settle(present.lease, network, unanswered('A'), now);
    expect(await signIn(await take('B'))).toBe('noted');
  });

  it('frees its own place though its token comes too late to be stored', async () => {
    const late = await take('A');
    await signIn(late);
    await redis.del('refresher:lease:A');
    await take('A');
    expect((await store.commit(late.lease, network, commitOf(late), now)).outcome).toBe('stale');
    expect(await redis.zcard('refresher:ramp:some-broker:default:under-way')).toBe(0);
  });

  it('is told from those of an account whose name begins as its own', async () => {
    const { present } = await overtaken();
    await redis.set('refresher:ramp:some-broker:default', '2');
    const other = await take('A:1');
    expect(await signIn(other)).toBe('noted');
    await store.settle(present.lease, network, unanswered('A'), now);
    expect(await redis.zrange('refresher:ramp:some-broker:default:under-way', '0', '-1')).toEqual([
      `A:1:${other.lease.fence}`,
    ]);
  });

  it('takes the place that a version before it kept by the name alone', async () => {
    await redis.zadd('refresher:ramp:some-broker:default:under-way', String(now + 10 * SECOND), 'A');
    expect(await signIn(await take('B'))).toBe('ramped');
    expect(await signIn(await take('A'))).toBe('noted');
    expect(await redis.zcard('refresher:ramp:some-broker:default:under-way')).toBe(1);
  });

  it('says nothing for the one that sees whether the broker is there again', async () => {
    for (const name of ['X', 'Y', 'Z']) {
      const { lease } = await take(name);
      await store.settle(lease, network, goneQuiet(name), now);
    }
    now += 30 * SECOND;
    const { late, present } = await overtaken();
    await store.settle(late.lease, network, goneQuiet('A'), now);
    const probe = await redis.get('refresher:breaker:some-broker:default:probe');
    expect(probe).toBe(`A:${present.lease.fence}`);
  });

  it('wakes who waits by the end of its token, and dead ones by who came first', async () => {
    const first = await take('FIRST');
    expect(await signIn(first)).toBe('noted');
    const waiting: readonly (readonly [string, number])[] = [
      ['LATE', now + HOUR],
      ['SOON', now + 60 * SECOND],
      ['DEAD_B', 0],
      ['DEAD_A', now - SECOND],
    ];
    for (const [name, expiresAt] of waiting) {
      now += 10;
      await redis.zadd('refresher:due:some-broker', String(now + HOUR), name);
      expect(await signIn(await take(name), expiresAt)).toBe('ramped');
    }
    // Who asks again keeps its turn among the dead; who died meanwhile comes behind them.
    now += 10;
    expect(await signIn(await take('DEAD_B'), 0)).toBe('ramped');
    expect(await signIn(await take('LATE'), now)).toBe('ramped');
    const queue = 'refresher:ramp:some-broker:default:waiting';
    expect(await redis.zrange(queue, '0', '-1')).toEqual(['DEAD_B', 'DEAD_A', 'LATE', 'SOON']);

    await store.settle(first.lease, network, unanswered('FIRST'), now);
    const due = async (name: string): Promise<number> =>
      Number(await redis.zscore('refresher:due:some-broker', name));
    expect(await due('DEAD_B')).toBe(now);
    for (const name of ['DEAD_A', 'LATE', 'SOON']) expect(await due(name)).toBeGreaterThan(now);
  });
});

describe('a silence', () => {
  const ask = (ms: number) =>
    store.silence(network, { until: now + ms, code: 'rate_limited', scope: 'egress' }, now);
  const left = async (): Promise<number> => (await take('A')).silentUntil - now;

  it('is not cut off by a shorter one, and is lengthened by a longer one', async () => {
    await ask(HOUR);
    await ask(5 * SECOND);
    expect(await left()).toBe(HOUR);
    now += 11 * SECOND;
    await ask(2 * HOUR);
    expect(await left()).toBe(2 * HOUR);
  });
});

describe('the word on an API key', () => {
  const DAY = 24 * HOUR;
  const before: Network = { ...network, key: 'old' };
  const between: Network = { ...network, key: 'new', olderKeys: ['old'] };
  const after: Network = { ...network, key: 'new' };
  const why = (at: number): Trouble => ({ code: 'key_refused', kind: 'needs-human', message: 'No.', at });
  let looks = 0;
  const refused = async (on: Network): Promise<Trouble | undefined> =>
    (await take(`ON_KEY_${(looks += 1)}`, on)).refusedKey;

  it('that it is refused outlives the sealing key under which it was said, and lasts its week', async () => {
    await store.refuseKey(before, why(now));
    now += DAY;
    expect(await refused(between)).toEqual(why(START));
    expect(await refused(after)).toEqual(why(START));
    now += 6 * DAY;
    expect(await refused(after)).toBeUndefined();
  });

  it('that it works counts, whoever says so while the sealing keys change', async () => {
    await store.refuseKey(before, why(now));
    now += SECOND;
    expect(await refused(between)).toEqual(why(START));
    now += SECOND;
    await store.allowKey(before);
    expect(await store.keyWord(between)).toBe('works');
    expect([await refused(between), await refused(after)]).toEqual([undefined, undefined]);
    now += SECOND;
    await store.refuseKey(between, why(now));
    expect(await refused(before)).toEqual(why(now));
    await store.allowKey(between);
    expect(await refused(before)).toBeUndefined();
  });

  it('is brought back where there is none, for what is left of its week', async () => {
    now += 6 * DAY;
    expect(await store.restoreKey(between, why(START), now)).toEqual(why(START));
    expect(await refused(before)).toEqual(why(START));
    now += DAY;
    expect(await refused(between)).toBeUndefined();
    expect(await store.restoreKey(between, why(START), now)).toBeUndefined();
    await store.allowKey(before);
    // By a clock that is an hour behind, too.
    expect(await store.restoreKey(between, why(now), now - HOUR)).toBeUndefined();
    expect(await refused(between)).toBeUndefined();
  });
});
