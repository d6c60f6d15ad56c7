import { describe, expect, test } from 'vitest';
import { refusal } from '../../../../src/brokers/tradovate/classify.ts';
import { tradovateErrorCodes } from '../../../../src/brokers/tradovate/errors.ts';
import { readSaid } from '../../../../src/brokers/tradovate/wire.ts';
import type { BrokerError, BrokerErrorFields } from '../../../../src/core/errors.ts';

const password = 'made up+secret';
const HOUR_MS = 3_600_000;

interface Given {
  readonly status?: number;
  readonly type?: string;
  /** Text, or something sent as JSON. */
  readonly body?: unknown;
  readonly repeated?: boolean;
  readonly way?: 'bridge' | 'api';
  readonly transientTexts?: readonly string[];
}

function judge({ status = 200, type = '', body = '', ...given }: Given): BrokerError {
  const isText = typeof body === 'string';
  const answer = {
    status,
    headers: { 'content-type': type },
    body: isText ? body : JSON.stringify(body),
    json: isText ? undefined : body,
  };
  const { repeated = false, transientTexts = [], way = 'bridge' } = given;
  const bound = { call: 'sign-in', to: 'made-up body' } as const;
  return refusal(answer, readSaid(answer), { way, secrets: [password], repeated, transientTexts, bound });
}

const stopped = (code: string): BrokerErrorFields => ({ kind: 'needs-human', code, scope: 'account' });
const silent = (code: string, retryAfterMs: number): BrokerErrorFields => ({
  kind: 'throttled',
  code,
  scope: 'egress',
  retryAfterMs,
});
const unclear = (code: string, scope: 'account' | 'egress' | 'broker' = 'account'): BrokerErrorFields => ({
  kind: 'outcome-unknown',
  code,
  scope,
});

const INCORRECT =
  'Incorrect username or password. Please try again, noting that passwords are case-sensitive.';
const PAGE = '<!DOCTYPE html><html><body>Attention Required!</body></html>';

