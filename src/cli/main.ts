import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { ConfigurationError } from '../core/errors.ts';
import { checkCommand } from './check.ts';
import { demoCommand } from './demo.ts';
import { getCommand } from './get.ts';
import { Failure } from './failure.ts';
import { refreshCommand } from './refresh.ts';
import { reloadCommand } from './reload.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const program = new Command('token-refresher')
  .description('Keeps the access tokens of many broker accounts fresh in Redis.')
  .version(manifest.version)
  .showHelpAfterError('Run "token-refresher --help" to see every command.')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  token-refresher demo                  see it work, nothing to configure
  token-refresher check                 is my configuration right?
  token-refresher                       serve
  token-refresher status                how is every account?
  token-refresher get USER_000000       the live token of an account

Exit codes: 0 done, 1 it failed, 2 wrong usage or configuration.`,
  );

for (const command of [
  runCommand,
  demoCommand,
  checkCommand,
  statusCommand,
  getCommand,
  refreshCommand,
  reloadCommand,
]) {
  program.addCommand(command(manifest.version).exitOverride(), { isDefault: command === runCommand });
}

// A reader that leaves (`| head`) ends a pipe, not the work: unheard, this error would end the process.
process.stdout.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One message for a person, and the exit code that goes with it. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof Failure) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_FAILED;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`);
  return EXIT_FAILED;
}
