import type { Keyspace } from './keyspace.ts';
import { integer, OK, RedisError, Status, syntaxError, type Reply } from './reply.ts';
import type { Commands } from './table.ts';

const textOf = (space: Keyspace, key: string): string | undefined => space.find(key, 'string')?.text;

/** What SET's options ask for. */
interface SetOptions {
  readonly only: 'NX' | 'XX' | undefined;
  readonly expiresAt: number | undefined;
  readonly keepTtl: boolean;
  readonly get: boolean;
}

function setOptions(space: Keyspace, words: readonly string[]): SetOptions {
  let options: SetOptions = { only: undefined, expiresAt: undefined, keepTtl: false, get: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]?.toUpperCase();
    if (word === 'NX' || word === 'XX') options = { ...options, only: word };
    else if (word === 'KEEPTTL') options = { ...options, keepTtl: true };
    else if (word === 'GET') options = { ...options, get: true };
    else if (word === 'PX' || word === 'EX' || word === 'PXAT' || word === 'EXAT') {
      const time = integer(words[++i]) * (word.startsWith('EX') ? 1_000 : 1);
      if (time <= 0) throw new RedisError("ERR invalid expire time in 'set' command");
      options = { ...options, expiresAt: word.endsWith('AT') ? time : space.now() + time };
    } else throw syntaxError();
  }
  return options;
}

function set(space: Keyspace, key: string, text: string, words: readonly string[]): Reply {
  const options = setOptions(space, words);
  const before = options.get ? (textOf(space, key) ?? null) : OK;
  const isThere = space.typeOf(key) !== 'none';
  if (options.only === (isThere ? 'NX' : 'XX')) return options.get ? before : null;
  const expiresAt = options.keepTtl ? space.expiryOf(key) : options.expiresAt;
  if (expiresAt !== undefined && expiresAt <= space.now()) space.remove(key);
  else space.put(key, { type: 'string', text }, expiresAt);
  return before;
}

function add(space: Keyspace, key: string, by: number): Reply {
  const sum = integer(textOf(space, key) ?? '0') + by;
  space.put(key, { type: 'string', text: String(sum) }, space.expiryOf(key));
  return sum;
}

/** `at` in the past removes the key, as the server does. */
function expire(space: Keyspace, key: string, at: number, condition: string | undefined): Reply {
  if (space.typeOf(key) === 'none') return 0;
  const before = space.expiryOf(key);
  switch (condition?.toUpperCase()) {
    case 'NX':
      if (before !== undefined) return 0;
      break;
    case 'XX':
      if (before === undefined) return 0;
      break;
    case 'GT':
      if (before === undefined || at <= before) return 0;
      break;
    case 'LT':
      if (before !== undefined && at >= before) return 0;
      break;
    default:
  }
  if (at <= space.now()) space.remove(key);
  else space.setExpiry(key, at);
  return 1;
}

function life(space: Keyspace, key: string, shownAs: (expiresAt: number) => number): Reply {
  if (space.typeOf(key) === 'none') return -2;
  const expiresAt = space.expiryOf(key);
  return expiresAt === undefined ? -1 : shownAs(expiresAt);
}

export const strings: Commands = {
  GET: { run: (space, [key = '']) => textOf(space, key) ?? null },
  SET: { writes: true, run: (space, [key = '', text = '', ...words]) => set(space, key, text, words) },
  SETNX: {
    writes: true,
    run: (space, [key = '', text = '']) => (set(space, key, text, ['NX']) === null ? 0 : 1),
  },
  GETDEL: {
    writes: true,
    run: (space, [key = '']) => {
      const text = textOf(space, key) ?? null;
      space.remove(key);
      return text;
    },
  },
  MGET: {
    run: (space, keys) =>
      keys.map((key) => (space.typeOf(key) === 'string' ? (textOf(space, key) ?? null) : null)),
  },
  STRLEN: { run: (space, [key = '']) => Buffer.byteLength(textOf(space, key) ?? '') },
  INCR: { writes: true, run: (space, [key = '']) => add(space, key, 1) },
  DECR: { writes: true, run: (space, [key = '']) => add(space, key, -1) },
  INCRBY: { writes: true, run: (space, [key = '', by]) => add(space, key, integer(by)) },
  DECRBY: { writes: true, run: (space, [key = '', by]) => add(space, key, -integer(by)) },
};

export const keyed: Commands = {
  DEL: { writes: true, run: (space, keys) => keys.filter((key) => space.remove(key)).length },
  UNLINK: { writes: true, run: (space, keys) => keys.filter((key) => space.remove(key)).length },
  EXISTS: { run: (space, keys) => keys.filter((key) => space.typeOf(key) !== 'none').length },
  TYPE: { run: (space, [key = '']) => new Status(space.typeOf(key)) },
  KEYS: {
    run: (space, [pattern = '*']) => {
      const text = pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      return space.keys().filter((key) => new RegExp(`^${text}$`, 's').test(key));
    },
  },
  PEXPIRE: {
    writes: true,
    run: (space, [key = '', ms, condition]) => expire(space, key, space.now() + integer(ms), condition),
  },
  EXPIRE: {
    writes: true,
    run: (space, [key = '', s, condition]) => expire(space, key, space.now() + 1_000 * integer(s), condition),
  },
  PEXPIREAT: {
    writes: true,
    run: (space, [key = '', at, condition]) => expire(space, key, integer(at), condition),
  },
  EXPIREAT: {
    writes: true,
    run: (space, [key = '', at, condition]) => expire(space, key, 1_000 * integer(at), condition),
  },
  PERSIST: {
    writes: true,
    run: (space, [key = '']) => {
      if (space.expiryOf(key) === undefined) return 0;
      space.setExpiry(key, undefined);
      return 1;
    },
  },
  PTTL: { run: (space, [key = '']) => life(space, key, (at) => at - space.now()) },
  TTL: { run: (space, [key = '']) => life(space, key, (at) => Math.round((at - space.now()) / 1_000)) },
  PEXPIRETIME: { run: (space, [key = '']) => life(space, key, (at) => at) },
  DBSIZE: { run: (space) => space.keys().length },
  FLUSHALL: {
    writes: true,
    run: (space) => {
      space.clear();
      return OK;
    },
  },
  FLUSHDB: {
    writes: true,
    run: (space) => {
      space.clear();
      return OK;
    },
  },
  PING: { run: (_space, [text]) => text ?? new Status('PONG') },
  TIME: {
    run: (space) => {
      const now = space.now();
      return [String(Math.floor(now / 1_000)), String(Math.floor((now % 1_000) * 1_000))];
    },
  },
  INFO: { run: () => '# Memory\r\nmaxmemory_policy:noeviction\r\n' },
};
