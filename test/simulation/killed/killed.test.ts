import { describe, expect, test } from 'vitest';
import { acts } from './acts.ts';
import { heirs, playKilled } from './kill.ts';

/*
 * A process that is killed at each of its steps in turn: what it sends to Redis, to a broker or to its disk,
 * and what comes back to it. Between two of them it does nothing that anybody sees.
 */

/** Only each so manieth step. */
const STRIDE = Number(process.env['KILL_EACH'] ?? 1);
const MOST_STEPS = 2_000;

describe.each(acts)('$what', (act) => {
  test.each(heirs)('goes on at %s, wherever the process dies', { timeout: 120_000 }, async (heir) => {
    const broken: string[] = [];
    let [steps, underWay, longestMs] = [0, 0, 0];
    for (let k = 1; k < MOST_STEPS; k += STRIDE) {
      try {
        const { died, wasUnderWay, heldUpMs } = await playKilled(act, heir, k);
        if (!died) break;
        if (wasUnderWay) underWay += 1;
        longestMs = Math.max(longestMs, heldUpMs);
      } catch (error) {
        broken.push(error instanceof Error ? error.message : String(error));
      }
      steps = k;
    }
    console.log(
      `${act.what}, ${heir}: killed at each of ${steps} steps, ${underWay} with a call under way; over ${longestMs} ms after it at most`,
    );
    expect(broken.slice(0, 3)).toEqual([]);
    expect(steps).toBeGreaterThan(5);
  });
});
