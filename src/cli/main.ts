import { CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { widenThreadPool } from '../config/index.ts';
import { ConfigurationError } from '../core/errors.ts';
import { THREADS } from '../core/lookup.ts';
import { Failure, type FailureCode } from './failure.ts';
import { printJson } from './print.ts';
import { makeProgram } from './program.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

widenThreadPool(THREADS);

// A reader that leaves (`| head`) ends a pipe, not the work: unheard, this error would end the process.
process.stdout.on('error', () => undefined);

try {
  await makeProgram(manifest.version).parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One message for a person, one object for a program that asked for it, and the exit code that goes with them. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // It has said it to a person already.
    answerWith('WRONG_USAGE', error.message.replace(/^error: /, ''));
    return EXIT_USAGE;
  }
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    answerWith('CONFIGURATION', error.message, { faults: error.faults });
    return EXIT_USAGE;
  }
  if (error instanceof Failure) {
    process.stderr.write(`${error.message}\n`);
    answerWith(error.code, error.message, error.fields);
    return EXIT_FAILED;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`);
  answerWith('INTERNAL', error instanceof Error ? error.message : 'unknown error');
  return EXIT_FAILED;
}

/** The contract's error shape; whoever asked for JSON reads one object whatever came of it. */
function answerWith(
  code: FailureCode,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  if (process.argv.includes('--json')) printJson({ status: 'error', code, message, ...fields });
}
