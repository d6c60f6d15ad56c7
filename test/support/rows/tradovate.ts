import type { RawEntry } from '../../../src/core/broker.ts';
import type { ErrorKind, ErrorScope } from '../../../src/core/errors.ts';
import type { FaultRule } from '../../../src/simulator/index.ts';
import type { Stage } from './stage.ts';

/** One signal on the wire, and what it is taken for. */
export interface ErrorRow {
  /** As the broker's table of errors has it. */
  readonly name: string;
  readonly entry: RawEntry;
  /** Makes the simulator say it. For a sign-in before it; else once the account has a session. */
  readonly arrange: (simulator: Stage) => void;
  readonly during: 'sign-in' | 'renewal' | 'proof' | 'discovery';
  /** True where no answer comes: the caller's deadline has to end it. */
  readonly stalls?: boolean;
  readonly expect: {
    readonly kind: ErrorKind;
    readonly code: string;
    readonly scope: ErrorScope;
    readonly retryAfterMs?: number;
  };
  /** True where the next call of the account has something to bring along. */
  readonly carries?: boolean;
}

const HOUR_MS = 3_600_000;
const key = { appId: 'Desk', appVersion: '1.0', deviceId: 'made-up-device', cid: 1234, sec: 'made-up-sec' };

/** Made-up logins: by the bridge, by the bridge with renewals, by the API. */
export const bridge: RawEntry = { username: 'USER_BRIDGE', password: 'made-up & + % # = @ / ü secret' };
export const renewing: RawEntry = { ...bridge, username: 'USER_RENEW', renew: true };
export const api: RawEntry = {
  username: 'USER_API',
  password: 'made-up & + % # = @ / ü secret',
  login: 'api',
  api: key,
};
export const apiWith = (more: object): RawEntry => ({ ...api, api: { ...key, ...more } });
const wrong = (entry: RawEntry): RawEntry => ({ ...entry, password: 'made-up wrong secret' });

type Arrange = ErrorRow['arrange'];
const nothing: Arrange = () => undefined;
const all =
  (...steps: readonly Arrange[]): Arrange =>
  (simulator) => {
    for (const step of steps) step(simulator);
  };
/** A switch of the simulator. */
export const set =
  (name: string, value: unknown): Arrange =>
  (simulator) =>
    simulator.setSwitch('tradovate', name, value);
export const tell =
  (name: string, argument?: string): Arrange =>
  (simulator) =>
    void simulator.command('tradovate', name, argument);
const answer = (operation: string, status: number, body?: unknown): Arrange =>
  tell('answer', JSON.stringify({ operation, status, body }));
const fault =
  (kind: FaultRule['kind'], status?: number): Arrange =>
  (simulator) =>
    void simulator.fault({ broker: 'tradovate', kind, times: 1, ...(status !== undefined && { status }) });
/** It takes effect, and the answer comes when nobody waits for it any more. */
const late: Arrange = (simulator) =>
  void simulator.fault({ broker: 'tradovate', kind: 'slow', ms: 60_000, times: 1 });

const person = (code: string): ErrorRow['expect'] => ({ kind: 'needs-human', code, scope: 'account' });
const silence = (code: string, retryAfterMs = HOUR_MS, scope: ErrorScope = 'egress'): ErrorRow['expect'] => ({
  kind: 'throttled',
  code,
  scope,
  retryAfterMs,
});
const unclear = (code: string, scope: ErrorScope = 'account'): ErrorRow['expect'] => ({
  kind: 'outcome-unknown',
  code,
  scope,
});
const refused = (code: string): ErrorRow['expect'] => ({ kind: 'refused', code, scope: 'account' });
const down: ErrorRow['expect'] = { kind: 'transient', code: 'server_fault', scope: 'broker' };

const ERROR_ID = 'Internal Server Error, error id: 5f0c0000-0000-4000-8000-000000000009';

