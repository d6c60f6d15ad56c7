import { readFile, readlink } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { run } from './command.ts';

/** How long a process may take to end by itself before it is killed, ms. */
const GRACE_MS = 10_000;
const KILLED_MS = 2_000;
const POLL_MS = 20;

/**
 * Tells one process from a later one with the same id: when it was born, in the system's own terms.
 * Undefined where no such process lives (one that only waits to be reaped does not live).
 */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startedAccordingToPs(pid);
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …": the name may hold spaces and brackets, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    if (state === undefined || ticks === undefined || 'ZX'.includes(state)) return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.slice(0, 8)}-${ticks}`;
  } catch {
    return undefined;
  }
}

async function startedAccordingToPs(pid: number): Promise<string | undefined> {
  const ps = await run('ps', ['-o', 'lstart=', '-p', String(pid)], {
    env: { PATH: '/usr/bin:/bin' },
    timeoutMs: 5_000,
  });
  return ps.ok ? ps.stdout.trim().replace(/[^A-Za-z0-9]+/g, '-') : undefined;
}

/** True where this process is a Redis server that works in `dir` (absolute, no symlinks). */
export async function isServerOf(pid: number, dir: string): Promise<boolean> {
  if ((await birthOf(pid)) === undefined) return false;
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === dir;
  const ps = await run('ps', ['-o', 'command=', '-p', String(pid)], {
    env: { PATH: '/usr/bin:/bin' },
    timeoutMs: 5_000,
  });
  return /(redis|valkey)-(server|check)/.test(ps.stdout);
}

/** Ends a process that is not our child: politely first, so that it saves what it has. False: it still lives. */
export async function endProcess(pid: number, clock: Clock): Promise<boolean> {
  const birth = await birthOf(pid);
  if (birth === undefined) return true;
  const gone = async (withinMs: number): Promise<boolean> => {
    const until = clock.now() + withinMs;
    while ((await birthOf(pid)) === birth) {
      if (clock.now() >= until) return false;
      await clock.sleep(POLL_MS);
    }
    return true;
  };
  signal(pid, 'SIGTERM');
  if (await gone(GRACE_MS)) return true;
  signal(pid, 'SIGKILL');
  return gone(KILLED_MS);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself, or is another user's: what follows looks whether it lives.
  }
}
