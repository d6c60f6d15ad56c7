import { readdir, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../core/clock.ts';
import { birthOf } from './process.ts';

export interface Held {
  readonly held: true;
  readonly release: () => Promise<void>;
}

export type Hold = Held | { readonly held: false; readonly by: number };

const PREFIX = 'held-by';
/** A living holder touches its mark this often: across containers that is all there is to see of it. */
const TOUCH_MS = 1_000;
/** A mark of another container that was not touched for this long is a dead one's. */
const STILL_MS = 4_000;
const LOOK_MS = 100;

/**
 * Takes a folder for this process alone, or says which process has it. A process that was killed
 * leaves nothing that blocks: its mark names its birth, and no living process has that. Where a process id says
 * nothing (another container, on the same volume), a living one's mark is touched every second.
 *
 * Each process writes a mark of its own first and looks for others second, so of two that start at
 * once at least one sees the other, and nobody ever removes a mark that may be a living one's.
 */
export async function takeHold(dir: string, clock: Clock = systemClock): Promise<Hold> {
  const here = await namespaceOfProcessIds();
  const own = `${PREFIX}.${process.pid}.${(await birthOf(process.pid)) ?? 'unknown'}.${here}`;
  const path = join(dir, own);
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      return { held: false, by: process.pid };
    throw error;
  }
  const touching = setInterval(() => {
    const now = new Date(clock.now());
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS).unref();
  const release = (): Promise<void> => {
    clearInterval(touching);
    return rm(path, { force: true });
  };
  for (const mark of await readdir(dir)) {
    const [prefix, pid, birth, where = here] = mark.split('.');
    if (prefix !== PREFIX || mark === own) continue;
    const lives =
      where === here
        ? birth !== undefined && (await birthOf(Number(pid))) === birth
        : await isTouched(join(dir, mark), clock);
    if (lives) {
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
    const hold = await takeHold(dir, clock);
    if (hold.held) return hold;
    // Not in step with the others who wait: each would see the other's mark, and nobody would get it.
    await clock.sleep(50 + (process.pid % 50));
  }
}

/** Whether somebody touches the mark while it is watched. By its own change alone: two containers' clocks may differ. */
async function isTouched(mark: string, clock: Clock): Promise<boolean> {
  const touchedAt = async (): Promise<number> => (await stat(mark).catch(() => undefined))?.mtimeMs ?? 0;
  const first = await touchedAt();
  const until = clock.now() + STILL_MS;
  while (first !== 0 && clock.now() < until) {
    await clock.sleep(LOOK_MS);
    const now = await touchedAt();
    if (now !== first) return now !== 0;
  }
  return false;
}

/** Process ids mean something only to processes of the same namespace. */
async function namespaceOfProcessIds(): Promise<string> {
  const name = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(name)?.[0] ?? 'one';
}
