import { describe, expect, it } from 'vitest';
import {
  type Book,
  emptyBook,
  linksOf,
  namesIn,
  placesFailing,
  readBook,
  WHOLE,
  wholeAt,
  whysOf,
} from '../../../src/alerts/book.ts';
import { delivered, nextTask } from '../../../src/alerts/deliveries.ts';
import {
  failed,
  type Failure,
  recovered,
  RECURS_MS,
  resolved,
  retained,
} from '../../../src/alerts/incidents.ts';
import { settled } from '../../../src/alerts/settling.ts';
import { failure, only, openOf } from './builders.ts';

const T = Date.UTC(2026, 10, 21, 8);
const MINUTE = 60_000;
const account = (name: string): { broker: string; account: string } => ({
  broker: 'tradovate',
  account: name,
});

describe('a failure', () => {
  it('opens one incident per broker and code', () => {
    const first = failed(emptyBook, failure(), T);
    const second = failed(first, failure({ account: 'USER_000001' }), T + 10);
    const other = failed(second, failure({ broker: 'ig', account: 'demo-1' }), T + 20);
    expect(other.incidents.map((incident) => [incident.broker, incident.members.length])).toEqual([
      ['tradovate', 2],
      ['ig', 1],
    ]);
  });

  it('said again changes nothing, whatever the next try and the wording are', () => {
    const book = failed(emptyBook, failure({ nextAt: T + 5_000 }), T);
    const again = failed(book, failure({ nextAt: T + 65_000, message: 'in other words' }), T + 5_000);
    expect(again).toBe(book);
  });

  it('is news again when the next try moved far, but not more than every quarter of an hour', () => {
    const book = failed(emptyBook, failure({ nextAt: T + 5_000 }), T);
    const soon = failed(book, failure({ nextAt: T + 60 * MINUTE }), T + 10 * MINUTE);
    expect(soon).toBe(book);
    const later = failed(book, failure({ nextAt: T + 60 * MINUTE }), T + 15 * MINUTE);
    expect(only(later)).toMatchObject({ revision: 2, nextAt: T + 60 * MINUTE });
    const without = failed(later, failure(), T + 30 * MINUTE);
    expect(only(without).nextAt).toBeUndefined();
  });

  it('is news again when it got worse or a person got a link, and the link stays', () => {
    const book = failed(emptyBook, failure({ level: 'warning' }), T);
    const worse = failed(book, failure({ level: 'critical' }), T + 1);
    const linked = failed(
      worse,
      failure({ level: 'warning', link: 'http://localhost:8000/dashboard' }),
      T + 2,
    );
    const grown = failed(linked, failure({ account: 'USER_000001' }), T + 3);
    expect(only(grown)).toMatchObject({ revision: 4, level: 'critical' });
    expect(linksOf(only(grown))).toEqual([{ name: 'USER_000000', link: 'http://localhost:8000/dashboard' }]);
  });

  it('after a recovery opens a new incident, in the same millisecond too', () => {
    const book = failed(recovered(failed(emptyBook, failure(), T), account('USER_000000'), T), failure(), T);
    expect(new Set(book.incidents.map((incident) => incident.id)).size).toBe(2);
    expect(openOf(book, 'invalid_credentials').openedAt).toBe(T);
  });
});

describe('a recovery', () => {
  it('of an account that never failed changes nothing', () => {
    const book = failed(emptyBook, failure(), T);
    expect(recovered(book, account('USER_000001'), T)).toBe(book);
    expect(recovered(book, { broker: 'ig', account: 'USER_000000' }, T)).toBe(book);
    expect(recovered(emptyBook, account('USER_000000'), T)).toBe(emptyBook);
  });

  it('of the last account ends the incident, of an earlier one does not', () => {
    const two = failed(failed(emptyBook, failure(), T), failure({ account: 'USER_000001' }), T);
    const one = recovered(two, account('USER_000001'), T + 1);
    expect(only(one)).toMatchObject({ revision: 3 });
    expect(only(one).end).toBeUndefined();
    const none = recovered(one, account('USER_000000'), T + 2);
    expect(only(none).end).toEqual({ how: 'recovered', at: T + 2 });
    expect(namesIn(only(none), 'back')).toEqual(['USER_000000', 'USER_000001']);
  });
});

