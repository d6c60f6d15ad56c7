import type { Command } from 'commander';

export interface Example {
  /** What follows `token-refresher`. */
  readonly line: string;
  readonly says: string;
}

/** What a command's help says besides its options; docs/cli.md has the same. */
export interface Manual {
  /** What the description has no room for; a paragraph that is indented stays as it is. */
  readonly more?: string;
  readonly examples: readonly Example[];
  /** When it ends with 0 and when with 1. */
  readonly exits: readonly [done: string, failed: string];
  /** What `--json` prints. */
  readonly json?: string;
}

export const WRONG_USAGE = 'wrong usage or configuration';

const manuals = new WeakMap<Command, Manual>();

/** Adds the manual to the command's help. */
export function taught(command: Command, manual: Manual): Command {
  manuals.set(command, manual);
  const { more, examples, exits, json } = manual;
  const lines = examples.map(({ line }) => `token-refresher ${line}`.trim());
  const width = Math.max(...lines.map((line) => line.length));
  return command.addHelpText(
    'after',
    [
      ...(more === undefined ? [] : ['', more]),
      '',
      'Examples:',
      ...examples.map(({ says }, i) => `  ${(lines[i] ?? '').padEnd(width)}  ${says}`),
      ...(json === undefined ? [] : ['', `With --json: ${json}`]),
      '',
      'Exit codes:',
      ...[...exits, WRONG_USAGE].map((says, code) => `  ${code}  ${says}`),
    ].join('\n'),
  );
}

export const manualOf = (command: Command): Manual | undefined => manuals.get(command);
