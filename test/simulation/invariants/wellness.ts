import type { World } from '../world.ts';

/** How often it is asked whether all is well, ms. */
const SAMPLE_MS = 500;

/** Since when somebody works and Redis answers. */
export interface Wellness {
  /** Ms; undefined: not now. */
  since(): number | undefined;
  /** Something was lost or moved behind everybody's back: they get their time again. */
  disturbed(): void;
}

export function watchWellness(world: World): Wellness {
  let since: number | undefined;
  let sampledAt = 0;
  world.onStep(() => {
    const now = world.now();
    if (now - sampledAt < SAMPLE_MS) return;
    sampledAt = now;
    const isWell =
      world.redisNet.isUp() &&
      world.replicas().some(({ life, running }) => running() !== undefined && !life.isPaused());
    since = isWell ? (since ?? now) : undefined;
  });
  return {
    since: () => since,
    disturbed: () => {
      since = undefined;
    },
  };
}

/** Does it each so many ms, while all has been well for so long. */
export function whileWell(
  world: World,
  wellness: Wellness,
  { everyMs, afterMs }: { readonly everyMs: number; readonly afterMs: number },
  look: (now: number) => void,
): void {
  let lookedAt = 0;
  world.onStep(() => {
    const now = world.now();
    if (now - lookedAt < everyMs) return;
    const since = wellness.since();
    if (since === undefined || now - since < afterMs) return;
    lookedAt = now;
    look(now);
  });
}