describe('the answer to a login', () => {
  test.each<[string, Given, BrokerErrorFields]>([
    // Body first: these come with HTTP 200.
    [
      '200 `errorText` "Incorrect username or password…"',
      { body: { errorText: INCORRECT } },
      stopped('bad_credentials'),
    ],
    ['200 other `errorText`', { body: { errorText: 'Something new.' } }, stopped('login_refused')],
    [
      '200 `s:"error"` about the password',
      { body: { s: 'error', errmsg: 'Wrong login' } },
      stopped('bad_credentials'),
    ],
    [
      '200 `s:"error"` with another text',
      { body: { s: 'error', errmsg: 'Not today' } },
      stopped('login_refused'),
    ],
    ['200 `s:"error"` without a text', { body: { s: 'error' } }, stopped('login_refused')],
    [
      '401 `s:"error"` with another text',
      { status: 401, body: { s: 'error', errmsg: 'Not today' } },
      stopped('bad_credentials'),
    ],
    ['403 `s:"error"`', { status: 403, body: { s: 'error', errmsg: 'Not today' } }, stopped('login_refused')],
    [
      '500 `s:"error"` about the password',
      { status: 500, body: { s: 'error', errmsg: 'Wrong password' } },
      stopped('bad_credentials'),
    ],
    [
      '500 `s:"error"` about anything else',
      { status: 500, body: { s: 'error', errmsg: 'Not today' } },
      { kind: 'outcome-unknown', code: 'server_fault' },
    ],
    [
      '503 with a text',
      { status: 503, body: { s: 'error', errmsg: 'Service temporarily unavailable' } },
      unclear('server_fault', 'broker'),
    ],
    [
      '429 with a text',
      { status: 429, body: { s: 'error', errmsg: 'Too many requests' } },
      { kind: 'throttled', code: 'rate_limited', scope: 'egress' },
    ],
    [
      '200 `s:"ok"` beside an `errorText`',
      { body: { s: 'ok', errorText: INCORRECT, d: { access_token: 'x' } } },
      stopped('bad_credentials'),
    ],
    [
      '200 `errorText` within `d`',
      { body: { s: 'ok', d: { errorText: INCORRECT } } },
      stopped('bad_credentials'),
    ],
    ['200 `userStatus` Closed', { body: { userStatus: 'Closed' } }, stopped('account_unavailable')],
    [
      '200 `userStatus` TemporaryLocked',
      { body: { s: 'ok', d: { userStatus: 'TemporaryLocked' } } },
      stopped('locked_out'),
    ],
    [
      '200 `userStatus` UnconfirmedEmail',
      { body: { userStatus: 'UnconfirmedEmail' } },
      stopped('account_unavailable'),
    ],
    [
      '200 `userStatus` Closed beside `s:"error"`',
      { body: { s: 'error', userStatus: 'Closed' } },
      stopped('account_unavailable'),
    ],
    ['200 `userStatus` in other letters', { body: { userStatus: 'CLOSED' } }, stopped('account_unavailable')],
    [
      '200 `userStatus` TemporarilyLocked',
      { body: { userStatus: 'TemporarilyLocked' } },
      stopped('locked_out'),
    ],
    [
      '200 `s:"ok"` with an unknown `userStatus`',
      { body: { s: 'ok', d: { userStatus: 'Initiated' } } },
      stopped('account_unavailable'),
    ],
    ['200 `userStatus` active, no token', { body: { userStatus: 'active' } }, unclear('unreadable_answer')],
    [
      '502 with an unknown `userStatus`',
      { status: 502, body: { userStatus: 'Initiated' } },
      unclear('server_fault', 'broker'),
    ],
    [
      '200 `errorText` about a new device',
      { body: { errorText: 'Please approve this device.' } },
      stopped('device_unapproved'),
    ],
    [
      'a text the operator knows to pass',
      { body: { s: 'error', errmsg: 'Server is BUSY, sorry' }, transientTexts: ['is busy'] },
      unclear('server_fault', 'broker'),
    ],
    // Penalties belong to the network.
    [
      '200 `p-ticket`, no captcha',
      { body: { 'p-ticket': 't', 'p-time': 19 } },
      silent('time_penalty', 19_000),
    ],
    [
      '200 `p-ticket`, `p-time` as a text',
      { body: { 'p-ticket': 't', 'p-time': '19' } },
      silent('time_penalty', 19_000),
    ],
    ['200 `p-ticket` without `p-time`', { body: { 'p-ticket': 't' } }, silent('time_penalty', 15_000)],
    [
      '200 `p-ticket` with an absurd `p-time`',
      { body: { 'p-ticket': 't', 'p-time': 1e9 } },
      silent('time_penalty', HOUR_MS),
    ],
    [
      '200 `p-ticket` within `d`',
      { body: { s: 'error', d: { 'p-ticket': 't', 'p-time': 15 } } },
      silent('time_penalty', 15_000),
    ],
    [
      '200 `p-ticket` beside an `errorText`',
      { body: { 'p-ticket': 't', 'p-time': 15, errorText: INCORRECT } },
      silent('time_penalty', 15_000),
    ],
    [
      '200 `p-ticket` in answer to a ticket',
      { body: { 'p-ticket': 't', 'p-time': 15 }, repeated: true },
      silent('time_penalty', HOUR_MS),
    ],
    [
      '200 `p-captcha: true`',
      { body: { 'p-ticket': 't', 'p-time': 15, 'p-captcha': true } },
      silent('captcha', HOUR_MS),
    ],
    ...[1, 'true', 'yes', {}, ''].map((said): [string, Given, BrokerErrorFields] => [
      `200 \`p-captcha\` ${JSON.stringify(said)}`,
      { body: { 'p-ticket': 't', 'p-captcha': said } },
      silent('captcha', HOUR_MS),
    ]),
    ...[0, 'false', false, null].map((said): [string, Given, BrokerErrorFields] => [
      `200 \`p-captcha\` ${JSON.stringify(said)}`,
      { body: { 'p-ticket': 't', 'p-captcha': said } },
      silent('time_penalty', 15_000),
    ]),
    ['423', { status: 423 }, silent('lockout_near', HOUR_MS)],
    ['423, a page', { status: 423, type: 'text/html', body: PAGE }, silent('lockout_near', HOUR_MS)],
    ...[423, 429].flatMap((status): [string, Given, BrokerErrorFields][] => {
      const code = status === 423 ? 'lockout_near' : 'rate_limited';
      const hour = { scope: 'egress', retryAfterMs: HOUR_MS, doubtsPassword: true } as const;
      return [
        [
          `${status} about the password`,
          { status, body: { errorText: 'Too many incorrect password attempts' } },
          { ...stopped('bad_credentials'), ...hour },
        ],
        [
          `${status} with a user status that bars the login`,
          { status, body: { userStatus: 'TemporaryLocked' } },
          { ...stopped('locked_out'), ...hour },
        ],
        [
          `${status} with a text that passes`,
          { status, body: { errorText: 'try again soon' }, transientTexts: ['try again'] },
          silent(code, HOUR_MS),
        ],
      ];
    }),
    ['429, empty body, no ticket', { status: 429 }, silent('rate_limited', HOUR_MS)],
    ['429, a page', { status: 429, type: 'text/html', body: PAGE }, silent('rate_limited', HOUR_MS)],
    // No word that is known.
    ['401', { status: 401 }, stopped('bad_credentials')],
    ['403', { status: 403 }, stopped('login_refused')],
    ...[400, 401, 403, 404, 405, 407, 408].map((status): [string, Given, BrokerErrorFields] => [
      `${status}, a page`,
      { status, type: 'text/html; charset=UTF-8', body: PAGE },
      unclear('edge_blocked', 'egress'),
    ]),
    ...[404, 405, 407].map((status): [string, Given, BrokerErrorFields] => [
      `${status}, a text`,
      { status, body: 'default backend - 404' },
      unclear('edge_blocked', 'egress'),
    ]),
    ['407', { status: 407 }, unclear('edge_blocked', 'egress')],
    ['400, a text', { status: 400, body: 'Bad' }, { kind: 'refused', code: 'request_malformed' }],
    ['404, JSON', { status: 404, body: {} }, { kind: 'refused', code: 'request_malformed' }],
    ['200 without token, error or ticket', { body: { s: 'ok', d: {} } }, unclear('unreadable_answer')],
    ['200 without anything', { body: {} }, unclear('unreadable_answer')],
    ['200 with an array', { body: [] }, unclear('unreadable_answer')],
    ['200, a text', { body: 'OK' }, unclear('unreadable_answer')],
    ['200, empty', { body: '' }, unclear('unreadable_answer')],
    ['200, a page', { type: 'text/html', body: PAGE }, unclear('unreadable_answer')],
    ['302', { status: 302 }, unclear('unreadable_answer')],
    ['400', { status: 400 }, { kind: 'refused', code: 'request_malformed', scope: 'account' }],
    ['404', { status: 404 }, { kind: 'refused', code: 'request_malformed', scope: 'account' }],
    ['408', { status: 408 }, unclear('sign_in_unconfirmed')],
    [
      '500 text `Internal Server Error, error id: <uuid>`',
      { status: 500, body: 'Internal Server Error, error id: 5f0c0000' },
      unclear('server_fault', 'broker'),
    ],
    ['502, a page', { status: 502, type: 'text/html', body: PAGE }, unclear('server_fault', 'broker')],
    ['504', { status: 504 }, unclear('server_fault', 'broker')],
  ])('%s', (_, given, expected) => {
    const error = judge(given);
    expect(error).toMatchObject({ ...expected, status: given.status ?? 200, sent: true });
    expect(tradovateErrorCodes).toContain(error.code);
    expect(error.message).toMatch(/^[A-Z].* \(HTTP \d{3}\)\.$/s);
  });
});

