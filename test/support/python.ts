import { join, resolve } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { fetchWithApt, hasApt } from '../../src/redis/embedded/apt.ts';
import { cacheFolders, isTrusted, writableFolder } from '../../src/redis/embedded/cache.ts';
import { run } from '../../src/redis/embedded/command.ts';
import { waitForHold } from '../../src/redis/embedded/hold.ts';

/** A Python that has redis-py, and the environment it needs for that. */
export interface Python {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

export const PYTHON_CLIENT = resolve(import.meta.dirname, '../../clients/python');
const PACKAGE = 'python3-redis';
/** Where Debian's packages of Python modules put them. */
const MODULES = 'usr/lib/python3/dist-packages';

/**
 * A Python of this machine with redis-py: what PYTHON names, one on PATH, Debian's own; else, on Debian and Ubuntu, theirs
 * with redis-py got now from the system's own packages, without installing anything. Else, why there is none.
 */
export async function findPython(): Promise<Python | { readonly missing: string }> {
  const { env } = process;
  const works = async (command: string, modules?: string): Promise<Python | undefined> => {
    const paths = [PYTHON_CLIENT, ...(modules === undefined ? [] : [modules])].join(':');
    const python = { command, env: { PYTHONPATH: paths, PYTHONDONTWRITEBYTECODE: '1' } };
    const probe = ['-c', 'import redis.asyncio, sys; sys.exit(sys.version_info < (3, 10))'];
    const found = await run(command, probe, { env: { ...env, ...python.env }, timeoutMs: 20_000 });
    return found.ok ? python : undefined;
  };
  const tree = `${PACKAGE}-${process.arch}`;
  const caches = cacheFolders(env, undefined);
  const system = '/usr/bin/python3';
  for (const command of [env['PYTHON'], 'python3', system]) {
    const found = command && (await works(command));
    if (found) return found;
  }
  for (const folder of caches) {
    const found = (await isTrusted(folder)) && (await works(system, join(folder, tree, MODULES)));
    if (found) return found;
  }
  if (!(await hasApt(env))) return { missing: 'there is no Python with redis-py, and no apt to get it with' };
  const folder = await writableFolder(caches);
  if (folder === undefined) return { missing: 'there is no folder that redis-py could be kept in' };
  const hold = await waitForHold(folder, systemClock);
  try {
    const modules = join(folder, tree, MODULES);
    const there = await works(system, modules);
    if (there) return there;
    process.stderr.write(`getting redis-py from the system's packages, once: it is kept in ${folder}\n`);
    const failed = await fetchWithApt({ name: PACKAGE, into: join(folder, tree), env });
    const got = await works(system, modules);
    return got ?? { missing: failed ?? `the package ${PACKAGE} does not run here` };
  } finally {
    await hold.release();
  }
}
