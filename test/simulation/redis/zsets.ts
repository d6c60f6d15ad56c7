import type { Keyspace } from './keyspace.ts';
import { double, integer, RedisError, shown, syntaxError, type Reply } from './reply.ts';
import type { Commands } from './table.ts';

type Pair = readonly [member: string, score: number];

/** Score first, then the bytes of the member. */
function ordered(scores: ReadonlyMap<string, number>): readonly Pair[] {
  return [...scores].sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : a > b ? 1 : 0) : x < y ? -1 : 1));
}

/** A bound of a range by score: `(5` excludes. */
function bound(text: string | undefined): { at: number; excluded: boolean } {
  const excluded = text?.startsWith('(') === true;
  try {
    return { at: double(excluded ? text.slice(1) : text), excluded };
  } catch {
    throw new RedisError('ERR min or max is not a float');
  }
}

interface Span {
  readonly low: ReturnType<typeof bound>;
  readonly high: ReturnType<typeof bound>;
}

/** Read before the key is looked at, as the server does: the error it answers depends on it. */
const span = (min: string | undefined, max: string | undefined): Span => ({
  low: bound(min),
  high: bound(max),
});

function within(pairs: readonly Pair[], { low, high }: Span): readonly Pair[] {
  return pairs.filter(
    ([, score]) =>
      (low.excluded ? score > low.at : score >= low.at) &&
      (high.excluded ? score < high.at : score <= high.at),
  );
}

const pairsOf = (space: Keyspace, key: string): readonly Pair[] =>
  ordered(space.find(key, 'zset')?.scores ?? new Map());

/** `start` to `stop`, both included, negative ones from the end. */
export function slice<T>(items: readonly T[], start: number, stop: number): readonly T[] {
  const from = start < 0 ? Math.max(0, items.length + start) : start;
  const to = stop < 0 ? items.length + stop : stop;
  return items.slice(from, to + 1);
}

interface RangeOptions {
  readonly byScore: boolean;
  readonly reverse: boolean;
  readonly withScores: boolean;
  readonly limit: readonly [offset: number, count: number] | undefined;
}

function rangeOptions(words: readonly string[]): RangeOptions {
  let options: RangeOptions = { byScore: false, reverse: false, withScores: false, limit: undefined };
  for (let i = 0; i < words.length; i++) {
    switch (words[i]?.toUpperCase()) {
      case 'BYSCORE':
        options = { ...options, byScore: true };
        break;
      case 'REV':
        options = { ...options, reverse: true };
        break;
      case 'WITHSCORES':
        options = { ...options, withScores: true };
        break;
      case 'LIMIT':
        options = { ...options, limit: [integer(words[i + 1]), integer(words[i + 2])] };
        i += 2;
        break;
      default:
        throw syntaxError();
    }
  }
  return options;
}

function range(space: Keyspace, key: string, from: string, to: string, options: RangeOptions): Reply {
  const choose = options.byScore ? byScore(from, to, options.reverse) : byIndex(from, to);
  const pairs = pairsOf(space, key);
  const chosen = choose(options.reverse ? [...pairs].reverse() : pairs);
  const [offset, count] = options.limit ?? [0, -1];
  const limited = offset < 0 ? [] : chosen.slice(offset, count < 0 ? undefined : offset + count);
  return options.withScores
    ? limited.flatMap(([member, score]) => [member, shown(score)])
    : limited.map(([member]) => member);
}

type Choose = (pairs: readonly Pair[]) => readonly Pair[];

function byScore(from: string, to: string, reverse: boolean): Choose {
  const wanted = reverse ? span(to, from) : span(from, to);
  return (pairs) => within(pairs, wanted);
}

function byIndex(from: string, to: string): Choose {
  const [start, stop] = [integer(from), integer(to)];
  return (pairs) => slice(pairs, start, stop);
}

