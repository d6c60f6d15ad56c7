import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { filesBelow, pathOf, textOf } from './docs/documents.ts';

const sources = ['.ts', '.js', '.css', '.html', '.lua', '.md'].flatMap((ending) => filesBelow('src', ending));
const code = sources.filter((path) => !path.endsWith('.md'));
const typescript = sources.filter((path) => path.endsWith('.ts'));

/** Longer ones are two subjects. */
const MOST_LINES = 250;

/** A broker's name as a word, in a setting (`NAME_URL`), in an identifier (`nameOf`, `makeName`, `NameError`) or in a path. */
function namePattern(name: string): RegExp {
  const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const capitals = name.toUpperCase();
  const either = [...name].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
  const alone = `(?<![A-Za-z])${either}(?![A-Za-z])`;
  const first = `(?<![A-Za-z])(?:${name}|${capital})(?=[A-Z])|(?<![A-Za-z])${capitals}(?=[A-Z][a-z])`;
  return new RegExp(`${alone}|${first}|(?<=[a-z])(?:${capital}|${capitals})(?![a-z])`);
}

type Text = readonly [path: string, text: string];

/** Where a broker is named outside its own folder and the list of brokers, as `path` or `path:line`. */
function namedElsewhere(name: string, texts: readonly Text[]): readonly string[] {
  const pattern = namePattern(name);
  return texts
    .filter(([path]) => !path.startsWith(`src/brokers/${name}/`) && path !== 'src/brokers/index.ts')
    .flatMap(([path, text]) => [
      ...(pattern.test(path) ? [path] : []),
      ...text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
    ]);
}

/** Where a pattern is found, as `path:line`. */
const found = (paths: readonly string[], pattern: RegExp): readonly string[] =>
  paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  );

/** All that is run or handed out: whatever its ending, the launcher and the clients too. */
const whole: readonly Text[] = [
  ...['src', 'bin', 'clients'].flatMap((folder) => filesBelow(folder, '')).filter((path) => isText(path)),
  'build.ts',
].map((path) => [path, textOf(path)]);

/** What operators run beside it. The rules' own tests are left out: their series are examples. */
const ops: readonly Text[] = filesBelow('ops', '')
  .filter((path) => isText(path) && !path.endsWith('.test.yml'))
  .map((path) => [path, textOf(path)]);

/** The one rule that must know brokers: no metric says how long a token lives. */
const headroomRule = /^ +- alert: HeadroomLow\n[^]*?(?=^ +- alert: )/m;

function isText(path: string): boolean {
  return statSync(pathOf(path)).isFile() && !path.includes('__pycache__');
}

describe.each(brokers.map(({ name }) => name))('the broker %s', (name) => {
  it('is named in its own folder and in the list of brokers, and nowhere else', () => {
    expect(whole.length).toBeGreaterThan(400);
    expect(namedElsewhere(name, whole)).toEqual([]);
  });

  it('is named in ops/ at the rule HeadroomLow, with its threshold or with why it has none, and nowhere else', () => {
    expect(ops.length).toBeGreaterThan(5);
    const [rule = ''] = headroomRule.exec(textOf('ops/prometheus/rules.yml')) ?? [];
    expect(namePattern(name).test(rule)).toBe(true);
    const without = rule.replaceAll(/.+/g, '');
    const rest = ops.map(([path, text]): Text => [path, text.replace(rule, without)]);
    expect(namedElsewhere(name, rest)).toEqual([]);
  });

  it('is found where somebody names it elsewhere', () => {
    const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const planted: readonly Text[] = [
      [`src/app/${name}-hours.ts`, ''],
      ['src/tending/x.ts', `one\nif (account.broker === '${name}') wait();`],
      ['src/http/x.ts', `app.get('/oauth/${name}/:name', begin);`],
      ['src/config/x.ts', `read('${name.toUpperCase()}_API_URL')`],
      ['src/core/x.ts', `class ${capital}Error extends Error {}`],
      ['src/redis/x.lua', `local ${name}Keys = {}`],
      ['clients/python/x.py', `${name}_token = 1`],
      [`src/brokers/another/${name}.ts`, ''],
      [`src/brokers/${name}/index.ts`, `'${name}'`],
      ['src/brokers/index.ts', `'${name}'`],
      ['src/core/y.ts', 'the broker, the right big configuration of it'],
    ];
    expect(namedElsewhere(name, planted)).toEqual([
      `src/app/${name}-hours.ts`,
      'src/tending/x.ts:2',
      'src/http/x.ts:1',
      'src/config/x.ts:1',
      'src/core/x.ts:1',
      'src/redis/x.lua:1',
      'clients/python/x.py:1',
      `src/brokers/another/${name}.ts`,
    ]);
  });
});

it.each([
  ['ig', 'an IG login', true],
  ['ig', 'IG_API_URL', true],
  ['ig', 'const igCode = 1', true],
  ['ig', 'makeIg()', true],
  ['ig', 'IgError, IGSession', true],
  ['ig', 'makeIG()', true],
  ['ig', 'config, big, Ignore, DIGEST, right, IGNORE, configIgnored', false],
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
