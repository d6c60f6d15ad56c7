import { afterEach, describe, expect, test } from 'vitest';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { busiest, expectAllWell, HOUR_MS, MINUTE_MS, watchGaps } from './clockwork.ts';

/* Forty bridge logins on one network: what fits its limits, and what the person in the web app is left with. */

const names = Array.from({ length: 40 }, (_, i) => `USER_${String(i).padStart(2, '0')}`);
const entriesWith = (more: (i: number) => object) =>
  names.map((username, i) => ({ username, password: 'made-up', ...more(i) }));
/** Failed logins that the broker takes from a network within an hour before it asks for tickets. */
const BROKERS_LIMIT = 5;
const RENEWALS_AN_HOUR = 15;

let world: World;
afterEach(() => world.stop());

const saidOf = (body: unknown): string => JSON.stringify(body ?? '');
const penalties = (): number =>
  world.calls().filter(({ answer }) => saidOf(answer?.body).includes('p-ticket')).length;
const refusals = () => world.calls().filter(({ answer }) => saidOf(answer?.body).includes('"s":"error"'));
const of = (operation: string) => world.calls({ operation });

/** Sessions of a user that are ours, looked at each minute. */
async function watchSessions(forMs: number): Promise<{ readonly most: number; readonly bothShare: number }> {
  const counts: number[] = [];
  for (let spent = 0; spent < forMs; spent += MINUTE_MS) {
    await world.runFor(MINUTE_MS);
    for (const name of names) {
      const said = world.command('tradovate', 'sessions', name);
      if (typeof said === 'object' && said !== null && 'alive' in said) counts.push(Number(said.alive));
    }
  }
  return {
    most: Math.max(...counts),
    bothShare: counts.filter((alive) => alive >= 2).length / counts.length,
  };
}

describe('forty bridge logins on one network, for twelve hours', () => {
  test("without renewal: a login an hour each; of a user's two sessions ours take both 30 % of the time", async () => {
    world = await makeWorld({ entries: entriesWith(() => ({})), sweepEveryMs: 5 * MINUTE_MS });
    const gaps = watchGaps(world, names);
    const { most, bothShare } = await watchSessions(12 * HOUR_MS);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expect([penalties(), of('renew').length]).toEqual([0, 0]);
    expect(of('authorize').length / 12).toBeGreaterThan(38);
    expect(of('authorize').length / 12).toBeLessThan(42);
    expect(most).toBe(2);
    expect(bothShare).toBeGreaterThan(0.25);
    expect(bothShare).toBeLessThan(0.35);
    expectAllWell(world, names);
  });

  test('with renewal: twelve in any hour, a login for the others; both sessions ours for a sixth of the time', async () => {
    world = await makeWorld({ entries: entriesWith(() => ({ renew: true })), sweepEveryMs: 5 * MINUTE_MS });
    const gaps = watchGaps(world, names);
    const { most, bothShare } = await watchSessions(12 * HOUR_MS);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expect(penalties()).toBe(0);
    expect(busiest(of('renew'), HOUR_MS)).toBeLessThanOrEqual(RENEWALS_AN_HOUR);
    // Three of the fifteen are kept for tokens that are about to die.
    expect(busiest(of('renew'), HOUR_MS)).toBe(12);
    expect(of('renew').length / 12).toBeGreaterThan(10);
    expect(most).toBe(2);
    expect(bothShare).toBeLessThan(0.2);
    expectAllWell(world, names);
  });

  test('twelve with renewal fit: one session each, and the other one is always free for the person', async () => {
    const entries = entriesWith((i) => ({ renew: true, enabled: i < 12 }));
    world = await makeWorld({ entries, sweepEveryMs: 5 * MINUTE_MS });
    const { bothShare } = await watchSessions(12 * HOUR_MS);
    expect(bothShare).toBe(0);
    expect(of('authorize')).toHaveLength(12);
    expect(busiest(of('renew'), HOUR_MS)).toBeLessThanOrEqual(12);
    expectAllWell(world, names.slice(0, 12));
  });
});

