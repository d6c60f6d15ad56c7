import type { Invariants } from './invariants/index.ts';
import { served } from './invariants/rules.ts';
import type { Dice } from './random.ts';
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
/** The share of wrongs that wait for the next action of some account, where the most can go wrong. */
const NEAR_A_DUE = 0.5;
const EARLIEST_MS = 10_000;
const LATEST_MS = 5_000;

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
      const due = dice.chance(NEAR_A_DUE) ? nextDue(world, dice) : undefined;
      if (due === undefined || due >= until - MINUTE_MS) return strike(wrong, at);
      return void world.timeline.at(due - dice.whole(-LATEST_MS, EARLIEST_MS), () =>
        strike(wrong, world.now()),
      );
    });
  }
  function strike(wrong: Wrong, at: number): void {
    const lastsMs = Math.min(begin(world, invariants, wrong, dice), until - at);
    world.note(`chaos: ${wrong} for ${lastsMs} ms`);
    troubles.push({ wrong, from: at, until: at + lastsMs });
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

/** When an account, any one, is looked at next, ms. */
function nextDue(world: World, dice: Dice): number | undefined {
  const dues = served(world).flatMap((name) => world.dueAt(name) ?? []);
  const [first, ...rest] = dues;
  return first === undefined ? undefined : dice.pick([first, ...rest]);
}
