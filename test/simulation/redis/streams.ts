import type { Keyspace, StreamEntry } from './keyspace.ts';
import { integer, RedisError, syntaxError, type Reply } from './reply.ts';
import type { Commands } from './table.ts';

export function parts(id: string, sequenceByDefault: number): readonly [number, number] {
  const [ms = '0', sequence] = id.split('-');
  return [Number(ms), sequence === undefined ? sequenceByDefault : Number(sequence)];
}

/** Below zero where `a` is the older one. */
export function compare([a, x]: readonly [number, number], [b, y]: readonly [number, number]): number {
  return a === b ? x - y : a - b;
}

function nextId(lastId: string, wanted: string, now: number): string {
  const last = parts(lastId, 0);
  if (wanted === '*') {
    return now > last[0] ? `${now}-0` : `${last[0]}-${last[1] + 1}`;
  }
  if (compare(parts(wanted, 0), last) <= 0) {
    throw new RedisError('ERR The ID specified in XADD is equal or smaller than the target stream top item');
  }
  return wanted.includes('-') ? wanted : `${wanted}-0`;
}

/** What MAXLEN leaves; `~` is taken exactly. */
function trimmed(entries: readonly StreamEntry[], words: readonly string[]): StreamEntry[] {
  const [kind, ...rest] = words;
  const [bound = ''] = rest.filter((word) => word !== '~' && word !== '=');
  switch (kind?.toUpperCase()) {
    case 'MAXLEN':
      return entries.slice(Math.max(0, entries.length - integer(bound)));
    case 'MINID':
      return entries.filter(({ id }) => compare(parts(id, 0), parts(bound, 0)) >= 0);
    default:
      throw syntaxError();
  }
}

function add(space: Keyspace, key: string, words: readonly string[]): Reply {
  let at = 0;
  let make = true;
  let trim: readonly string[] | undefined;
  for (;;) {
    const word = words[at]?.toUpperCase();
    if (word === 'NOMKSTREAM') {
      make = false;
      at += 1;
    } else if (word === 'MAXLEN' || word === 'MINID') {
      const length = words[at + 1] === '~' || words[at + 1] === '=' ? 3 : 2;
      trim = words.slice(at, at + length);
      at += length;
    } else break;
  }
  if (!make && space.typeOf(key) === 'none') return null;
  const stream = space.make(key, 'stream');
  const id = nextId(stream.lastId, words[at] ?? '*', space.now());
  stream.entries.push({ id, fields: words.slice(at + 1) });
  stream.lastId = id;
  if (trim) stream.entries = trimmed(stream.entries, trim);
  space.changed(key);
  return id;
}

export const entriesOf = (space: Keyspace, key: string): readonly StreamEntry[] =>
  space.find(key, 'stream')?.entries ?? [];
export const shownEntries = (entries: readonly StreamEntry[]): Reply =>
  entries.map(({ id, fields }) => [id, [...fields]]);

export function between(entries: readonly StreamEntry[], from: string, to: string): readonly StreamEntry[] {
  const first = from === '-' ? ([0, 0] as const) : parts(from.replace('(', ''), 0);
  const last = to === '+' ? ([Infinity, Infinity] as const) : parts(to.replace('(', ''), Infinity);
  return entries.filter(({ id }) => {
    const at = parts(id, 0);
    const [low, high] = [compare(at, first), compare(at, last)];
    return (from.startsWith('(') ? low > 0 : low >= 0) && (to.startsWith('(') ? high < 0 : high <= 0);
  });
}

/** XREAD without BLOCK: what is newer than the ids given, `$` being what is there now. */
function read(space: Keyspace, words: readonly string[]): Reply {
  const upper = words.map((word) => word.toUpperCase());
  const counted = upper.indexOf('COUNT');
  const count = counted < 0 ? Infinity : integer(words[counted + 1]);
  const named = words.slice(upper.indexOf('STREAMS') + 1);
  const keys = named.slice(0, named.length / 2);
  const found = keys.flatMap((key, i): Reply[] => {
    const after = named[keys.length + i] ?? '$';
    const entries = entriesOf(space, key);
    const newer = after === '$' ? [] : between(entries, `(${after}`, '+').slice(0, count);
    return newer.length === 0 ? [] : [[key, shownEntries(newer)]];
  });
  return found.length === 0 ? null : found;
}

export const streams: Commands = {
  XADD: { writes: true, run: (space, [key = '', ...words]) => add(space, key, words) },
  XLEN: { run: (space, [key = '']) => entriesOf(space, key).length },
  XRANGE: {
    run: (space, [key = '', from = '-', to = '+', _count, count]) =>
      shownEntries(
        between(entriesOf(space, key), from, to).slice(0, count === undefined ? undefined : integer(count)),
      ),
  },
  XREAD: { run: read },
  XTRIM: {
    writes: true,
    run: (space, [key = '', ...words]) => {
      const stream = space.find(key, 'stream');
      if (!stream) return 0;
      const before = stream.entries.length;
      stream.entries = trimmed(stream.entries, words);
      space.changed(key);
      return before - stream.entries.length;
    },
  },
  XDEL: {
    writes: true,
    run: (space, [key = '', ...ids]) => {
      const stream = space.find(key, 'stream');
      if (!stream) return 0;
      const before = stream.entries.length;
      stream.entries = stream.entries.filter(({ id }) => !ids.includes(id));
      space.changed(key);
      return before - stream.entries.length;
    },
  },
};
