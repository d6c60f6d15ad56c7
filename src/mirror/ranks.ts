type Rank = readonly (number | string)[];

/** Of two the one that ranks higher; of two that rank the same, always the same one, whichever comes first. */
export function highest<T>(
  one: T | undefined,
  other: T | undefined,
  rankOf: (each: T) => number,
): T | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const [left, right]: [Rank, Rank] = [
    [rankOf(one), JSON.stringify(one)],
    [rankOf(other), JSON.stringify(other)],
  ];
  return compare(left, right) >= 0 ? one : other;
}

/** One entry for each key, the one that ranks highest; in the order of their ranks, the last `most` of them. */
export function union<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
  rankOf: (entry: T) => Rank,
  most: number,
): readonly T[] {
  const chosen = new Map<string, { readonly rank: Rank; readonly entry: T }>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const rank = [...rankOf(entry), key];
    const there = chosen.get(key);
    if (there === undefined || compare(rank, there.rank) > 0) chosen.set(key, { rank, entry });
  }
  return [...chosen.values()]
    .sort((one, other) => compare(one.rank, other.rank))
    .slice(-most)
    .map(({ entry }) => entry);
}

function compare(one: Rank, other: Rank): number {
  for (const [index, left] of one.entries()) {
    const right = other[index] ?? left;
    if (left !== right) return left > right ? 1 : -1;
  }
  return 0;
}
