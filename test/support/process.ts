import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';
import { until } from './poll.ts';

export interface CliOptions {
  /** Added to an otherwise empty environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; a fresh folder where none is given. */
  readonly dir?: string;
  /** Files to write into that folder first, by name; anything but a string as JSON. */
  readonly files?: Readonly<Record<string, unknown>>;
  /** What it reads from standard input. */
  readonly input?: string;
  /** The program, below the project's root. */
  readonly entry?: string;
  /** Another program than Node, e.g. `npm`; found on PATH. */
  readonly program?: string;
}

export interface CliExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of its log. */
export type LogEvent = Readonly<Record<string, unknown>>;

export interface CliProcess {
  readonly pid: number;
  readonly dir: string;
  /** All it has printed so far, both streams. */
  output(): string;
  /** The lines of its output that are JSON objects. */
  events(): readonly LogEvent[];
  /** Waits for a line that holds or matches this; gives the line. */
  line(pattern: string | RegExp, timeoutMs?: number): Promise<string>;
  /** Waits for a log line with these fields. */
  event(fields: LogEvent, timeoutMs?: number): Promise<LogEvent>;
  signal(name: NodeJS.Signals): void;
  /** Ctrl-C at a terminal: SIGINT to it and to every process that it started. */
  interrupt(): void;
  /** Waits until it has ended; rejects, and kills it, where it does not. */
  exit(timeoutMs?: number): Promise<CliExit>;
  /** Ends it at once, as kill -9 would. */
  kill(): Promise<CliExit>;
}

const root = resolve(import.meta.dirname, '../..');

/** Starts the command line as a process. A file that leaves it running fails. */
export async function startCli(args: readonly string[], options: CliOptions = {}): Promise<CliProcess> {
  const dir = options.dir ?? (await freshFolder());
  for (const [name, content] of Object.entries(options.files ?? {})) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  const entry = join(root, options.entry ?? 'src/cli/main.ts');
  const [program, ...before] = options.program === undefined ? [process.execPath, entry] : [options.program];
  const child = spawn(program, [...before, ...args], {
    cwd: dir,
    env: { ...baseEnvironment(), ...options.env },
    // A process group of its own, as a shell would give it.
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');

  let [stdout, stderr, output] = ['', '', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    output += text;
  });
  let ended: CliExit | undefined;
  const exited = new Promise<CliExit>((done) => {
    child.once('close', (code, signal) => {
      ended = { code, signal, stdout, stderr };
      untrack();
      done(ended);
    });
  });
  /** The whole group where there is one: a script's runner and what it runs. */
  const toAll = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined && !ended) process.kill(-child.pid, name);
    } catch {
      // It has ended a moment ago.
    }
  };
  const kill = (): Promise<CliExit> => {
    toAll('SIGKILL');
    return exited;
  };
  const untrack = track(
    `${options.program ?? options.entry ?? 'the command line'} ${args.join(' ')} (process ${child.pid})`,
    async () => {
      await kill();
    },
  );
  const withOutput = (error: unknown): Error => new Error(`${String(error)}\n--- its output ---\n${output}`);
  /** Gives up early where it has ended: what is waited for cannot come any more. */
  const seen = async <T>(look: () => T | undefined, what: string, timeoutMs = 15_000): Promise<T> => {
    const outcome = (): { readonly found: T | undefined } | undefined => {
      const found = look();
      return found !== undefined || ended ? { found } : undefined;
    };
    const { found } = await until(outcome, { what, timeoutMs }).catch((error: unknown) => {
      throw withOutput(error);
    });
    if (found === undefined) throw withOutput(`it ended (${ended?.code ?? ended?.signal}) before ${what}`);
    return found;
  };
  const events = (): readonly LogEvent[] =>
    stdout.split('\n').flatMap(parseLine).concat(stderr.split('\n').flatMap(parseLine));

  return {
    pid: child.pid ?? 0,
    dir,
    output: () => output,
    events,
    line: (pattern, timeoutMs) =>
      seen(
        () =>
          output
            .split('\n')
            .find((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line))),
        `a line with ${String(pattern)}`,
        timeoutMs,
      ),
    event: (fields, timeoutMs) =>
      seen(
        () =>
          events().find((event) => Object.entries(fields).every(([name, value]) => event[name] === value)),
        `the event ${JSON.stringify(fields)}`,
        timeoutMs,
      ),
    signal: (name) => void child.kill(name),
    interrupt: () => toAll('SIGINT'),
    kill,
    exit: async (timeoutMs = 20_000) => {
      await until(() => ended, { what: 'the process to end', timeoutMs }).catch(async (error: unknown) => {
        await kill();
        throw withOutput(error);
      });
      return exited;
    },
  };
}

/** Runs a command of the command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliExit> {
  const cli = await startCli(args, options);
  return cli.exit();
}

/** Nothing of this machine's configuration, but where programs and caches are. */
function baseEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'REDIS_SERVER'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return { ...Object.fromEntries(kept), XDG_CACHE_HOME: cache, NO_COLOR: '1' };
}

function parseLine(line: string): LogEvent[] {
  if (!line.startsWith('{')) return [];
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? [parsed as LogEvent] : [];
  } catch {
    return [];
  }
}
