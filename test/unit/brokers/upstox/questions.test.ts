import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { questions } from '../../../../src/brokers/upstox/questions.ts';
import { upstoxSwitches } from '../../../../src/brokers/upstox/simulated-switches.ts';
import type { TranscribedCall } from '../../../../src/core/transcript.ts';

const call = (path: string, changes: Partial<TranscribedCall> = {}): TranscribedCall => ({
  method: 'POST',
  path,
  status: 200,
  tookMs: 100,
  headers: ['content-type'],
  fields: {},
  body: 'json',
  ...changes,
});
const exchange = (changes: Partial<TranscribedCall> = {}) => call('/v2/login/authorization/token', changes);
const request = (changes: Partial<TranscribedCall> = {}) =>
  call('/v3/login/auth/token/request/{id}', changes);
const answerTo = (id: string, calls: readonly TranscribedCall[]): string | undefined =>
  questions.find((question) => question.id === id)?.settledBy(calls);

const ms = { type: 'string', instant: { written: 'milliseconds', inSeconds: 63_000 } } as const;

describe('what a real login settles', () => {
  it.each<[string, readonly TranscribedCall[], RegExp]>([
    ['login-error-status', [exchange({ status: 403, error: 'code_refused' })], /UDAPI100057.*403/],
    ['login-error-status', [request({ status: 401, error: 'client_credentials_wrong' })], /UDAPI100069.*401/],
    ['notifier-url', [request()], /takes/],
    ['notifier-url', [request({ status: 400, error: 'notifier_missing' })], /browser login only/],
    ['requests-per-day', [request()], /stays open/],
    ['requests-per-day', [request(), request()], /like the first/],
    ['requests-per-day', [request(), request({ status: 400, error: 'approval_refused' })], /refused.*400/],
    ['logins-are-limited', [exchange({ status: 429, error: 'throttled' })], /yes.*429/],
    ['logins-are-limited', [exchange({ headers: ['x-ratelimit-limit'] })], /yes.*headers/],
    [
      'token-end',
      [
        exchange({
          fields: {
            access_token: { type: 'string', jwt: { header: [], claims: [], expiresInSeconds: 63_000 } },
          },
        }),
      ],
      /17\.5 h/,
    ],
    ['extended-token', [exchange()], /no.*absent/],
    ['extended-token', [exchange({ fields: { extended_token: { type: 'null' } } })], /no.*null/],
    [
      'extended-token',
      [
        exchange({
          fields: {
            extended_token: {
              type: 'string',
              jwt: { header: [], claims: [], expiresInSeconds: 365 * 86_400 },
            },
          },
        }),
      ],
      /yes.*365 days/,
    ],
    ['oauth-extras', [exchange()], /none/],
    ['oauth-extras', [exchange({ fields: { expires_in: { type: 'number' } } })], /expires_in/],
    [
      'approval-window',
      [request({ fields: { 'data.authorization_expiry': ms } })],
      /string in milliseconds, 17\.5 h/,
    ],
  ])('%s', (id, calls, expected) => {
    expect(answerTo(id, calls)).toMatch(expected);
  });

  it('and nothing without the calls that show it', () => {
    const elsewhere = [call('/v2/user/profile', { method: 'GET' })];
    for (const { settledBy } of questions) {
      expect(settledBy([])).toBeUndefined();
      expect(settledBy(elsewhere)).toBeUndefined();
    }
  });
});

it('every question says how to find out what a login does not show, also the three that none ever shows', () => {
  for (const { id, findOut } of questions) expect(findOut, id).toMatch(/.\.$/);
  const login = [exchange(), request(), call('/v2/user/profile', { method: 'GET' })];
  for (const id of ['localhost-redirect', 'cancelled-login', 'second-login']) {
    expect(answerTo(id, login)).toBeUndefined();
    expect(questions.find((each) => each.id === id)?.findOut).toContain('`login NAME`');
  }
});

it('every question stands in the README, with the switches that play its answers', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../../src/brokers/upstox/README.md'), 'utf8');
  const [, table = ''] = /\| question \| switch \|[^\n]*\n[^\n]*\n(.*?)\n\n/s.exec(readme) ?? [];
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.map(([, id]) => id)).toEqual(questions.map(({ id }) => `\`${id}\``));
  const named = rows.flatMap(([, , cell = '']) => (cell.match(/(?<=`)\w+(?=`)/g) ?? []).map(String));
  // One is a command: an app has a notifier URL or none.
  expect(named.filter((name) => !(name in upstoxSwitches))).toEqual(['notifier']);
  expect(rows.filter(([, , cell]) => cell === '').map(([, id]) => id)).toEqual(['`totp`']);
});

it('every question is asked once', () => {
  const ids = questions.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[a-z]+(?:-[a-z]+)*$/.test(id))).toBe(true);
});
