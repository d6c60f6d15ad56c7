import { access, constants, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** By number: in a container a user need not have a name. */
const userId = (): number => process.getuid?.() ?? 0;

/** Folders a downloaded server may be kept in, the best first. */
export function cacheFolders(env: Environment, fallback: string | undefined): readonly string[] {
  return [
    ...(env['XDG_CACHE_HOME'] ? [join(env['XDG_CACHE_HOME'], 'token-refresher')] : []),
    ...(env['HOME'] ? [join(env['HOME'], '.cache', 'token-refresher')] : []),
    ...(fallback ? [join(fallback, 'cache')] : []),
    join(tmpdir(), `token-refresher-${userId()}`),
  ];
}

/**
 * True where only we (or root) can have put files there. Anybody may create a folder in /tmp, and a
 * program that somebody else left there is not to be run.
 */
export async function isTrusted(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  const ours = found.uid === userId() || found.uid === 0;
  return ours && (found.mode & 0o022) === 0;
}

/** The first folder that is ours to write to, made where it is missing. */
export async function writableFolder(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await access(folder, constants.W_OK);
    } catch {
      continue;
    }
    if (await isTrusted(folder)) return folder;
  }
  return undefined;
}
