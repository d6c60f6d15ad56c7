import { describe, expect, it } from 'vitest';
import { emptyBook, type Book } from '../../../src/alerts/book.ts';
import {
  overdue,
  delivered,
  EDIT_GAP_MS,
  GROUP_MS,
  isCalling,
  nextTask,
} from '../../../src/alerts/deliveries.ts';
import { failed, recovered } from '../../../src/alerts/incidents.ts';
import { REMIND_AFTER_MS, type Failure } from '../../../src/alerts/members.ts';
import { failure, only } from './builders.ts';

const MINUTE = 60_000;
const T = Date.UTC(2026, 10, 21, 8);
const USER = { broker: 'tradovate', account: 'USER_000000' };

/** The task that is due, done. */
function done(book: Book, now: number): Book {
  const task = nextTask(book, 'discord', now);
  if (task === undefined || task.dueAt > now) throw new Error('nothing is due');
  return delivered(book, task, 'discord', '1', now);
}

describe('nextTask', () => {
  it('opens after the time in which failures gather, counted from the first of them', () => {
    let book = failed(emptyBook, failure(), T);
    book = failed(book, failure({ account: 'USER_000001' }), T + GROUP_MS - 1);
    expect(nextTask(book, 'discord', T)).toMatchObject({ act: 'open', dueAt: T + GROUP_MS });
  });

  it('has nothing to say where nothing is new', () => {
    const book = done(failed(emptyBook, failure({ level: 'warning' }), T), T + GROUP_MS);
    expect(nextTask(book, 'discord', T + GROUP_MS)).toBeUndefined();
    expect(nextTask(book, 'mail', T + GROUP_MS)?.act).toBe('open');
  });

  it('is counted once it should have been done', () => {
    const book = failed(failed(emptyBook, failure(), T), failure({ broker: 'ig' }), T + 1);
    expect(overdue(book, 'discord', T + GROUP_MS - 1).waiting).toBe(0);
    expect(overdue(book, 'discord', T + GROUP_MS).waiting).toBe(1);
    expect(overdue(book, 'discord', T + GROUP_MS + 1).waiting).toBe(2);
    expect(overdue(done(book, T + GROUP_MS), 'discord', T + GROUP_MS).waiting).toBe(0);
  });

  it('waits since it should have been done; an edit, since there is something to change', () => {
    const opened = failed(emptyBook, failure(), T);
    expect(overdue(opened, 'discord', T + 60_000)).toEqual({ waiting: 1, since: T + GROUP_MS });
    const book = failed(done(opened, T + GROUP_MS), failure({ account: 'USER_000001' }), T + 30_000);
    expect(overdue(book, 'discord', T + 60_000)).toEqual({ waiting: 1, since: T + 30_000 });
    expect(overdue(done(book, T + 60_000), 'discord', T + 60_000).since).toBeUndefined();
  });

  it('edits what grew, not more often than the gap', () => {
    let book = done(failed(emptyBook, failure(), T), T + GROUP_MS);
    book = failed(book, failure({ account: 'USER_000001' }), T + GROUP_MS + 1);
    expect(nextTask(book, 'discord', T)).toMatchObject({ act: 'edit', dueAt: T + GROUP_MS + EDIT_GAP_MS });
  });

  it('edits what grew while its message was under way', () => {
    const book = failed(emptyBook, failure(), T);
    const task = nextTask(book, 'discord', T + GROUP_MS);
    if (task === undefined) throw new Error('nothing to do');
    const grown = failed(book, failure({ account: 'USER_000001' }), T + GROUP_MS);
    expect(nextTask(delivered(grown, task, 'discord', '1', T + GROUP_MS), 'discord', T)?.act).toBe('edit');
  });

  it('says both words of a failure that was over before the first left', () => {
    let book = recovered(failed(emptyBook, failure(), T), USER, T + 1);
    expect(nextTask(book, 'discord', T + GROUP_MS)?.act).toBe('open');
    book = done(book, T + GROUP_MS);
    expect(nextTask(book, 'discord', T + GROUP_MS)?.act).toBe('close');
    expect(nextTask(done(book, T + GROUP_MS), 'discord', T + GROUP_MS)).toBeUndefined();
  });

  it('opens nothing that was over an hour ago: who was not told then need not know now', () => {
    const book = recovered(failed(emptyBook, failure(), T), USER, T + MINUTE);
    expect(nextTask(book, 'discord', T + 61 * MINUTE)?.act).toBe('open');
    expect(nextTask(book, 'discord', T + 61 * MINUTE + 1)).toBeUndefined();
    const told = recovered(done(failed(emptyBook, failure(), T), T + GROUP_MS), USER, T + MINUTE);
    expect(nextTask(told, 'discord', T + 3 * 24 * 60 * MINUTE)?.act).toBe('close');
  });

  it('never opens an incident that everybody left for another before it was told', () => {
    const book = failed(
      failed(emptyBook, failure({ level: 'warning', code: 'timeout' }), T),
      failure({ level: 'warning' }),
      T + 1,
    );
    expect(nextTask(done(book, T + 1 + GROUP_MS), 'discord', T + 1 + GROUP_MS)).toBeUndefined();
  });

  it('edits, and does not close, one that everybody left after it was told', () => {
    let book = done(failed(emptyBook, failure({ code: 'timeout' }), T), T + GROUP_MS);
    book = done(failed(book, failure(), T + GROUP_MS), T + 2 * GROUP_MS);
    expect(nextTask(book, 'discord', T + MINUTE)).toMatchObject({
      act: 'edit',
      incident: { code: 'timeout' },
    });
  });

  it('opens before it closes, and closes before it edits', () => {
    let book = failed(
      failed(emptyBook, failure({ level: 'warning', code: 'a' }), T),
      failure({ level: 'warning', code: 'b', account: 'USER_000001' }),
      T,
    );
    book = done(done(book, T + GROUP_MS), T + GROUP_MS);
    book = failed(book, failure({ level: 'warning', code: 'a', account: 'USER_000002' }), T + GROUP_MS);
    book = recovered(book, { ...USER, account: 'USER_000001' }, T + GROUP_MS);
    book = failed(book, failure({ level: 'warning', broker: 'ig' }), T + GROUP_MS);
    const acts: (string | undefined)[] = [];
    for (
      let task = nextTask(book, 'discord', T + MINUTE);
      task;
      task = nextTask(book, 'discord', T + MINUTE)
    ) {
      acts.push(task.act);
      book = delivered(book, task, 'discord', '1', T + MINUTE);
    }
    expect(acts).toEqual(['open', 'close', 'edit']);
  });

  it('reminds of what is critical and still open, after an hour, four, and a day', () => {
    let book = done(failed(emptyBook, failure(), T), T + GROUP_MS);
    for (const after of REMIND_AFTER_MS) {
      expect(nextTask(book, 'discord', T + after)).toMatchObject({ act: 'remind', dueAt: T + after });
      book = done(book, T + after);
    }
    expect(nextTask(book, 'discord', T + 100 * 60 * MINUTE)).toBeUndefined();
  });

  it('calls, where a channel can, each time an incident becomes worse', () => {
    const calm = done(failed(emptyBook, failure({ level: 'notice' }), T), T + GROUP_MS);
    const worse = failed(calm, failure({ level: 'warning' }), T + MINUTE);
    const edited = done(worse, T + MINUTE);
    expect(nextTask(edited, 'discord', T + MINUTE)).toBeUndefined();
    const call = nextTask(edited, 'discord', T + MINUTE, true);
    expect(call).toMatchObject({ act: 'remind', dueAt: T + MINUTE });
    if (call === undefined) throw new Error('nobody is called');
    const called = delivered(edited, call, 'discord', '1', T + MINUTE);
    expect(nextTask(called, 'discord', T + 2 * MINUTE, true)).toBeUndefined();
    const gone = failed(called, failure(), T + 3 * MINUTE);
    expect(nextTask(gone, 'discord', T + 4 * MINUTE, true)?.act).toBe('edit');
    // And again, once the token is gone: whoever heard the warning may have let it be.
    const second = nextTask(done(gone, T + 4 * MINUTE), 'discord', T + 4 * MINUTE, true);
    expect(second).toMatchObject({ act: 'remind', dueAt: T + 3 * MINUTE });
  });

  it('brings the first message up to date after a reminder', () => {
    const told = done(failed(emptyBook, failure(), T), T + GROUP_MS);
    const grown = failed(told, failure({ account: 'USER_000001' }), T + 60 * MINUTE);
    const remind = nextTask(told, 'discord', T + 60 * MINUTE);
    if (remind === undefined) throw new Error('nobody is reminded');
    const reminded = delivered(grown, remind, 'discord', '1', T + 60 * MINUTE);
    expect(nextTask(reminded, 'discord', T + 61 * MINUTE)?.act).toBe('edit');
  });

  it('calls with the message that opens, where it became worse before that left', () => {
    const worse = failed(failed(emptyBook, failure({ level: 'notice' }), T), failure(), T + 1);
    expect(only(worse)).toSatisfy(isCalling);
    expect(nextTask(done(worse, T + GROUP_MS), 'discord', T + MINUTE, true)?.dueAt).toBe(T + 60 * MINUTE);
  });

  it('calls nobody again for an account whose cause only has another name a moment later', () => {
    const told = done(failed(emptyBook, failure({ level: 'warning' }), T), T + GROUP_MS);
    const other = (more: Partial<Failure>): Failure =>
      failure({ code: 'another', level: 'warning', ...more });
    const moved = failed(told, other({}), T + MINUTE);
    const second = (book: Book) => {
      const found = book.incidents.find(({ code }) => code === 'another');
      if (!found) throw new Error('it is not there');
      return found;
    };
    expect(isCalling(second(moved))).toBe(false);
    const again = failed(moved, other({ message: 'It is tried again.' }), T + MINUTE + 1);
    expect(isCalling(second(again))).toBe(false);

    // Worse, or long after, or beside one that nobody was called for, it is a call.
    expect(isCalling(second(failed(told, other({ level: 'critical' }), T + MINUTE)))).toBe(true);
    expect(isCalling(second(failed(told, other({}), T + 11 * MINUTE)))).toBe(true);
    const joined = failed(moved, other({ account: 'USER_000001' }), T + 2 * MINUTE);
    expect(isCalling(second(joined))).toBe(true);
    expect(second(joined).callAt).toBe(T + 2 * MINUTE);
  });

  it('calls nobody at an hour at which nobody is there', () => {
    const away = (): number => T + 600 * MINUTE;
    const calm = done(failed(emptyBook, failure({ level: 'notice', hearAt: away }), T), T + GROUP_MS);
    const worse = failed(calm, failure({ level: 'warning', hearAt: away }), T + MINUTE);
    expect(nextTask(worse, 'discord', T + MINUTE, true)?.act).toBe('edit');
    expect(only(calm)).not.toSatisfy(isCalling);
  });

  it('calls nobody for what was over before the channel could tell of it', () => {
    const untold = recovered(failed(emptyBook, failure(), T), USER, T + MINUTE);
    expect(nextTask(untold, 'discord', T + 4 * MINUTE, true)?.act).toBe('open');
    expect(only(untold)).not.toSatisfy(isCalling);
  });

  it('reminds nobody of what is over, or not critical', () => {
    const mild = done(failed(emptyBook, failure({ level: 'warning' }), T), T + GROUP_MS);
    expect(nextTask(mild, 'discord', T + 60 * MINUTE)).toBeUndefined();
    const over = recovered(done(failed(emptyBook, failure(), T), T + GROUP_MS), USER, T + MINUTE);
    expect(nextTask(over, 'discord', T + 60 * MINUTE)?.act).toBe('close');
  });
});
