import type { Hints } from './hints.ts';
import type { Memory } from './memory.ts';
import type { Reading, Token } from './reading.ts';

/** An event is sent once and may be lost: whoever subscribed is looked after so often all the same, ms. */
const LOOK_MS = 5_000;

/** Told of each change: the token that is out by now, or undefined where there is none any more. */
export type OnToken = (token: Token | undefined) => void;

export interface SubscriptionParts {
  readonly memory: Memory;
  readonly hints: Hints;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What a listener throws is its own trouble, and must not end what others hear. */
  readonly onError: (error: unknown) => void;
}

/** Calls `onToken` with the present token, then with each newer one; answers how to stop. */
export type Subscribe = (name: string, onToken: OnToken) => () => void;

export function makeSubscribe({ memory, hints, sleep, onError }: SubscriptionParts): Subscribe {
  return (name, onToken) => {
    const ended = new AbortController();
    let heard = new AbortController();
    const stop = hints.listen([name], () => heard.abort());
    let told: string | undefined;

    function tell(reading: Reading): void {
      const said = reading.found ? `${reading.token.generation} ${reading.token.token}` : '';
      if (said === told) return;
      told = said;
      try {
        onToken(reading.found ? reading.token : undefined);
      } catch (error) {
        onError(error);
      }
    }

    async function follow(): Promise<void> {
      const isOver = (): boolean => ended.signal.aborted;
      while (!isOver()) {
        heard = new AbortController();
        const reading = await memory.read(name, true).catch(() => undefined);
        // Redis is away and no token is good: whether a newer one is out is not known, so nothing is said.
        if (reading && !isOver()) tell(reading);
        await sleep(LOOK_MS, AbortSignal.any([ended.signal, heard.signal]));
      }
    }
    void follow();
    return () => {
      stop();
      ended.abort();
    };
  };
}
