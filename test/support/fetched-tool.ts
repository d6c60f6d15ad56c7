import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { fetchWithApt, hasApt } from '../../src/redis/embedded/apt.ts';
import { cacheFolders, isTrusted, writableFolder } from '../../src/redis/embedded/cache.ts';
import { run } from '../../src/redis/embedded/command.ts';
import { waitForHold } from '../../src/redis/embedded/hold.ts';

/** A program of a Debian package that tests run. */
export interface Tool {
  /** As on PATH. */
  readonly command: string;
  /** A variable that names another. */
  readonly variable: string;
  readonly package: string;
  /** Where it is in the package. */
  readonly path: string;
  /** Ends well where it runs. */
  readonly probe: readonly string[];
}

/**
 * A tool of this machine: what its variable names, one on PATH, one we got earlier, or, on Debian and Ubuntu, one
 * got now from the system's own packages (checked by apt as ever) without installing anything. Else, why there is none.
 */
export async function findTool(
  tool: Tool,
): Promise<{ readonly command: string } | { readonly missing: string }> {
  const { env } = process;
  const works = async (command: string): Promise<boolean> =>
    (await run(command, tool.probe, { env, timeoutMs: 10_000 })).ok;
  // By architecture, as home folders are shared between machines.
  const tree = `${tool.package}-${process.arch}`;
  const inTree = (folder: string): string => join(folder, tree, tool.path);

  for (const command of [env[tool.variable], tool.command]) {
    if (command && (await works(command))) return { command };
  }
  const caches = cacheFolders(env, undefined);
  for (const folder of caches) {
    const command = inTree(folder);
    if ((await isTrusted(folder)) && (await works(command))) return { command };
  }
  if (!(await hasApt(env))) return { missing: `there is no ${tool.command}, and no apt to get one with` };
  const folder = await writableFolder(caches);
  if (folder === undefined) return { missing: `there is no folder that ${tool.command} could be kept in` };
  const hold = await waitForHold(folder, systemClock);
  try {
    const command = inTree(folder);
    if (await works(command)) return { command };
    process.stderr.write(
      `getting ${tool.command} from the system's packages, once: it is kept in ${folder}\n`,
    );
    const failed = await fetchWithApt({ name: tool.package, into: join(folder, tree), env });
    if (await works(command)) return { command };
    return { missing: failed ?? `the package ${tool.package} has no ${tool.command} that runs here` };
  } finally {
    await hold.release();
  }
}