test.each<[boolean, string, Given]>([
  [true, 'a wrong password', { body: { errorText: INCORRECT } }],
  [true, 'a text that is not known', { body: { errorText: 'Something new.' } }],
  [true, 'a lock', { body: { userStatus: 'TemporaryLocked' } }],
  [false, 'a login that is closed', { body: { userStatus: 'Closed' } }],
  [false, 'a call that is not known', { status: 404 }],
])('counts as a failed login (%s): %s', (isCounted, _, given) => {
  expect(judge(given).doubtsPassword).toBe(isCounted);
});

test.each([
  ['bridge', 'TRADOVATE_BRIDGE_URL', 'username and password'],
  ['api', 'TRADOVATE_API_URL', 'API key'],
] as const)('a person is told what to look at: %s', (way, url, what) => {
  expect(judge({ way, status: 404 }).message).toContain(url);
  expect(judge({ way, status: 401 }).message).toContain(what);
});

describe("the broker's own text", () => {
  const shown = (errorText: string): string => judge({ body: { errorText } }).message;

  test('is shown to the person', () => {
    expect(shown('Approve the new device first.')).toContain('"Approve the new device first"');
  });

  test('is cut and cleaned', () => {
    const message = shown(`a\u0000b\n\u202e"c" ${'x'.repeat(500)}`);
    expect(message).toContain(`"a b 'c' xxx`);
    expect(message.length).toBeLessThan(400);
  });

  test('is shown beside a penalty', () => {
    const body = { 'p-ticket': 't', 'p-captcha': true, 'p-message': 'Too many <b>tries</b>' };
    expect(judge({ body }).message).toContain('"Too many b tries /b"');
  });

  test.each([
    ['as it is', `no user with ${password}`],
    ['percent-encoded', 'no user with made%20up%2Bsecret'],
    ['form-encoded', 'no user with MADE+UP%2bSECRET'],
  ])('is left out where it repeats the password %s', (_, text) => {
    expect(shown(text)).not.toContain('no user');
  });
});
