import { describe, expect, it } from 'vitest';
import type { Exit, RedisProcess } from '../../../src/redis/embedded/server.ts';
import { superviseRedis } from '../../../src/redis/embedded/supervise.ts';
import { fakeClock } from '../../support/clock.ts';

const killed: Exit = { code: null, signal: 'SIGKILL', said: '' };

/** A server that ends when it is told to, and counts how often it was stopped. */
function fakeServer() {
  let end: (exit: Exit) => void = () => undefined;
  const exited = new Promise<Exit>((resolve) => (end = resolve));
  const server = {
    pid: 1,
    exited,
    stops: 0,
    end,
    kill: () => undefined,
    stop: () => {
      server.stops += 1;
      end({ code: 0, signal: null, said: '' });
      return Promise.resolve();
    },
  } satisfies RedisProcess & Record<string, unknown>;
  return server;
}

describe('supervision of the embedded Redis', () => {
  it('starts it again after 100 ms, then waits twice as long each time, 10 s at most', async () => {
    const clock = fakeClock();
    const launches: number[] = [];
    const first = fakeServer();
    const exits: Exit[] = [];
    const refuse = (): Promise<RedisProcess> => {
      launches.push(clock.now());
      return Promise.reject(new Error('no'));
    };
    const supervised = superviseRedis({
      first,
      launch: refuse,
      clock,
      say: () => undefined,
      onExit: (exit) => exits.push(exit),
    });
    const endedAt = clock.now();
    first.end(killed);
    await clock.advance(40_000);
    const waits = launches.map((at, index) => at - (launches[index - 1] ?? endedAt));
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(exits).toEqual([killed]);
    await supervised.stop();
  });

  it('stops a server that was only just being started', async () => {
    const clock = fakeClock();
    const [first, second] = [fakeServer(), fakeServer()];
    let up: (server: RedisProcess) => void = () => undefined;
    const launch = (): Promise<RedisProcess> => new Promise((resolve) => (up = resolve));
    const supervised = superviseRedis({
      first,
      launch,
      clock,
      say: () => undefined,
      onExit: () => undefined,
    });
    first.end(killed);
    await clock.advance(100);
    const stopped = supervised.stop();
    up(second);
    await stopped;
    expect(second.stops).toBe(1);
  });

  it('does not take its own stop for a failure', async () => {
    const first = fakeServer();
    const exits: Exit[] = [];
    const launch = (): Promise<RedisProcess> => Promise.reject(new Error('must not be started'));
    const supervised = superviseRedis({
      first,
      launch,
      clock: fakeClock(),
      say: () => undefined,
      onExit: (exit) => exits.push(exit),
    });
    await Promise.all([supervised.stop(), supervised.stop()]);
    expect(exits).toEqual([]);
  });
});
