import { expect, test } from 'vitest';
import { aims } from './aims.ts';
import { playSeed } from './scenario.ts';

/*
 * A few seeds with everything aimed at one protection: what `npm run test:mutations` takes away in turn.
 */

test.each(aims)('no invariant breaks with everything aimed at $at', { timeout: 120_000 }, async (aim) => {
  for (let seed = 1; seed <= aim.seeds; seed++) {
    const { broken } = await playSeed({ seed, desk: aim.desk, chaos: aim.chaos });
    expect(broken?.message, `seed ${seed}`).toBeUndefined();
  }
});
