import { link, readFile, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { importText, type Imported } from '../accounts/import.ts';
import { writePrivately } from '../app/private-file.ts';
import { brokers, settingsShapes } from '../brokers/index.ts';
import { errnoOf } from '../core/errno.ts';
import { ConfigurationError } from '../core/errors.ts';
import { taught } from './manual.ts';
import { printJson } from './print.ts';

interface Options {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `import FILE`: an older credentials shape in the current one. */
export function importCommand(): Command {
  const command = new Command('import')
    .description('Turn an older credentials file (JSON, .env, YAML) into the current shape.')
    .argument('<file>', 'the older file; it is only read')
    .option('--out <file>', 'write it there (0600), and not to the terminal')
    .option('--force', 'write over a file that exists')
    .option('--json', 'print JSON for machines')
    .action(async (file: string, options: Options) => {
      const imported = importText(await textOf(file), brokers, settingsShapes);
      if ('wrong' in imported) throw wrongFile(resolve(file), imported.wrong);
      const text = `${JSON.stringify(imported.entries, null, 2)}\n`;
      if (options.out === undefined && !options.json) process.stdout.write(text);
      if (options.out !== undefined) await write(resolve(options.out), text, options.force === true);
      const { shape, entries, leftOut, toMend } = imported;
      if (options.json) {
        printJson({
          shape,
          accounts: entries.length,
          left_out: leftOut,
          to_mend: toMend,
          ...(options.out === undefined ? { entries } : { out: options.out }),
        });
      } else process.stderr.write(remarks(imported, options.out));
    });
  return taught(command, {
    more: `Takes a plain list of logins, the older file with a section for each environment, a .env with the variables that make
accounts, and the settings (YAML) of a program for one broker. What a section took from the environment stays a
reference to it, "\${NAME}". It says what it left out, and what is to be mended before a start. Without --out the secrets
of the file are printed.`,
    examples: [
      { line: 'import old.json --out credentials.json', says: 'write it in the current shape' },
      { line: 'import old.env', says: 'print it' },
    ],
    exits: [
      'turned into the current shape, also where something is to be mended',
      'nothing foreseen: a file that cannot be read or written is 2',
    ],
    json: '"shape", "accounts" (how many), "left_out", "to_mend", and "out" or else the "entries".',
  });
}

function remarks({ shape, entries, leftOut, toMend }: Imported, out: string | undefined): string {
  const count = `${entries.length} ${entries.length === 1 ? 'account' : 'accounts'}`;
  return [
    `${count} (${shape})${out === undefined ? '' : `, written to ${out}`}.`,
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join(', ')}.`] : []),
    ...(toMend.length > 0 ? ['To be mended before a start:', ...toMend.map((each) => `  - ${each}`)] : []),
    'Next: name it in CREDENTIALS_FILE, and say "token-refresher check".',
    '',
  ].join('\n');
}

const wrongFile = (at: string, message: string): ConfigurationError =>
  new ConfigurationError([{ at, message }]);

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrongFile(resolve(file), `cannot be read (${errnoOf(error)}): mend the path or its rights`);
  }
}

/** Whole or not at all, and for its owner alone from the first byte on. */
async function write(target: string, text: string, isForced: boolean): Promise<void> {
  try {
    // A link is refused where something stands in the way, also what came in this very moment.
    await writePrivately(target, text, isForced ? rename : link);
  } catch (error) {
    const why = errnoOf(error);
    throw wrongFile(
      '--out',
      why === 'EEXIST'
        ? `${target} exists and is not written over: name another file, or say --force`
        : `${target} cannot be written (${why}): name a file in a folder that this user may write`,
    );
  }
}