function add(space: Keyspace, key: string, words: readonly string[]): Reply {
  const flags = new Set<string>();
  let at = 0;
  while (/^(?:NX|XX|GT|LT|CH|INCR)$/i.test(words[at] ?? '')) flags.add((words[at++] ?? '').toUpperCase());
  const pairs = words.slice(at);
  if (pairs.length === 0 || pairs.length % 2 !== 0) throw syntaxError();
  const parsed = pairs.flatMap((word, i): Pair[] =>
    i % 2 === 0 ? [[pairs[i + 1] ?? '', double(word)]] : [],
  );
  const isUpdate = flags.has('XX');
  const present = space.find(key, 'zset');
  if (!present && isUpdate) return flags.has('INCR') ? null : 0;
  const { scores } = present ?? space.make(key, 'zset');
  let added = 0;
  let updated = 0;
  let reply: Reply = null;
  for (const [member, given] of parsed) {
    const before = scores.get(member);
    const score = flags.has('INCR') ? given + (before ?? 0) : given;
    const isBarred =
      (before === undefined && isUpdate) ||
      (before !== undefined && flags.has('NX')) ||
      (before !== undefined && flags.has('GT') && score <= before) ||
      (before !== undefined && flags.has('LT') && score >= before);
    if (isBarred) continue;
    if (before === undefined) added += 1;
    else if (before !== score) updated += 1;
    scores.set(member, score);
    reply = shown(score);
  }
  if (added + updated > 0) space.changed(key);
  if (flags.has('INCR')) return reply;
  return flags.has('CH') ? added + updated : added;
}

function removeAll(space: Keyspace, key: string, members: readonly string[]): number {
  const scores = space.find(key, 'zset')?.scores;
  if (!scores) return 0;
  const removed = members.filter((member) => scores.delete(member)).length;
  if (removed > 0) space.changed(key);
  return removed;
}

const scoreOf = (space: Keyspace, key: string, member: string): string | null => {
  const score = space.find(key, 'zset')?.scores.get(member);
  return score === undefined ? null : shown(score);
};

export const zsets: Commands = {
  ZADD: { writes: true, run: (space, [key = '', ...words]) => add(space, key, words) },
  ZINCRBY: {
    writes: true,
    run: (space, [key = '', by = '', member = '']) => add(space, key, ['INCR', by, member]),
  },
  ZREM: { writes: true, run: (space, [key = '', ...members]) => removeAll(space, key, members) },
  ZSCORE: { run: (space, [key = '', member = '']) => scoreOf(space, key, member) },
  ZMSCORE: { run: (space, [key = '', ...members]) => members.map((each) => scoreOf(space, key, each)) },
  ZCARD: { run: (space, [key = '']) => space.find(key, 'zset')?.scores.size ?? 0 },
  ZCOUNT: {
    run: (space, [key = '', min, max]) => {
      const wanted = span(min, max);
      return within(pairsOf(space, key), wanted).length;
    },
  },
  ZRANK: {
    run: (space, [key = '', member = '']) => {
      const at = pairsOf(space, key).findIndex(([each]) => each === member);
      return at < 0 ? null : at;
    },
  },
  ZRANGE: {
    run: (space, [key = '', from = '', to = '', ...words]) =>
      range(space, key, from, to, rangeOptions(words)),
  },
  ZREVRANGE: {
    run: (space, [key = '', from = '', to = '', ...words]) =>
      range(space, key, from, to, { ...rangeOptions(words), reverse: true }),
  },
  ZRANGEBYSCORE: {
    run: (space, [key = '', from = '', to = '', ...words]) =>
      range(space, key, from, to, { ...rangeOptions(words), byScore: true }),
  },
  ZREVRANGEBYSCORE: {
    run: (space, [key = '', from = '', to = '', ...words]) =>
      range(space, key, from, to, { ...rangeOptions(words), byScore: true, reverse: true }),
  },
  ZREMRANGEBYSCORE: {
    writes: true,
    run: (space, [key = '', min, max]) => {
      const wanted = span(min, max);
      const gone = within(pairsOf(space, key), wanted);
      return removeAll(
        space,
        key,
        gone.map(([member]) => member),
      );
    },
  },
  ZREMRANGEBYRANK: {
    writes: true,
    run: (space, [key = '', from, to]) => {
      const gone = slice(pairsOf(space, key), integer(from), integer(to));
      return removeAll(
        space,
        key,
        gone.map(([member]) => member),
      );
    },
  },
  ZPOPMIN: {
    writes: true,
    run: (space, [key = '', count]) => {
      const first = pairsOf(space, key).slice(0, count === undefined ? 1 : integer(count));
      removeAll(
        space,
        key,
        first.map(([member]) => member),
      );
      return first.flatMap(([member, score]) => [member, shown(score)]);
    },
  },
};
