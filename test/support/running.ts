import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshFolder } from './folder.ts';
import { runCli, startCli, type CliExit, type CliProcess } from './process.ts';
import { freePort } from './redis.ts';

export interface RunningOptions {
  /** Entries of credentials.json, or its text. */
  readonly entries: readonly unknown[] | string;
  /** REDIS_URL; left out, none is named. */
  readonly redisUrl?: string;
  /** HTTP_PORT; left out, a free one. */
  readonly port?: number;
  /** Further settings; they win. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of an earlier run: its credentials (unless given anew), state and port are used again. */
  readonly like?: Running;
  /** Arguments after `run`. */
  readonly args?: readonly string[];
  /** The program, below the project's root; left out, this version's. */
  readonly entry?: string;
}

/** An HTTP answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The service as a process of its own, and what a person does beside it. */
export interface Running extends CliProcess {
  /** Where its HTTP is. */
  readonly url: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly stateDir: string;
  readonly credentialsFile: string;
  /** Waits until it serves. */
  ready(timeoutMs?: number): Promise<void>;
  /** Calls its HTTP; redirects are not followed. Rejects where nobody listens. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** The same, with the admin token. */
  askAsAdmin(path: string, init?: RequestInit): Promise<Answer>;
  adminToken(): Promise<string>;
  /** Runs a command of the command line in the same folder and environment. */
  command(...args: readonly string[]): Promise<CliExit>;
  writeCredentials(entries: readonly unknown[] | string): Promise<void>;
  /** SIGTERM, and its end. */
  stop(): Promise<CliExit>;
}

/** Starts `run` in a folder with this credentials file. Resolves once the process runs, not once it serves. */
export async function startRunning(options: RunningOptions): Promise<Running> {
  const { like } = options;
  const dir = like?.dir ?? (await freshFolder());
  const port = options.port ?? like?.port ?? (await freePort());
  const credentialsFile = join(dir, 'credentials.json');
  const stateDir = join(dir, 'data');
  const writeCredentials = (entries: readonly unknown[] | string): Promise<void> =>
    writeFile(credentialsFile, typeof entries === 'string' ? entries : JSON.stringify(entries));
  await writeCredentials(options.entries);
  const env = {
    HTTP_PORT: String(port),
    ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
    ...options.env,
  };
  const child = await startCli(['run', ...(options.args ?? [])], {
    dir,
    env,
    ...(options.entry !== undefined && { entry: options.entry }),
  });
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(new URL(path, url), { redirect: 'manual', ...init });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const adminToken = async (): Promise<string> =>
    (await readFile(join(stateDir, 'admin-token'), 'utf8')).trim();
  return {
    ...child,
    url,
    port,
    env,
    stateDir,
    credentialsFile,
    async ready(timeoutMs) {
      await child.event({ event: 'service.ready' }, timeoutMs);
    },
    ask,
    async askAsAdmin(path, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${await adminToken()}`);
      return ask(path, { ...init, headers });
    },
    adminToken,
    command: (...args) => runCli(args, { dir, env }),
    writeCredentials,
    stop() {
      child.signal('SIGTERM');
      return child.exit();
    },
  };
}

/** The parsed body of an answer. */
export const jsonOf = (answer: Answer): Readonly<Record<string, unknown>> =>
  JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
