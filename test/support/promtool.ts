import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { fetchWithApt, hasApt } from '../../src/redis/embedded/apt.ts';
import { cacheFolders, isTrusted, writableFolder } from '../../src/redis/embedded/cache.ts';
import { run } from '../../src/redis/embedded/command.ts';
import { waitForHold } from '../../src/redis/embedded/hold.ts';

/** Below a cache folder; by architecture, as home folders are shared between machines. */
const TREE = `prometheus-${process.arch}`;

/**
 * Prometheus' promtool of this machine: PROMTOOL, one on PATH, one we got earlier, or, on Debian and Ubuntu, one
 * got now from the system's own packages (checked by apt as ever) without installing anything. Else, why there is none.
 */
export async function findPromtool(): Promise<{ readonly command: string } | { readonly missing: string }> {
  const { env } = process;
  for (const command of [env['PROMTOOL'], 'promtool']) {
    if (command && (await works(command))) return { command };
  }
  const caches = cacheFolders(env, undefined);
  for (const folder of caches) {
    const command = inTree(folder);
    if ((await isTrusted(folder)) && (await works(command))) return { command };
  }
  if (!(await hasApt(env))) return { missing: 'there is no promtool, and no apt to get one with' };
  const folder = await writableFolder(caches);
  if (folder === undefined) return { missing: 'there is no folder that promtool could be kept in' };
  const hold = await waitForHold(folder, systemClock);
  try {
    const command = inTree(folder);
    if (await works(command)) return { command };
    process.stderr.write(`getting promtool from the system's packages, once: it is kept in ${folder}\n`);
    const failed = await fetchWithApt({ name: 'prometheus', into: join(folder, TREE), env });
    if (await works(command)) return { command };
    return { missing: failed ?? 'the package prometheus has no promtool that runs here' };
  } finally {
    await hold.release();
  }
}

const inTree = (folder: string): string => join(folder, TREE, 'usr/bin/promtool');

async function works(command: string): Promise<boolean> {
  return (await run(command, ['--version'], { env: process.env, timeoutMs: 10_000 })).ok;
}
