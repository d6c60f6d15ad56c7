import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

/** A process of a bench. */
export interface Program {
  readonly pid: number;
  /** True while it runs. */
  isThere(): boolean;
  /** Resolves with the first line of its output that the pattern finds. */
  line(pattern: RegExp, timeoutMs: number): Promise<string>;
  exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL after the grace; the code it ended with. */
  stop(graceMs?: number): Promise<number | null>;
  kill(): Promise<void>;
}

export interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
  /** Of the file its output goes to. */
  readonly name: string;
}

const GRACE_MS = 15_000;
const POLL_MS = 2;

/** Starts a program; its output is kept in `NAME.log` in its folder. */
export function startProgram({ command, args, env, dir, name }: Start): Program {
  const log = createWriteStream(join(dir, `${name}.log`), { flags: 'a' });
  const child = spawn(command, args, { cwd: dir, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let isRunning = true;
  /** The lines that were looked for are among the first: a service that logs for minutes is not kept. */
  let head = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      if (head.length < 100_000) head += chunk.toString();
      log.write(chunk);
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (code) => {
      isRunning = false;
      log.end();
      resolve(code);
    });
  });
  const kill = async (): Promise<void> => {
    if (isRunning) child.kill('SIGKILL');
    await exited;
  };
  return {
    pid: child.pid ?? 0,
    isThere: () => isRunning,
    exited,
    line: async (pattern, timeoutMs) => {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const found = head.split('\n').find((line) => pattern.test(line));
        if (found !== undefined) return found;
        if (!isRunning || performance.now() > until) {
          throw new Error(`${name} did not say ${String(pattern)}; it said:\n${head.slice(-2_000)}`);
        }
        await pause(POLL_MS);
      }
    },
    stop: async (graceMs = GRACE_MS) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      if (isRunning) child.kill('SIGTERM');
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
    kill,
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is there; throws after the time. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined | false>,
  everyMs = 20,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await pause(everyMs);
  }
}
