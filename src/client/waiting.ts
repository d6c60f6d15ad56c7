import { NoTokenError } from './errors.ts';
import type { Hints } from './hints.ts';
import type { Memory } from './memory.ts';
import type { Token } from './reading.ts';

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
}

export interface WaitingParts {
  readonly memory: Memory;
  readonly hints: Hints;
  /** ms since some moment. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function makeWaiting({ memory, hints, elapsed, sleep }: WaitingParts): Waiting {
  return {
    async forToken(name, refused, withinMs, signal) {
      const until = elapsed() + withinMs;
      let heard = new AbortController();
      let confirmed = 0;
      const stop = hints.listen([name], (hint) => {
        if (hint?.event === 'confirmed') confirmed = Math.max(confirmed, hint.generation);
        heard.abort();
      });
      try {
        // Listening first: what is published before is seen by the read that follows. Redis may be away.
        const ready = new AbortController();
        void hints.ready().then(() => ready.abort());
        await sleep(Math.min(LOOK_MS, withinMs), ready.signal);
        for (;;) {
          heard = new AbortController();
          signal?.throwIfAborted();
          const left = until - elapsed();
          const reading = await memory.read(name, true).catch((error: unknown) => {
            if (left <= 0) throw error;
            return undefined;
          });
          if (reading?.found) {
            const { token } = reading;
            const isNewer =
              !refused || token.generation > refused.generation || token.token !== refused.token;
            if (isNewer) return { is: 'newer', token };
            if (confirmed >= token.generation && confirmed > 0) return { is: 'confirmed', token };
            if (left <= 0) return { is: 'unchanged', token };
          } else if (reading && left <= 0) throw new NoTokenError([name], reading.lack);
          const wakes = signal ? AbortSignal.any([signal, heard.signal]) : heard.signal;
          await sleep(Math.max(0, Math.min(LOOK_MS, left)), wakes);
        }
      } finally {
        stop();
      }
    },
  };
}
