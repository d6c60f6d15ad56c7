import { describe, expect, it } from 'vitest';
import { emptyBook, readBook, type Book } from '../../../src/alerts/book.ts';
import { overdue, saidMorning } from '../../../src/alerts/deliveries.ts';
import { greetText } from '../../../src/alerts/discord-message.ts';
import { failed, recovered } from '../../../src/alerts/incidents.ts';
import { settled } from '../../../src/alerts/settling.ts';
import { morningText, tally, unsaidMorning, type Morning } from '../../../src/alerts/morning.ts';
import { morningReport } from '../../../src/alerts/plain-text.ts';
import type { AccountStatus } from '../../../src/core/status.ts';
import { account, without } from '../http/support.ts';
import { failure } from './builders.ts';

const T = Date.UTC(2026, 10, 30, 2, 30);
const HOUR = 3_600_000;
const line = (accounts: readonly AccountStatus[], changes: Partial<Morning> = {}): Morning => ({
  day: '2026-11-30',
  at: T,
  brokers: tally(accounts),
  link: 'https://tokens.example/dashboard',
  sent: [],
  ...changes,
});
const numbered = (count: number, broker: string, changes: Partial<AccountStatus> = {}): AccountStatus[] =>
  Array.from({ length: count }, (_, i) =>
    account(`${broker}-${String(i).padStart(3, '0')}`, { broker, ...changes }),
  );
const trouble = (message: string): Partial<AccountStatus> => ({
  last_error: { code: 'made_up', message, at: '2026-11-30T02:00:00.000Z' },
});

describe("the morning's line", () => {
  it('counts the accounts of each broker in one line, where all are ready', () => {
    const all = [...numbered(40, 'tradovate'), ...numbered(2, 'ig'), ...numbered(3, 'upstox')];
    expect(greetText(line(all))).toEqual({
      content: '☀️ ig 2/2, tradovate 40/40, upstox 3/3 ready.',
      embeds: [],
    });
  });

  it('says who is not ready and why, each reason once, and where to see more', () => {
    const text = greetText(
      line([
        ...numbered(38, 'tradovate'),
        without('USER_1', 'stopped', {
          broker: 'tradovate',
          ...trouble('The login is refused here: "made up". Change it.'),
        }),
        without('USER_2', 'backing_off', { broker: 'tradovate' }),
        without('AB0002', 'awaiting_approval', { broker: 'upstox' }),
        without('AB0001', 'awaiting_approval', { broker: 'upstox' }),
        without('OFF', 'disabled', { broker: 'upstox' }),
      ]),
    ).content;
    expect(text).toBe(
      [
        '🌥️ tradovate 38/40, upstox 0/2 ready.',
        'tradovate, USER_1: Stopped: The login is refused here.',
        'tradovate, USER_2: No token yet; a login is on its way.',
        'upstox, AB0001, AB0002: A person must log in.',
        'More: https://tokens.example/dashboard',
      ].join('\n'),
    );
  });

  it('never has the word that closes an incident, whatever a broker says, and keeps to what Discord takes', () => {
    const worst = Array.from({ length: 300 }, (_, i) =>
      without(
        `USER_${'x'.repeat(59)}${i}`,
        'backing_off',
        trouble(`Recovered or recovered, number ${i} of many`),
      ),
    );
    const { content } = greetText(line(worst));
    expect(content).not.toMatch(/recovered/i);
    expect(content.length).toBeLessThanOrEqual(2_000);
    expect(content).toMatch(/^🌥️ alpha 0\/300 ready\.\n[^]*\nMore: https:/);
  });

  it('says so where no account is served', () => {
    expect(morningText(line([]))).toBe('No account is served: nothing ready.');
  });

  it('is JSON for a machine', () => {
    const waiting = without('AB0001', 'awaiting_approval', { broker: 'upstox' });
    expect(morningReport(line([...numbered(1, 'ig'), waiting]), T + 1_000)).toEqual({
      event: 'morning',
      day: '2026-11-30',
      brokers: [
        { broker: 'ig', ready: 1, total: 1, not_ready: {} },
        { broker: 'upstox', ready: 0, total: 1, not_ready: { AB0001: 'A person must log in.' } },
      ],
      sent_at: '2026-11-30T02:30:01.000Z',
    });
  });
});

describe("the morning's line in the book", () => {
  const book: Book = { ...emptyBook, morning: line(numbered(2, 'ig')) };

  it('is to be said by each channel, once, and within two hours', () => {
    expect(unsaidMorning(book, 'discord', T)).toBe(book.morning);
    const said = saidMorning(book, '2026-11-30', 'discord');
    expect(unsaidMorning(said, 'discord', T)).toBeUndefined();
    expect(overdue(said, 'discord', T)).toEqual({ waiting: 0, since: undefined });
    expect(overdue(said, 'mail', T + HOUR)).toEqual({ waiting: 1, since: T });
    expect(saidMorning(said, '2026-11-30', 'discord')).toBe(said);
    expect(saidMorning(book, '2026-11-29', 'discord')).toBe(book);
    expect(unsaidMorning(book, 'discord', T + 2 * HOUR)).toBeUndefined();
  });

  it('stays whatever becomes of incidents, and is read back', () => {
    const user = { broker: 'tradovate', account: 'USER_000000' };
    const after = settled(recovered(failed(book, failure(), T), user, T + 1), [], T + 2);
    expect(after).toEqual(book);
    expect(readBook(JSON.stringify(after))).toEqual(book);
  });
});
