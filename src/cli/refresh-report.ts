import type { Refreshed } from './refresh-one.ts';
import { wrapped } from './wrapped.ts';

/** Names beyond these are counted. */
const SHOWN_NAMES = 10;
const TEXT_LINES = 4;

/** Of many refreshes: what did not come about, once a reason, with the names that it concerns. */
export function refreshSummary(results: readonly Refreshed[], width = Infinity): readonly string[] {
  const groups = Map.groupBy(
    results.filter(({ code }) => code !== null),
    ({ broker, code }) => `${broker}, ${code}`,
  );
  const done = results.filter(({ code }) => code === null).length;
  return [
    `${done} of ${results.length} accounts were refreshed.`,
    ...[...groups]
      .sort(([, one], [, other]) => other.length - one.length)
      .flatMap(([reason, concerned]) => [
        ...wrapped(`${concerned.length} not (${reason}): ${concerned[0]?.message ?? ''}`, width, TEXT_LINES),
        ...wrapped(shownNames(concerned), width - 4, TEXT_LINES).map((line) => `    ${line}`),
      ]),
  ];
}

function shownNames(concerned: readonly Refreshed[]): string {
  const more = concerned.length - SHOWN_NAMES;
  const names = concerned.slice(0, SHOWN_NAMES).map(({ name }) => name);
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
