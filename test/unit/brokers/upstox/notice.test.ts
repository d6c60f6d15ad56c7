import { describe, expect, it } from 'vitest';
import { readNotice } from '../../../../src/brokers/upstox/notice.ts';
import { entry, ist, jwt } from './harness.ts';

const now = ist('2026-01-13T10:00:00');
const rollover = ist('2026-01-14T03:30:00');
const seconds = (at: number): number => at / 1000;
const token = jwt({ sub: 'AB0001', iat: seconds(now), exp: seconds(rollover) });

/** What Upstox posts, with these changes. */
const notice = (changes: Readonly<Record<string, unknown>> = {}) => ({
  client_id: entry.clientId,
  user_id: 'AB0001',
  access_token: token,
  token_type: 'Bearer',
  expires_at: String(rollover),
  issued_at: String(now),
  message_type: 'access_token',
  ...changes,
});
const read = (sent: unknown, at = now) => readNotice(sent, entry.clientId, 'AB0001', at);

describe('a notice is believed enough to be proved', () => {
  const good = { token, userId: 'AB0001', issuedAt: now, expiresAt: rollover };
  it.each<[string, Readonly<Record<string, unknown>>, object]>([
    ['as Upstox documents it', {}, {}],
    ['with the token type in other letters', { token_type: 'bEARER' }, {}],
    ['with times as numbers', { issued_at: now, expires_at: rollover }, {}],
    ['with fields nobody knows', { nonce: 'x', data: {} }, {}],
    ['with the user in small letters', { user_id: 'ab0001' }, { userId: 'ab0001' }],
    ['with a token that is no JWT', { access_token: 'made-up-opaque' }, { token: 'made-up-opaque' }],
    ['issued by a clock that is a minute ahead', { issued_at: String(now + 60_000) }, {}],
    ['issued hours ago', { issued_at: String(now - 3_600_000) }, { issuedAt: now - 3_600_000 }],
    ['with an end before 03:30', { expires_at: String(now + 3_600_000) }, { expiresAt: now + 3_600_000 }],
    ['with an end some seconds past 03:30, cut to it', { expires_at: String(rollover + 5_000) }, {}],
  ])('%s', (_name, changes, expected) => {
    expect(read(notice(changes))).toEqual({ ...good, ...expected });
  });

  it('with the end of the token itself, where that is earlier', () => {
    const early = jwt({ sub: 'AB0001', exp: seconds(now) + 7_200 });
    expect(read(notice({ access_token: early }))).toMatchObject({ expiresAt: now + 7_200_000 });
  });

  it('of anybody, where no user is configured, for the caller to compare', () => {
    const other = jwt({ sub: 'ZZ9999', exp: seconds(rollover) });
    const sent = notice({ user_id: 'ZZ9999', access_token: other });
    const said = readNotice(sent, entry.clientId, undefined, now);
    expect(said).toMatchObject({ userId: 'ZZ9999' });
  });

  it('issued at night: good until 03:30 of the same day', () => {
    const issued = ist('2026-01-14T02:30:00');
    const sent = notice({ issued_at: String(issued), access_token: 'made-up-opaque' });
    expect(read(sent, issued)).toMatchObject({ expiresAt: rollover });
  });
});

describe('a notice is refused', () => {
  const day = 86_400_000;
  it.each<[string, unknown, string]>([
    ['that is nothing', undefined, 'not_a_token_notice'],
    ['that is a text', 'made-up', 'not_a_token_notice'],
    ['that is a list', [notice()], 'not_a_token_notice'],
    ['of an order', notice({ message_type: 'order_update' }), 'not_a_token_notice'],
    ['without a type of message', notice({ message_type: undefined }), 'not_a_token_notice'],
    ['whose user is no user id', notice({ user_id: 'AB 0001\n' }), 'not_a_token_notice'],
    ['for another app', notice({ client_id: 'another' }), 'wrong_client'],
    ['for the app in other letters', notice({ client_id: 'ABC' }), 'wrong_client'],
    ['for another user', notice({ user_id: 'AB0002' }), 'wrong_user'],
    [
      'whose token names another user',
      notice({ access_token: jwt({ sub: 'AB0002', exp: seconds(rollover) }) }),
      'wrong_user',
    ],
    ['with another token type', notice({ token_type: 'mac' }), 'wrong_token_type'],
    ['without a token type', notice({ token_type: undefined }), 'wrong_token_type'],
    ['without a token', notice({ access_token: undefined }), 'bad_token'],
    ['with an empty token', notice({ access_token: '' }), 'bad_token'],
    ['whose token breaks out of a header', notice({ access_token: 'x\r\nX-Evil: 1' }), 'bad_token'],
    ['whose token is endless', notice({ access_token: 'x'.repeat(8_193) }), 'bad_token'],
    [
      'with the read-only token of a year',
      notice({ access_token: jwt({ sub: 'AB0001', iat: seconds(now), exp: seconds(now + 365 * day) }) }),
      'wrong_kind_of_token',
    ],
    ['without times', notice({ issued_at: undefined, expires_at: undefined }), 'bad_times'],
    ['with times in seconds', notice({ issued_at: '1768278600', expires_at: '1768341600' }), 'bad_times'],
    ['with times in words', notice({ issued_at: 'now', expires_at: 'later' }), 'bad_times'],
    ['issued in the future', notice({ issued_at: String(now + 60_001) }), 'bad_times'],
    [
      'that ends before it begins',
      notice({ expires_at: String(now - 1), issued_at: String(now) }),
      'bad_times',
    ],
    ['that lasts past 03:30', notice({ expires_at: String(rollover + day) }), 'bad_times'],
    [
      'of the day before, sent again',
      notice({ issued_at: String(now - day), expires_at: String(rollover - day), access_token: 'made-up' }),
      'expired',
    ],
    [
      'whose token is dead by its own word',
      notice({ access_token: jwt({ sub: 'AB0001', exp: seconds(now) - 60 }) }),
      'expired',
    ],
    ['that dies within a minute', notice({ expires_at: String(now + 60_000) }), 'expired'],
  ])('%s', (_name, sent, reason) => {
    expect(read(sent)).toEqual({ refused: reason });
  });

  it('for a reason that is a word and never a value', () => {
    const sent = notice({ client_id: 'made-up-secret', user_id: 'SECRET1', access_token: 'made-up-secret' });
    expect(JSON.stringify(read(sent))).toBe('{"refused":"wrong_client"}');
  });
});
