import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { table, type TableOptions } from '../../../src/cli/table.ts';

const head = ['NAME', 'STATE', 'WHAT'];
const rows = [
  ['DESK_ALPHA', { text: 'fresh', colour: 'green' }, ''],
  ['B', { text: 'stopped', colour: 'red' }, 'The broker does not accept this login: mend the password.'],
] as const;
const shown = (options?: TableOptions): readonly string[] =>
  table(head, rows, { textLines: 3, ...options }).map((line) => stripVTControlCharacters(line));

describe('a table', () => {
  it('is as wide as its texts where nobody says how wide it may be', () => {
    expect(shown()).toEqual([
      'NAME        STATE    WHAT',
      'DESK_ALPHA  fresh',
      'B           stopped  The broker does not accept this login: mend the password.',
    ]);
  });

  it('goes on with a text in its column', () => {
    expect(shown({ width: 60 })).toEqual([
      'NAME        STATE    WHAT',
      'DESK_ALPHA  fresh',
      'B           stopped  The broker does not accept this login:',
      '                     mend the password.',
    ]);
  });

  it('has a text below its row where there is no room beside it', () => {
    expect(shown({ width: 40 })).toEqual([
      'NAME        STATE',
      'DESK_ALPHA  fresh',
      'B           stopped',
      '    The broker does not accept this',
      '    login: mend the password.',
    ]);
  });

  it('cuts what is longer than the lines it may have, and says so', () => {
    expect(shown({ width: 60, textLines: 1 }).at(-1)).toBe(
      'B           stopped  The broker does not accept this login:…',
    );
  });

  it('cuts the middle of names that are too long for the terminal', () => {
    const long = `DESK_${'X'.repeat(50)}_0017`;
    const [, line = ''] = table(['NAME', 'N'], [[long, '1']], { width: 20, right: [1] });
    expect(line).toBe('DESK_XXX…XXX_0017  1');
  });

  it('leaves columns out before it cuts anything', () => {
    const cells = [['DESK_ALPHA', 'alpha', '7', 'fresh']];
    const at = (width: number): readonly string[] =>
      table(['NAME', 'BROKER', 'N', 'STATE'], cells, { width, right: [2], spare: [1, 2] }).map((line) =>
        stripVTControlCharacters(line),
      );
    expect(at(28)).toEqual(['NAME        BROKER  N  STATE', 'DESK_ALPHA  alpha   7  fresh']);
    expect(at(27)).toEqual(['NAME        N  STATE', 'DESK_ALPHA  7  fresh']);
    expect(at(19)).toEqual(['NAME        STATE', 'DESK_ALPHA  fresh']);
    expect(at(16)[1]).toBe('DESK…LPHA  fresh');
  });

  it.each([1, 12, 30, 47, 80, 200])('has no line of more than %i columns, or as few as it can', (width) => {
    for (const line of shown({ width })) expect(line.length).toBeLessThanOrEqual(Math.max(width, 16));
  });

  it('takes nothing of a broker’s words for a line or a command to the terminal', () => {
    const [, line] = table(['A', 'B'], [['x', 'one\ntwo\u001B[2J\tthree']], { textLines: 1 });
    expect(line).toBe('x  one two [2J three');
  });
});
