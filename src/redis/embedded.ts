import { chmod, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import { takeHold } from './embedded/hold.ts';
import { isFree } from './embedded/port.ts';
import { endProcess, isServerOf } from './embedded/process.ts';
import {
  launchRedis,
  LaunchError,
  type Exit,
  type RedisProcess,
  type RedisServer,
} from './embedded/server.ts';
import { superviseRedis } from './embedded/supervise.ts';

export interface EmbeddedOptions {
  readonly stateDir: string;
  /** Undefined: 6379, or the next one that is free. */
  readonly port: number | undefined;
  /** From `findRedisServer`. */
  readonly server: RedisServer;
  readonly clock: Clock;
  /** Told what a person should know, a line at a time. */
  readonly say: (line: string) => void;
  /** Told when the server ended though nobody asked it to; it is being restarted. */
  readonly onExit: (exit: Exit) => void;
}

export interface EmbeddedRedis {
  readonly url: string;
  readonly port: number;
  /** Saves, ends the server and gives the folder free. To be called last, once nobody needs Redis. */
  stop(): Promise<void>;
}

const FIRST_PORT = 6379;
const LAST_PORT = 6579;

/**
 * Everysec: a command is in the kernel's hands before it is answered, so a killed process loses
 * nothing, a lost machine a second. (`always` would lose no second, but ends the server at the first
 * full disk, and with it every token that is still good.) Never evict: a token is not a cache.
 */
const settings = (dir: string): readonly string[] => [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
  ...['--maxmemory-policy', 'noeviction', '--pidfile', pidFile(dir)],
];

/**
 * Runs a private Redis on 127.0.0.1 with its data in `stateDir/redis`, and keeps it running.
 * Throws ConfigurationError where another process has that folder, the port is taken, or it cannot
 * be written or loaded.
 */
export async function startEmbeddedRedis(options: EmbeddedOptions): Promise<EmbeddedRedis> {
  const { clock, server, say } = options;
  const dir = await makeFolder(join(options.stateDir, 'redis'));
  const hold = await takeHold(dir, clock);
  if (!hold.held) {
    throw fault(
      'STATE_DIR',
      `${options.stateDir} is in use by process ${hold.by}: end that one, or give this one a folder of its own`,
    );
  }
  try {
    await endOrphan(dir, clock, say);
    const launch = (port: number): Promise<RedisProcess> =>
      launchRedis({ server, port, dir, settings: settings(dir), clock });
    const { port, first } = await onFreePort(options.port, launch);
    const url = `redis://127.0.0.1:${port}`;
    const supervised = superviseRedis({
      first,
      launch: () => launch(port),
      clock,
      say,
      onExit: options.onExit,
    });
    await writeEndpoint(dir, url);
    return {
      url,
      port,
      stop: async () => {
        await supervised.stop();
        await rm(endpointFile(dir), { force: true });
        await hold.release();
      },
    };
  } catch (error) {
    await hold.release();
    throw error;
  }
}

/** Where the embedded Redis of a running service is, or undefined. */
export async function embeddedEndpoint(stateDir: string): Promise<string | undefined> {
  const text = await readFile(endpointFile(join(stateDir, 'redis')), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

const endpointFile = (dir: string): string => join(dir, 'endpoint');
const pidFile = (dir: string): string => join(dir, 'redis.pid');
const fault = (at: string, message: string): ConfigurationError => new ConfigurationError([{ at, message }]);

async function makeFolder(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    return await realpath(dir);
  } catch {
    throw fault('STATE_DIR', `${dir} cannot be made or is another user's: make it writable for this user`);
  }
}

/** Replaced in one step, so that the command line never reads half an address. */
async function writeEndpoint(dir: string, url: string): Promise<void> {
  const draft = `${endpointFile(dir)}.new`;
  await writeFile(draft, `${url}\n`, { mode: 0o600 });
  await rename(draft, endpointFile(dir));
}

/** A server whose service was killed lives on: two on the same files would spoil them. */
async function endOrphan(dir: string, clock: Clock, say: (line: string) => void): Promise<void> {
  const pid = Number(await readFile(pidFile(dir), 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isServerOf(pid, dir))) return;
  say(`ending the Redis (process ${pid}) that a killed run left behind; its data is kept`);
  if (await endProcess(pid, clock)) return;
  throw fault(
    'STATE_DIR',
    `process ${pid}, left behind by a killed run, still works on ${dir} and cannot be ended: end it`,
  );
}

async function onFreePort(
  wanted: number | undefined,
  launch: (port: number) => Promise<RedisProcess>,
): Promise<{ readonly port: number; readonly first: RedisProcess }> {
  for (let port = wanted ?? FIRST_PORT; port <= (wanted ?? LAST_PORT); port += 1) {
    if (!(await isFree(port))) continue;
    try {
      return { port, first: await launch(port) };
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      // Somebody took it since we looked.
      if (!error.portTaken) throw fault('REDIS_URL=embedded', error.message);
    }
  }
  throw wanted === undefined
    ? fault(
        'EMBEDDED_REDIS_PORT',
        `no port from ${FIRST_PORT} to ${LAST_PORT} is free: set it to one that is`,
      )
    : fault(
        'EMBEDDED_REDIS_PORT',
        `port ${wanted} is taken or not ours to use: choose another, or leave it out for the next free one`,
      );
}
