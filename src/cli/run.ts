import { Argument, Command } from 'commander';
import type { Logger } from 'pino';
import type { Service, StartOptions } from '../app/start.ts';
import { inspectConfig, thisProcess, type Config, type Scope } from '../config/index.ts';
import { ConfigurationError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { inspectAccounts } from './inspect.ts';
import { leave } from './leave.ts';
import { taught } from './manual.ts';

/** The contract's bound on a stop is 15 s; a stop that hangs ends itself before. */
const STOP_MS = 14_500;

/** `run`: the service. */
export function runCommand(version: string): Command {
  const command = new Command('run');
  // The default command gets every word that is no command.
  const words = new Argument('[none...]').argParser((word) => unknownCommand(command, word));
  command
    .description('Serve: keep the tokens of every account fresh (the default command).')
    .addArgument(words)
    .usage('[options]')
    .option('--new-key', 'start over with this SECRET_KEY where Redis was sealed with another')
    .action((_none: undefined, options: { newKey?: boolean }) =>
      serve({ version, newKey: options.newKey === true }),
    );
  return taught(command, {
    more: `SIGTERM and SIGINT (Ctrl-C) end it: no new work, what is under way finishes or is left safely, within 15 s. SIGHUP takes
the credentials file up anew; on a terminal it ends the service.`,
    examples: [
      { line: '', says: 'serve' },
      { line: 'run --new-key', says: 'serve, after the SECRET_KEY was lost' },
    ],
    exits: ['ended by a signal', 'it gave up, and the log says why'],
  });
}

/** What people say who want an account to rest. */
const stopping: ReadonlySet<string> = new Set(['stop', 'disable', 'halt', 'suspend']);

function unknownCommand(command: Command, word: string): never {
  const meant = nearest(
    word,
    (command.parent?.commands ?? []).map((each) => each.name()),
  );
  const hint = stopping.has(word)
    ? ' To have one account rest: "token-refresher pause NAME".'
    : meant === undefined
      ? ''
      : ` Did you mean "${meant}"?`;
  return command.error(
    `error: There is no command "${word}"; "token-refresher --help" lists them all.${hint}`,
    { exitCode: 2 },
  );
}

export interface ServeOptions extends Pick<StartOptions, 'version' | 'newKey' | 'simulator' | 'channels'> {
  readonly scope?: Scope;
  /** True: a log for people, also where the output is no terminal. */
  readonly pretty?: boolean;
  /** Called once the service is ready. */
  readonly ready?: (service: Service) => void;
  /** Called after it has stopped. */
  readonly stopped?: () => Promise<void>;
}

/** Runs the service until a signal ends it. Throws ConfigurationError where a person must change something. */
export async function serve(options: ServeOptions): Promise<void> {
  const terminal = process.stdout.isTTY;
  const config = await configured(options.scope);
  // Every other command, and every --help, would wait for the service's libraries.
  const [{ start }, { makeLog }, { shareLookupsOfFetch }] = await Promise.all([
    import('../app/start.ts'),
    import('../log.ts'),
    import('../app/fetching.ts'),
  ]);
  shareLookupsOfFetch();
  const log = makeLog(config.logLevel, options.pretty === true || terminal, terminal);
  const ending = new AbortController();
  let ended: Promise<void> | undefined;
  const starting = start({
    ...options,
    config,
    log,
    signal: ending.signal,
    giveUp(reason, code = 1) {
      log.fatal({ event: 'service.gave_up', reason }, `Giving up: ${reason}.`);
      leave(code);
    },
  });
  // Also while it starts: what it has opened by then (an embedded Redis) must not outlive us.
  const started = starting.catch(() => undefined);

  const end = (signal: string): void => {
    // Repeats are ignored: a second Ctrl-C must not cut off a rotation under way.
    ended ??= finish(signal, log, ending, async () => {
      await (await started)?.stop();
      await options.stopped?.();
    });
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGHUP', () => {
    if (terminal || process.stdin.isTTY) return end('SIGHUP');
    log.info({ event: 'signal', signal: 'SIGHUP' }, 'Reading the credentials file again.');
    started.then((service) => service?.reload()).catch(() => undefined);
  });

  let service: Service;
  try {
    service = await starting;
  } catch (error) {
    if (ending.signal.aborted) return;
    await options.stopped?.();
    throw error;
  }
  if (options.ready) options.ready(service);
  else if (terminal) process.stdout.write(`\nSign in to the page: ${service.signInLink()}\n\n`);
}

/** The configuration; its faults and those of the accounts in one message. */
async function configured(scope: Scope | undefined): Promise<Config> {
  const { basis, config, faults } = inspectConfig(thisProcess(), scope);
  if (config) return config;
  const accounts = await inspectAccounts(basis, { simulate: false });
  throw new ConfigurationError([...faults, ...accounts.faults]);
}

async function finish(
  signal: string,
  log: Logger,
  ending: AbortController,
  stop: () => Promise<void>,
): Promise<void> {
  log.info({ event: 'signal', signal }, 'Stopping: no new work, what is under way finishes.');
  setTimeout(() => leave(0), STOP_MS).unref();
  ending.abort();
  await stop();
  leave(0);
}
