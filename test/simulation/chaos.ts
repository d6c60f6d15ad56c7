import type { Invariants } from './invariants/index.ts';
import type { World } from './world.ts';
import { begin, wrongs, type Wrong } from './wrongs.ts';

/** What goes wrong in a run, and how often. */
export interface Chaos {
  /** Wrongs an hour, on average. */
  readonly perHour: number;
  /** Only these; all of them where left out. */
  readonly only?: readonly Wrong[];
}

/** What a wrong leaves behind for those who judge. */
export interface Trouble {
  readonly wrong: Wrong;
  readonly from: number;
  readonly until: number;
}

const MINUTE_MS = 60_000;

/** Plans what goes wrong between two instants. What was broken is whole again by `until`. */
export function planChaos(
  world: World,
  invariants: Invariants,
  chaos: Chaos,
  from: number,
  until: number,
): readonly Trouble[] {
  const dice = world.dice.fork();
  const troubles: Trouble[] = [];
  const hours = (until - from) / (60 * MINUTE_MS);
  const count = Math.max(1, Math.round(chaos.perHour * hours * (0.5 + dice.random())));
  const [first, ...rest] = chaos.only ?? wrongs;
  for (let i = 0; i < count; i++) {
    const wrong = dice.pick([first ?? 'crash', ...rest]);
    const at = dice.whole(from, until - 1);
    world.timeline.at(at, () => {
      const lastsMs = Math.min(begin(world, invariants, wrong, dice), until - at);
      world.note(`chaos: ${wrong} for ${lastsMs} ms`);
      troubles.push({ wrong, from: at, until: at + lastsMs });
    });
  }
  // Whatever was broken is mended, and every process that should be there is.
  world.timeline.at(until, () => {
    world.clearFaults();
    world.redisServer.setReadOnly(false);
    world.redisNet.mend();
    world.jobs.setFaults({ doubled: 0, lost: 0 });
    world.setCalm();
    world.note('chaos: over');
  });
  return troubles;
}
