import type { World } from '../world.ts';
import { broken, served, type InvariantOptions } from './rules.ts';
import { whileWell, type Wellness } from './wellness.ts';

/** While somebody works and Redis answers, every account has a next action, and none is overdue. */
export function watchPlans(world: World, wellness: Wellness, { planWithinMs }: InvariantOptions): void {
  whileWell(world, wellness, { everyMs: 5_000, afterMs: planWithinMs }, (now) => {
    // Due by the clock of whoever planned it: one that stands behind plans behind.
    const slowest = Math.min(0, ...world.replicas().map(({ life }) => life.clockOffset()));
    for (const name of served(world)) {
      const at = world.dueAt(name);
      if (at === undefined) broken(`${name} has no next action`);
      else if (now + slowest - at > planWithinMs)
        broken(`${name} has been due for ${now - at} ms and nobody looks`);
    }
  });
}
