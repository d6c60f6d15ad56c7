import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../..');

export type ComposedService = 'redis' | 'token-refresher';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** The shipped compose file, running under a project name, ports and passwords of its own. */
export interface Composed {
  readonly httpUrl: string;
  /** What was made up for this run and may show up in no log. */
  readonly secrets: readonly string[];
  /** Runs a compose command; resolves to its standard output. */
  compose(...args: readonly string[]): Promise<string>;
  containerId(service: ComposedService): Promise<string>;
  /** Saves the credentials as an editor does: written beside, then renamed over. */
  saveCredentials(logins: readonly Login[]): Promise<void>;
  /** A connection of its own as the read-only user, which the caller ends. It comes back after an outage. */
  connectAsBot(): Redis;
  /** Stops and removes all of it, volumes included. */
  remove(): Promise<void>;
}

/** Prepares the project's folder; nothing runs yet. Every broker is simulated. */
export async function prepareComposed(): Promise<Composed> {
  const folder = await mkdtemp(join(tmpdir(), 'token-refresher-compose-'));
  // The service runs as another user than the tests.
  await chmod(folder, 0o755);
  const credentials = join(folder, 'credentials');
  await mkdir(credentials);
  const envFile = join(folder, '.env');
  const adminToken = 'made-up-admin-token';
  await writeFile(envFile, `ADMIN_TOKEN=${adminToken}\nSIMULATE=1\n`);
  const passwords = { REDIS_PASSWORD: 'made-up-redis-password', BOTS_PASSWORD: 'made-up-bots-password' };
  const [httpPort, redisPort] = await freePorts();
  const settings = {
    ...passwords,
    HTTP_PORT: String(httpPort),
    REDIS_PORT: String(redisPort),
    ENV_FILE: envFile,
    CREDENTIALS_DIR: credentials,
    TOKEN_REFRESHER_IMAGE: 'token-refresher:container-test',
  };
  const project = `token-refresher-test-${String(process.pid)}`;
  const compose = (...args: readonly string[]): Promise<string> =>
    runCompose(settings, '-p', project, ...args);

  return {
    httpUrl: `http://127.0.0.1:${String(httpPort)}`,
    secrets: [adminToken, ...Object.values(passwords)],
    compose,
    containerId: async (service) => (await compose('ps', '-a', '-q', service)).trim(),
    saveCredentials: async (logins) => {
      const draft = join(credentials, 'credentials.json.draft');
      await writeFile(draft, JSON.stringify(logins), { mode: 0o644 });
      await rename(draft, join(credentials, 'credentials.json'));
    },
    connectAsBot: () => {
      const redis = new Redis({
        host: '127.0.0.1',
        port: redisPort,
        username: 'bots',
        password: passwords.BOTS_PASSWORD,
        maxRetriesPerRequest: null,
        retryStrategy: () => 200,
      });
      return redis.on('error', () => undefined);
    },
    remove: async () => {
      await compose('down', '-v', '-t', '5');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs compose on the shipped file; resolves to standard output, rejects with what it said. The
 * settings overrule a .env in the repository.
 */
export async function runCompose(
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<string> {
  const [program, ...prefix] = await composeCommand();
  const { PATH, HOME, DOCKER_HOST, DOCKER_BUILDKIT } = process.env;
  const { stdout } = await run(program, [...prefix, ...args], {
    cwd: repository,
    env: { PATH, HOME, DOCKER_HOST, DOCKER_BUILDKIT, ...settings },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** Compose as a plugin of docker, or the older program of its own. */
async function composeCommand(): Promise<readonly [string, ...string[]]> {
  const isPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  return isPlugin ? ['docker', 'compose'] : ['docker-compose'];
}

/** Two ports that are free now; held together while they are drawn, so that they differ. */
async function freePorts(): Promise<readonly [number, number]> {
  const [first, second] = [await listen(), await listen()];
  const ports = [portOf(first), portOf(second)] as const;
  await Promise.all([first, second].map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

const listen = (): Promise<Server> =>
  new Promise((listening, failed) => {
    const server = createServer();
    server.once('error', failed).listen(0, '127.0.0.1', () => {
      listening(server);
    });
  });

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}