const signIns: readonly ErrorRow[] = (
  [
    [
      'login 200 `errorText` "Incorrect username or password…"',
      wrong(api),
      nothing,
      person('bad_credentials'),
    ],
    ['login 401', wrong(api), set('badCredentials', '401'), person('bad_credentials')],
    [
      'login 200 other `errorText`',
      api,
      answer('access-token-request', 200, { errorText: 'Something new.' }),
      person('login_refused'),
    ],
    ['login `userStatus` Closed', api, tell('user-status', 'USER_API Closed'), person('account_unavailable')],
    ['login `userStatus` TemporaryLocked', api, tell('user-status', 'USER_API'), person('locked_out')],
    [
      'login `userStatus` UnconfirmedEmail',
      api,
      tell('user-status', 'USER_API UnconfirmedEmail'),
      person('account_unavailable'),
    ],
    ['bridge 200 `userStatus`', bridge, tell('user-status', 'USER_BRIDGE'), person('locked_out')],
    ['bridge 200 `s:"error"` about the password', wrong(bridge), nothing, person('bad_credentials')],
    [
      'bridge 200 `s:"error"`, another text',
      wrong(bridge),
      set('bridge.errmsg', 'No.'),
      person('login_refused'),
    ],
    ['bridge 401 `s:"error"`', wrong(bridge), set('bridge.errorStatus', 401), person('bad_credentials')],
    [
      'bridge 403 `s:"error"`, another text',
      wrong(bridge),
      all(set('bridge.errorStatus', 403), set('bridge.errmsg', 'No.')),
      person('login_refused'),
    ],
    ['login 200 `p-captcha: true`', api, tell('captcha'), silence('captcha')],
    ['bridge 200 `p-captcha: true`', bridge, tell('fail-logins', '10'), silence('captcha')],
    ['login 423', api, all(set('throttleWith', '423'), fault('throttle')), silence('lockout_near')],
    ['bridge 423', bridge, all(set('throttleWith', '423'), fault('throttle')), silence('lockout_near')],
    ['login 429, empty body, no ticket', api, set('limits.anonymous', 0), silence('rate_limited')],
    ['bridge 429, empty body, no ticket', bridge, set('limits.anonymous', 0), silence('rate_limited')],
    [
      'login 200 without token, error or ticket',
      api,
      answer('access-token-request', 200, {}),
      unclear('unreadable_answer'),
    ],
    [
      'bridge 200 without token',
      bridge,
      answer('authorize', 200, { s: 'ok', d: {} }),
      unclear('unreadable_answer'),
    ],
    ['login 200 non-JSON', api, answer('access-token-request', 200, 'OK'), unclear('unreadable_answer')],
    ['bridge 200, a page', bridge, fault('html', 200), unclear('unreadable_answer')],
    [
      'login 500 text with an error id',
      api,
      answer('access-token-request', 500, ERROR_ID),
      unclear('server_fault', 'broker'),
    ],
    [
      'bridge 500 text with an error id',
      bridge,
      answer('authorize', 500, ERROR_ID),
      unclear('server_fault', 'broker'),
    ],
    ...([400, 401, 403, 404, 405, 407] as const).map(
      (status) =>
        [
          `bridge ${status}, a page`,
          bridge,
          fault('html', status),
          unclear('edge_blocked', 'egress'),
        ] as const,
    ),
    ['login 401, a page', api, fault('html', 401), unclear('edge_blocked', 'egress')],
    [
      'bridge 404, a text of whatever stands in between',
      bridge,
      answer('authorize', 404, 'default backend - 404'),
      unclear('edge_blocked', 'egress'),
    ],
    ['login 403', api, answer('access-token-request', 403), person('login_refused')],
    ['login 408', api, answer('access-token-request', 408), unclear('sign_in_unconfirmed')],
    ['login 503', api, answer('access-token-request', 503), unclear('server_fault', 'broker')],
    ['bridge 503, a page', bridge, fault('html', 503), unclear('server_fault', 'broker')],
    ['login 302', api, fault('status', 302), unclear('unreadable_answer')],
    [
      'login with a token that has expired by its own word',
      api,
      set('lifetimeSeconds', -60),
      unclear('token_expired'),
    ],
    [
      'login `userStatus` TemporarilyLocked, which nobody has documented',
      api,
      all(set('lockedStatus', 'TemporarilyLocked'), tell('user-status', 'USER_API')),
      person('locked_out'),
    ],
    [
      'bridge `userStatus` Initiated',
      bridge,
      tell('user-status', 'USER_BRIDGE Initiated'),
      person('account_unavailable'),
    ],
    [
      'bridge 200 `p-captcha` as a text',
      bridge,
      answer('authorize', 200, { 'p-ticket': 'T', 'p-time': 15, 'p-captcha': 'true' }),
      silence('captcha'),
    ],
    ['reset on login', api, fault('drop-after'), unclear('no_answer')],
    ['reset on a bridge login', bridge, fault('drop'), unclear('no_answer')],
    ['login 400', api, answer('access-token-request', 400), refused('request_malformed')],
    ['bridge 404', bridge, answer('authorize', 404), refused('request_malformed')],
    ['login from a new device', api, set('deviceApproval', 'on'), person('device_unapproved')],
    ['bridge login from a new device', bridge, set('deviceApproval', 'on'), person('device_unapproved')],
  ] as const satisfies readonly (readonly [string, RawEntry, Arrange, ErrorRow['expect']])[]
).map(([name, entry, arrange, expect]) => ({ name, entry, arrange, expect, during: 'sign-in' }));

