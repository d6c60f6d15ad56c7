import type { Argument, Command, Option } from 'commander';
import { failureCodes } from '../../src/cli/failure.ts';
import { manualOf, WRONG_USAGE } from '../../src/cli/manual.ts';
import { makeProgram } from '../../src/cli/program.ts';

/** What a command of an example printed when it was run, by its line. */
export type Recorded = Readonly<Record<string, string>>;

const LEAD = `# Command line

<!-- Made from the definitions in src/cli by "npm run docs:cli"; a test fails where it is out of date. -->

\`token-refresher <command>\` stands for \`npm run cli -- <command>\` in the checkout, \`bin/token-refresher <command>\` from anywhere,
and \`docker compose exec token-refresher token-refresher <command>\` in the container. When to use what: [operating.md](operating.md#commands).
\`token-refresher <command> --help\` says the same as this page.

- Every command but \`demo\` and \`import\` needs the settings of the service: run it in the same folder, or name the same [\`ENV_FILE\`](configuration.md).
- **Exit codes**: 0 done, 1 it failed, 2 wrong usage or configuration. What went wrong is said on standard error, in one message.
- **\`--json\`** prints one JSON object on standard output, whatever came of it; an error is
  \`{"status":"error","code":"UPPER_SNAKE","message":"…"}\`, with the fields that [its code](#errors) names. Instants are ISO 8601 in UTC. The exit codes stay.
- **On a terminal** tables fit its width: what matters less is left out, long names are cut in the middle, long texts go on below. Colours say the state; they are left out
  where the output is no terminal or \`NO_COLOR\` is set, and \`FORCE_COLOR=1\` brings them back. Into a pipe or a file lines are never cut.
`;

/** docs/cli.md, as it has to be. */
export function cliPage(recorded: Recorded): string {
  const { commands } = makeProgram('0.0.0');
  return [
    LEAD,
    '| command | |',
    '| --- | --- |',
    ...commands.map(
      (command) => `| [\`${command.name()}\`](#${command.name()}) | ${command.description()} |`,
    ),
    ...commands.flatMap((command) => section(command, recorded)),
    ...errors(),
    '',
  ].join('\n');
}

function section(command: Command, recorded: Recorded): readonly string[] {
  const manual = manualOf(command);
  if (!manual) throw new Error(`${command.name()} has no manual`);
  const lines = manual.examples.map(({ line }) => `token-refresher ${line}`.trim());
  const width = Math.max(...lines.map((line) => line.length));
  const words = [
    ...command.registeredArguments.filter(({ description }) => description !== '').map(argumentRow),
    ...command.options.map(optionRow),
  ];
  return [
    '',
    `## ${command.name()}`,
    '',
    command.description(),
    '',
    '```',
    `token-refresher ${command.name()} ${command.usage()}`.trimEnd(),
    '```',
    '',
    ...(words.length > 0 ? ['| | | default |', '| --- | --- | --- |', ...words, ''] : []),
    ...(manual.more === undefined
      ? []
      : [...manual.more.split('\n\n').flatMap((text) => [paragraph(text), ''])]),
    '```sh',
    ...manual.examples.map(({ says }, i) => `${(lines[i] ?? '').padEnd(width)}  # ${says}`),
    '```',
    '',
    ...Object.entries(recorded)
      .filter(([line]) => line.split(' ')[0] === command.name())
      .flatMap(([line, printed]) => ['```', `$ token-refresher ${line}`, printed.trimEnd(), '```', '']),
    ...(manual.json === undefined ? [] : [`With \`--json\`: ${manual.json}`, '']),
    '| exit code | |',
    '| --- | --- |',
    ...[...manual.exits, WRONG_USAGE].map((says, code) => `| ${code} | ${says} |`),
  ];
}

/** What is indented for a terminal is a list there. */
const paragraph = (text: string): string => (text.startsWith('  ') ? `\`\`\`\n${text}\n\`\`\`` : text);

const argumentRow = (each: Argument): string =>
  `| \`${each.required ? `<${each.name()}>` : `[${each.name()}]`}\` | ${each.description} | |`;

const optionRow = ({ flags, description, defaultValue }: Option): string =>
  `| \`${flags}\` | ${description} | ${defaultValue === undefined ? '' : `${String(defaultValue)} `}|`;

const errors = (): readonly string[] => [
  '',
  '## Errors',
  '',
  'The `code` of an error with `--json`. Codes are stable, messages may change. What a *broker* said has codes of its own: [errors.md](errors.md).',
  '',
  '| code | |',
  '| --- | --- |',
  ...Object.entries(failureCodes).map(([code, says]) => `| \`${code}\` | ${says} |`),
];
