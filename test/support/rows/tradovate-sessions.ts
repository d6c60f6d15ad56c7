import type { RawEntry } from '../../../src/core/broker.ts';
import {
  all,
  answer,
  api,
  apiWith,
  type Arrange,
  bridge,
  down,
  ERROR_ID,
  type ErrorRow,
  fault,
  HOUR_MS,
  person,
  refused,
  renewing,
  set,
  silence,
  tell,
  unclear,
} from './tradovate-row.ts';

/** Answers to a renewal. */
export const renewals: readonly ErrorRow[] = (
  [
    ['renew 401: closed by a third login', api, tell('expire-all'), refused('session_dead')],
    ['renew 401: expired', api, (simulator) => simulator.clock.shift(4_800_000), refused('session_dead')],
    [
      'renew 401: no renewal of bridge tokens',
      renewing,
      set('bridge.renewable', 'off'),
      refused('session_dead'),
    ],
    [
      'renew 200 `errorText`',
      api,
      answer('renew', 200, { errorText: 'Something new.' }),
      refused('renewal_refused'),
    ],
    ['renew 403', api, answer('renew', 403), refused('renewal_refused')],
    ...([400, 401, 403, 404, 405, 407] as const).map(
      (status) =>
        [`renew ${status}, a page`, api, fault('html', status), unclear('edge_blocked', 'egress')] as const,
    ),
    [
      'renew `userStatus` Closed',
      api,
      answer('renew', 200, { userStatus: 'Closed', accessToken: 'made-up' }),
      person('account_unavailable'),
    ],
    ['renew 200 `p-captcha: true`', renewing, tell('captcha'), silence('captcha')],
    ['renew 423', api, all(set('throttleWith', '423'), fault('throttle')), silence('lockout_near')],
    [
      'renew 429 `userStatus` TemporaryLocked',
      api,
      answer('renew', 429, { userStatus: 'TemporaryLocked' }),
      { ...silence('locked_out'), kind: 'needs-human' },
    ],
    [
      'renew 429, empty body, no ticket',
      api,
      set('limits.user', 0),
      silence('rate_limited', HOUR_MS, 'account'),
    ],
    ['renew 429, a page', api, fault('html', 429), silence('rate_limited')],
    ['renew 200 without token, error or ticket', api, answer('renew', 200, {}), unclear('unreadable_answer')],
    ['renew 200 non-JSON', api, fault('html', 200), unclear('unreadable_answer')],
    ['renew 302', api, fault('status', 302), unclear('unreadable_answer')],
    ...([408, 429, 500] as const).map(
      (status) =>
        [
          `renew ${status} on a token that should live`,
          api,
          all(set('orphanAnswer', status), tell('expire-all')),
          unclear('orphan_suspected'),
        ] as const,
    ),
    ['renew 500 text with an error id', api, answer('renew', 500, ERROR_ID), down],
    ['renew 502, a page', renewing, fault('html', 502), down],
    ['reset on renew', api, fault('drop-after'), unclear('no_answer')],
    ['half an answer on renew', api, fault('half'), unclear('no_answer')],
    ['renew 404', api, fault('status', 404), refused('request_malformed')],
    ['renew 400', renewing, fault('status', 400), refused('request_malformed')],
  ] as const satisfies readonly (readonly [string, RawEntry, Arrange, ErrorRow['expect']])[]
).map(([name, entry, arrange, expect]) => ({ name, entry, arrange, expect, during: 'renewal' }));

/** Answers to a read. */
export const reads: readonly ErrorRow[] = (
  [
    [
      'data call 401 "Access is denied"',
      'discovery',
      apiWith({ deviceId: 'wrong-device' }),
      set('deviceIdEnforced', 'on'),
      person('access_denied'),
    ],
    [
      'me 401 "Access is denied"',
      'proof',
      api,
      answer('me', 401, 'Access is denied'),
      person('access_denied'),
    ],
    ['data call 401', 'discovery', bridge, tell('expire-all'), refused('session_dead')],
    ...([408, 429, 500] as const).map(
      (status) =>
        [
          `me ${status} on a token that should live`,
          'proof',
          bridge,
          all(set('orphanAnswer', status), tell('expire-all')),
          unclear('orphan_suspected'),
        ] as const,
    ),
    [
      'me 429, empty body',
      'proof',
      bridge,
      set('limits.user', 0),
      silence('rate_limited', HOUR_MS, 'account'),
    ],
    ['me 200 `p-ticket`', 'proof', bridge, set('limits.me', 0), silence('time_penalty', 30_000)],
    ['me 200 `p-captcha: true`', 'proof', bridge, tell('captcha'), silence('captcha')],
    ...([401, 404] as const).map(
      (status) =>
        [
          `me ${status}, a page`,
          'proof',
          bridge,
          fault('html', status),
          unclear('edge_blocked', 'egress'),
        ] as const,
    ),
    ['me 423', 'proof', bridge, all(set('throttleWith', '423'), fault('throttle')), silence('lockout_near')],
    ['me 500 text with an error id', 'proof', bridge, answer('me', 500, ERROR_ID), down],
    ['me 200 without a user', 'proof', bridge, answer('me', 200, {}), unclear('unreadable_answer')],
    ['account list, a page', 'discovery', api, fault('html', 200), unclear('unreadable_answer')],
    ['account list 503', 'discovery', bridge, fault('status', 503), down],
    [
      'account list 423',
      'discovery',
      bridge,
      all(set('throttleWith', '423'), fault('throttle')),
      silence('lockout_near'),
    ],
    [
      'account list 429, empty body',
      'discovery',
      api,
      set('limits.user', 0),
      silence('rate_limited', HOUR_MS, 'account'),
    ],
    [
      'account list 200 `p-captcha: true`',
      'discovery',
      api,
      answer('account-list', 200, { 'p-ticket': 'T', 'p-captcha': true }),
      silence('captcha'),
    ],
    [
      'account list 200 `p-ticket`',
      'discovery',
      bridge,
      answer('bridge-accounts', 200, { 'p-ticket': 'T', 'p-time': 30 }),
      silence('time_penalty', 30_000),
    ],
    ['account list 403', 'discovery', bridge, answer('bridge-accounts', 403), person('access_denied')],
    ['account list 403, a page', 'discovery', api, fault('html', 403), unclear('edge_blocked', 'egress')],
  ] as const satisfies readonly (readonly [
    string,
    ErrorRow['during'],
    RawEntry,
    Arrange,
    ErrorRow['expect'],
  ])[]
).map(([name, during, entry, arrange, expect]) => ({ name, during, entry, arrange, expect }));