describe('forty first logins where ten a minute are let through', () => {
  const limited = { tradovate: { 'limits.perMinute': 10 } };
  const openWith = async (more: Partial<WorldOptions>): Promise<void> => {
    world = await makeWorld({ entries: entriesWith(() => ({})), sweepEveryMs: 5 * MINUTE_MS, ...more });
  };

  test('with the setting at ten: four minutes, no call refused, and ever after no minute with more', async () => {
    await openWith({ switches: limited, settings: { TRADOVATE_LOGINS_PER_MINUTE: '10' } });
    const gaps = watchGaps(world, names);
    await world.runFor(4 * MINUTE_MS);
    expectAllWell(world, names);
    await world.runFor(3 * HOUR_MS);
    expect(world.calls().filter(({ status }) => status !== 200)).toEqual([]);
    expect(busiest(of('authorize'), MINUTE_MS)).toBe(10);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expectAllWell(world, names);
  });

  test('with the setting off, as it is by default: obeyed for an hour where it holds', async () => {
    await openWith({ switches: limited });
    await world.runFor(57 * MINUTE_MS);
    // Ten under way at most when the first was refused.
    expect(of('authorize').length).toBeLessThanOrEqual(20);
    expect(names.filter((name) => world.token(name) !== undefined)).toHaveLength(10);
  });

  test('with the setting off, where there is none: all forty in seconds', async () => {
    await openWith({});
    await world.runFor(15_000);
    expectAllWell(world, names);
  });
});

describe('thirteen wrong passwords among forty', () => {
  test('cost three refusals in any hour; the right ones get in as the ledger allows; people are told of each', async () => {
    const isWrong = (i: number): boolean => i % 3 === 1 && i < 39;
    const entries = entriesWith((i) => (isWrong(i) ? { password: 'made-up wrong' } : {}));
    const wrong = names.filter((_, i) => isWrong(i));
    const right = names.filter((_, i) => !isWrong(i));
    world = await makeWorld({ entries, sweepEveryMs: 5 * MINUTE_MS });
    const gaps = watchGaps(world, right);
    const servedAfter: number[] = [];
    for (let hour = 1; hour <= 6; hour++) {
      await world.runFor(HOUR_MS);
      servedAfter.push(right.filter((name) => world.token(name) !== undefined).length);
    }
    // Each wrong password went out once; two of the hour's five failures are never spent on the untried.
    expect(wrong).toHaveLength(13);
    expect(
      refusals()
        .map(({ username }) => username)
        .toSorted(),
    ).toEqual(wrong.toSorted());
    expect(busiest(refusals(), HOUR_MS)).toBe(BROKERS_LIMIT - 2);
    expect(penalties()).toBe(0);
    // Nobody who is in drops out again, and after five hours all are in.
    expect(right.flatMap((name) => gaps.of(name))).toEqual([]);
    expect(servedAfter.toSorted((a, b) => a - b)).toEqual(servedAfter);
    // How many get in before the third wrong one is the luck of their order, each hour anew.
    expect(servedAfter[0]).toBeGreaterThanOrEqual(1);
    expect(servedAfter[1]).toBeGreaterThanOrEqual(8);
    expect(servedAfter[4]).toBe(right.length);
    for (const name of wrong) {
      expect(world.state(name)).toMatchObject({ state: 'stopped', reason: 'bad_credentials' });
    }
    // One message names all thirteen; one said why the others waited, and is closed.
    expect(world.openIncidents().map(({ code, accounts }) => [code, accounts.toSorted()])).toEqual([
      ['bad_credentials', wrong.toSorted()],
    ]);
    expect(world.alerts.filter(({ code }) => code === 'budget_spent').map(({ what }) => what)).toEqual([
      'opened',
      'closed',
    ]);
  });
});
