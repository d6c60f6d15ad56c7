import { execFile } from 'node:child_process';

export interface CommandResult {
  /** True where it ran and exited with 0. */
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** Runs a program to its end, without a shell. Never rejects: what cannot be run is not `ok`. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const limits = { timeout: options.timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    execFile(program, args, { env: options.env, ...limits }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr });
    });
  });
}
