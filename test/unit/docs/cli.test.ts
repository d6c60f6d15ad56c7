import { expect, it } from 'vitest';
import { makeProgram } from '../../../src/cli/program.ts';
import { manualOf } from '../../../src/cli/manual.ts';
import { cliPage, type Recorded } from '../../docs/cli-page.ts';
import { textOf } from './documents.ts';

const recorded = JSON.parse(textOf('test/docs/cli-examples.json')) as Recorded;
const { commands } = makeProgram('0.0.0');

it('docs/cli.md is what the definitions make of it: "npm run docs:cli" writes it anew', () => {
  expect(textOf('docs/cli.md')).toBe(cliPage(recorded));
});

it.each(commands.map((command) => [command.name(), command] as const))(
  '%s --help has examples, and says when it ends with which code',
  (name, command) => {
    const manual = manualOf(command);
    expect(manual?.examples.length).toBeGreaterThan(0);
    for (const { line } of manual?.examples ?? [])
      expect(line === '' ? 'run' : line).toMatch(new RegExp(`^${name}\\b`));
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toMatch(/\nExamples:\n {2}token-refresher/);
    expect(help).toMatch(/\nExit codes:\n {2}0 {2}.+\n {2}1 {2}.+\n {2}2 {2}/);
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(130);
  },
);

it.each(
  commands
    .filter((command) => !['run', 'demo'].includes(command.name()))
    .map((each) => [each.name(), each] as const),
)('%s answers programs, and says with what', (_, command) => {
  expect(command.options.map(({ long }) => long)).toContain('--json');
  expect(manualOf(command)?.json).toMatch(/\w/);
});
