import { isMet, type Figure } from './bench.ts';

/** A number as people read it. */
function plain(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

const unitOf = (unit: string): string => (unit === '' ? '' : /^[x%/]/.test(unit) ? unit : ` ${unit}`);

function targetOf(figure: Figure): string {
  const { target, unit } = figure;
  if (!target) return '';
  const wanted = 'most' in target ? `<= ${plain(target.most)}` : `>= ${plain(target.least)}`;
  return `${wanted}${unitOf(unit)}  ${isMet(figure) === true ? 'met' : 'NOT MET'}`;
}

/** The figures as a table for a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const cells = figures.map((figure) => {
    const { what, value, unit, spread } = figure;
    const isOne = spread === undefined || spread[0] === spread[1];
    return [
      what,
      `${plain(value)}${unitOf(unit)}`,
      isOne ? '' : `(${plain(spread[0])} to ${plain(spread[1])})`,
      targetOf(figure),
    ];
  });
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map(([what = '', value = '', range = '', target = '']) =>
      [
        `  ${what.padEnd(widths[0] ?? 0)}`,
        value.padStart(widths[1] ?? 0),
        range.padEnd(widths[2] ?? 0),
        target,
      ]
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
