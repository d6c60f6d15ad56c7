import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { bridge as bridgeLogin } from '../../support/rows/tradovate.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { busiest, HOUR_MS, MINUTE_MS, mostUnderWay, SECOND_MS } from './clockwork.ts';

/* A network may fail a handful of logins before a broker bars it: no more may go out at once before they are known to be good. */

const numbered = (prefix: string, count: number, entry: RawEntry): readonly RawEntry[] =>
  Array.from({ length: count }, (_, i) => ({ ...entry, username: `${prefix}_${i}` }));

const bridge = { broker: 'tradovate', ...bridgeLogin };

let world: World;
afterEach(() => world.stop());

const open = async (options: WorldOptions): Promise<void> => {
  world = await makeWorld({ sweepEveryMs: 5 * MINUTE_MS, ...options });
};
const logins = (operation: string, prefix = ''): readonly BrokerCall[] =>
  world.calls({ operation }).filter(({ username }) => username?.startsWith(prefix));
const haveTokens = (entries: readonly RawEntry[]): readonly string[] =>
  entries.map(({ username }) => String(username)).filter((name) => world.token(name) !== undefined);

describe('first logins go out together only as far as the network may fail them', () => {
  const wrong = { ...bridge, password: 'made-up wrong' };
  const slow = { latencyMs: [2_000, 4_000] } as const;
  const add = async (entries: readonly RawEntry[]): Promise<void> => {
    world.writeEntries([...world.entries(), ...entries]);
    await world.reload();
  };
  const refused = (): readonly BrokerCall[] =>
    world.calls().filter(({ answer }) => JSON.stringify(answer?.body ?? '').includes('"s":"error"'));

  test.each([
    ['a moment', 0],
    ['half an hour', 30 * MINUTE_MS],
  ])(
    'thirty-five wrong passwords %s after five good ones cost three refusals an hour',
    async (_, pauseMs) => {
      const good = numbered('GOOD', 5, bridge);
      await open({ entries: good, ...slow });
      await world.runUntil('five tokens', () => haveTokens(good).length === 5, MINUTE_MS);
      await world.runFor(pauseMs);
      await add(numbered('WRONG', 35, wrong));
      await world.runFor(2 * HOUR_MS);
      expect(busiest(refused(), HOUR_MS)).toBe(3);
      expect(mostUnderWay(logins('authorize', 'WRONG'))).toBeLessThanOrEqual(3);
      expect(haveTokens(good)).toHaveLength(5);
    },
  );

  test.each([
    { wrongOnes: 1, lost: 2 },
    { wrongOnes: 2, lost: 1 },
  ])(
    '$wrongOnes wrong passwords and $lost lost answers at a first start keep the others waiting a quarter of an hour, not an hour',
    async ({ wrongOnes, lost }) => {
      const good = numbered('GOOD', 30, bridge);
      await open({ entries: numbered('WRONG', wrongOnes, wrong) });
      await world.runUntil('each refused', () => refused().length === wrongOnes, 5 * MINUTE_MS);
      await world.runFor(10 * SECOND_MS);
      world.fault({ broker: 'tradovate', kind: 'drop-after', operation: 'authorize', times: lost });
      await add(good);
      await world.runFor(15 * MINUTE_MS);
      expect(haveTokens(good)).toHaveLength(30);
      expect(refused()).toHaveLength(wrongOnes);
    },
  );

  test('of a batch that works ten go at once, as soon as ten have worked', async () => {
    const good = numbered('GOOD', 60, bridge);
    await open({ entries: good, ...slow });
    await world.runUntil('every token', () => haveTokens(good).length === 60, 2 * MINUTE_MS);
    expect(mostUnderWay(logins('authorize'))).toBe(10);
    const tenthEnd =
      logins('authorize')
        .map(({ deliveredAt = 0 }) => deliveredAt)
        .toSorted((a, b) => a - b)[9] ?? 0;
    const before = logins('authorize').filter(({ startedAt }) => startedAt < tenthEnd);
    expect(mostUnderWay(before)).toBe(3);
    // Three more rows than without it.
    expect(world.now() - tenthEnd).toBeLessThan(25 * SECOND_MS);
  });

  test('of logins that are known to be good as many go as there are workers, and after a refusal fewer', async () => {
    const good = numbered('GOOD', 20, bridge);
    await open({ entries: good, ...slow });
    await world.runUntil('every token', () => haveTokens(good).length === 20, 2 * MINUTE_MS);
    const all = async (): Promise<readonly BrokerCall[]> => {
      const from = world.calls().length;
      for (const { username } of good) {
        world.timeline.after(0, async () => {
          await world.requestRefresh(String(username), false);
        });
      }
      await world.runFor(MINUTE_MS);
      return world
        .calls({ operation: 'authorize', after: from })
        .filter(({ username }) => username?.startsWith('GOOD'));
    };
    await world.runFor(5 * MINUTE_MS);
    expect(mostUnderWay(await all())).toBe(10);
    await add(numbered('WRONG', 1, wrong));
    await world.runUntil('the refusal', () => world.state('WRONG_0')['state'] === 'stopped', MINUTE_MS);
    const later = await all();
    expect(later).toHaveLength(20);
    expect(mostUnderWay(later)).toBe(3);
  });
});
