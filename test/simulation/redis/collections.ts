import type { Keyspace } from './keyspace.ts';
import { double, integer, OK, RedisError, seventeen, type Reply } from './reply.ts';
import type { Commands } from './table.ts';
import { slice } from './zsets.ts';

const fieldsOf = (space: Keyspace, key: string): ReadonlyMap<string, string> | undefined =>
  space.find(key, 'hash')?.fields;

function setFields(space: Keyspace, key: string, pairs: readonly string[]): Reply {
  if (pairs.length === 0 || pairs.length % 2 !== 0) {
    throw new RedisError("ERR wrong number of arguments for 'hset' command");
  }
  const { fields } = space.make(key, 'hash');
  const before = fields.size;
  let isChanged = false;
  for (let i = 0; i < pairs.length; i += 2) {
    const [field = '', value = ''] = [pairs[i], pairs[i + 1]];
    isChanged ||= fields.get(field) !== value;
    fields.set(field, value);
  }
  if (isChanged) space.changed(key);
  return fields.size - before;
}

/** Adds to a number in a field and says what it is now. */
function add(
  space: Keyspace,
  key: string,
  field: string,
  by: number,
  read: (text: string) => number,
): number {
  const { fields } = space.make(key, 'hash');
  const sum = read(fields.get(field) ?? '0') + by;
  fields.set(field, seventeen(sum));
  space.changed(key);
  return sum;
}

export const hashes: Commands = {
  HSET: { writes: true, run: (space, [key = '', ...pairs]) => setFields(space, key, pairs) },
  HSETNX: {
    writes: true,
    run: (space, [key = '', field = '', value = '']) =>
      fieldsOf(space, key)?.has(field) ? 0 : setFields(space, key, [field, value]),
  },
  HGET: { run: (space, [key = '', field = '']) => fieldsOf(space, key)?.get(field) ?? null },
  HMGET: {
    run: (space, [key = '', ...names]) => {
      const fields = fieldsOf(space, key);
      return names.map((name) => fields?.get(name) ?? null);
    },
  },
  HGETALL: { run: (space, [key = '']) => [...(fieldsOf(space, key) ?? [])].flat() },
  HKEYS: { run: (space, [key = '']) => [...(fieldsOf(space, key)?.keys() ?? [])] },
  HVALS: { run: (space, [key = '']) => [...(fieldsOf(space, key)?.values() ?? [])] },
  HLEN: { run: (space, [key = '']) => fieldsOf(space, key)?.size ?? 0 },
  HEXISTS: { run: (space, [key = '', field = '']) => (fieldsOf(space, key)?.has(field) ? 1 : 0) },
  HDEL: {
    writes: true,
    run: (space, [key = '', ...names]) => {
      const fields = space.find(key, 'hash')?.fields;
      if (!fields) return 0;
      const removed = names.filter((name) => fields.delete(name)).length;
      if (removed > 0) space.changed(key);
      return removed;
    },
  },
  HINCRBY: {
    writes: true,
    run: (space, [key = '', field = '', by]) => add(space, key, field, integer(by), integer),
  },
  HINCRBYFLOAT: {
    writes: true,
    run: (space, [key = '', field = '', by]) => seventeen(add(space, key, field, double(by), double)),
  },
};

const itemsOf = (space: Keyspace, key: string): readonly string[] => space.find(key, 'list')?.items ?? [];

function change(space: Keyspace, key: string, how: (items: string[]) => string[]): void {
  const list = space.make(key, 'list');
  list.items = how(list.items);
  space.changed(key);
}

function pushed(space: Keyspace, key: string, how: (items: string[]) => string[]): number {
  change(space, key, how);
  return itemsOf(space, key).length;
}

/** As LREM: how many of an item go, from which end. */
function removed(items: readonly string[], item: string, count: number): string[] {
  let left = count === 0 ? Infinity : Math.abs(count);
  const inOrder = count < 0 ? [...items].reverse() : items;
  const kept = inOrder.filter((each) => each !== item || left-- <= 0);
  return count < 0 ? kept.reverse() : kept;
}

export const lists: Commands = {
  RPUSH: {
    writes: true,
    run: (space, [key = '', ...items]) => pushed(space, key, (before) => [...before, ...items]),
  },
  LPUSH: {
    writes: true,
    run: (space, [key = '', ...items]) => pushed(space, key, (before) => [...items.reverse(), ...before]),
  },
  LLEN: { run: (space, [key = '']) => itemsOf(space, key).length },
  LINDEX: { run: (space, [key = '', at]) => itemsOf(space, key).at(integer(at)) ?? null },
  LRANGE: { run: (space, [key = '', from, to]) => slice(itemsOf(space, key), integer(from), integer(to)) },
  LREM: {
    writes: true,
    run: (space, [key = '', count, item = '']) => {
      const before = itemsOf(space, key);
      const kept = removed(before, item, integer(count));
      if (kept.length < before.length) change(space, key, () => kept);
      return before.length - kept.length;
    },
  },
  LTRIM: {
    writes: true,
    run: (space, [key = '', from, to]) => {
      if (itemsOf(space, key).length > 0) {
        change(space, key, (items) => [...slice(items, integer(from), integer(to))]);
      }
      return OK;
    },
  },
  LPOP: {
    writes: true,
    run: (space, [key = '']) => {
      const [first] = itemsOf(space, key);
      if (first === undefined) return null;
      change(space, key, (items) => items.slice(1));
      return first;
    },
  },
};

const membersOf = (space: Keyspace, key: string): ReadonlySet<string> =>
  space.find(key, 'set')?.members ?? new Set();

export const sets: Commands = {
  SADD: {
    writes: true,
    run: (space, [key = '', ...added]) => {
      const { members } = space.make(key, 'set');
      const before = members.size;
      for (const each of added) members.add(each);
      space.changed(key);
      return members.size - before;
    },
  },
  SREM: {
    writes: true,
    run: (space, [key = '', ...gone]) => {
      const members = space.find(key, 'set')?.members;
      if (!members) return 0;
      const count = gone.filter((each) => members.delete(each)).length;
      space.changed(key);
      return count;
    },
  },
  SMEMBERS: { run: (space, [key = '']) => [...membersOf(space, key)] },
  SISMEMBER: { run: (space, [key = '', member = '']) => (membersOf(space, key).has(member) ? 1 : 0) },
  SCARD: { run: (space, [key = '']) => membersOf(space, key).size },
};
