import { randomUUID } from 'node:crypto';
import { mkdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../core/errno.ts';
import type { Fault } from '../core/errors.ts';

/**
 * Makes the state folder (0700; one that is there keeps its mode) and proves that it can be written:
 * a mode says nothing about a read-only mount or a full disk. Resolves to the fault where it cannot.
 */
export async function prepareStateDir(dir: string): Promise<Fault | undefined> {
  try {
    await makeFolder(dir);
    const probe = join(dir, `.probe-${randomUUID()}`);
    await writeFile(probe, 'x', { flag: 'wx', mode: 0o600 });
    await unlink(probe);
    return undefined;
  } catch (error) {
    const why = (await isFile(dir)) ? 'is not a folder' : `cannot be written (${errnoOf(error)})`;
    return { at: 'STATE_DIR', message: `${dir} ${why}: name a folder that this user may write` };
  }
}

/**
 * Node's own recursive `mkdir` spins for ever where the system says ENOENT though the parent is there
 * (below /proc): the service would hang at its start instead of saying what is wrong.
 */
async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    const parent = dirname(dir);
    if (errnoOf(error) !== 'ENOENT' || (await exists(parent))) throw error;
    await makeFolder(parent);
    await makeFolder(dir);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );
