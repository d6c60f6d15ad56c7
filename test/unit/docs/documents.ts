import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** A file of the project, by its path from the root. */
export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

export const pathOf = (path: string): string => join(root, path);

/** Every file below a folder whose name ends so, by its path from the root. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

/** The text of every source file below a folder. */
export const sourcesBelow = (folder: string): string =>
  filesBelow(folder, '.ts')
    .map((path) => textOf(path))
    .join('\n');

/** What the first group of a pattern finds, once each. */
export function found(text: string, pattern: RegExp): ReadonlySet<string> {
  return new Set([...text.matchAll(pattern)].flatMap((match) => match[1] ?? []));
}

const levelOf = (line: string): number => /^(#+) /.exec(line)?.[1]?.length ?? 0;

/** The part of a document below a heading, up to the next one of its level or above. Throws where there is none. */
export function below(document: string, heading: string): string {
  const lines = withoutCode(document).split('\n');
  const start = lines.findIndex((line) => levelOf(line) > 0 && line.replace(/^#+ /, '') === heading);
  const level = levelOf(lines[start] ?? '');
  if (level === 0) throw new Error(`there is no heading "${heading}"`);
  const length = lines.slice(start + 1).findIndex((line) => levelOf(line) > 0 && levelOf(line) <= level);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n');
}

/** The cells of every table row in a text, headings of tables left out. */
export function rows(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const isHead = /^\|[ |:-]+$/.test(lines[index + 1] ?? '');
    if (!line.startsWith('|') || isHead || /^\|[ |:-]+$/.test(line)) return [];
    return [
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}

/** The rows whose first cell is one name in code, by that name. */
export function rowsByName(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    rows(text).flatMap((cells): [string, readonly string[]][] => {
      const name = /^(?:<a id="[^"]+"><\/a>)?`([^`]+)`$/.exec(cells[0] ?? '')?.[1];
      return name === undefined ? [] : [[name, cells]];
    }),
  );
}

/** The document without its code blocks, where a # is no heading. */
export const withoutCode = (document: string): string => document.replaceAll(/^```[^]*?^```$/gm, '');

export const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();
