import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errno.ts';

export interface Found {
  readonly name: string;
  /** Another one for every content that was ever put there. */
  readonly version: string;
  /** When it was written, ms. */
  readonly writtenAt: number;
}

/** What the mirror asks of a file system; a test puts one in its place that fails where it wants. */
export interface Disk {
  /** Makes the folder (0700), and those above it, where there are none. */
  makeFolder(folder: string): Promise<void>;
  /** The files of a folder; none where there is no folder. */
  list(folder: string): Promise<readonly Found[]>;
  read(path: string): Promise<string>;
  /** Resolves once the text is on the disk, in a file (0600) of its own. */
  write(path: string, text: string): Promise<void>;
  /** Adds to a file (0600), made where there is none. Resolves once the text is on the disk. */
  append(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Also where there is no such file. */
  remove(path: string): Promise<void>;
  /** Resolves once the folder's names are on the disk. */
  syncFolder(folder: string): Promise<void>;
}

export const systemDisk: Disk = {
  async makeFolder(folder) {
    // Those above it as well: a simulated run keeps its own in a folder of its own.
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
  },
  async list(folder) {
    const names = await readdir(folder).catch(unlessMissing);
    const found: Found[] = [];
    // One by one: on a disk that hangs each of them would hold a thread of Node's, and there are four.
    for (const name of names ?? []) {
      const file = await stat(join(folder, name)).catch(unlessMissing);
      if (!file?.isFile()) continue;
      const version = `${file.ino}:${file.mtimeMs}:${file.size}`;
      found.push({ name, version, writtenAt: file.mtimeMs });
    }
    return found;
  },
  read: (path) => readFile(path, 'utf8'),
  async write(path, text) {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async append(path, text) {
    const file = await open(path, 'a', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } catch (error) {
      // Some network mounts have no such thing; their renames are as safe as they will be.
      if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOTSUP') throw error;
    } finally {
      await handle.close();
    }
  },
};

/** Another process may take a file away between two looks at it. */
function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return undefined;
}
