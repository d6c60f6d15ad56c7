import { describe, expect, it } from 'vitest';
import { emptyBook, type Book } from '../../../src/alerts/book.ts';
import { ChannelError, type Channel } from '../../../src/alerts/channel.ts';
import { failed, recovered } from '../../../src/alerts/incidents.ts';
import { settled } from '../../../src/alerts/settling.ts';
import type { SenderLease } from '../../../src/alerts/lease.ts';
import { startSender, type Sender } from '../../../src/alerts/sender.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { failure } from './builders.ts';

const USER = { broker: 'tradovate', account: 'USER_000000' };

interface Bench {
  readonly clock: FakeClock;
  readonly sender: Sender;
  /** What the channel was told, with the seconds since the start. */
  readonly told: string[];
  readonly events: unknown[];
  /** The same in words. */
  readonly lines: string[];
  /** What the channel's next calls throw. */
  readonly errors: unknown[];
  readonly silences: number[];
  book: Book;
  leased: boolean;
}

function bench(): Bench {
  const clock = fakeClock();
  const startedAt = clock.now();
  const log = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    made.events.push(fields['event']);
    made.lines.push(message);
  };
  const tell = (what: string): Promise<string> => {
    made.told.push(`${what} ${(clock.now() - startedAt) / 1000}`);
    const error = made.errors.shift();
    return error === undefined
      ? Promise.resolve('1')
      : Promise.reject(error instanceof Error ? error : new Error('?'));
  };
  const channel: Channel = {
    name: 'discord',
    calls: true,
    prepare: () => Promise.resolve(),
    open: () => tell('open'),
    edit: async () => {
      await tell('edit');
      return 'edited';
    },
    remind: async () => {
      await tell('remind');
    },
    close: async () => {
      await tell('close');
    },
    greet: async () => {
      await tell('greet');
    },
    stop: () => void made.told.push('stop'),
  };
  const lease: SenderLease = {
    hold: () => Promise.resolve(made.leased),
    silence: (delayMs) => Promise.resolve(void made.silences.push(delayMs)),
    release: () => Promise.resolve(),
  };
  const made: Bench = {
    clock,
    told: [],
    events: [],
    lines: [],
    errors: [],
    silences: [],
    book: emptyBook,
    leased: true,
    sender: startSender({
      channel,
      lease,
      clock,
      log: { debug: log, info: log, warn: log, error: log },
      store: { read: () => Promise.resolve(made.book) },
      change: (change) => {
        made.book = settled(change(made.book), ['discord'], clock.now());
        return Promise.resolve();
      },
    }),
  };
  return made;
}

