import { NoTokenError } from './errors.ts';
import { bringsNone, type Hints } from './hints.ts';
import type { Memory } from './memory.ts';
import type { Reading, Token } from './reading.ts';

/** Whether an event was heard or not, a name that somebody waits for is read anew so often, ms. */
const LOOK_MS = 500;

/** How a wait for a token ended. */
export type Waited =
  | { readonly is: 'newer'; readonly token: Token }
  /** The service asked the broker: the token is good, so something else refused the call. */
  | { readonly is: 'confirmed'; readonly token: Token }
  /** The same token is still out when time is over. */
  | { readonly is: 'unchanged'; readonly token: Token };

/** Waits for tokens, by the clock that is given. */
export interface Waiting {
  /**
   * For a token, or for a newer one than `refused`. Throws NoTokenError where there is none when `withinMs`
   * are over, RedisAwayError where Redis did not say, and the signal's reason where that aborts.
   */
  forToken(
    name: string,
    refused: Token | undefined,
    withinMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Waited>;
  /** Resolves once what is said from then on is heard, or cannot be: before a report, whose answer may come at once. */
  listening(): Promise<void>;
}

export interface WaitingParts {
  readonly memory: Memory;
  readonly hints: Hints;
  /** ms since some moment. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Who waits for a name. */
interface Waiter {
  readonly refused: Token | undefined;
  readonly until: number;
  /** The newest generation that the service has proved since it waits. */
  confirmed: number;
  resolve(waited: Waited): void;
  reject(error: unknown): void;
}

/** All who wait for one name, and what was heard of it meanwhile. */
interface Watch {
  readonly waiters: Set<Waiter>;
  heard: AbortController;
}

export function makeWaiting({ memory, hints, elapsed, sleep }: WaitingParts): Waiting {
  const watches = new Map<string, Watch>();

  /** Redis may be away. */
  async function listening(withinMs: number): Promise<void> {
    const ready = new AbortController();
    void hints.ready().then(() => ready.abort());
    await sleep(withinMs, ready.signal);
  }

  /** A thousand calls that wait for one name cost one read and one timer: each with its own would hold the process up when the token comes. */
  async function follow(name: string, watch: Watch): Promise<void> {
    const { waiters } = watch;
    const stop = hints.listen([name], (hint) => {
      if (hint && bringsNone(hint)) return;
      if (hint?.event === 'confirmed') {
        for (const waiter of waiters) waiter.confirmed = Math.max(waiter.confirmed, hint.generation);
      }
      watch.heard.abort();
    });
    try {
      // Listening first: what is published before is seen by the read that follows.
      await listening(Math.min(LOOK_MS, soonest(waiters, elapsed())));
      while (waiters.size > 0) {
        watch.heard = new AbortController();
        const asked = new Set(waiters);
        const read = await memory.read(name, true).then(
          (reading) => ({ reading }),
          (error: unknown) => ({ error }),
        );
        for (const waiter of asked) settle(name, waiter, read, elapsed());
        // Whoever came meanwhile asks anew: a read that left before may not know what theirs was refused for.
        const isAskedAnew = [...waiters].some((waiter) => !asked.has(waiter));
        if (waiters.size === 0 || isAskedAnew) continue;
        await sleep(Math.min(LOOK_MS, soonest(waiters, elapsed())), watch.heard.signal);
      }
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
    } finally {
      stop();
      watches.delete(name);
    }
  }

  return {
    forToken: (name, refused, withinMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(errorOf(signal.reason));
        const watch = watches.get(name) ?? { waiters: new Set(), heard: new AbortController() };
        const end = (): void => {
          watch.waiters.delete(waiter);
          signal?.removeEventListener('abort', aborted);
        };
        const waiter: Waiter = {
          refused,
          until: elapsed() + withinMs,
          confirmed: 0,
          resolve(waited) {
            end();
            resolve(waited);
          },
          reject(error) {
            end();
            reject(errorOf(error));
          },
        };
        const aborted = (): void => waiter.reject(signal?.reason);
        signal?.addEventListener('abort', aborted);
        watch.waiters.add(waiter);
        // The one that is under way asks anew for whoever joins it.
        watch.heard.abort();
        if (watches.has(name)) return;
        watches.set(name, watch);
        void follow(name, watch);
      }),
    listening: () => listening(LOOK_MS),
  };
}

/** What a read says to one of those who wait; nothing while their time lasts and it is what they have. */
function settle(
  name: string,
  waiter: Waiter,
  read: { readonly reading: Reading } | { readonly error: unknown },
  now: number,
): void {
  const isLate = now >= waiter.until;
  if ('error' in read) {
    if (isLate) waiter.reject(read.error);
    return;
  }
  const { reading } = read;
  if (!reading.found) {
    if (isLate) waiter.reject(new NoTokenError([name], reading.lack));
    return;
  }
  const { token } = reading;
  const { refused, confirmed } = waiter;
  const isNewer = !refused || token.generation > refused.generation || token.token !== refused.token;
  if (isNewer) waiter.resolve({ is: 'newer', token });
  else if (confirmed >= token.generation && confirmed > 0) waiter.resolve({ is: 'confirmed', token });
  else if (isLate) waiter.resolve({ is: 'unchanged', token });
}

const errorOf = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason), { cause: reason });

/** How long the most hurried of them waits, ms. */
function soonest(waiters: ReadonlySet<Waiter>, now: number): number {
  let left = Infinity;
  for (const { until } of waiters) left = Math.min(left, until - now);
  return Math.max(0, left);
}
