import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import type { Clock } from '../../core/clock.ts';

/** A Redis or Valkey server that runs on this machine. */
export interface RedisServer {
  readonly command: string;
  /** What it needs in its environment to run. */
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

export interface Launch {
  readonly server: RedisServer;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Where its files go; must exist. */
  readonly dir: string;
  /** Further settings as they stand on its command line, e.g. `--appendonly yes`. */
  readonly settings: readonly string[];
  readonly clock: Clock;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The server's last warnings, one line; holds no data. */
  readonly said: string;
}

/** One running server. */
export interface RedisProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Asks it to save and end; kills it where it does not within 5 s. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** The server did not come up. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly portTaken: boolean;
  constructor(port: number, said: string) {
    super(`redis-server did not start on 127.0.0.1:${port}${said && `: ${said}`}`);
    this.portTaken = /address already in use/i.test(said);
  }
}

const READY_MS = 120_000;
const STOP_MS = 5_000;
const POLL_MS = 25;

/** Starts a server and waits until it has loaded its data and answers PONG. Throws LaunchError. */
export async function launchRedis({ server, port, dir, settings, clock }: Launch): Promise<RedisProcess> {
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    dir,
    '--loglevel',
    'warning',
    ...settings,
  ];
  // A crash report would print the arguments of the command under way: tokens.
  args.push('--crash-log-enabled', 'no');
  // Detached: a Ctrl-C at the terminal goes to a whole process group, and Redis has to outlive us.
  const child = spawn(server.command, args, {
    cwd: dir,
    env: server.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = exitOf(child);
  const until = clock.now() + READY_MS;
  for (;;) {
    const first = await Promise.race([servingProcess(port), exited]);
    if (typeof first === 'object') throw new LaunchError(port, first.said);
    // Compared by process id: whoever answers on that port might be another server.
    if (first !== undefined && first === child.pid) break;
    if (clock.now() >= until) {
      child.kill('SIGKILL');
      throw new LaunchError(port, 'it did not answer in time');
    }
    await clock.sleep(POLL_MS);
  }
  return {
    pid: child.pid,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      const patience = new AbortController();
      await Promise.race([exited, clock.sleep(STOP_MS, patience.signal)]);
      patience.abort();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The end of a child, which may also be that it never began. Never rejects. */
function exitOf(child: ChildProcess): Promise<Exit> {
  const lines: string[] = [];
  const collect = (chunk: Buffer): void => {
    lines.push(...chunk.toString().split('\n'));
    lines.splice(0, lines.length - 40);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, signal: null, said: error.message });
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal, said: warnings(lines) });
    });
  });
}

/** The part of the server's log that says why: `pid:M date # text`, without the advice on kernels. */
function warnings(lines: readonly string[]): string {
  return lines
    .map((line) => line.replace(/^.*? # /, '').trim())
    .filter(
      (line) =>
        line !== '' &&
        !/overcommit|Transparent Huge|oO0OoO|Configuration loaded|Server initialized|^(Redis|Valkey) version/i.test(
          line,
        ),
    )
    .slice(-3)
    .join(' ');
}

/** The id of the process that serves on this port; undefined: none does yet. Never rejects. */
function servingProcess(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (): void => {
      socket.destroy();
      const pid = /^process_id:(\d+)/m.exec(answer)?.[1];
      resolve(pid !== undefined && /^\+PONG/m.test(answer) ? Number(pid) : undefined);
    };
    socket.setTimeout(1_000, done);
    socket.once('error', done);
    socket.once('close', done);
    // While it loads its data it answers INFO already, and PING with -LOADING.
    socket.once('connect', () => socket.write('INFO server\r\nPING\r\n'));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (/^(\+PONG|-)/m.test(answer)) done();
    });
  });
}
