import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { birthOf } from './process.ts';

export interface Held {
  readonly held: true;
  readonly release: () => Promise<void>;
}

export type Hold = Held | { readonly held: false; readonly by: number };

const PREFIX = 'held-by';

/**
 * Takes a folder for this process alone, or says which process has it. A process that was killed
 * leaves nothing that blocks: its mark names its birth, and no living process has that.
 *
 * Each process writes a mark of its own first and looks for others second, so of two that start at
 * once at least one sees the other, and nobody ever removes a mark that may be a living one's.
 */
export async function takeHold(dir: string): Promise<Hold> {
  const own = `${PREFIX}.${process.pid}.${(await birthOf(process.pid)) ?? 'unknown'}`;
  try {
    await writeFile(join(dir, own), '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      return { held: false, by: process.pid };
    throw error;
  }
  const release = (): Promise<void> => rm(join(dir, own), { force: true });
  for (const mark of await readdir(dir)) {
    const [prefix, pid, birth] = mark.split('.');
    if (prefix !== PREFIX || mark === own) continue;
    if (birth !== undefined && (await birthOf(Number(pid))) === birth) {
      await release();
      return { held: false, by: Number(pid) };
    }
    await rm(join(dir, mark), { force: true });
  }
  return { held: true, release };
}

/** Takes a folder as soon as nobody else has it. */
export async function waitForHold(dir: string, clock: Clock): Promise<Held> {
  for (;;) {
    const hold = await takeHold(dir);
    if (hold.held) return hold;
    // Not in step with the others who wait: each would see the other's mark, and nobody would get it.
    await clock.sleep(50 + (process.pid % 50));
  }
}
