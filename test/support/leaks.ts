/**
 * What a test file starts it must also end: whatever still runs when the file is done is ended
 * here, and fails the file. (A setup file: its hook runs after the file's own.)
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { freshFolders, removeFolders } from './folder.ts';

interface Lasting {
  readonly what: string;
  readonly end: () => Promise<void>;
}

const ENDING_MS = 2_000;

const running = new Set<Lasting>();

/** Notes something that has to be ended; call what it returns when it has been. */
export function track(what: string, end: () => Promise<void>): () => void {
  const lasting = { what, end };
  running.add(lasting);
  return () => void running.delete(lasting);
}

afterAll(async () => {
  const left = [...running];
  running.clear();
  await Promise.all(left.map((lasting) => lasting.end()));
  const strays = await straysIn(freshFolders());
  for (const stray of strays) process.kill(stray.pid, 'SIGKILL');
  await removeFolders();
  const found = [
    ...left.map((lasting) => lasting.what),
    ...strays.map((stray) => `process ${stray.pid} (${stray.name})`),
  ];
  if (found.length > 0) throw new Error(`left running by this file: ${found.join(', ')}`);
});

/** What is still there when processes that are just ending have had their time: a busy machine is slow to bury them. */
async function straysIn(folders: readonly string[]): ReturnType<typeof processesIn> {
  const until = Date.now() + ENDING_MS;
  for (;;) {
    const strays = await processesIn(folders);
    if (strays.length === 0 || Date.now() >= until) return strays;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes that work in one of these folders: also those whose parent is gone. Linux only. */
async function processesIn(
  folders: readonly string[],
): Promise<readonly { readonly pid: number; readonly name: string }[]> {
  const pids = (await readdir('/proc').catch(() => []))
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(join('/proc', String(pid), 'cwd')).catch(() => '');
      if (!folders.some((folder) => cwd === folder || cwd.startsWith(`${folder}/`))) return undefined;
      const line = await readFile(join('/proc', String(pid), 'cmdline'), 'utf8').catch(() => '');
      return { pid, name: line.replaceAll('\0', ' ').trim() };
    }),
  );
  return found.filter((stray) => stray !== undefined);
}
