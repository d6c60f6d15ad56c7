import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();

/** A fresh, empty folder, removed when the test file is done. */
export async function freshFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'token-refresher-test-')));
  folders.add(folder);
  return folder;
}

export const freshFolders = (): readonly string[] => [...folders];

export async function removeFolders(): Promise<void> {
  const removing = [...folders].map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  folders.clear();
  await Promise.all(removing);
}
