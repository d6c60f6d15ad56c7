import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Token, TokenReader } from '../../../src/client/index.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';
import { seeded } from '../../simulation/random.ts';
import { openDesk, type ClientDesk } from './desk.ts';

async function onDesk(own: boolean, work: (desk: ClientDesk) => Promise<void>): Promise<void> {
  const desk = await openDesk(own);
  try {
    await work(desk);
  } finally {
    await desk.stop();
  }
}

/** A stream of prices: opened with a token, closed by the broker once a newer one is out or the line breaks. */
class Stream {
  readonly opened: Token[] = [];
  #isOpen = false;
  readonly #reader: TokenReader;

  constructor(reader: TokenReader) {
    this.#reader = reader;
    reader.subscribe('STREAM', (token) => void (token && this.#open(token)));
  }

  #open(token: Token): void {
    this.opened.push(token);
    this.#isOpen = true;
  }

  /** The line breaks; it connects again with what is out. */
  async drop(): Promise<void> {
    this.#isOpen = false;
    const token = await this.#reader.read('STREAM');
    // A newer token may have opened it meanwhile.
    if (token && this.generation === 0) this.#open(token);
  }

  get generation(): number {
    return this.#isOpen ? (this.opened.at(-1)?.generation ?? 0) : 0;
  }
}

describe('a consumer that holds a connection open', () => {
  it(
    'lives a day of rotations, also where events are lost and its line breaks: each time it connects, it is with the token of that moment',
    () =>
      onDesk(false, async (desk) => {
        const { redis } = desk;
        const clock = fakeClock(Date.now());
        const random = seeded(7);
        const reader = desk.reader({
          clock: { now: clock.now, elapsed: clock.now, sleep: (ms, signal) => clock.sleep(ms, signal) },
        });
        await desk.publish('STREAM', 1, { livesMs: 120_000 });
        const stream = new Stream(reader);
        await until(() => stream.generation === 1, { what: 'the first token' });
        const EVERY_MS = 30_000;
        const ROTATIONS = (24 * 60 * 60_000) / EVERY_MS;
        let [lost, dropped] = [0, 0];
        for (let generation = 2; generation <= ROTATIONS; generation++) {
          const isLost = random() < 0.03;
          if (isLost) {
            lost += 1;
            await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
          }
          await desk.publish('STREAM', generation, { livesMs: 120_000 });
          const isThere = async (): Promise<boolean> => {
            // Whoever heard nothing looks every five seconds all the same.
            if (isLost) await clock.advance(1_000);
            return stream.generation === generation;
          };
          await until(isThere, { what: `generation ${generation}`, intervalMs: 1 });
          await clock.advance(Math.floor(random() * EVERY_MS));
          if (random() < 0.2) {
            dropped += 1;
            const before = stream.opened.length;
            await stream.drop();
            expect(stream.opened.length).toBe(before + 1);
            expect(stream.generation).toBe(generation);
          }
        }
        expect(lost).toBeGreaterThan(60);
        expect(dropped).toBeGreaterThan(400);
        const generations = stream.opened.map(({ generation }) => generation);
        expect(generations).toEqual(generations.toSorted((a, b) => a - b));
        expect(new Set(generations).size).toBe(ROTATIONS);
      }),
    240_000,
  );
});

describe('a hundred readers whose Redis is killed and comes back', () => {
  it(
    'never fail while a token lives, never give one that is over, and have the newest one again',
    () =>
      onDesk(true, async (desk) => {
        const LIVES_MS = 4_000;
        const ends = new Map<string, { readonly earliest: number; readonly latest: number }>();
        let generation = 0;
        const publish = async (): Promise<void> => {
          generation += 1;
          // Known before anybody can read it; it ends by when it was written.
          const token = `made-up-DESK-${generation}`;
          const earliest = performance.now() + LIVES_MS;
          ends.set(token, { earliest, latest: Infinity });
          await desk.publish('DESK', generation, { livesMs: LIVES_MS });
          ends.set(token, { earliest, latest: performance.now() + LIVES_MS });
        };
        await publish();
        const readers = Array.from({ length: 100 }, () => desk.reader({ timeoutMs: 500 }));
        const faults: string[] = [];
        let [read, away, isOver] = [0, 0, false];
        const stopped = (): boolean => isOver;
        const working = readers.map(async (reader) => {
          let last: string | undefined;
          while (!stopped()) {
            const askedAt = performance.now();
            const token = await reader.get('DESK').catch((error: unknown) => {
              away += 1;
              const code: unknown = Reflect.get(Object(error), 'code');
              if (code !== 'REDIS_AWAY') faults.push(String(error));
              // Nobody may fail while the token that it has read lives.
              const left = (ends.get(last ?? '')?.earliest ?? 0) - performance.now();
              if (left > 25) faults.push(`failed with ${left} ms of its token left`);
              return undefined;
            });
            if (token !== undefined) {
              read += 1;
              last = token;
              // By when it was asked for: a busy machine may let a reader wait for its answer.
              const over = askedAt - (ends.get(token)?.latest ?? 0);
              if (over > 25) faults.push(`${token} ${over} ms after its end`);
            }
            await sleep(10);
          }
        });
        // Longer away than a token lives, and once shorter.
        for (const awayMs of [1_000, 6_000, 1_000]) {
          await publish();
          await sleep(1_200);
          await desk.server.kill();
          await sleep(awayMs);
          await desk.server.restart();
          await until(() => desk.redis.ping(), { what: 'Redis to be back' });
          await publish();
          const newest = `made-up-DESK-${generation}`;
          const haveIt = async (): Promise<boolean> =>
            (await Promise.all(readers.map((reader) => reader.get('DESK').catch(() => undefined)))).every(
              (token) => token === newest,
            );
          await until(haveIt, { what: 'all to have the newest', timeoutMs: LIVES_MS - 500 });
        }
        isOver = true;
        await Promise.all(working);
        expect(faults).toEqual([]);
        expect(read).toBeGreaterThan(10_000);
        expect(away).toBeGreaterThan(0);
      }),
    60_000,
  );
});
