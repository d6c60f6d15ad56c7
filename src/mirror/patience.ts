import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errno.ts';
import type { Disk } from './disk.ts';

/** How long a disk is waited for, ms. A look at a token of a minute has still time for its call then. */
export const DISK_WAIT_MS = 2_000;
/** Waited for in parts: a process that was suspended does not take its own sleep for the disk's. */
const PARTS = 2;
const HUNG = 'ETIMEDOUT';

/** The disk did not answer in time, or has not answered something that was asked of it before. */
export const isHung = (error: unknown): boolean => errnoOf(error) === HUNG;

/**
 * A disk that fails instead of hanging. What it was asked and did not answer in time goes on; until it is answered
 * everything else fails at once. So a folder on a network that is gone costs its accounts one wait, not one each
 * look, and Node's four threads for files (which look up names of hosts as well) are not all lost to it.
 */
export function patientDisk(disk: Disk, clock: Clock): Disk {
  let unanswered = 0;

  async function inTime<T>(ask: () => Promise<T>): Promise<T> {
    if (unanswered > 0) throw hung();
    let isLate = false;
    const answered = new AbortController();
    const answer = ask().finally(() => {
      answered.abort();
      if (isLate) unanswered -= 1;
    });
    // Handled below, and a late one is nobody's any more.
    answer.catch(() => undefined);
    for (let part = 0; part < PARTS && !answered.signal.aborted; part += 1)
      await clock.sleep(DISK_WAIT_MS / PARTS, answered.signal);
    if (answered.signal.aborted) return answer;
    isLate = true;
    unanswered += 1;
    throw hung();
  }

  return {
    makeFolder: (folder) => inTime(() => disk.makeFolder(folder)),
    list: (folder) => inTime(() => disk.list(folder)),
    read: (path) => inTime(() => disk.read(path)),
    write: (path, text) => inTime(() => disk.write(path, text)),
    append: (path, text) => inTime(() => disk.append(path, text)),
    rename: (from, to) => inTime(() => disk.rename(from, to)),
    remove: (path) => inTime(() => disk.remove(path)),
    syncFolder: (folder) => inTime(() => disk.syncFolder(folder)),
  };
}

const hung = (): Error => Object.assign(new Error(`${HUNG}: the disk does not answer`), { code: HUNG });
