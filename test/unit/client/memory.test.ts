import { describe, expect, it } from 'vitest';
import { makeMemory } from '../../../src/client/memory.ts';
import type { Reading } from '../../../src/client/reading.ts';

const read = (generation: number): Reading => ({
  found: true,
  goodForMs: 3_600_000,
  token: { name: 'DESK', token: `t${generation}`, generation, headers: {}, baseUrl: '', expiresAt: 0 },
});
const laterTurn = (): Promise<void> => new Promise(setImmediate);
const generationIn = (reading: Reading): number => (reading.found ? reading.token.generation : 0);

/** Reads that are answered by hand, and how many timers stood beside them. */
function bench() {
  const asked: PromiseWithResolvers<Reading>[] = [];
  const timers: number[] = [];
  const memory = makeMemory(
    () => {
      const each = Promise.withResolvers<Reading>();
      asked.push(each);
      return each.promise;
    },
    () => 0,
    3_000,
    (ms, signal) => {
      timers.push(ms);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  );
  return { asked, timers, memory };
}

describe('what a client remembers', () => {
  it('is read once, under one timer, for all who ask in the same turn of the event loop', async () => {
    const { asked, timers, memory } = bench();
    const all = Array.from({ length: 1_000 }, async (_, i) => {
      // Some ask a few promises later than others.
      for (let hop = 0; hop < i % 5; hop++) await Promise.resolve();
      return memory.read('DESK', true);
    });
    await laterTurn();
    expect([asked.length, timers.length]).toEqual([1, 1]);
    asked[0]?.resolve(read(7));
    expect(new Set((await Promise.all(all)).map(generationIn))).toEqual(new Set([7]));
  });

  it('is read again for who asks in a later turn, though the first answer is not there yet', async () => {
    const { asked, memory } = bench();
    const early = memory.read('DESK', true);
    await laterTurn();
    const late = [memory.read('DESK', true), memory.read('DESK', true)];
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(read(7));
    expect(generationIn(await early)).toBe(7);
    await laterTurn();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(read(8));
    expect((await Promise.all(late)).map(generationIn)).toEqual([8, 8]);
  });
});
