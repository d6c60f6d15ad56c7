import type { Keyspace, StreamGroup } from './keyspace.ts';
import { integer, RedisError, Status, type Reply } from './reply.ts';
import { compare, entriesOf, parts, shownEntries } from './streams.ts';
import type { Commands } from './table.ts';

/* The part of streams that a group of readers needs; each reply is as a real Redis 7 gives it. */

function groupOf(space: Keyspace, key: string, name: string, command: string): StreamGroup {
  const stream = space.find(key, 'stream');
  const group = stream?.groups.get(name);
  if (group) return group;
  if (!stream && command === 'XINFO') throw new RedisError('ERR no such key');
  throw new RedisError(
    command === 'XINFO'
      ? `NOGROUP No such consumer group '${name}' for key name '${key}'`
      : `NOGROUP No such key '${key}' or consumer group '${name}'${command === 'XREADGROUP' ? ' in XREADGROUP with GROUP option' : ''}`,
  );
}

/** What is newer than all that the group was given. Nobody is made to wait: BLOCK is the caller's. */
function readGroup(space: Keyspace, words: readonly string[]): Reply {
  const [, name = '', consumer = ''] = words;
  const upper = words.map((word) => word.toUpperCase());
  const counted = upper.indexOf('COUNT');
  const count = counted < 0 ? Infinity : integer(words[counted + 1]);
  const key = words[upper.indexOf('STREAMS') + 1] ?? '';
  const group = groupOf(space, key, name, 'XREADGROUP');
  group.consumers.set(consumer, space.now());
  const entries = entriesOf(space, key);
  const given = parts(group.lastId, 0);
  const from = 1 + entries.findLastIndex(({ id }) => compare(parts(id, 0), given) <= 0);
  const newer = entries.slice(from, from + count);
  const last = newer.at(-1);
  if (!last) return null;
  group.lastId = last.id;
  for (const { id } of newer) group.pending.set(id, { consumer, at: space.now() });
  space.changed(key);
  return [[key, shownEntries(newer)]];
}

function claim(space: Keyspace, words: readonly string[]): Reply {
  const [key = '', name = '', consumer = '', idleMs, start = '0', , most] = words;
  const group = groupOf(space, key, name, 'XAUTOCLAIM');
  group.consumers.set(consumer, space.now());
  const idle = [...group.pending].filter(
    ([id, { at }]) => compare(parts(id, 0), parts(start, 0)) >= 0 && space.now() - at >= integer(idleMs),
  );
  const taken = idle.slice(0, integer(most ?? '100'));
  const isThere = new Map(entriesOf(space, key).map((entry) => [entry.id, entry]));
  const found = taken.flatMap(([id]) => isThere.get(id) ?? []);
  const gone = taken.flatMap(([id]) => (isThere.has(id) ? [] : [id]));
  for (const { id } of found) group.pending.set(id, { consumer, at: space.now() });
  for (const id of gone) group.pending.delete(id);
  space.changed(key);
  return [idle[taken.length]?.[0] ?? '0-0', shownEntries(found), gone];
}

function consumersOf(space: Keyspace, key: string, name: string): Reply {
  const group = groupOf(space, key, name, 'XINFO');
  return [...group.consumers].map(([consumer, at]): Reply => {
    const pending = [...group.pending.values()].filter((each) => each.consumer === consumer).length;
    const idle = space.now() - at;
    return ['name', consumer, 'pending', pending, 'idle', idle, 'inactive', idle];
  });
}

function summary(space: Keyspace, key: string, name: string): Reply {
  const { pending } = groupOf(space, key, name, 'XPENDING');
  const ids = [...pending.keys()].toSorted((a, b) => compare(parts(a, 0), parts(b, 0)));
  if (ids.length === 0) return [0, null, null, null];
  const by = Map.groupBy(pending.values(), ({ consumer }) => consumer);
  return [
    ids.length,
    ids[0] ?? null,
    ids.at(-1) ?? null,
    [...by].map(([consumer, theirs]): Reply => [consumer, String(theirs.length)]),
  ];
}

export const streamGroups: Commands = {
  XGROUP: {
    writes: true,
    run: (space, [what = '', key = '', name = '', ...rest]) => {
      if (what.toUpperCase() === 'CREATE') {
        const { groups, lastId } = space.make(key, 'stream');
        if (groups.has(name)) throw new RedisError('BUSYGROUP Consumer Group name already exists');
        const [from = '$'] = rest;
        groups.set(name, {
          lastId: from === '$' ? lastId : from.includes('-') ? from : `${from}-0`,
          pending: new Map(),
          consumers: new Map(),
        });
        space.changed(key);
        return new Status('OK');
      }
      const group = groupOf(space, key, name, 'XGROUP');
      const [consumer = ''] = rest;
      const theirs = [...group.pending].filter(([, each]) => each.consumer === consumer);
      for (const [id] of theirs) group.pending.delete(id);
      group.consumers.delete(consumer);
      space.changed(key);
      return theirs.length;
    },
  },
  XREADGROUP: { writes: true, run: readGroup },
  XACK: {
    writes: true,
    run: (space, [key = '', name = '', ...ids]) => {
      const group = space.find(key, 'stream')?.groups.get(name);
      const known = ids.filter((id) => group?.pending.delete(id));
      space.changed(key);
      return known.length;
    },
  },
  XAUTOCLAIM: { writes: true, run: claim },
  XPENDING: { run: (space, [key = '', name = '']) => summary(space, key, name) },
  XINFO: { run: (space, [, key = '', name = '']) => consumersOf(space, key, name) },
};
