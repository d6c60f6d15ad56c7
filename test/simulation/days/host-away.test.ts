import { afterEach, describe, expect, it } from 'vitest';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, SECOND_MS, watchGaps } from './clockwork.ts';

/* A host that fails for all, or for any by chance: how many passwords that costs, and how long a token is missing. */

let world: World;
afterEach(() => world.stop());

const atIg = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    broker: 'ig',
    username: `IG_${i}`,
    password: `made-up-pass-${i}`,
    apiKey: `made-up-key-${i}`,
  }));

/** Calls since an instant in which a password went out. */
const passwords = (since: number): number =>
  world
    .calls()
    .filter(({ startedAt, request }) => startedAt >= since && request.body.includes('made-up-pass')).length;

describe('a host that fails for a while', () => {
  it.each([
    { what: 'is told 503', kind: 'status', status: 503, most: 5 },
    { what: 'gets no answer', kind: 'stall', most: 12 },
  ] as const)(
    'costs forty IG accounts few logins where each $what for 45 s: a harmless call comes before a renewal',
    async ({ most, what: _, ...fault }) => {
      world = await makeWorld({ entries: atIg(40) });
      await world.runFor(8 * MINUTE_MS);
      const since = world.now();
      const rule = world.fault({ broker: 'ig', ...fault });
      await world.runFor(45 * SECOND_MS);
      rule.remove();
      await world.runFor(10 * MINUTE_MS);
      expect(passwords(since)).toBeLessThanOrEqual(most);
      expect(atIg(40).filter(({ username }) => world.token(username) === undefined)).toEqual([]);
    },
    120_000,
  );

  it.each([
    // Five before it is known to be away, one after five minutes, then one an hour.
    { what: '503', kind: 'status', status: 503 },
    { what: 'a page with 200', kind: 'html', status: 200 },
    { what: "a firewall's page with 403", kind: 'html', status: 403 },
  ] as const)(
    'is sent few passwords where logins come a minute apart anyway: $what',
    async ({ what: _, ...fault }) => {
      const entries = Array.from({ length: 20 }, (_, i) => ({
        username: `TV_${i}`,
        password: `made-up-pass-${i}`,
      }));
      world = await makeWorld({ entries });
      await world.runFor(30 * MINUTE_MS);
      const since = world.now();
      world.fault({ broker: 'tradovate', ...fault });
      await world.runFor(100 * MINUTE_MS);
      expect(passwords(since)).toBeLessThanOrEqual(7);
      expect(world.calls().length).toBeGreaterThan(100);
    },
    120_000,
  );

  it('and then answers four of five calls costs nobody a second', async () => {
    const entries = atIg(30);
    world = await makeWorld({ entries });
    const names = entries.map(({ username }) => username);
    const gaps = watchGaps(world, names);
    await world.runFor(8 * MINUTE_MS);
    world.fault({ broker: 'ig', kind: 'status', status: 503, share: 0.2 });
    await world.runFor(10 * MINUTE_MS);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
  }, 120_000);
});

describe('an account that failed once with others', () => {
  it('does not wait behind those that fail on', async () => {
    const entries = atIg(8);
    world = await makeWorld({ entries });
    const gaps = watchGaps(world, ['IG_3']);
    await world.runFor(5 * MINUTE_MS);
    let failing = ['key-0', 'key-1', 'key-2'];
    const isFailing = (key = ''): boolean => failing.some((each) => key.endsWith(each));
    world.fault({
      broker: 'ig',
      kind: 'status',
      status: 503,
      only: ({ headers }) => isFailing(headers['x-ig-api-key']),
    });
    await world.runFor(5 * MINUTE_MS);
    failing = [...failing, 'key-3'];
    await world.runFor(75 * SECOND_MS);
    failing = failing.slice(0, 3);
    const over = world.now();
    await world.runFor(30 * MINUTE_MS);
    const lacked = gaps.of('IG_3').filter(({ until }) => until > over);
    // It has to sign in, as the others try to: one of the four every 28 s.
    expect(Math.max(0, ...lacked.map(({ until }) => until - over))).toBeLessThanOrEqual(4 * 28 * SECOND_MS);
  }, 120_000);
});
