import type { Clock } from '../core/clock.ts';

/** The brokers' time: the real one, moved. */
export interface MovableClock {
  /** Milliseconds since the epoch, as the simulated brokers see it. */
  now(): number;
  /** Moves it by so many ms from where it stands. */
  shift(byMs: number): void;
  /** Moves it to an instant (ms); it goes on from there. */
  set(at: number): void;
}

/** A clock that runs with `real` and can be moved. */
export function makeMovableClock(real: Clock): MovableClock {
  let offsetMs = 0;
  return {
    now: () => real.now() + offsetMs,
    shift: (byMs) => {
      offsetMs += byMs;
    },
    set: (at) => {
      offsetMs = at - real.now();
    },
  };
}
