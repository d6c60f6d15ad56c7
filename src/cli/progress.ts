import type { Clock } from '../core/clock.ts';
import { duration } from '../core/duration.ts';

const START_OF_LINE = '\r';
const REST_OF_LINE = '\u001B[K';
const TICK_MS = 1_000;

export interface Counted {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly elapsedMs: number;
}

/** How far it is, and how long the rest takes if it goes on like this. */
export function progressLine({ total, done, failed, elapsedMs }: Counted): string {
  const left = total - done - failed;
  const ended = done + failed;
  const time = ended > 0 && left > 0 ? `, about ${duration((elapsedMs / ended) * left)}` : '';
  return `${done} done, ${failed} failed, ${left} left${time}`;
}

export interface Progress {
  /** One more has ended; `line`: what is to be said of it. */
  step(hasFailed: boolean, line: string | undefined): void;
  /** The line is taken away. */
  end(): void;
}

/** A line at the end of the terminal that says how far many steps are. */
export function makeProgress(
  total: number,
  screen: { readonly columns?: number; write(text: string): unknown },
  clock: Pick<Clock, 'now'>,
): Progress {
  const startedAt = clock.now();
  let [done, failed] = [0, 0];
  const draw = (): void => {
    const line = progressLine({ total, done, failed, elapsedMs: clock.now() - startedAt });
    // A line that is longer than the terminal could not be taken away again.
    screen.write(`${START_OF_LINE}${line.slice(0, (screen.columns ?? 80) - 1)}${REST_OF_LINE}`);
  };
  const timer = setInterval(draw, TICK_MS);
  draw();
  return {
    step(hasFailed, line) {
      if (hasFailed) failed += 1;
      else done += 1;
      if (line !== undefined) screen.write(`${START_OF_LINE}${line}${REST_OF_LINE}\n`);
      draw();
    },
    end() {
      clearInterval(timer);
      screen.write(`${START_OF_LINE}${REST_OF_LINE}`);
    },
  };
}
