import type { Log } from '../core/log.ts';
import { emptyBook, readBook, type Book } from './book.ts';

/** What alerts need of a Redis client; ioredis fits. */
export interface ScriptRunner {
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}

/** A change of the book: pure, and harmless when applied again. */
export type Change = (book: Book) => Book;

/** The book in Redis, shared by all replicas. */
export interface BookStore {
  /** The book as it stands, changes that Redis has not taken yet included. Rejects where Redis does. */
  read(): Promise<Book>;
  /**
   * Applies a change; resolves once it is in Redis. Rejects where Redis does: the change is then kept
   * and goes out before the next read or change, so that a verdict said once is not lost.
   */
  change(change: Change): Promise<void>;
}

const BOOK = 'refresher:alerts:book';
/** More than a whole roster can fail while Redis is away; above it the oldest changes go. */
const KEEP_PENDING = 20_000;

/** How long it is known which change of a process was its last one, ms: it asks after its next reconnection. */
const WRITTEN_KEPT_MS = 24 * 60 * 60_000;

// KEYS book written  ARGV knownRevision -> {revision, written} where it is known already, else {revision, written, text}
const READ = `
local book = redis.call('HMGET', KEYS[1], 'revision', 'text')
local written = redis.call('GET', KEYS[2]) or ''
if not book[1] then return {'', written} end
if book[1] == ARGV[1] then return {book[1], written} end
return {book[1], written, book[2]}`;

// KEYS book written  ARGV expectedRevision revision text keptMs -> 1, or 0 where somebody else wrote in between
const WRITE = `
if (redis.call('HGET', KEYS[1], 'revision') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'text', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
return 1`;

/**
 * One document, written by compare-and-set: replicas cannot lose each other's changes, and the rules
 * stay in one place instead of half in Lua. Changes that arrive together are written together.
 * `owner` must be unique to this process: it makes revisions that no other process ever wrote.
 */
export function makeBookStore(redis: ScriptRunner, owner: string, log: Log): BookStore {
  let known: { readonly revision: string; readonly book: Book } = { revision: '', book: emptyBook };
  let writes = 0;
  let pending: readonly Change[] = [];
  let flushing: Promise<void> | undefined;
  /** A write whose reply did not come: it may be in the book, and others may have changed that since. */
  let unsure: { readonly revision: string; readonly changes: ReadonlySet<Change> } | undefined;
  const written = `${BOOK}:written:${owner}`;

  const fetch = async (): Promise<Book> => {
    const [revision = '', last = '', text] = strings(
      await redis.eval(READ, 2, BOOK, written, known.revision),
    );
    // Said once more it would open again what another process has closed meanwhile.
    if (unsure !== undefined && last === unsure.revision) drop(unsure.changes);
    unsure = undefined;
    if (revision === '') known = { revision, book: emptyBook };
    else if (text !== undefined) known = { revision, book: parse(text) };
    return known.book;
  };

  const parse = (text: string): Book => {
    const book = readBook(text);
    if (book === undefined)
      log.error({ event: 'alert.book_unreadable' }, 'The stored alerts cannot be read; they start anew.');
    return book ?? emptyBook;
  };

  const drop = (done: ReadonlySet<Change>): void => {
    pending = pending.filter((change) => !done.has(change));
  };

  const writeOnce = async (): Promise<boolean> => {
    const before = await fetch();
    const taken = pending;
    const after = taken.reduce((book, change) => change(book), before);
    if (after !== before) {
      const revision = `${owner}/${++writes}`;
      unsure = { revision, changes: new Set(taken) };
      const args = [known.revision, revision, JSON.stringify(after), WRITTEN_KEPT_MS];
      const reply = await redis.eval(WRITE, 2, BOOK, written, ...args);
      unsure = undefined;
      if (reply !== 1) return false;
      known = { revision, book: after };
    }
    drop(new Set(taken));
    return true;
  };

  /** Empties `pending`, what arrives meanwhile included. */
  const flush = (): Promise<void> => {
    if (flushing !== undefined) return flushing;
    if (pending.length === 0) return Promise.resolve();
    flushing = flushAll();
    return flushing;
  };

  const flushAll = async (): Promise<void> => {
    try {
      // A lost race means that another replica's write went through: somebody always gets on.
      while (pending.length > 0) await writeOnce();
    } finally {
      // In the same step as the last look at `pending`: a change that came later starts a new flush.
      flushing = undefined;
    }
  };

  return {
    async read() {
      await flush();
      return fetch();
    },
    change(change) {
      if (pending.length >= KEEP_PENDING) {
        log.error({ event: 'alert.dropped' }, 'Too many alerts wait for Redis; the oldest is dropped.');
        pending = pending.slice(1);
      }
      pending = [...pending, change];
      return flush();
    },
  };
}

function strings(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.filter((part) => typeof part === 'string') : [];
}
