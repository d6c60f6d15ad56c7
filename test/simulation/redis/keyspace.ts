import { wrongType } from './reply.ts';

/** One line of a stream. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

/** What a group of readers has been given, and what they have not dealt with yet. */
export interface StreamGroup {
  lastId: string;
  /** By id, oldest first. */
  readonly pending: Map<string, { readonly consumer: string; readonly at: number }>;
  /** When each was last heard of. */
  readonly consumers: Map<string, number>;
}

export type Value =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'list'; items: string[] }
  | { readonly type: 'set'; readonly members: Set<string> }
  | { readonly type: 'zset'; readonly scores: Map<string, number> }
  | {
      readonly type: 'stream';
      entries: StreamEntry[];
      lastId: string;
      readonly groups: Map<string, StreamGroup>;
    };

type Type = Value['type'];
type Of<T extends Type> = Extract<Value, { type: T }>;

interface Entry {
  readonly value: Value;
  /** Ms since the epoch; undefined: it stays. */
  expiresAt: number | undefined;
}

/** A copy of all keys, to go back to. */
export type Snapshot = ReadonlyMap<string, Entry>;

/** The keys of one database. Instants are the server's own, which `now` tells. */
export interface Keyspace {
  now(): number;
  /** The value there, or undefined; one whose time is over is gone. Throws WRONGTYPE where it is another type. */
  find<T extends Type>(key: string, type: T): Of<T> | undefined;
  /** The same; an empty one is made where there is none. */
  make<T extends Type>(key: string, type: T): Of<T>;
  typeOf(key: string): Type | 'none';
  /** Puts a value in the place of whatever is there. */
  put(key: string, value: Value, expiresAt?: number): void;
  remove(key: string): boolean;
  /** To be called after a change in place: an emptied collection is no key. */
  changed(key: string): void;
  expiryOf(key: string): number | undefined;
  setExpiry(key: string, at: number | undefined): void;
  /** All living keys. */
  keys(): readonly string[];
  /** How many keys have come to their end by themselves, up to now. */
  ended(): number;
  /** The keys whose contents or end changed since the last call; for those who check every step. */
  takeChanged(): readonly string[];
  /** Those of them whose contents changed, since the last call of this. */
  takeRewritten(): readonly string[];
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  clear(): void;
}

const empties: { readonly [T in Type]: () => Of<T> } = {
  string: () => ({ type: 'string', text: '' }),
  hash: () => ({ type: 'hash', fields: new Map() }),
  list: () => ({ type: 'list', items: [] }),
  set: () => ({ type: 'set', members: new Set() }),
  zset: () => ({ type: 'zset', scores: new Map() }),
  stream: () => ({ type: 'stream', entries: [], lastId: '0-0', groups: new Map() }),
};

export function makeKeyspace(now: () => number): Keyspace {
  let entries = new Map<string, Entry>();
  const dirty = new Set<string>();
  const rewritten = new Set<string>();
  let ended = 0;

  const touch = (key: string): void => {
    dirty.add(key);
    rewritten.add(key);
  };
  const entryOf = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > now()) return entry;
    entries.delete(key);
    ended += 1;
    return undefined;
  };
  function find<T extends Type>(key: string, type: T): Of<T> | undefined {
    const value = entryOf(key)?.value;
    if (value === undefined) return undefined;
    if (!isOf(value, type)) throw wrongType();
    return value;
  }
  const put = (key: string, value: Value, expiresAt?: number): void => {
    entries.set(key, { value, expiresAt });
    touch(key);
  };

  return {
    now,
    find,
    make(key, type) {
      const found = find(key, type);
      if (found) return found;
      const made = empties[type]();
      put(key, made);
      return made;
    },
    typeOf: (key) => entryOf(key)?.value.type ?? 'none',
    put,
    remove(key) {
      if (!entryOf(key)) return false;
      touch(key);
      return entries.delete(key);
    },
    changed(key) {
      const value = entryOf(key)?.value;
      if (value && isEmpty(value)) entries.delete(key);
      touch(key);
    },
    expiryOf: (key) => entryOf(key)?.expiresAt,
    setExpiry(key, at) {
      const entry = entryOf(key);
      if (!entry || entry.expiresAt === at) return;
      entry.expiresAt = at;
      dirty.add(key);
    },
    keys: () => [...entries.keys()].filter((key) => entryOf(key) !== undefined),
    ended() {
      for (const key of entries.keys()) entryOf(key);
      return ended;
    },
    takeChanged() {
      if (dirty.size === 0) return [];
      const taken = [...dirty];
      dirty.clear();
      return taken;
    },
    takeRewritten() {
      const taken = [...rewritten];
      rewritten.clear();
      return taken;
    },
    snapshot: () => copyOf(entries),
    restore(snapshot) {
      entries = copyOf(snapshot);
      for (const key of entries.keys()) touch(key);
    },
    clear() {
      for (const key of entries.keys()) touch(key);
      entries.clear();
    },
  };
}

function isOf<T extends Type>(value: Value, type: T): value is Of<T> {
  return value.type === type;
}

function isEmpty(value: Value): boolean {
  switch (value.type) {
    case 'hash':
      return value.fields.size === 0;
    case 'list':
      return value.items.length === 0;
    case 'set':
      return value.members.size === 0;
    case 'zset':
      return value.scores.size === 0;
    case 'string':
    case 'stream':
      return false;
  }
}

function copyOf(from: Snapshot): Map<string, Entry> {
  return new Map([...from].map(([key, { value, expiresAt }]) => [key, { value: copied(value), expiresAt }]));
}

function copied(value: Value): Value {
  switch (value.type) {
    case 'string':
      return { ...value };
    case 'hash':
      return { ...value, fields: new Map(value.fields) };
    case 'list':
      return { ...value, items: [...value.items] };
    case 'set':
      return { ...value, members: new Set(value.members) };
    case 'zset':
      return { ...value, scores: new Map(value.scores) };
    case 'stream':
      return {
        ...value,
        entries: [...value.entries],
        groups: new Map(
          [...value.groups].map(([name, { lastId, pending, consumers }]) => [
            name,
            { lastId, pending: new Map(pending), consumers: new Map(consumers) },
          ]),
        ),
      };
  }
}
