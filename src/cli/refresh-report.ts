import type { Refreshed } from './refresh-one.ts';
import { wrapped } from './wrapped.ts';

/** Names beyond these are counted. */
const SHOWN_NAMES = 10;
const TEXT_LINES = 4;

/**
 * Of many refreshes: what did not come about, once a reason, with the names that it concerns. `leftOut`: those that
 * were not asked for, since a person logs them in.
 */
export function refreshSummary(
  results: readonly Refreshed[],
  leftOut: readonly string[] = [],
  width = Infinity,
): readonly string[] {
  const groups = Map.groupBy(
    results.filter(({ code }) => code !== null),
    ({ broker, code }) => `${broker}, ${code}`,
  );
  const done = results.filter(({ code }) => code === null).length;
  return [
    `${done} of ${results.length} ${results.length === 1 ? 'account was' : 'accounts were'} refreshed.`,
    ...[...groups]
      .sort(([, one], [, other]) => other.length - one.length)
      .flatMap(([reason, concerned]) => [
        ...wrapped(`${concerned.length} not (${reason}): ${concerned[0]?.message ?? ''}`, width, TEXT_LINES),
        ...wrapped(shownNames(concerned.map(({ name }) => name)), width - 4, TEXT_LINES).map(
          (line) => `    ${line}`,
        ),
      ]),
    ...(leftOut.length === 0
      ? []
      : wrapped(
          `${leftOut.length} left out, for a person to log in: ${shownNames(leftOut)}`,
          width,
          TEXT_LINES,
        )),
  ];
}

function shownNames(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
