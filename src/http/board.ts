import type { Clock } from '../core/clock.ts';
import type { Plan } from '../core/plan.ts';
import type { SilenceStatus } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';
import type { Desk, Readiness } from './desk.ts';
import { readinessOf } from './health.ts';

/** All accounts as they were at one moment. */
export interface Picture {
  /** Grows with every picture of this process. */
  readonly version: number;
  readonly accounts: readonly AccountStatus[];
  readonly readiness: Readiness;
  readonly silences: readonly SilenceStatus[];
  /** Undefined where it could not be made; a little older than the rest. */
  readonly plan: Plan | undefined;
  /** Ms since the epoch. */
  readonly now: number;
}

/** What the streams of the page are drawn from: one picture for all of them, and none while nobody looks. */
export interface Board {
  /** A picture of now. Rejects where Redis does. */
  take(): Promise<Picture>;
  /**
   * Waits for a picture that is newer than this version; undefined once `signal` aborts. Rejects where none can be
   * had. Somebody waits: the board is kept up to date.
   */
  newer(version: number, signal: AbortSignal): Promise<Picture | undefined>;
}

/** Without a word of news the accounts are read so often: what time alone changes is told by nobody. */
const LOOK_EVERY_MS = 5_000;
/** News come in bursts: at most one picture in this time. */
const AT_MOST_EVERY_MS = 1_000;
const PLAN_HOURS = 24;
const PLAN_EVERY_MS = 30_000;
/** Of more accounts than this at once, all are read anew. */
const FEW = 50;

export function makeBoard(desk: Desk, clock: Clock): Board {
  let version = 0;
  let latest: Picture | undefined;
  let watching: Promise<void> | undefined;
  let wake = new AbortController();
  let plan: Promise<Plan | undefined> | undefined;
  let planAt = 0;
  const waiting = new Set<PromiseWithResolvers<Picture>>();

  /** A plan of a thousand accounts takes a while to make, and says for a while what it says. */
  async function planned(): Promise<Plan | undefined> {
    if (plan === undefined || Math.abs(clock.now() - planAt) > PLAN_EVERY_MS) {
      planAt = clock.now();
      plan = desk.plan(PLAN_HOURS).catch(() => undefined);
    }
    return plan;
  }

  async function take(): Promise<Picture> {
    const [accounts, readiness] = await Promise.all([desk.accounts(), readinessOf(desk, clock)]);
    const [silences, plan] = await Promise.all([desk.silences(accounts), planned()]);
    latest = { version: (version += 1), accounts, readiness, silences, plan, now: clock.now() };
    return latest;
  }

  /** The last picture with these accounts as they are now; a whole new one where that would leave something out. */
  async function retake(names: ReadonlySet<string>): Promise<Picture> {
    if (!latest || names.size > FEW || names.has('')) return take();
    const known = new Map(latest.accounts.map((account) => [account.name, account]));
    for (const name of names) {
      const account = known.has(name) ? await desk.account(name) : undefined;
      if (!account) return take();
      known.set(name, account);
    }
    latest = { ...latest, version: (version += 1), accounts: [...known.values()], now: clock.now() };
    return latest;
  }

  async function watch(): Promise<void> {
    let heard = new Set<string>();
    let looked = -Infinity;
    const unlisten = desk.listen((name) => {
      heard.add(name);
      wake.abort();
    });
    while (waiting.size > 0) {
      const waitMs = Math.min(LOOK_EVERY_MS, looked + LOOK_EVERY_MS - clock.now());
      if (waitMs > 0) await clock.sleep(waitMs, wake.signal);
      const names = heard;
      [heard, wake] = [new Set(), new AbortController()];
      const served = [...waiting];
      if (served.length === 0) break;
      const isTime = clock.now() - looked >= LOOK_EVERY_MS;
      if (isTime) looked = clock.now();
      await (isTime ? take() : retake(names)).then(
        (picture) => served.forEach((each) => each.resolve(picture)),
        (error: unknown) => {
          // Whoever looks at old lines wants to know as soon as there are new ones.
          looked = -Infinity;
          for (const each of served) each.reject(error);
        },
      );
      for (const each of served) waiting.delete(each);
      await clock.sleep(AT_MOST_EVERY_MS);
    }
    unlisten();
    watching = undefined;
  }

  return {
    take,
    newer(seen, signal) {
      if (signal.aborted) return Promise.resolve(undefined);
      if (latest && watching && latest.version > seen) return Promise.resolve(latest);
      const one = Promise.withResolvers<Picture>();
      const left = Promise.withResolvers<undefined>();
      const leave = (): void => {
        waiting.delete(one);
        if (waiting.size === 0) wake.abort();
        left.resolve(undefined);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(one);
      watching ??= watch();
      return Promise.race([one.promise, left.promise]).finally(() =>
        signal.removeEventListener('abort', leave),
      );
    },
  };
}
