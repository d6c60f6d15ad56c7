import { styleText } from 'node:util';
import { wrapped } from './wrapped.ts';

/** A cell, and how it is shown where colours are. */
export type Cell = string | { readonly text: string; readonly colour: Parameters<typeof styleText>[0] };

export interface TableOptions {
  /** The columns of the terminal; undefined: as wide as it gets, for pipes and files. */
  readonly width?: number | undefined;
  /** The last column is text of any length: it may go on below, in so many lines. */
  readonly textLines?: number;
  /** The columns that hold numbers. */
  readonly right?: readonly number[];
  /** The columns that a narrow terminal is spared, the first of these first: better than cutting what is in the others. */
  readonly spare?: readonly number[];
}

const GAP = 2;
/** A column is not cut below this. */
const LEAST = 6;
/** With less room beside the other columns, a text goes below its row. */
const LEAST_TEXT = 30;
const INDENT = 4;

/** Rows of aligned columns, no line wider than the terminal. Colours are left out where the output takes none. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): readonly string[] {
  const { width, textLines = 0, spare: [spared, ...others] = [] } = options;
  const fixed = textLines > 0 ? head.length - 1 : head.length;
  if (spared === undefined || width === undefined || total(naturalWidths(head, rows, fixed)) <= width)
    return drawn(head, rows, options);
  const after = (column: number): number => (column > spared ? column - 1 : column);
  return table(
    head.toSpliced(spared, 1),
    rows.map((row) => row.toSpliced(spared, 1)),
    {
      ...options,
      right: (options.right ?? []).filter((each) => each !== spared).map(after),
      spare: others.map(after),
    },
  );
}

function drawn(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, textLines = 0, right = [] }: TableOptions,
): readonly string[] {
  const fixed = textLines > 0 ? head.length - 1 : head.length;
  const texts = rows.map((row) => row.map(textOf));
  const natural = naturalWidths(head, rows, fixed);
  const widths = width === undefined ? natural : narrowed(natural, width);
  const taken = widths.reduce((sum, each) => sum + each + GAP, 0);
  const room = width === undefined ? Infinity : width - taken;
  const longest = Math.max(0, ...texts.map((row) => lengthOf(row[fixed] ?? '')));
  const isBeside = room >= Math.min(LEAST_TEXT, longest);

  const fitted = (text: string, i: number): string => {
    const cut = shortened(text, widths[i] ?? 0);
    const padding = ' '.repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(cut)));
    return right.includes(i) ? `${padding}${cut}` : `${cut}${padding}`;
  };
  const line = (cells: readonly Cell[]): string =>
    cells.map((cell, i) => coloured(cell, fitted(textOf(cell), i))).join(' '.repeat(GAP));
  const withText = (cells: readonly Cell[], index: number): readonly string[] => {
    const start = line(cells.slice(0, fixed));
    const text = texts[index]?.[fixed] ?? '';
    if (textLines === 0 || text === '') return [start.trimEnd()];
    const indent = isBeside ? taken : INDENT;
    const free = width === undefined ? Infinity : width - indent;
    const [first = '', ...others] = wrapped(text, free, textLines);
    const below = others.map((each) => `${' '.repeat(indent)}${each}`);
    return isBeside
      ? [`${start}${' '.repeat(GAP)}${first}`, ...below]
      : [start.trimEnd(), `${' '.repeat(indent)}${first}`, ...below];
  };
  const titles = head.slice(0, isBeside ? head.length : fixed);
  const top = titles.map((title, i) => (i < fixed ? fitted(title, i) : title)).join(' '.repeat(GAP));
  return [styleText('bold', top.trimEnd()), ...rows.flatMap(withText)];
}

/** What is printed for people goes to a terminal of so many columns; undefined where it does not. */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;

/** A broker's words may hold anything: what would move the cursor becomes a space. */
const textOf = (cell: Cell): string =>
  (typeof cell === 'string' ? cell : cell.text).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

const coloured = (cell: Cell, text: string): string =>
  typeof cell === 'string' ? text : styleText(cell.colour, text);

const lengthOf = (text: string): number => [...text].length;

const naturalWidths = (
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  fixed: number,
): readonly number[] =>
  head
    .slice(0, fixed)
    .map((title, i) => Math.max(lengthOf(title), ...rows.map((row) => lengthOf(textOf(row[i] ?? '')))));

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1));

/** The widest give way first. */
function narrowed(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  let over = total(widths) - width;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= LEAST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

/** Both ends of a name tell it from its neighbours. */
function shortened(text: string, room: number): string {
  const letters = [...text];
  if (letters.length <= room) return text;
  const end = Math.floor((room - 1) / 2);
  return `${letters.slice(0, room - 1 - end).join('')}…${letters.slice(letters.length - end).join('')}`;
}
