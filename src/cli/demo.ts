import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command } from 'commander';
import { brokers } from '../brokers/index.ts';
import { prepareStateDir, thisProcess } from '../config/index.ts';
import type { DemoPart } from '../core/dialect.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Service } from '../app/start.ts';
import { terminalChannel } from '../alerts/terminal.ts';
import type { Simulator } from '../simulator/index.ts';
import { taught } from './manual.ts';
import { serve } from './run.ts';
import { shellWord } from './shell-word.ts';

/** What the demo takes from the environment; the Redis, credentials and Discord it names stay untouched. */
const TAKEN = ['HTTP_PORT', 'EMBEDDED_REDIS_PORT', 'STATE_DIR', 'LOG_LEVEL'];
/** How often the shaky account's next call fails, ms. */
const TROUBLE_EVERY_MS = 45_000;
/** How long a simulated broker takes to answer, ms: slow enough to see ten at once. */
const LATENCY_MS = 150;

interface DemoPartOf {
  readonly broker: string;
  readonly part: DemoPart;
}

/** `demo`: the service on simulated brokers, with a Redis of its own. */
export function demoCommand(version: string): Command {
  const command = new Command('demo')
    .description('See it work on simulated brokers, with a Redis of its own; nothing to configure.')
    .action(() => demo(version));
  return taught(command, {
    more: `Of the environment only HTTP_PORT, EMBEDDED_REDIS_PORT, STATE_DIR and LOG_LEVEL are used; nothing leaves the machine.
Ctrl-C ends it.`,
    examples: [{ line: 'demo', says: 'twelve made-up accounts, and a link to the page' }],
    exits: ['ended by a signal', 'it could not start'],
  });
}

async function demo(version: string): Promise<void> {
  const surroundings = thisProcess();
  const ownFolder = surroundings.env['STATE_DIR']
    ? undefined
    : await mkdtemp(join(tmpdir(), 'token-refresher-demo-'));
  const stateDir = ownFolder ?? surroundings.env['STATE_DIR'] ?? '';
  const port = surroundings.env['HTTP_PORT'] ?? String(await freePortFrom(8000));
  const { startSimulator } = await import('../simulator/index.ts');
  const simulator = await startSimulator({ latencyMs: LATENCY_MS });
  const parts = brokers.flatMap(({ name }) => {
    const part = simulator.demo(name, callbackUrl(port));
    return part ? [{ broker: name, part }] : [];
  });
  const credentials = await writeDemo(simulator, parts, stateDir);
  const timer = setInterval(() => trouble(simulator, parts), TROUBLE_EVERY_MS);
  timer.unref();
  const fixed = {
    ...Object.fromEntries(parts.flatMap(({ part }) => Object.entries(part.settings ?? {}))),
    SIMULATE: '1',
    REDIS_URL: 'embedded',
    STATE_DIR: resolve(stateDir),
    HTTP_PORT: port,
    CREDENTIALS_FILE: credentials,
  };
  const settings = await writeSettings(fixed);
  await serve({
    version,
    scope: { only: TAKEN, fixed },
    simulator,
    channels: [terminalChannel((text) => process.stdout.write(text))],
    pretty: true,
    ready: (service) =>
      process.stdout.write(welcome(service, credentials, asTyped(settings, fixed, surroundings.env))),
    async stopped() {
      clearInterval(timer);
      await simulator.stop();
      if (ownFolder) await rm(ownFolder, { recursive: true, force: true });
    },
  });
}

/** Writes the made-up accounts of every broker where the service reads them. */
async function writeDemo(
  simulator: Simulator,
  parts: readonly DemoPartOf[],
  stateDir: string,
): Promise<string> {
  const fault = await prepareStateDir(stateDir);
  if (fault) throw new ConfigurationError([fault]);
  for (const { broker, part } of parts) {
    for (const [name, value] of Object.entries(part.switches ?? {})) simulator.setSwitch(broker, name, value);
  }
  const path = resolve(stateDir, 'credentials.demo.json');
  await writeFile(
    path,
    JSON.stringify(
      parts.flatMap(({ part }) => part.entries),
      null,
      2,
    ),
    { mode: 0o600 },
  );
  return path;
}

/** The demo's settings where other commands find them: by ENV_FILE they are of this demo, whatever stands in `.env`. */
async function writeSettings(settings: Readonly<Record<string, string>>): Promise<string> {
  const path = join(settings['STATE_DIR'] ?? '', 'demo.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
  await writeFile(path, lines.join(''), { mode: 0o600 });
  return path;
}

/** What goes before a command to have it speak to the demo. What the shell has set otherwise would go before the file. */
function asTyped(
  file: string,
  settings: Readonly<Record<string, string>>,
  shell: Readonly<Record<string, string | undefined>>,
): string {
  const overruled = Object.entries(settings).filter(([name, value]) => shell[name] && shell[name] !== value);
  return [...overruled.map(([name, value]) => `${name}="${value}"`), `ENV_FILE="${file}"`].join(' ');
}

/** Lets the next call of each broker's shaky account fail. */
function trouble(simulator: Simulator, parts: readonly DemoPartOf[]): void {
  for (const { broker, part } of parts) {
    if (part.troubled) simulator.fault({ broker, ...part.troubled, kind: 'status', status: 500, times: 1 });
  }
}

const callbackUrl = (port: string): string => `http://localhost:${port}/callback`;

/** `settings`: what goes before a command. */
function welcome(
  { url, redisUrl: redis, signInLink }: Service,
  credentials: string,
  settings: string,
): string {
  const bold = (text: string): string => styleText('bold', text);
  const [host, db] = redis.split('/');
  const [address = '', port = ''] = (host ?? '').split(':');
  return `
${bold('token-refresher demo')}: simulated brokers, made-up accounts, nothing leaves this machine.

  The page       ${bold(signInLink())}
                 (signs you in; afterwards ${url}/dashboard)
  A bot's view   redis-cli -h ${address} -p ${port} -n ${db ?? '0'} GET token:DESK_ALPHA
  Any command    ${settings} npm run -s cli -- status
                 or explain DESK_ALPHA, refresh --all, login NAME, plan, --help, ...
  Try            log the account in that awaits approval: press "Log in" on the page, as its
                 owner would each morning
  Break one      sed -i s/made-up-golf/wrong/ ${shellWord(credentials)}
                 gives DESK_GOLF a wrong password; s/wrong/made-up-golf/ mends it.
                 docs/operating.md has the walk: what you are told, where you see why

Below, what the service does: minute-long tokens rotate, 90-second tokens are replaced, and one
account fails now and then and recovers. Ctrl-C ends the demo.

`;
}

/** A demo finds its place by itself; only a port that was asked for must be that one. */
async function freePortFrom(first: number): Promise<number> {
  for (let port = first; port < first + 100; port++) if (await isFree(port)) return port;
  return 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
