import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freshFolder } from '../../support/folder.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');

/** The commit so many before this one; undefined where there is no history (a shallow clone, an export of the sources). */
export async function earlierCommit(back: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `HEAD~${back}^{commit}`], {
      cwd: root,
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Writes the sources of a commit to a folder of their own; its program, below the project's root. */
export async function programAt(commit: string): Promise<string> {
  const folder = await freshFolder();
  const tar = join(folder, 'sources.tar');
  const there = join(folder, 'project');
  await mkdir(there);
  await run('git', ['archive', '--output', tar, commit, 'src', 'package.json'], { cwd: root });
  await run('tar', ['-xf', tar, '-C', there]);
  await symlink(join(root, 'node_modules'), join(there, 'node_modules'));
  return relative(root, join(there, 'src/cli/main.ts'));
}
