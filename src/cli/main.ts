import { CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { ConfigurationError } from '../core/errors.ts';
import { Failure } from './failure.ts';
import { makeProgram } from './program.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// A reader that leaves (`| head`) ends a pipe, not the work: unheard, this error would end the process.
process.stdout.on('error', () => undefined);

try {
  await makeProgram(manifest.version).parseAsync();
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
