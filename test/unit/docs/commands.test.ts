import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeProgram } from '../../../src/cli/program.ts';
import { filesBelow, sourcesBelow, textOf } from './documents.ts';

const documents = ['README.md', ...filesBelow('docs', '.md')];
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(textOf('package.json')));

/** The lines of a document's shell blocks, without settings in front and remarks behind. */
const shellLines = (document: string): readonly string[] =>
  [...document.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/^(?:[A-Z_]+=\S+ )+/, '').replace(/\s+#.*$/, ''))
    .map((line) => line.replace(/ < \S+$/, ''));

/** What is given to the command line, where a line calls it. */
const argumentsIn = (line: string): readonly string[] | undefined =>
  /^(?:npm run (?:-s )?cli --|(?:bin\/)?token-refresher) ?(.*)$/
    .exec(line)?.[1]
    ?.split(/\s+/)
    .filter((word) => word !== '');

/** Reads the arguments as the command line would, and does nothing of what they ask for. */
function parse(args: readonly string[]): void {
  const program = makeProgram('0.0.0');
  for (const command of program.commands) {
    command.action(() => undefined).configureOutput({ writeErr: () => undefined });
  }
  program.configureOutput({ writeErr: () => undefined }).parse(args, { from: 'user' });
}

describe.each(documents)('the commands in %s', (path) => {
  const lines = shellLines(textOf(path));

  it('are read by the command line', () => {
    const wrong = lines.filter((line) => {
      const args = argumentsIn(line);
      try {
        if (args) parse(args);
        return false;
      } catch {
        return true;
      }
    });
    expect(wrong).toEqual([]);
  });

  it('are scripts of package.json', () => {
    const named = lines.flatMap(
      (line) => /^npm (?:run (?:-s )?)?(start|test|[a-z:]+)\b/.exec(line)?.[1] ?? [],
    );
    const own = named.filter((name) => !['ci', 'install', 'exec', 'run'].includes(name));
    expect(own.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe('docs/first-live-day.md', () => {
  const document = textOf('docs/first-live-day.md');

  it('walks through the commands', () => {
    const commands = shellLines(document).flatMap((line) => argumentsIn(line)?.[0] ?? []);
    expect([...new Set(commands)].sort()).toEqual(['check', 'get', 'reload', 'status']);
    expect(shellLines(document)).toContain('npm start');
    expect(document).toMatch(/check --login USER_000000 --report/);
  });

  it('names events that the log has', () => {
    const events = [...document.matchAll(/`([a-z]+\.[a-z_]+)`/g)].map(([, event = '']) => event);
    const source = sourcesBelow('src');
    expect(events.length).toBeGreaterThan(1);
    expect(events.filter((event) => !source.includes(`event: '${event}'`))).toEqual([]);
  });
});

it('a command that is not there, or an option, would be found', () => {
  expect(() => parse(['frobnicate'])).toThrow();
  expect(() => parse(['status', '--frobnicate'])).toThrow();
  expect(() => parse(['get'])).toThrow();
});