describe('an account that fails for another cause', () => {
  const timeout = failure({ code: 'timeout', level: 'warning' });
  const html = failure({ code: 'html_answer', level: 'warning' });

  it('leaves its old incident without a recovery', () => {
    const book = failed(failed(emptyBook, timeout, T), html, T + 1);
    expect(book.incidents[0]).toMatchObject({ code: 'timeout', end: { how: 'dispersed' } });
    expect(book.incidents[0]?.members).toMatchObject([{ state: 'moved', movedTo: 'html_answer' }]);
    expect(namesIn(openOf(book, 'html_answer'), 'failing')).toEqual(['USER_000000']);
  });

  it('and comes back to it, takes the old incident up again: no new message', () => {
    let book = settled(failed(failed(emptyBook, timeout, T), html, T + 1), ['discord'], T + 1);
    book = settled(failed(book, timeout, T + 2), ['discord'], T + 2);
    expect(book.incidents.map((incident) => [incident.code, incident.end?.how])).toEqual([
      ['timeout', undefined],
      ['html_answer', 'dispersed'],
    ]);
    expect(openOf(book, 'timeout').openedAt).toBe(T);
  });

  it('recovers once: from the incident it fails in', () => {
    let book = failed(failed(emptyBook, timeout, T), failure({ ...timeout, account: 'USER_000001' }), T);
    book = failed(book, html, T + 1);
    book = recovered(book, account('USER_000000'), T + 2);
    expect(book.incidents.map((incident) => [incident.code, incident.end?.how])).toEqual([
      ['timeout', undefined],
      ['html_answer', 'recovered'],
    ]);
    expect(openOf(book, 'timeout').members.map((member) => member.state)).toEqual(['left', 'failing']);
  });

  it('leaves an incident behind that is forgotten once it recovered', () => {
    let book = failed(failed(emptyBook, timeout, T), html, T + 1);
    expect(settled(book, ['discord'], T + 1).incidents).toHaveLength(2);
    book = settled(recovered(book, account('USER_000000'), T + 2), ['discord'], T + 2);
    expect(only(book).code).toBe('html_answer');
  });
});

describe('what concerns no account', () => {
  const refused = {
    broker: 'service',
    account: WHOLE,
    code: 'configuration',
    message: 'The file is refused.',
  };

  it('opens and ends by its code; two of them do not push each other out', () => {
    let book = failed(emptyBook, { ...refused, level: 'warning' }, T);
    book = failed(book, { ...refused, code: 'removals', level: 'warning' }, T);
    expect(book.incidents.every((incident) => incident.end === undefined)).toBe(true);
    book = resolved(book, refused, T + 1);
    expect(book.incidents.map((incident) => incident.end?.how)).toEqual(['recovered', undefined]);
    expect(resolved(book, refused, T + 2)).toBe(book);
  });
});

describe('what concerns single processes', () => {
  const cause = { broker: 'service', code: 'state_dir_failing' };
  const at = (place: string) => ({
    ...{
      ...cause,
      account: wholeAt(place),
      message: 'It fails.',
      why: 'no space',
      level: 'warning' as const,
    },
  });
  const two = failed(failed(emptyBook, at('host-1:7'), T), at('host-2:9'), T + 1);

  it('is one incident that names them, ends with the last of them, and touches no account', () => {
    expect(placesFailing(two, cause)).toEqual(['host-1:7', 'host-2:9']);
    expect(namesIn(only(two), 'failing')).toEqual([]);
    expect(whysOf(only(two)).map(({ name }) => name)).toEqual(['host-1:7', 'host-2:9']);
    const one = resolved(two, { ...cause, place: 'host-1:7' }, T + 2);
    expect([only(one).end, placesFailing(one, cause)]).toEqual([undefined, ['host-2:9']]);
    expect(only(resolved(one, { ...cause, place: 'host-2:9' }, T + 3)).end?.how).toBe('recovered');
  });

  it('stays whatever accounts are watched', () => {
    expect(retained(two, [], T + 2)).toBe(two);
  });
});

describe('an account that is not watched any more', () => {
  it('leaves without a recovery; the others stay', () => {
    const two = failed(failed(emptyBook, failure(), T), failure({ account: 'USER_000001' }), T);
    expect(retained(two, [account('USER_000000'), account('USER_000001')], T)).toBe(two);
    const one = retained(two, [account('USER_000001')], T + 1);
    expect(namesIn(only(one), 'failing')).toEqual(['USER_000001']);
    expect(only(retained(one, [], T + 2)).end?.how).toBe('dispersed');
  });
});

describe('settled', () => {
  const over = recovered(failed(emptyBook, failure(), T), account('USER_000000'), T + 1);

  it('keeps an ended incident until every channel has heard its end', () => {
    expect(settled(over, ['discord', 'mail'], T + 2)).toBe(over);
    const task = { act: 'close', incident: only(over), dueAt: T } as const;
    const heard = delivered(over, task, 'discord', '1', T + 2);
    expect(settled(heard, ['discord', 'mail'], T + 2)).toBe(heard);
    expect(settled(heard, ['discord'], T + 2).incidents).toEqual([]);
    expect(settled(over, [], T + 2).incidents).toEqual([]);
  });

  it('keeps no longer than an hour what a channel was never told of', () => {
    expect(settled(over, ['discord'], T + 60 * MINUTE)).toBe(over);
    expect(settled(over, ['discord'], T + 61 * MINUTE).incidents).toEqual([]);
  });

  it('keeps a bounded number of them, for a week where their end is to be told', () => {
    let book = emptyBook;
    for (let index = 0; index < 150; index += 1) {
      book = settled(
        recovered(failed(book, failure(), T + index), account('USER_000000'), T + index),
        ['discord'],
        T + index,
      );
    }
    expect(book.incidents).toHaveLength(100);
    expect(book.incidents[0]?.openedAt).toBe(T + 50);
    expect(settled(book, ['discord'], T + 8 * 24 * 60 * MINUTE).incidents).toEqual([]);
  });
});

