import { describe, expect, it } from 'vitest';
import { ig } from '../../../../src/brokers/ig/index.ts';
import { questions } from '../../../../src/brokers/ig/questions.ts';
import type { TranscribedCall } from '../../../../src/core/transcript.ts';
import { entry } from './harness.ts';

const answered = (
  method: string,
  path: string,
  status: number,
  more: Partial<TranscribedCall> = {},
): TranscribedCall => ({ method, path, status, tookMs: 1, headers: [], fields: {}, body: 'json', ...more });

const login = (more: Partial<TranscribedCall> = {}) => answered('POST', '/gateway/deal/session', 200, more);
const refresh = (status: number, more: Partial<TranscribedCall> = {}) =>
  answered('POST', '/gateway/deal/session/refresh-token', status, more);
const logout = answered('DELETE', '/gateway/deal/session', 204);
const key = answered('GET', '/gateway/deal/session/encryptionKey', 200, {
  fields: { timeStamp: { type: 'number' } },
});
const pairGone = (length?: number) =>
  refresh(401, {
    error: 'refresh_token_dead',
    fields: length === undefined ? {} : { errorCode: { type: 'string', length } },
  });

const settled = (id: string, calls: readonly TranscribedCall[], kind?: string): string | undefined => {
  const question = questions.find((each) => each.id === id);
  if (!question) throw new Error(`there is no question ${id}`);
  return question.settledBy(calls, kind);
};

describe('the open questions', () => {
  it('are at least the ten that the documents leave, each with an id of its own', () => {
    const ids = questions.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(10);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))).toBe(true);
  });

  it('say each what would show it', () => {
    for (const { id, findOut } of questions) expect(findOut, id).toMatch(/.\.$/);
  });

  it('stay open after a login that shows nothing', () => {
    expect(questions.flatMap(({ settledBy }) => settledBy([login()]) ?? [])).toEqual([]);
    expect(questions.flatMap(({ settledBy }) => settledBy([]) ?? [])).toEqual([]);
  });

  it.each<[string, readonly TranscribedCall[], string]>([
    [
      'dead-refresh-answer',
      [pairGone(34)],
      'HTTP 401 with an errorCode of 34 characters, as long as error.security.oauth-token-invalid',
    ],
    ['dead-refresh-answer', [pairGone(7)], 'HTTP 401 with an errorCode of 7 characters'],
    ['dead-refresh-answer', [pairGone()], 'HTTP 401 without an errorCode'],
    [
      'refresh-life',
      [login({ fields: { 'oauthToken.refresh_expires_in': { type: 'string', seconds: 600 } } })],
      'IG says it: oauthToken.refresh_expires_in, 600 s from the answer',
    ],
    [
      'lockout',
      [login({ status: 401, error: 'bad_credentials' }), login({ status: 401, error: 'locked_out' })],
      'locked at the login after 1 refused here (others may have counted before)',
    ],
    ['lockout', [login({ status: 401, error: 'locked_out' })], 'the login was locked before these calls'],
    [
      'quota-of-logins',
      [
        login({ status: 403, error: 'key_quota_exceeded' }),
        refresh(403, { error: 'account_quota_exceeded' }),
      ],
      "a login counts against the key's quota; a refresh counts against the account's quota",
    ],
    [
      'logout-kills',
      [login(), logout, refresh(200)],
      'the access token only: its refresh token still worked',
    ],
    ['logout-kills', [login(), logout, pairGone(34)], 'the pair: its refresh token was dead'],
    [
      'expires-in-type',
      [login({ fields: { 'oauthToken.expires_in': { type: 'string', seconds: 60 } } })],
      'a string, 60 s',
    ],
    ['timestamp-type', [key], 'a number'],
    ['authentication-status', [login({ fields: { currentAccountId: { type: 'string', length: 5 } } })], 'no'],
  ])('%s is settled by what was seen', (id, calls, answer) => {
    expect(settled(id, calls)).toBe(answer);
  });

  it.each([
    ['utf-8', undefined, 'UTF-8'],
    ['utf-8', 'utf-8', 'UTF-8'],
    ['latin-1', 'latin-1', 'Latin-1'],
  ])('say of an encrypted password that %s was sent, the entry having %s', (_, passwordCharset, said) => {
    const read = ig.login({
      ...entry,
      session: 'v2',
      encryptPassword: true,
      ...(passwordCharset && { passwordCharset }),
    });
    const kind = 'login' in read ? read.login.kind : undefined;
    expect(settled('password-charset', [key, login()], kind)).toBe(
      `${said} is taken, where this password holds characters beyond ASCII (else nothing is settled)`,
    );
    expect(settled('password-charset', [key, login({ status: 401, error: 'bad_credentials' })], kind)).toBe(
      undefined,
    );
  });

  it('say nothing of it after a login in the clear', () => {
    const read = ig.login({ ...entry, session: 'v2' });
    const kind = 'login' in read ? read.login.kind : undefined;
    expect(settled('password-charset', [key, login()], kind)).toBeUndefined();
  });

  it('stay open after a logout that nothing followed', () => {
    expect(settled('logout-kills', [refresh(200), logout])).toBeUndefined();
  });
});
