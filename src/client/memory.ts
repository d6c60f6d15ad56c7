import { RedisAwayError } from './errors.ts';
import type { Reading, ReadToken, Token } from './reading.ts';

/** A read is used again for so long, ms. */
const KEPT_MS = 1_000;
/** While a token is known to be good Redis gets this long to answer, ms; else the full time. */
const HURRIED_MS = 500;

/** What was read last of each name, for a second; and for as long as the token lives while Redis is away. */
export interface Memory {
  /** `fresh`: as Redis has it now. Throws `RedisAwayError` where that cannot be had and nothing known is good. */
  read(name: string, fresh: boolean): Promise<Reading>;
}

interface Known {
  readonly reading: Reading;
  readonly readAt: number;
}

/**
 * @param elapsed ms since some moment; never set, so that a bot's wrong clock shortens no token
 */
export function makeMemory(
  readToken: ReadToken,
  elapsed: () => number,
  timeoutMs: number,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): Memory {
  const known = new Map<string, Known>();
  const underWay = new Map<string, Promise<Reading>>();
  const waiting = new Map<string, Promise<Reading>>();
  const ofThisTurn = new Map<string, Promise<Reading>>();

  const tokenIn = (each: Known | undefined): Token | undefined =>
    each?.reading.found && elapsed() < each.readAt + each.reading.goodForMs ? each.reading.token : undefined;

  async function ask(name: string): Promise<Reading> {
    const readAt = elapsed();
    const reading = await readToken(name);
    const before = tokenIn(known.get(name));
    // A replica that lags, or a server that lost its last seconds, shows an older one: nobody goes back.
    const isOlder = before && reading.found && reading.token.generation < before.generation;
    if (!isOlder) known.set(name, { reading, readAt });
    return known.get(name)?.reading ?? reading;
  }

  /**
   * One read for all who ask at the same time. Who asks while one is under way waits for the next: what was
   * written a moment ago may have come too late for the one that has left.
   */
  function shared(name: string): Promise<Reading> {
    const queued = waiting.get(name);
    if (queued) return queued;
    const running = underWay.get(name);
    if (!running) return begin(name);
    const next = running.then(
      () => begin(name),
      () => begin(name),
    );
    waiting.set(name, next);
    return next;
  }

  function begin(name: string): Promise<Reading> {
    waiting.delete(name);
    const asked = ask(name).finally(() => underWay.delete(name));
    underWay.set(name, asked);
    return asked;
  }

  /**
   * Who asks in the same turn of the event loop knows nothing that the first to ask did not: one read, one timer. What
   * comes over a socket is heard in a later turn, and its read is another.
   */
  function inTime(name: string, ms: number): Promise<Reading> {
    const key = `${ms} ${name}`;
    const same = ofThisTurn.get(key);
    if (same) return same;
    const asked = readInTime(name, ms);
    ofThisTurn.set(key, asked);
    process.nextTick(() => ofThisTurn.delete(key));
    return asked;
  }

  async function readInTime(name: string, ms: number): Promise<Reading> {
    const done = new AbortController();
    const late = sleep(ms, done.signal).then(() => {
      throw new Error(`no answer within ${ms} ms`);
    });
    try {
      return await Promise.race([shared(name), late]);
    } finally {
      done.abort();
      late.catch(() => undefined);
    }
  }

  return {
    async read(name, fresh) {
      const last = known.get(name);
      const live = tokenIn(last);
      if (!fresh && last && elapsed() - last.readAt < KEPT_MS && (live || !last.reading.found)) {
        return last.reading;
      }
      try {
        const reading = await inTime(name, live ? Math.min(HURRIED_MS, timeoutMs) : timeoutMs);
        const isGood = !reading.found || reading.goodForMs > 0;
        return isGood ? reading : { found: false, lack: { state: 'expired', reason: '' } };
      } catch (error) {
        const still = tokenIn(known.get(name));
        if (last?.reading.found && still) return last.reading;
        throw new RedisAwayError(name, error);
      }
    },
  };
}
