import { describe, expect, it } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { filesBelow, textOf } from './docs/documents.ts';

const sources = ['.ts', '.js', '.css', '.html', '.lua', '.md'].flatMap((ending) => filesBelow('src', ending));
const code = sources.filter((path) => !path.endsWith('.md'));
const typescript = sources.filter((path) => path.endsWith('.ts'));

/** Longer ones are two subjects. */
const MOST_LINES = 250;

/** A broker's name as a word, in a setting (`NAME_URL`) or in an identifier (`nameOf`, `makeName`). */
function namePattern(name: string): RegExp {
  const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const either = [...name].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
  return new RegExp(
    `(?<![A-Za-z])${either}(?![A-Za-z])|(?<![A-Za-z])${name}(?=[A-Z])|(?<=[a-z])${capital}(?![a-z])`,
  );
}

/** Where a pattern is found, as `path:line`. */
const found = (paths: readonly string[], pattern: RegExp): readonly string[] =>
  paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  );

describe.each(brokers.map(({ name }) => name))('the broker %s', (name) => {
  it('is named in its own folder and in the list of brokers, and nowhere else', () => {
    const elsewhere = sources.filter(
      (path) => !path.startsWith(`src/brokers/${name}/`) && path !== 'src/brokers/index.ts',
    );
    expect(found(elsewhere, namePattern(name))).toEqual([]);
  });
});

it.each([
  ['ig', 'an IG login', true],
  ['ig', 'IG_API_URL', true],
  ['ig', 'const igCode = 1', true],
  ['ig', 'makeIg()', true],
  ['ig', 'config, big, Ignore, DIGEST, right', false],
  ['upstox', "'upstox'", true],
  ['upstox', 'UPSTOX_CLIENT_ID', true],
])('the name %s in "%s": %s', (name, text, isThere) => {
  expect(namePattern(name).test(text)).toBe(isThere);
});

describe('the source', () => {
  it('has a core that imports nothing of ours', () => {
    const core = typescript.filter((path) => path.startsWith('src/core/'));
    const imported = core.flatMap((path) =>
      [...textOf(path).matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => `${path}: ${match[1]}`),
    );
    expect(imported.length).toBeGreaterThan(core.length);
    expect(imported.filter((each) => / \.{1,2}\//.test(each) && !/ \.\/[\w-]+\.ts$/.test(each))).toEqual([]);
  });

  it(`has no file of more than ${MOST_LINES} lines`, () => {
    const long = code.flatMap((path) => {
      const lines = textOf(path).trimEnd().split('\n').length;
      return lines > MOST_LINES ? [`${path}: ${lines}`] : [];
    });
    expect(long).toEqual([]);
  });

  it.each([
    ['the type any', /(?::|<|\bas|=>|\|) ?any\b(?! [a-z])|\bany\[\]/],
    ['a word for later', /\b(?:TODO|FIXME|XXX|HACK)\b|\bfor now\b/i],
    ['a checker that is told to be silent', /eslint-disable|@ts-(?:ignore|expect-error|nocheck)/],
    ['a default export', /^export default\b/],
    ['what type stripping cannot run', /^(?:export )?(?:declare )?(?:const )?(?:enum|namespace) /],
    ['an import without its ending', /from '\.{1,2}\/[^']*(?<!\.ts|\.js|\.json)'/],
  ])('does without %s', (_, pattern) => {
    expect(found(typescript, pattern)).toEqual([]);
  });
});
