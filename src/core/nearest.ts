/** The candidate that `written` was most likely meant to be, if one is near enough; of several alike none is. */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  const bare = bareName(written);
  const [best, next] = candidates
    .map((candidate) => ({ candidate, distance: distanceBetween(bare, bareName(candidate)) }))
    .sort((one, other) => one.distance - other.distance);
  const isNear = best !== undefined && best.distance <= Math.max(1, Math.floor(bare.length / 4));
  // USER_000003 may as well be USER_000001 as USER_000002: no guess is better than one that is wrong.
  return isNear && next?.distance !== best.distance ? best.candidate : undefined;
}

/** `api_key`, `API-Key` and `apiKey` are one word. */
const bareName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** How many letters must be put in, taken out or replaced, or change places with the next: the commonest slip. */
function distanceBetween(one: string, other: string): number {
  let before: readonly number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (const [column, against] of [...other].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === against ? 0 : 1);
      const isSwapped = row > 0 && column > 0 && letter === other[column - 1] && against === one[row - 1];
      const swapped = isSwapped ? (before[column - 1] ?? 0) + 1 : replaced;
      current.push(Math.min(replaced, swapped, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    [before, previous] = [previous, current];
  }
  return previous[other.length] ?? 0;
}
