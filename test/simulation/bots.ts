import type { World } from './world.ts';

/* What bots write to the stream of reports. */

const STREAM = 'token-reports';

/** A bot whose Redis takes no writes just now goes on without. */
const written = (adding: Promise<unknown>): Promise<unknown> => adding.catch(() => undefined);

/** The generation that bots read of a name; 0 where there is none. */
export const generationOf = (world: World, name: string): number =>
  Number(world.meta(name)['generation'] ?? 0);

/** So many bots report this generation of a name, all at once. */
export async function report(world: World, name: string, generation: number, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    await written(
      world.redis.xadd(STREAM, '*', 'name', name, 'generation', String(generation), 'status', '401'),
    );
  }
}

/** What no bot should write: no name, no number, or fields of its own. */
export async function writeJunk(world: World, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const fields =
      [
        ['what', 'ever'],
        ['name', '../DESK', 'generation', '1'],
        ['name', 'DESK', 'generation', 'x'],
        ['name', '__proto__'],
      ][i % 4] ?? [];
    await written(world.redis.xadd(STREAM, '*', ...fields));
  }
}