describe('the stored book', () => {
  it('reads what it wrote, and nothing else', () => {
    const book = failed(
      failed(emptyBook, failure({ link: 'http://localhost:8000/', nextAt: T }), T),
      failure({ code: 'timeout' }),
      T,
    );
    expect(readBook(JSON.stringify(book))).toEqual(book);
    expect(readBook('{"incidents":[{}]}')).toBeUndefined();
    expect(readBook('no json')).toBeUndefined();
  });
});

describe('what comes and goes', () => {
  const quota = failure({ code: 'key_quota_exceeded', recurs: true, level: 'warning' });
  const open = failed(emptyBook, quota, T);

  it('stays one incident, and who comes back and fails again is no news', () => {
    let book = open;
    for (let minute = 1; minute <= 60; minute += 1) {
      book = recovered(book, account('USER_000000'), T + minute * MINUTE - 30_000);
      book = settled(book, ['discord'], T + minute * MINUTE - 29_000);
      book = failed(book, quota, T + minute * MINUTE);
    }
    expect(only(book)).toMatchObject({ openedAt: T, revision: 1 });
    expect(only(book).end).toBeUndefined();
    const other = failed(book, { ...quota, account: 'USER_000001' }, T + 61 * MINUTE);
    expect(only(other)).toMatchObject({ revision: 2 });
  });

  it('is over once nobody has failed for long, and is said to be by then', () => {
    const back = recovered(open, account('USER_000000'), T + MINUTE);
    expect(only(back).end).toEqual({ how: 'recovered', at: T + MINUTE + RECURS_MS });
    const said = delivered(back, { act: 'open', incident: only(back), dueAt: T }, 'discord', '1', T);
    expect(nextTask(said, 'discord', T + 2 * MINUTE)).toMatchObject({
      act: 'close',
      dueAt: T + MINUTE + RECURS_MS,
    });
    const later = failed(back, quota, T + MINUTE + RECURS_MS);
    expect(later.incidents).toHaveLength(2);
  });

  it('has whoever waits for the silence that it brought, but no other silence', () => {
    const silence = failure({ code: 'broker_silence', account: 'USER_000001', follows: true });
    expect(only(failed(open, silence, T + 1))).toMatchObject({
      code: 'key_quota_exceeded',
      reason: quota.message,
      level: 'critical',
    });
    expect(only(failed(emptyBook, silence, T)).code).toBe('broker_silence');
  });
});

describe('an outage', () => {
  const at = (n: number, code: string, level: 'warning' | 'critical' = 'warning'): Failure =>
    failure({ account: `USER_${n}`, code, message: `It was ${code}.`, level });
  const down = (book: Book, n: number): Book => failed(book, at(n, 'broker_down', 'critical'), T + n);
  const three = [0, 1, 2].reduce((book, n) => failed(book, at(n, 'server_fault'), T + n), emptyBook);

  it('is one message: whoever waits for the broker is with those who found that it is down', () => {
    const all = Array.from({ length: 37 }, (_, i) => i + 3).reduce(down, three);
    expect(only(all)).toMatchObject({
      code: 'server_fault',
      reason: 'It was server_fault.',
      level: 'critical',
    });
    expect(namesIn(only(all), 'failing')).toHaveLength(40);
    // Nobody moves: neither at the look at which it waits itself, nor at a try that fails in another way.
    const later = failed(failed(all, at(0, 'broker_down'), T + 60), at(1, 'timeout'), T + 61);
    expect(only(later).code).toBe('server_fault');
    expect(namesIn(only(later), 'failing')).toHaveLength(40);
  });

  it('of one or two is theirs: another way to fail is another cause', () => {
    const two = [0, 1].reduce((book, n) => failed(book, at(n, 'server_fault'), T + n), emptyBook);
    expect(failed(two, at(2, 'timeout'), T + 2).incidents.map(({ code }) => code)).toEqual([
      'server_fault',
      'timeout',
    ]);
  });

  it('keeps what is no outage, and another broker, apart', () => {
    const refused = failed(three, at(3, 'bad_credentials'), T + 3);
    const other = failed(refused, { ...at(4, 'broker_down'), broker: 'ig' }, T + 4);
    expect(other.incidents.map(({ broker, code }) => `${broker} ${code}`)).toEqual([
      'tradovate server_fault',
      'tradovate bad_credentials',
      'ig broker_down',
    ]);
  });

  it('takes nobody who fails on after the others are back', () => {
    const [, one, two] = [0, 1, 2].map((n) => ({ broker: 'tradovate', account: `USER_${n}` }));
    const back = [one, two].reduce((book, who) => (who ? recovered(book, who, T + 9) : book), three);
    const on = failed(back, at(0, 'timeout'), T + 10);
    expect(openOf(on, 'timeout').members.map(({ name }) => name)).toEqual(['USER_0']);
  });
});