const renewals: readonly ErrorRow[] = (
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

const reads: readonly ErrorRow[] = (
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

const penalties: readonly ErrorRow[] = [
  {
    name: 'login 200 `p-ticket`, no captcha',
    entry: api,
    arrange: tell('fail-logins'),
    during: 'sign-in',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
  {
    name: 'bridge 200 `p-ticket`, no captcha',
    entry: bridge,
    arrange: tell('fail-logins'),
    during: 'sign-in',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
  {
    name: 'renew 200 `p-ticket`, no captcha',
    entry: renewing,
    arrange: set('limits.renew', 0),
    during: 'renewal',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
];

/** Calls that only their deadline ends. */
const hung: readonly ErrorRow[] = (
  [
    ['timeout on login', api, fault('stall'), 'sign-in'],
    ['timeout on a bridge login', bridge, fault('stall'), 'sign-in'],
    ['timeout on renew', api, fault('stall'), 'renewal'],
    ['late answer on login, after it took effect', api, late, 'sign-in'],
    ['late answer on a bridge login, after it took effect', bridge, late, 'sign-in'],
    ['late answer on renew, after it took effect', api, late, 'renewal'],
    ['late answer on the renewal of a bridge token, after it took effect', renewing, late, 'renewal'],
    ['an answer that trickles on a bridge login', bridge, fault('trickle'), 'sign-in'],
    ['an answer that trickles on renew', api, fault('trickle'), 'renewal'],
    ['timeout on me', bridge, fault('stall'), 'proof'],
    ['an answer that trickles on me', bridge, fault('trickle'), 'proof'],
    ['account list, timeout', bridge, fault('stall'), 'discovery'],
    ['account list, late', api, late, 'discovery'],
  ] as const satisfies readonly (readonly [string, RawEntry, Arrange, ErrorRow['during']])[]
).map(([name, entry, arrange, during]) => ({
  name,
  entry,
  arrange,
  during,
  stalls: true,
  expect: unclear('timeout'),
}));

/** Answers that are none, and end by themselves. */
const broken: readonly ErrorRow[] = (
  [
    ['an empty body', 'empty', 'unreadable_answer'],
    ['half an answer', 'half', 'no_answer'],
    ['a 200 with garbage', 'garbage', 'unreadable_answer'],
    ['a compressed body', 'gzip', 'unreadable_answer'],
    ['ten megabytes', 'large', 'body_too_large'],
  ] as const
).flatMap(([name, kind, code]) =>
  (
    [
      ['login', api, 'sign-in'],
      ['a bridge login', bridge, 'sign-in'],
      ['the renewal of a bridge token', renewing, 'renewal'],
      ['me', bridge, 'proof'],
    ] as const
  ).map(([of, entry, during]) => ({
    name: `${name} on ${of}`,
    entry,
    arrange: fault(kind),
    during,
    expect: unclear(code),
  })),
);

const brokenLists: readonly ErrorRow[] = (
  [
    ['half a body', 'half', 'no_answer'],
    ['garbage', 'garbage', 'unreadable_answer'],
    ['ten megabytes', 'large', 'body_too_large'],
  ] as const
).map(([name, kind, code]) => ({
  name: `account list, ${name}`,
  entry: bridge,
  arrange: fault(kind),
  during: 'discovery',
  expect: unclear(code),
}));

/** Every error row of the broker's documents that an answer (or none) makes. */
export const errorRows: readonly ErrorRow[] = [
  ...signIns,
  ...penalties,
  ...renewals,
  ...reads,
  ...hung,
  ...broken,
  ...brokenLists,
];
