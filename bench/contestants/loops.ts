import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgram, type Program } from '../ground/programs.ts';
import type { Contestant, Ground, Task } from './contestant.ts';
import type { LoopTask } from './loop.ts';

/** Debian's own: the one that its python3-requests and python3-redis belong to. */
const PYTHON = '/usr/bin/python3';

/** p-limit, undici and ioredis in a bare loop: what the machine and the libraries allow. */
export const floor: Contestant = {
  name: 'floor',
  missing: async () => undefined,
  start: (ground, task) => startLoop(ground, task, 'floor', process.execPath, 'floor-main.ts'),
};

/** The Python program. */
export const script: Contestant = {
  name: 'script',
  missing: async () => {
    try {
      await promisify(execFile)(PYTHON, ['-c', 'import redis, requests']);
      return undefined;
    } catch {
      return 'python3-requests and python3-redis are not installed';
    }
  },
  start: (ground, task) => startLoop(ground, task, 'script', PYTHON, 'script.py'),
};

/** One BullMQ job scheduler per account. */
export const schedulers: Contestant = {
  name: 'schedulers',
  missing: async () => undefined,
  start: (ground, task) => startLoop(ground, task, 'schedulers', process.execPath, 'schedulers-main.ts'),
};

async function startLoop(
  ground: Ground,
  task: Task,
  name: string,
  command: string,
  file: string,
): Promise<Program> {
  const { folder, redis, broker, ends } = ground;
  const { way, users, concurrency, everyMs = null } = task;
  const told: LoopTask = { redisUrl: redis.url, brokerUrl: broker.url, way, users, concurrency, everyMs };
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(told));
  const args = [join(import.meta.dirname, file), path];
  const program = startProgram({ command, args, env: {}, dir: folder, name });
  ends.add(program.kill);
  return program;
}
