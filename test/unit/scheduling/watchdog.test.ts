import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { makeWatchdog } from '../../../src/scheduling/watchdog.ts';
import { fakeClock } from '../../support/clock.ts';

const LOOK_MS = 2_000;

/** A watchdog over a schedule that a test breaks; `pass`: it looks every 2 s for so long. */
function scene(): {
  readonly gaveUp: readonly string[];
  readonly world: { redisIsAway: boolean; ticks: 'run' | 'fail' | 'hang'; setByMs: number };
  pass(ms: number): Promise<void>;
  /** Time goes by without a look: the process was stopped. */
  stop(ms: number): Promise<void>;
} {
  const clock = fakeClock();
  const world: { redisIsAway: boolean; ticks: 'run' | 'fail' | 'hang'; setByMs: number } = {
    redisIsAway: false,
    ticks: 'run',
    setByMs: 0,
  };
  const wall = { now: () => clock.now() + world.setByMs, sleep: clock.sleep };
  const gaveUp: string[] = [];
  let lastAt = wall.now();
  const answered = <T>(value: T): Promise<T> =>
    world.redisIsAway ? Promise.reject(new Error('away')) : Promise.resolve(value);
  const tick = async (): Promise<void> => {
    if (world.ticks === 'hang') return new Promise(() => undefined);
    if (world.ticks === 'fail') throw new Error('a tick failed');
    await answered(undefined);
    lastAt = wall.now();
  };
  const watch = makeWatchdog({
    due: {
      unqueueLost: () => answered(undefined),
      noteTick: () => answered(undefined),
      lastTick: () => answered(undefined),
    },
    queues: [
      {
        broker: 'ig',
        add: () => answered(undefined),
        waiting: () => answered(0),
        underWay: () => 0,
        lastBegunAt: () => 0,
        rebuild: () => undefined,
        close: () => Promise.resolve(),
      },
    ],
    tickQueue: { ensure: () => answered(undefined), close: () => Promise.resolve() },
    ticks: { tick, lastAt: () => lastAt },
    clock: wall,
    elapsed: clock.now,
    log: pino({ level: 'silent' }),
    isEmptied: () => answered(false),
    sweep: () => answered(undefined),
    lookAtAll: () => answered(undefined),
    giveUp: (reason) => void gaveUp.push(reason),
  });
  let looking: Promise<unknown> | undefined;
  return {
    gaveUp,
    world,
    async pass(ms) {
      for (let at = 0; at < ms; at += LOOK_MS) {
        // The look comes first: the tick of the same moment is still to come. None begins while one is under way.
        looking ??= watch()
          .catch(() => undefined)
          .finally(() => (looking = undefined));
        await clock.advance(LOOK_MS);
        if (world.ticks === 'run') await tick().catch(() => undefined);
      }
    },
    stop: (ms) => clock.advance(ms),
  };
}

describe('a schedule whose ticks do not go through', () => {
  it('ends the process where they fail though Redis answers', async () => {
    const { pass, world, gaveUp } = scene();
    await pass(20_000);
    world.ticks = 'fail';
    await pass(60_000);
    expect(gaveUp).toEqual([]);
    await pass(10_000);
    expect(gaveUp[0]).toContain('no tick of ig');
  });

  it('ends it where they hang', async () => {
    const { pass, world, gaveUp } = scene();
    await pass(20_000);
    world.ticks = 'hang';
    await pass(80_000);
    expect(gaveUp[0]).toContain('no tick of ig');
  });

  it('outlives an outage of Redis, however long', async () => {
    const { pass, world, gaveUp } = scene();
    await pass(20_000);
    world.redisIsAway = true;
    await pass(300_000);
    world.redisIsAway = false;
    await pass(120_000);
    expect(gaveUp).toEqual([]);
  });

  it('outlives a clock that is set, and a machine that stood still', async () => {
    const { pass, stop, world, gaveUp } = scene();
    await pass(20_000);
    world.setByMs = 60 * 60_000;
    await pass(20_000);
    world.setByMs = 0;
    await pass(120_000);
    await stop(10 * 60_000);
    await pass(120_000);
    expect(gaveUp).toEqual([]);
  });
});
