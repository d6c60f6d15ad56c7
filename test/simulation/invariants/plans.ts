import type { World } from '../world.ts';
import { broken, served, type InvariantOptions } from './rules.ts';

/** How often it is asked whether all is well, ms. */
const SAMPLE_MS = 500;

/** While somebody works and Redis answers, every account has a next action, and none is overdue. */
export function watchPlans(world: World, { planWithinMs }: InvariantOptions): { disturbed(): void } {
  let wellSince: number | undefined;
  let lookedAt = 0;
  let sampledAt = 0;
  world.onStep(() => {
    const now = world.now();
    if (now - sampledAt < SAMPLE_MS) return;
    sampledAt = now;
    const isWell =
      world.redisNet.isUp() &&
      world.replicas().some(({ life, running }) => running() !== undefined && !life.isPaused());
    wellSince = isWell ? (wellSince ?? now) : undefined;
    if (wellSince === undefined || now - wellSince < planWithinMs || now - lookedAt < 5_000) return;
    lookedAt = now;
    // Due by the clock of whoever planned it: one that stands behind plans behind.
    const slowest = Math.min(0, ...world.replicas().map(({ life }) => life.clockOffset()));
    for (const name of served(world)) {
      const at = world.dueAt(name);
      if (at === undefined) broken(`${name} has no next action`);
      else if (now + slowest - at > planWithinMs)
        broken(`${name} has been due for ${now - at} ms and nobody looks`);
    }
  });
  return {
    disturbed: () => {
      wellSince = undefined;
    },
  };
}
