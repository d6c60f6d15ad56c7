import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PROOF_GAP_MS, REPLACEMENT_GAP_MS, REPORT_REST_MS } from '../../src/core/reports.ts';
import type { Settlement, TokenStore } from '../../src/core/store.ts';
import { keys } from '../../src/redis/keys.ts';
import { noteReport, type Said } from '../../src/redis/note-report.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const NOW = 1_790_000_000_000;
const network = { broker: 'some-broker', egress: 'default' };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const record = keys.record('DESK');

describe('a report that is noted', () => {
  let server: TestRedis;
  let redis: Redis;
  let store: TokenStore;
  beforeAll(async () => {
    server = await startRedis();
    redis = server.client();
    store = makeStore(redis, makeSeal([Buffer.alloc(32, 1)]), log);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.del(record, keys.due('some-broker'), keys.roster, 'state:DESK', keys.lease('DESK'));
    await redis.hset(keys.roster, 'DESK', '{}');
    await redis.hset(record, { generation: 7, expiresAt: NOW + 3_600_000, proofDueAt: NOW + 1_800_000 });
    await redis.zadd(keys.due('some-broker'), NOW + 1_000_000, 'DESK');
  });

  const say = async (now: number, generation = 7, changes: Partial<Said> = {}): Promise<string> =>
    (
      await noteReport(
        redis,
        {
          login: 'DESK',
          broker: 'some-broker',
          generations: [generation],
          present: false,
          probed: true,
          gapMs: PROOF_GAP_MS,
          ...changes,
        },
        now,
      )
    ).outcome;
  const dueAt = async (): Promise<number> => Number(await redis.zscore(keys.due('some-broker'), 'DESK'));
  const field = async (name: string): Promise<string | null> => redis.hget(record, name);

  it('makes the proof and the look due now, once', async () => {
    expect(await say(NOW)).toBe('noted');
    expect([await dueAt(), await field('proofDueAt')]).toEqual([NOW, String(NOW)]);
    // A broker that does not answer has its own patience, which no report shortens.
    await redis.hset(record, 'proofDueAt', NOW + 300_000);
    await redis.zadd(keys.due('some-broker'), NOW + 300_000, 'DESK');
    expect(await say(NOW + 2 * REPORT_REST_MS)).toBe('again');
    expect([await dueAt(), await field('proofDueAt')]).toEqual([NOW + 300_000, String(NOW + 300_000)]);
  });

  it('is answered from the last proof for a minute, and proved anew after it', async () => {
    await say(NOW);
    await redis.hset(record, { provenAt: NOW, proofDueAt: 0 });
    expect(await say(NOW + REPORT_REST_MS - 1)).toBe('confirmed');
    expect(await field('proofDueAt')).toBe('0');
    expect(await say(NOW + REPORT_REST_MS)).toBe('noted');
  });

  it('of each newer generation keeps its distance to the one before', async () => {
    await say(NOW);
    await redis.hset(record, { generation: 8, provenAt: NOW, proofDueAt: 0 });
    expect(await say(NOW + 1_000, 7)).toBe('outdated');
    expect(await say(NOW + 1_000, 8)).toBe('noted');
    expect(await field('reported')).toBe(JSON.stringify({ generation: 8, at: NOW + PROOF_GAP_MS }));
    // A third one before that moment waits for it, too, and no longer.
    await redis.hset(record, { generation: 9 });
    expect(await say(NOW + 2_000, 9)).toBe('noted');
    expect(await field('reported')).toBe(JSON.stringify({ generation: 9, at: NOW + PROOF_GAP_MS }));
  });

  it('where nothing proves a token replaces one generation once, and the next after five minutes', async () => {
    const bare = { probed: false, gapMs: REPLACEMENT_GAP_MS };
    expect(await say(NOW, 7, bare)).toBe('noted');
    expect(await field('proofDueAt')).toBe(String(NOW + 1_800_000));
    expect(await say(NOW + 10 * REPORT_REST_MS, 7, bare)).toBe('again');
    let replaced = 0;
    // A bot that is wrong about each new generation, every ten seconds for an hour.
    for (let at = NOW + 10_000, generation = 7; at < NOW + 3_600_000 - 1; at += 10_000) {
      const reported: unknown = JSON.parse((await field('reported')) ?? '{}');
      const { at: actsAt = 0 } = reported as { at?: number };
      const isPresent = (reported as { generation?: number }).generation === generation;
      if (isPresent && actsAt <= at) {
        generation += 1;
        replaced += 1;
        await redis.hset(record, 'generation', generation);
      }
      await say(at, generation, bare);
    }
    expect(replaced).toBeGreaterThan(9);
    expect(replaced).toBeLessThanOrEqual(12);
  });

  it('after a token that was dead indeed waits five minutes', async () => {
    await say(NOW);
    const acquired = await store.acquire('DESK', network, 'process', 10_000, NOW);
    if (!acquired) throw new Error('the account is held');
    await store.settle(acquired.lease, network, { ...settlement(acquired.record), withdraw: true }, NOW);
    await redis.hset(record, { generation: 8, expiresAt: NOW + 3_600_000, proofDueAt: 0 });
    expect(await say(NOW + PROOF_GAP_MS, 8)).toBe('noted');
    expect(await field('reported')).toBe(JSON.stringify({ generation: 8, at: NOW + REPLACEMENT_GAP_MS }));
  });

  it('while somebody is at the account is seen by the next look, at once', async () => {
    const acquired = await store.acquire('DESK', network, 'process', 10_000, NOW);
    if (!acquired) throw new Error('the account is held');
    expect(await say(NOW)).toBe('noted');
    await store.settle(acquired.lease, network, settlement(acquired.record), NOW);
    expect([await dueAt(), await field('proofDueAt')]).toEqual([NOW, String(NOW)]);
    // The look that knows of it decides when the next one is.
    const next = await store.acquire('DESK', network, 'process', 10_000, NOW);
    if (!next) throw new Error('the account is held');
    await store.settle(next.lease, network, settlement({ ...next.record, proofDueAt: NOW + 5_000 }), NOW);
    expect([await dueAt(), await field('proofDueAt')]).toEqual([NOW + 900_000, String(NOW + 5_000)]);
  });

  it.each([
    ['no such account', 'unknown', () => redis.del(keys.roster)],
    ['a pause', 'resting', () => redis.hset('state:DESK', 'state', 'paused')],
    ['a stop', 'resting', () => redis.hset('state:DESK', 'state', 'stopped')],
    ['an end', 'no_token', () => redis.hset(record, 'expiresAt', NOW)],
    ['a withdrawal', 'no_token', () => redis.hset(record, 'withdrawn', '1')],
    ['a grant that waits for its proof', 'waiting', () => redis.hset(record, 'pending', 'sealed')],
    ['no record', 'outdated', () => redis.del(record)],
  ] as const)('meets %s and changes nothing', async (_, outcome, prepare) => {
    await prepare();
    expect(await say(NOW)).toBe(outcome);
    expect(await field('reported')).toBeNull();
    expect(await dueAt()).toBe(NOW + 1_000_000);
  });

  it('waits out what the broker asked of the account', async () => {
    const trouble = JSON.stringify({ code: 'penalty', kind: 'throttled', message: '', at: NOW });
    await redis.hset(record, { trouble, retryAt: NOW + 30_000 });
    await say(NOW);
    expect(await field('proofDueAt')).toBe(String(NOW + 30_000));
  });

  it('by a name that knows no generation means the one that is out', async () => {
    expect(await say(NOW, 0)).toBe('outdated');
    expect(await say(NOW, 0, { present: true })).toBe('noted');
  });

  it('does not wait for a report from a clock that was far ahead', async () => {
    await redis.hset(record, 'reported', JSON.stringify({ generation: 6, at: NOW + 86_400_000 }));
    await say(NOW);
    expect(await field('reported')).toBe(JSON.stringify({ generation: 7, at: NOW }));
  });
});

const settlement = (after: Settlement['record']): Settlement => ({
  record: after,
  standing: { state: 'fresh', reason: '' },
  names: [],
  dueAt: NOW + 900_000,
  event: undefined,
  ramp: undefined,
});
