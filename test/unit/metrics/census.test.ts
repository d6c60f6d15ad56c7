import { describe, expect, it } from 'vitest';
import { startCensus, type CensusTaker } from '../../../src/metrics/census.ts';
import type { Counted } from '../../../src/metrics/count.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';

/** What the census taker finds, and what it has done. */
interface Scene {
  readonly clock: FakeClock;
  /** Account-seconds so far, by kind. */
  readonly seconds: Record<string, number>;
  /** How many censuses were begun. */
  taken: number;
  /** How long one takes, ms. */
  tookMs: number;
  isAway: boolean;
  /** Accounts with a live token, and without. */
  live: number;
  dead: number;
  /** Time that passes while nothing runs, ms. */
  slept: number;
}

function bench(
  changes: Partial<Pick<Scene, 'tookMs' | 'isAway'>> = {},
): Scene & { readonly taker: CensusTaker } {
  const clock = fakeClock();
  const account = (isLive: boolean): Counted => ({
    name: 'a',
    broker: 'alpha',
    enabled: true,
    person: false,
    underWay: false,
    state: isLive ? 'fresh' : 'backing_off',
    expiresAt: isLive ? clock.now() + 3_600_000 : undefined,
    renewAt: undefined,
    dueAt: clock.now(),
    isThere: true,
  });
  async function* read(): AsyncGenerator<readonly Counted[]> {
    made.taken += 1;
    if (made.tookMs > 0) await clock.sleep(made.tookMs);
    if (made.isAway) throw new Error('Redis is away');
    yield Array.from({ length: made.live }, () => account(true));
    yield Array.from({ length: made.dead }, () => account(false));
  }
  const made: Scene = {
    clock,
    seconds: {},
    taken: 0,
    tookMs: 0,
    isAway: false,
    live: 3,
    dead: 1,
    slept: 0,
    ...changes,
  };
  const taker = startCensus({
    read,
    keepAccounts: false,
    passed: (_, kind, seconds) => {
      made.seconds[kind] = (made.seconds[kind] ?? 0) + seconds;
    },
    clock,
    elapsed: () => clock.now() + made.slept,
  });
  return Object.assign(made, { taker });
}

describe('the census taker', () => {
  it('measures the time of all accounts by itself, whoever scrapes', async () => {
    const b = bench();
    await b.clock.advance(60_000);
    expect(b.seconds).toMatchObject({ good: 180, lacking: 60 });
  });

  it('counts no moment twice, however often it is asked', async () => {
    const b = bench();
    for (let second = 0; second < 60; second += 1) {
      await b.clock.advance(1_000);
      await b.taker.latest();
    }
    expect(b.seconds).toMatchObject({ good: 180, lacking: 60 });
  });

  it('takes a new one for each scrape where that is cheap', async () => {
    const b = bench();
    await b.clock.asleep();
    b.live = 0;
    expect((await b.taker.latest()).brokers.get('alpha')?.firstEnd).toBe(0);
    expect(b.taken).toBe(2);
  });

  it('spends a twentieth of the time where it is dear: scrapes share one', async () => {
    const b = bench({ tookMs: 5_000 });
    for (let second = 0; second < 300; second += 1) {
      void b.taker.latest().catch(() => undefined);
      await b.clock.advance(1_000);
    }
    expect(b.taken).toBeLessThanOrEqual(3);
    // And yet no time is left out: up to the end of the last one all of it is counted.
    expect(b.seconds['good']).toBeGreaterThan(3 * 200);
  });

  it('takes one at a time', async () => {
    const b = bench({ tookMs: 50 });
    const both = Promise.all([b.taker.latest(), b.taker.latest()]);
    await b.clock.advance(50);
    expect((await both)[0]).toBe((await both)[1]);
    expect(b.taken).toBe(1);
  });

  it('counts what was good as lacking while Redis is away: nobody can read it', async () => {
    const b = bench();
    await b.clock.advance(30_000);
    b.isAway = true;
    await b.clock.advance(30_000);
    expect(b.seconds).toMatchObject({ good: 90, lacking: 30 + 120 });
    await expect(b.taker.latest()).rejects.toThrow('Redis is away');
  });

  it('does not count the time in which the machine slept', async () => {
    const b = bench();
    await b.clock.advance(15_000);
    b.slept = 8 * 3_600_000;
    await b.clock.advance(15_000);
    expect(b.seconds).toMatchObject({ good: 3 * (15 + 60) });
  });

  it('stops, also in the midst of one', async () => {
    const b = bench({ tookMs: 1_000 });
    const stopped = b.taker.stop();
    await b.clock.advance(1_000);
    await stopped;
    await b.clock.advance(60_000);
    expect(b.taken).toBe(1);
  });
});