describe('the sender', () => {
  it('says the first of a cause well within ten seconds, once', async () => {
    const b = bench();
    b.book = failed(b.book, failure(), b.clock.now());
    b.sender.nudge();
    await b.clock.advance(3_600_000);
    expect(b.told).toEqual(['open 2']);
  });

  it('edits at its pace while an incident grows, and closes at once', async () => {
    const b = bench();
    for (let index = 0; index < 12; index += 1) {
      b.book = failed(b.book, failure({ account: `USER_00000${index}` }), b.clock.now());
      await b.clock.advance(1_000);
    }
    for (let index = 0; index < 12; index += 1) {
      b.book = recovered(b.book, { ...USER, account: `USER_00000${index}` }, b.clock.now());
    }
    b.sender.nudge();
    await b.clock.advance(60_000);
    expect(b.told).toEqual(['open 2', 'edit 7.45', 'close 12']);
    expect(b.book).toEqual(emptyBook);
  });

  it('tries again after an error, later each time, and says so in the log once', async () => {
    const b = bench();
    b.errors.push(...[1, 2, 3, 4].map(() => new ChannelError('Discord cannot be reached', 'transient')));
    b.book = failed(b.book, failure(), b.clock.now());
    await b.clock.advance(10_000);
    expect(b.sender.state()).toBe('failing');
    await b.clock.advance(50_000);
    expect(b.sender.state()).toBe('works');
    expect(b.told).toEqual(['open 2', 'open 3', 'open 5', 'open 9', 'open 17']);
    expect(b.events).toEqual(['alert.channel_failing', 'alert.channel_back']);
  });

  it('is silent for as long as a 429 asks, with all replicas', async () => {
    const b = bench();
    b.errors.push(new ChannelError('429', 'throttled', 30_000));
    b.book = failed(b.book, failure(), b.clock.now());
    await b.clock.advance(60_000);
    expect(b.told).toEqual(['open 2', 'open 32']);
    expect(b.silences).toEqual([30_000]);
  });

  it('asks a dead webhook once an hour, and says so in the log once', async () => {
    const b = bench();
    b.errors.push(...[1, 2, 3].map(() => new ChannelError('Discord answered 401', 'dead')));
    b.book = failed(b.book, failure(), b.clock.now());
    expect(b.sender.state()).toBe('works');
    await b.clock.advance(2 * 3_600_000);
    expect(b.sender.state()).toBe('dead');
    await b.clock.advance(2 * 3_600_000);
    expect(b.sender.state()).toBe('works');
    expect(b.told).toEqual(['open 2', 'open 3602', 'open 7202', 'open 10802']);
    expect(b.events).toEqual(['alert.channel_dead', 'alert.channel_back']);
  });

  it('tells after days of silence what is still open, once, and nothing of what came and went', async () => {
    const b = bench();
    b.errors.push(...Array.from({ length: 72 }, () => new ChannelError('Discord answered 404', 'dead')));
    b.book = failed(b.book, failure(), b.clock.now());
    for (let day = 0; day < 3; day += 1) {
      const other = { ...USER, account: `USER_00001${day}` };
      b.book = failed(b.book, failure({ ...other, code: `cause_${day}` }), b.clock.now());
      await b.clock.advance(12 * 3_600_000);
      b.book = settled(recovered(b.book, other, b.clock.now()), ['discord'], b.clock.now());
      await b.clock.advance(12 * 3_600_000);
    }
    expect(b.told).toHaveLength(72);
    await b.clock.advance(2 * 3_600_000);
    expect(b.told.slice(72).map((told) => told.split(' ')[0])).toEqual(['open']);
    expect(b.book.incidents.map(({ code }) => code)).toEqual([failure().code]);
  }, 30_000);

  it.each(['transient', 'dead'] as const)(
    'takes a channel for well where another replica said what it could not: %s',
    async (kind) => {
      const b = bench();
      b.errors.push(...[1, 2, 3].map(() => new ChannelError('no', kind)));
      b.book = failed(b.book, failure(), b.clock.now());
      await b.clock.advance(4_000);
      expect(b.sender.state()).not.toBe('works');
      b.book = emptyBook;
      await b.clock.advance(2_000);
      expect(b.sender.state()).toBe('works');
      expect(b.events.at(-1)).toBe('alert.channel_back');
      expect(b.lines.at(-1)).toContain('No alert waits for discord any more');
      b.errors.length = 0;
      const before = b.told.length;
      b.book = failed(b.book, failure({ broker: 'ig' }), b.clock.now());
      await b.clock.advance(5_000);
      expect(b.told.slice(before)).toHaveLength(1);
    },
  );

  it('skips a message that is never accepted: the next one is not held up', async () => {
    const b = bench();
    b.errors.push(new ChannelError('Discord answered 400', 'unacceptable'));
    b.book = failed(failed(b.book, failure(), b.clock.now()), failure({ broker: 'ig' }), b.clock.now());
    await b.clock.advance(60_000);
    expect(b.told).toEqual(['open 2', 'open 2.45']);
    expect(b.events).toEqual(['alert.refused']);
  });

  it('says nothing while another replica speaks, and goes on when that one is gone', async () => {
    const b = bench();
    b.leased = false;
    b.book = failed(b.book, failure(), b.clock.now());
    await b.clock.advance(30_000);
    expect(b.told).toEqual([]);
    b.leased = true;
    await b.clock.advance(2_000);
    expect(b.told).toEqual(['open 31']);
  });

  describe('with a line of the morning', () => {
    const morning = (b: Bench): Book => ({
      ...b.book,
      morning: { day: '2026-11-21', at: b.clock.now(), brokers: [], link: '', sent: [] },
    });

    it('says it once, after what is wrong', async () => {
      const b = bench();
      b.book = failed(b.book, failure(), b.clock.now());
      await b.clock.advance(1_999);
      b.book = morning(b);
      await b.clock.advance(3_600_000);
      expect(b.told.slice(0, 2)).toEqual(['open 2', 'greet 2.45']);
      expect(b.told.filter((told) => told.startsWith('greet'))).toHaveLength(1);
    });

    it('tries it again while it is news, and no longer', async () => {
      const b = bench();
      b.errors.push(...[1, 2].map(() => new ChannelError('Discord answered 404', 'dead')));
      b.book = morning(b);
      await b.clock.advance(3 * 3_600_000);
      expect(b.told).toEqual(['greet 0', 'greet 3600']);
    });

    it('skips one that is never accepted', async () => {
      const b = bench();
      b.errors.push(new ChannelError('Discord answered 400', 'unacceptable'));
      b.book = morning(b);
      await b.clock.advance(60_000);
      expect(b.told).toEqual(['greet 0']);
      expect(b.events).toEqual(['alert.refused']);
    });
  });

  it('stops with its channel, and says nothing after', async () => {
    const b = bench();
    b.book = failed(b.book, failure(), b.clock.now());
    await b.clock.asleep();
    await b.sender.stop();
    await b.clock.advance(60_000);
    expect(b.told).toEqual(['stop']);
  });
});
