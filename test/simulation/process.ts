import type { Clock } from '../../src/core/clock.ts';
import { sleepOn, type Timeline } from './timeline.ts';

/**
 * The life of one simulated process. Whatever it waits for (Redis, a broker, its clock) comes back
 * through `deliver`: a process that was killed hears nothing any more, a stopped one hears it later.
 * What it has sent stays sent.
 */
export interface Life {
  readonly name: string;
  readonly clock: Clock;
  /** Sends something, unless the process is dead, or dies of this very step. */
  send(effect: () => void): void;
  /** Hands a result to the process, now or when it runs again, or never. */
  deliver(result: () => void): void;
  isAlive(): boolean;
  isPaused(): boolean;
  /** When it was last stopped, or will run again (ms); -Infinity: never. */
  pausedLastAt(): number;
  /** Kills it: nothing it waits for comes back. */
  kill(): void;
  /** Kills it at its `steps`-th step from now, a step being something sent or something that came back. */
  killAfter(steps: number): void;
  /** Stops it for so long at its `steps`-th step from now, sent or not yet felt. */
  pauseAfter(steps: number, durationMs: number): void;
  /** How many steps it has made. */
  steps(): number;
  /** Stops it for so long, as SIGSTOP does; what comes meanwhile is felt afterwards. */
  pause(durationMs: number): void;
  /** Moves its wall clock; how long it sleeps is not moved. */
  moveClock(byMs: number): void;
  clockOffset(): number;
  /** Time that is never set, ms. */
  elapsed(): number;
  /** Called once, when it dies. */
  onDeath(listener: () => void): void;
}

export function makeLife(name: string, timeline: Timeline): Life {
  let alive = true;
  let stepsLeft = Infinity;
  let stepsMade = 0;
  let pausing = { left: Infinity, durationMs: 0 };
  let pausedUntil = 0;
  let offsetMs = 0;
  let waiting: (() => void)[] = [];
  const mourners: (() => void)[] = [];

  const kill = (): void => {
    if (!alive) return;
    alive = false;
    waiting = [];
    for (const mourner of mourners) mourner();
  };
  const pause = (durationMs: number): void => {
    pausedUntil = timeline.now() + durationMs;
    timeline.at(pausedUntil, resume);
  };
  /** False where the process is dead now. */
  const step = (): boolean => {
    stepsMade += 1;
    pausing.left -= 1;
    if (pausing.left === 0) pause(pausing.durationMs);
    stepsLeft -= 1;
    if (stepsLeft <= 0) kill();
    return alive;
  };
  const deliver = (result: () => void): void => {
    if (!alive) return;
    if (timeline.now() < pausedUntil) {
      waiting.push(result);
      return;
    }
    if (!step()) return;
    if (timeline.now() < pausedUntil) waiting.push(result);
    else result();
  };
  const resume = (): void => {
    if (!alive || timeline.now() < pausedUntil) return;
    const felt = waiting;
    waiting = [];
    for (const result of felt) deliver(result);
  };

  return {
    name,
    clock: {
      now: () => timeline.now() + offsetMs,
      sleep: (delayMs, signal) => sleepOn(timeline, delayMs, signal, deliver),
    },
    send: (effect) => {
      if (alive && step()) effect();
    },
    deliver,
    isAlive: () => alive,
    isPaused: () => timeline.now() < pausedUntil,
    pausedLastAt: () => (pausedUntil === 0 ? -Infinity : pausedUntil),
    kill,
    killAfter: (steps) => {
      stepsLeft = steps;
    },
    steps: () => stepsMade,
    pause,
    pauseAfter: (steps, durationMs) => {
      pausing = { left: steps, durationMs };
    },
    moveClock: (byMs) => {
      offsetMs += byMs;
    },
    clockOffset: () => offsetMs,
    elapsed: timeline.now,
    onDeath: (listener) => void mourners.push(listener),
  };
}
