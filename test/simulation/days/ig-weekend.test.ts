import { afterEach, describe, expect, test } from 'vitest';
import type { Grant, RawEntry } from '../../../src/core/broker.ts';
import { makeWorld, type World } from '../world.ts';
import {
  busiest,
  expectAllWell,
  HOUR_MS,
  MINUTE_MS,
  mostUnderWay,
  SECOND_MS,
  watchGaps,
} from './clockwork.ts';

/* A desk at IG over the maintenance of a weekend, which ends all tokens at once, and on a day without. */

const login = (username: string, more: object = {}): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey: `key-demo-${username}`,
  ...more,
});
const numbered = (count: number, prefix: string, more: object = {}): readonly RawEntry[] =>
  Array.from({ length: count }, (_, i) => login(`${prefix}_${i}`, more));
const namesOf = (entries: readonly RawEntry[]): readonly string[] =>
  entries.map(({ username }) => String(username));

/** Friday, 6 February 2026, an hour before IG's weekend. */
const FRIDAY = Date.UTC(2026, 1, 6, 21);

let world: World;
afterEach(() => world.stop());

describe('a weekend maintenance that ends all tokens', () => {
  const pairs = numbered(4, 'pair', { session: 'v2' });
  const entries = [...numbered(12, 'oauth'), ...numbered(2, 'stream', { streaming: true }), ...pairs];
  const names = namesOf(entries);

  test.each([
    // Where a dead token is called dead, pairs are known to be dead at their next proof.
    ['errors of its own', 'errors'],
    // A page tells nothing of a token: they are found dead at the first proof after it.
    ['a page', 'page'],
  ])('answered by %s: logins spread, no password in doubt, all served soon after', async (_, answered) => {
    world = await makeWorld({
      entries,
      startAt: FRIDAY,
      switches: { ig: { maintenanceAnswer: answered } },
      sweepEveryMs: 5 * MINUTE_MS,
    });
    await world.runFor(10 * MINUTE_MS);
    expectAllWell(world, names);

    world.command('ig', 'maintenance', 'on');
    const began = world.calls().length;
    await world.runFor(HOUR_MS);
    const during = world.calls({ after: began });
    // Once it is known to be down one account asks for all, every 25 s, and a password goes out only where
    // a harmless call was answered. A proof that finds a pair dead is an answer: IG seems to be back, and three
    // logins show that it is not. All pairs may be proved within the same minute.
    const known = during.filter(({ startedAt }) => startedAt > FRIDAY + 15 * MINUTE_MS);
    expect(
      busiest(
        known.filter(({ operation }) => operation === 'login'),
        MINUTE_MS,
      ),
    ).toBeLessThanOrEqual(3 + 3 * pairs.length);
    expect(names.filter((name) => world.state(name)['state'] === 'stopped')).toEqual([]);

    world.command('ig', 'maintenance', 'off');
    const ended = world.calls().length;
    const isServed = (): boolean => names.every((name) => world.state(name)['state'] === 'fresh');
    await world.runUntil('all tokens', isServed, 2 * MINUTE_MS);
    await world.runFor(5 * MINUTE_MS);
    const after = world.calls({ after: ended, operation: 'login' });
    expect(after.filter(({ status }) => status !== 200)).toEqual([]);
    expect(after).toHaveLength(names.length);
    // WORKER_CONCURRENCY is ten; each login takes a tenth to four tenths of a second.
    expect(mostUnderWay(after)).toBeLessThanOrEqual(10);
    expectAllWell(world, names);
  });
});

describe('a day of pairs (v2)', () => {
  test('logs in each four and a half to five hours, proves each half hour, and serves both headers', async () => {
    const entries = numbered(3, 'pair', { session: 'v2' });
    const names = namesOf(entries);
    world = await makeWorld({ entries, startAt: FRIDAY, sweepEveryMs: 5 * MINUTE_MS });
    const gaps = watchGaps(world, names);
    await world.runFor(24 * HOUR_MS);
    for (const username of names) {
      const at = world.calls({ operation: 'login', username }).map(({ startedAt }) => startedAt);
      expect(at).toHaveLength(6);
      for (const [i, instant] of at.slice(1).entries()) {
        const apart = instant - (at[i] ?? 0);
        expect(apart).toBeGreaterThanOrEqual(4.5 * HOUR_MS - MINUTE_MS);
        expect(apart).toBeLessThanOrEqual(4.8 * HOUR_MS + MINUTE_MS);
      }
      expect(gaps.of(username)).toEqual([]);
      expect(JSON.parse(world.meta(username)['headers'] ?? '{}')).toMatchObject({
        CST: world.token(username),
        'X-SECURITY-TOKEN': expect.stringMatching(/./) as unknown,
      });
    }
    expectAllWell(world, names);
  });
});

describe('streaming tokens', () => {
  test.each(['yes', 'no'])(
    'are alive whenever a bot reads them (fetchedTokensOutliveAccess %s)',
    async (outlives) => {
      world = await makeWorld({
        entries: [login('stream', { streaming: true })],
        startAt: FRIDAY,
        switches: { ig: { fetchedTokensOutliveAccess: outlives } },
        sweepEveryMs: 5 * MINUTE_MS,
      });
      await world.runFor(10 * SECOND_MS);
      const seen = new Set<string>();
      for (let look = 0; look < 100; look++) {
        // At odd moments of the minute that an access token lives.
        await world.runFor(73 * SECOND_MS);
        const pair: unknown = JSON.parse(world.meta('stream')['streaming'] ?? '{}');
        expect(await proofOf(pair)).toBe('alive');
        seen.add(JSON.stringify(pair));
      }
      const fetched = world.calls({ operation: 'session-tokens' }).length;
      if (outlives === 'yes') expect([fetched, seen.size]).toEqual([2, 1]);
      else expect(fetched).toBeGreaterThan(100);
    },
  );

  /** As Lightstreamer asks IG: does this pair live? */
  async function proofOf(pair: unknown): Promise<string> {
    const fields =
      typeof pair === 'object' && pair !== null ? new Map(Object.entries(pair)) : new Map<string, unknown>();
    const account = world.replicas()[0]?.account('stream');
    const grant: Grant = {
      token: '',
      headers: {
        'X-IG-API-KEY': 'key-demo-stream',
        CST: String(fields.get('CST')),
        'X-SECURITY-TOKEN': String(fields.get('X-SECURITY-TOKEN')),
      },
      issuedAt: 0,
      expiresAt: 0,
      tokenType: '',
      baseUrl: 'http://brokers.simulated/ig/gateway/deal',
    };
    let said: string | undefined;
    account?.connection.probe?.(grant, { signal: new AbortController().signal }).then(
      (proof) => (said = proof),
      (error: unknown) => (said = String(error)),
    );
    await world.runUntil('an answer', () => said !== undefined, 5 * SECOND_MS);
    return said ?? '';
  }
});
