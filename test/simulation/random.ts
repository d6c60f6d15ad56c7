import type { Random } from '../../src/core/clock.ts';

/** A generator whose draws follow from its seed alone (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What tests draw, from one generator. */
export interface Dice {
  readonly random: Random;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** True in this share of the draws. */
  chance(share: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Another generator that follows from this one: draws of one part do not move those of another. */
  fork(): Dice;
}

export function makeDice(seed: number): Dice {
  const random = seeded(seed);
  return {
    random,
    whole: (low, high) => low + Math.floor(random() * (high - low + 1)),
    chance: (share) => random() < share,
    pick: (items) => items[Math.floor(random() * items.length)] ?? items[0],
    fork: () => makeDice(Math.floor(random() * 2 ** 32)),
  };
}
