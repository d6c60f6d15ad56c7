import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startProgram, type Program } from '../ground/programs.ts';
import { freePort } from '../ground/redis.ts';
import type { Contestant, Ground, Task } from './contestant.ts';

const main = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** The broker's limits are no subject here: the bench's broker has none. */
const withoutBudgets = Object.fromEntries(
  [
    ...['TRADOVATE_FAILED_LOGINS_PER_HOUR', 'TRADOVATE_RENEWALS_PER_HOUR', 'TRADOVATE_PROOFS_PER_HOUR'],
    ...['IG_KEY_CALLS_PER_MINUTE', 'IG_DEMO_KEY_CALLS_PER_MINUTE', 'IG_ACCOUNT_CALLS_PER_MINUTE'],
    'IG_FAILED_LOGINS_PER_WINDOW',
  ].map((name) => [name, '999999']),
);

/** The credentials file's text. Each login has its own API key, as the brokers ask for. */
export const entriesOf = ({ way, users }: Pick<Task, 'way' | 'users'>): string =>
  JSON.stringify(
    users.map((username) => ({
      username,
      password: `made-up-${username}`,
      ...(way === 'renewal' && { broker: 'ig', apiKey: `made-up-key-${username}` }),
    })),
  );

/** Its environment, but for where its files are. */
export const settingsOf = ({ redis, broker }: Pick<Ground, 'redis' | 'broker'>): Record<string, string> => ({
  ENV_FILE: '',
  REDIS_URL: redis.url,
  ADMIN_TOKEN: 'made-up-admin-token',
  TRADOVATE_BRIDGE_URL: `${broker.url}/tradovate`,
  TRADOVATE_API_URL: `${broker.url}/tradovate/v1`,
  IG_API_URL: `${broker.url}/ig/gateway/deal`,
  ...withoutBudgets,
});

/** The service as a process. */
export interface ServiceProgram extends Program {
  readonly url: string;
  readonly dir: string;
  /** Waits until it serves. */
  ready(timeoutMs: number): Promise<void>;
}

/** @param like an earlier run, whose files and port are used again */
export async function startService(
  ground: Ground,
  task: Task,
  like?: ServiceProgram,
): Promise<ServiceProgram> {
  const dir = like?.dir ?? (await mkdtemp(join(ground.folder, 'service-')));
  await writeFile(join(dir, 'credentials.json'), entriesOf(task), { mode: 0o600 });
  const port = like === undefined ? await freePort() : Number(new URL(like.url).port);
  if (ground.profiles !== undefined) await mkdir(ground.profiles, { recursive: true });
  const program = startProgram({
    command: process.execPath,
    args: [
      ...(ground.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${ground.profiles}`]),
      ...[main, 'run'],
    ],
    env: {
      ...settingsOf(ground),
      STATE_DIR: join(dir, 'data'),
      HTTP_PORT: String(port),
      WORKER_CONCURRENCY: String(task.concurrency),
      ...task.env,
    },
    dir,
    name: 'service',
  });
  ground.ends.add(program.kill);
  return {
    ...program,
    url: `http://127.0.0.1:${port}`,
    dir,
    ready: async (timeoutMs) => void (await program.line(/"event":"service\.ready"/, timeoutMs)),
  };
}

/** token-refresher, everything on. */
export const service: Contestant = {
  name: 'service',
  missing: async () => undefined,
  start: startService,
};
