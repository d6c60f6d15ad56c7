import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import { distributionName, fetchWithApt, hasApt } from './embedded/apt.ts';
import { cacheFolders, isTrusted, writableFolder } from './embedded/cache.ts';
import { run } from './embedded/command.ts';
import { waitForHold } from './embedded/hold.ts';
import type { RedisServer } from './embedded/server.ts';
import { isNewEnough, oldestVersion } from './version.ts';

const PROGRAMS = ['redis-server', 'valkey-server'];
/** Below a cache folder; by architecture, as home folders are shared between machines. */
const TREE = `redis-${process.arch}`;
const HOW_TO_INSTALL =
  'install one (Debian, Ubuntu: apt-get install redis-server; Fedora, RHEL: dnf install valkey; ' +
  'Alpine: apk add redis; macOS: brew install redis), or set REDIS_SERVER to the path of one';

export interface ServerSearch {
  /** Read: PATH, HOME, XDG_CACHE_HOME, REDIS_SERVER; handed to apt (proxies). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what takes long, a line at a time. */
  readonly say: (line: string) => void;
  /** True: get one from the system's packages where there is none (Debian, Ubuntu). */
  readonly download: boolean;
  /** A folder to keep it in where the home folder cannot be written. */
  readonly fallbackDir?: string;
  readonly clock?: Clock;
}

/**
 * A Redis or Valkey server of this machine: REDIS_SERVER, one on PATH, one we got earlier, or, on
 * Debian and Ubuntu, one got now from the system's own packages without installing anything.
 * Throws ConfigurationError, one line that says what to install.
 */
export async function findRedisServer(search: ServerSearch): Promise<RedisServer> {
  const { env } = search;
  const chosen = env['REDIS_SERVER'];
  if (chosen) {
    const server = await probe(resolve(chosen), env);
    if (server && isNewEnough(server.version)) return server;
    throw fault(
      'REDIS_SERVER',
      `is no redis-server or valkey-server ${oldestVersion} or newer that can be run here`,
    );
  }
  const reasons: string[] = [];
  for await (const server of candidates(search, reasons)) {
    if (isNewEnough(server.version)) return server;
    reasons.push(`${server.command} is ${server.version}, older than ${oldestVersion}`);
  }
  const why = reasons.length > 0 ? ` (${[...new Set(reasons)].join('; ')})` : '';
  throw fault('redis-server', `no redis-server or valkey-server found${why}: ${HOW_TO_INSTALL}`);
}

const fault = (at: string, message: string): ConfigurationError => new ConfigurationError([{ at, message }]);

/** Servers of this machine, the nearest first; one is downloaded only when all before it would not do. */
async function* candidates(search: ServerSearch, reasons: string[]): AsyncGenerator<RedisServer> {
  const { env } = search;
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const program of PROGRAMS.flatMap((name) => path.map((folder) => resolve(folder, name)))) {
    const server = await probe(program, env);
    if (server) yield server;
  }
  const caches = cacheFolders(env, search.fallbackDir);
  for (const folder of caches) {
    if (await isTrusted(folder)) yield* inTree(join(folder, TREE), env);
  }
  if (search.download) yield* downloads(search, caches, reasons);
}

async function* downloads(
  { env, say, clock = systemClock }: ServerSearch,
  caches: readonly string[],
  reasons: string[],
): AsyncGenerator<RedisServer> {
  if (!(await hasApt(env))) return;
  const folder = await writableFolder(caches);
  if (folder === undefined) {
    reasons.push('there is no folder that a downloaded one could be kept in');
    return;
  }
  const into = join(folder, TREE);
  // Of several processes one gets it, and the others find it when their turn comes.
  const hold = await waitForHold(folder, clock);
  try {
    yield* inTree(into, env);
    say(`getting redis-server from ${await distributionName()}'s packages, once: it is kept in ${into}`);
    for (const name of PROGRAMS) {
      const failed = await fetchWithApt({ name, into, env });
      if (failed === undefined) yield* inTree(into, env);
      else reasons.push(failed);
    }
  } finally {
    await hold.release();
  }
}

/** A server in an unpacked tree of packages, with the libraries that came with it. */
async function* inTree(tree: string, env: ServerSearch['env']): AsyncGenerator<RedisServer> {
  const entries = await readdir(tree, { recursive: true }).catch(() => []);
  const libraries = entries
    .filter((entry) => /\.so(\.|$)/.test(entry))
    .map((entry) => join(tree, dirname(entry)));
  for (const name of PROGRAMS) {
    const server = await probe(join(tree, 'usr/bin', name), env, [...new Set(libraries)]);
    if (server) yield server;
  }
}

/** Asks a program for its version: it is there, it runs here, and it is what its name says. */
async function probe(
  command: string,
  env: ServerSearch['env'],
  libraries: readonly string[] = [],
): Promise<RedisServer | undefined> {
  const runnable = await access(command, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runnable) return undefined;
  // Only what it needs: our own environment holds secrets.
  const own: Record<string, string> = { PATH: env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  if (libraries.length > 0) own['LD_LIBRARY_PATH'] = libraries.join(delimiter);
  const answer = await run(command, ['--version'], { env: own, timeoutMs: 10_000 });
  const version = /(?:Redis|Valkey|Server) .*?v=(\d+\.\d+\.\d+)/i.exec(answer.stdout)?.[1];
  return answer.ok && version !== undefined ? { command, env: own, version } : undefined;
}
