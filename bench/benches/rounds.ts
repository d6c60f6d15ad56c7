import type { Figure, Scope } from '../bench.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { median, spread } from '../ground/numbers.ts';

/** What each contestant measured, round by round. */
export type Measured<T> = ReadonlyMap<string, readonly T[]>;

/** Those that can take part here; who cannot is named below the figures. */
export async function present(scope: Scope, all: readonly Contestant[]): Promise<readonly Contestant[]> {
  const found: Contestant[] = [];
  for (const contestant of all) {
    const missing = await contestant.missing();
    if (missing === undefined) found.push(contestant);
    else scope.note(`${contestant.name}: skipped, ${missing}`);
  }
  return found;
}

/**
 * Side by side: in each round every contestant once, each round begun by another one, as a machine that is busier for a
 * while would favour whoever runs in the other while. Redis and the broker are empty each time.
 */
export async function alternate<T>(
  scope: Scope,
  contestants: readonly Contestant[],
  rounds: number,
  measure: (contestant: Contestant) => Promise<T>,
): Promise<Measured<T>> {
  const measured = new Map<string, T[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const contestant = contestants[(round + turn) % contestants.length];
      if (!contestant) continue;
      await scope.redis.empty();
      await scope.broker.forget();
      scope.say(`round ${round + 1} of ${rounds}: ${contestant.name}`);
      measured.get(contestant.name)?.push(await measure(contestant));
    }
  }
  return measured;
}

/** One number of each round: its median and spread. */
export function figureOf(
  what: string,
  unit: string,
  values: readonly number[],
  target?: Figure['target'],
): Figure {
  return { what, unit, value: median(values), spread: spread(values), ...(target && { target }) };
}

/** The ratio of two contestants, round by round: what the machine was busy with in a round touches both. */
export function ratiosOf<T>(
  measured: Measured<T>,
  above: string,
  below: string,
  pick: (of: T) => number,
): readonly number[] {
  const [upper, lower] = [measured.get(above) ?? [], measured.get(below) ?? []];
  return upper.flatMap((each, round) => {
    const other = lower[round];
    return other === undefined ? [] : [pick(each) / pick(other)];
  });
}
