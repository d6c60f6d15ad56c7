import type { Clock } from '../core/clock.ts';
import type { Freshness } from '../core/freshness.ts';
import { makeCount, type Census, type Counted } from './count.ts';

export interface CensusTaker {
  /** The newest one, taken now unless that would cost too much. Rejects where Redis is away. */
  latest(): Promise<Census>;
  /** Takes one every so often by itself, so that the objective is measured whoever scrapes, until `stop`. */
  stop(): Promise<void>;
}

export interface CensusParts {
  /** Every account as it stands, in batches. Rejects where Redis is away. */
  readonly read: () => AsyncIterable<readonly Counted[]>;
  /** True: the accounts themselves are kept as well. */
  readonly keepAccounts: boolean;
  /** So much time of a broker's accounts has passed since the last one. */
  readonly passed: (broker: string, kind: Freshness, seconds: number) => void;
  readonly clock: Clock;
  /** Time that is never set, ms. */
  readonly elapsed: () => number;
}

/** How often one is taken at least. */
const EVERY_MS = 15_000;
/** Counting takes at most one part in so many of the time: with very many accounts scrapes share one. */
const COST_SHARE = 20;
/** One that took no longer is taken for each scrape. */
const CHEAP_MS = 100;
/** More time than this is not counted at once: nobody knows what was in it (the machine slept). */
const MOST_MS = 60_000;

/** For how long a census that took so much time is good, ms. */
const restOf = (last: { readonly tookMs: number } | undefined): number =>
  last && last.tookMs > CHEAP_MS ? last.tookMs * COST_SHARE : 0;

export function startCensus(parts: CensusParts): CensusTaker {
  const { clock, elapsed } = parts;
  const stopping = new AbortController();
  let last: { readonly census: Census; readonly tookMs: number; readonly endedAt: number } | undefined;
  let running: Promise<Census> | undefined;
  let countedAt: number | undefined;

  /** While Redis is away nobody can read a token: what was good is lacking. */
  function pass({ brokers }: Census, isAway: boolean): void {
    const now = elapsed();
    const most = Math.max(MOST_MS, 2 * (restOf(last) + EVERY_MS));
    const seconds = Math.min(now - (countedAt ?? now), most) / 1000;
    countedAt = now;
    for (const [broker, { freshness }] of brokers) {
      for (const [kind, accounts] of freshness) {
        parts.passed(broker, isAway && kind === 'good' ? 'lacking' : kind, accounts * seconds);
      }
    }
  }

  async function take(): Promise<Census> {
    const startedAt = elapsed();
    const at = clock.now();
    const count = makeCount(at);
    const kept: Census['accounts'][number][] = [];
    try {
      for await (const batch of parts.read()) {
        if (stopping.signal.aborted) throw new Error('stopped');
        for (const account of batch) {
          const standsAt = count.add(account);
          if (parts.keepAccounts) kept.push({ ...account, standsAt });
        }
      }
    } catch (error) {
      if (last) pass(last.census, true);
      throw error;
    }
    const census = { at, brokers: count.result(), accounts: kept };
    last = { census, tookMs: elapsed() - startedAt, endedAt: elapsed() };
    pass(census, false);
    return census;
  }

  function latest(): Promise<Census> {
    if (running) return running;
    if (last && elapsed() - last.endedAt < restOf(last)) return Promise.resolve(last.census);
    running = take().finally(() => {
      running = undefined;
    });
    return running;
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await latest().catch(() => undefined);
      await clock.sleep(EVERY_MS, stopping.signal);
    }
  })();

  return {
    latest,
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
