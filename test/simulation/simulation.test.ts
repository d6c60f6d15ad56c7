import { expect, test } from 'vitest';
import { playSeed } from './scenario.ts';

/*
 * Whole days of the service in simulated time, with everything going wrong that the seed asks for, and
 * every rule of invariants.ts looked at after every step. `npm run simulate -- --seed N` plays one again.
 */

const SEEDS = 200;
/** A test for so many of them, so that a failure shows soon and the others still run. */
const EACH = 25;

test.for(Array.from({ length: SEEDS / EACH }, (_, i) => 1 + i * EACH))(
  'no invariant breaks from seed %i on',
  { timeout: 120_000 },
  async (first) => {
    const broken: string[] = [];
    for (let seed = first; seed < first + EACH; seed++) {
      const outcome = await playSeed({ seed });
      if (outcome.broken) broken.push(`seed ${seed}, step ${outcome.broken.step}: ${outcome.broken.message}`);
    }
    expect(broken).toEqual([]);
  },
);

test('a seed plays the same way every time', async () => {
  const [one, other] = [await playSeed({ seed: 4 }), await playSeed({ seed: 4 })];
  expect(one).toEqual(other);
  expect(one.calls).toBeGreaterThan(20);
});
