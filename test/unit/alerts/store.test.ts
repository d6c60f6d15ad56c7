import { describe, expect, it } from 'vitest';
import { failed, recovered } from '../../../src/alerts/incidents.ts';
import { makeBookStore, type BookStore, type ScriptRunner } from '../../../src/alerts/store.ts';
import { failure, only } from './builders.ts';

/** As much of a Redis as the store's two scripts see of it. */
function fakeRedis(): ScriptRunner & {
  stored: { revision: string; text: string } | undefined;
  /** What each process wrote last. */
  readonly written: Map<unknown, string>;
  down: boolean;
  /** The next write is done, and its reply does not come. */
  losesReply: boolean;
  writes: number;
} {
  return {
    stored: undefined,
    written: new Map(),
    down: false,
    losesReply: false,
    writes: 0,
    eval(_script, _keys, _book, written, ...args) {
      if (this.down) return Promise.reject(new Error('connection is closed'));
      const revision = this.stored?.revision ?? '';
      if (args.length === 1) {
        const last = this.written.get(written) ?? '';
        return Promise.resolve(revision === args[0] ? [revision, last] : [revision, last, this.stored?.text]);
      }
      this.writes += 1;
      if (revision !== args[0]) return Promise.resolve(0);
      this.stored = { revision: String(args[1]), text: String(args[2]) };
      this.written.set(written, String(args[1]));
      if (!this.losesReply) return Promise.resolve(1);
      this.losesReply = false;
      return Promise.reject(new Error('connection is closed'));
    },
  };
}

const events: unknown[] = [];
const log = (fields: Readonly<Record<string, unknown>>): void => void events.push(fields['event']);
const open = (redis: ScriptRunner, owner = 'one'): BookStore =>
  makeBookStore(redis, owner, { debug: log, info: log, warn: log, error: log });
const names = Array.from({ length: 100 }, (_, index) => `USER_${index}`);
const fails = (account: string) => (book: Parameters<typeof failed>[0]) =>
  failed(book, failure({ account }), 1);

describe('the store of alerts', () => {
  it('loses nothing where two replicas write at once', async () => {
    const redis = fakeRedis();
    const [one, two] = [open(redis, 'one'), open(redis, 'two')];
    await Promise.all(names.map((name, index) => (index % 2 === 0 ? one : two).change(fails(name))));
    for (const store of [one, two]) {
      const members = only(await store.read()).members.map((member) => member.name);
      expect(members.toSorted()).toEqual(names.toSorted());
    }
  });

  it('writes what comes together together, and nothing where nothing changed', async () => {
    const redis = fakeRedis();
    const store = open(redis);
    await Promise.all(names.map((name) => store.change(fails(name))));
    expect(redis.writes).toBeLessThanOrEqual(2);
    const before = redis.writes;
    await Promise.all(names.map((name) => store.change(fails(name))));
    await store.change((book) => recovered(book, { broker: 'ig', account: 'demo-1' }, 2));
    expect(redis.writes).toBe(before);
  });

  it('keeps what Redis did not take, and its order', async () => {
    const redis = fakeRedis();
    const store = open(redis);
    redis.down = true;
    await expect(store.change(fails('USER_0'))).rejects.toThrow('connection is closed');
    await expect(store.change(fails('USER_1'))).rejects.toThrow();
    await expect(
      store.change((book) => recovered(book, { broker: 'tradovate', account: 'USER_0' }, 2)),
    ).rejects.toThrow();
    await expect(store.read()).rejects.toThrow();
    redis.down = false;
    const members = only(await store.read()).members;
    expect(members.map((member) => member.state)).toEqual(['back', 'failing']);
    expect(redis.stored?.text).toContain('USER_1');
  });

  it('says nothing twice where the reply to a write was lost: another may have closed it meanwhile', async () => {
    const redis = fakeRedis();
    const [one, two] = [open(redis, 'one'), open(redis, 'two')];
    redis.losesReply = true;
    await expect(one.change(fails('USER_0'))).rejects.toThrow('connection is closed');
    await two.change((book) => recovered(book, { broker: 'tradovate', account: 'USER_0' }, 2));
    await one.change(fails('USER_1'));
    const [first, ...others] = (await one.read()).incidents;
    expect(first?.members.map(({ name, state }) => ({ name, state }))).toEqual([
      { name: 'USER_0', state: 'back' },
      { name: 'USER_1', state: 'failing' },
    ]);
    expect(others).toEqual([]);
    expect(redis.writes).toBe(3);
  });

  it('sees what another wrote, also after all was lost', async () => {
    const redis = fakeRedis();
    const [one, two] = [open(redis, 'one'), open(redis, 'two')];
    await one.change(fails('USER_0'));
    expect(only(await two.read()).members).toHaveLength(1);
    redis.stored = undefined;
    expect((await two.read()).incidents).toEqual([]);
    await two.change(fails('USER_1'));
    expect(only(await one.read()).members.map((member) => member.name)).toEqual(['USER_1']);
  });

  it('starts anew where the stored text is none, and says so', async () => {
    const redis = fakeRedis();
    redis.stored = { revision: 'x', text: 'not ours' };
    const store = open(redis);
    await store.change(fails('USER_0'));
    expect(only(await store.read()).members).toHaveLength(1);
    expect(events).toEqual(['alert.book_unreadable']);
  });
});
