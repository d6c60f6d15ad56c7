import { personOf } from '../../../src/brokers/ig/simulator-answers.ts';
import type { RawEntry } from '../../../src/core/broker.ts';
import {
  all,
  elsewhere,
  encrypted,
  failing,
  later,
  loggedIn,
  operationOf,
  passwordIs,
  streaming,
  told,
  turned,
  v2,
  v3,
  verdicts,
  type Row,
  type Step,
} from './ig-row.ts';

type Arrange = Row['arrange'];

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const { human, pairGone, keyQuota, accountQuota, fault } = verdicts;
const lockedOut = human('locked_out');

const row = (
  name: string,
  during: Step,
  arrange: Arrange,
  expect: Row['expect'],
  more: { readonly entry?: RawEntry; readonly calls?: readonly string[] } = {},
): Row => ({
  name: `${name}, ${during}`,
  entry: v3,
  during,
  arrange,
  expect,
  calls: [operationOf[during]],
  ...more,
});

const value = (
  name: string,
  setting: unknown,
  during: Step,
  expect: Row['expect'],
  more: { readonly then?: Arrange; readonly entry?: RawEntry; readonly calls?: readonly string[] } = {},
): Row => {
  const { then, ...rest } = more;
  const set = turned(name, setting);
  return row(`${name} ${String(setting)}`, during, then ? all(set, then) : set, expect, rest);
};

const refreshes: readonly Row[] = [
  value('oldRefreshToken', 'dead', 'renewal', 'works'),
  value('oldRefreshToken', 5, 'renewal', 'works'),
  value('oldRefreshToken', 'valid', 'renewal', 'works'),
  value('oldAccessToken', 'valid', 'renewal', 'works'),
  value('oldAccessToken', 'dead', 'renewal', 'works'),
  ...['oauth-token-invalid', 'invalid-details', '400', '403'].map((answer) =>
    value('deadRefreshAnswer', answer, 'renewal', pairGone, { then: told('expire-all') }),
  ),
  row('refreshTtl 600, within', 'renewal', later(599 * SECOND_MS), 'works'),
  row('refreshTtl 600, after', 'renewal', later(600 * SECOND_MS), pairGone),
  value('sessionMax', 'none', 'renewal', 'works', { then: later(40 * SECOND_MS) }),
  value('expiresInType', 'string', 'sign-in', 'works'),
  value('expiresInType', 'number', 'sign-in', 'works'),
  value('expiresInType', 'number', 'renewal', 'works'),
  value('accessTtl', 60, 'sign-in', 'works'),
  value('accessTtl', 30, 'sign-in', 'works'),
  value('secondLogin', 'keeps', 'proof', 'alive', { then: loggedIn() }),
  value('secondLogin', 'kills-first', 'proof', 'dead', { then: loggedIn() }),
  value('secondLogin', 'kills-first', 'renewal', pairGone, { then: loggedIn() }),
];

/** A lock that somebody else's wrong passwords have set off. */
const locked = (...steps: readonly Arrange[]): Arrange =>
  all(turned('lockoutTries', 1), ...steps, loggedIn({ password: 'wrong' }));
const neighbour = { ...v3, username: 'desk_neighbour' };
const lockouts: readonly Row[] = [
  row(
    'lockoutTries 3, the third',
    'sign-in',
    all(loggedIn({ password: 'wrong' }), loggedIn({ password: 'wrong' })),
    'works',
  ),
  row('lockoutTries 1', 'sign-in', locked(), lockedOut),
  row('lockoutLength 900, after', 'sign-in', all(locked(), later(900 * SECOND_MS)), 'works'),
  row(
    'lockoutLength 60, after',
    'sign-in',
    all(locked(turned('lockoutLength', 60)), later(60 * SECOND_MS)),
    'works',
  ),
  row('lockoutScope login, another login', 'sign-in', locked(turned('lockoutScope', 'login')), 'works', {
    entry: neighbour,
  }),
  row('lockoutScope key, another login', 'sign-in', locked(turned('lockoutScope', 'key')), lockedOut, {
    entry: neighbour,
  }),
  row('lockoutScope key, another key', 'sign-in', locked(turned('lockoutScope', 'key')), 'works', {
    entry: { ...neighbour, apiKey: 'key-demo-other' },
  }),
  row('lockoutScope ip, another key', 'sign-in', locked(turned('lockoutScope', 'ip')), lockedOut, {
    entry: { ...neighbour, apiKey: 'key-demo-other' },
  }),
  ...(['no', 'yes'] as const).map((prolonged) =>
    row(
      `lockoutProlonged ${prolonged}`,
      'sign-in',
      all(
        locked(turned('lockoutProlonged', prolonged)),
        later(600 * SECOND_MS),
        loggedIn(),
        later(600 * SECOND_MS),
      ),
      prolonged === 'yes' ? lockedOut : 'works',
    ),
  ),
];

/** One call of the minute is left for the key and for the account, and somebody takes it. */
const spent = (against: string): Arrange =>
  all(turned('authCountsAgainst', against), turned('keyQuota', 1), turned('accountQuota', 1), loggedIn());
/** So many calls of the minute are taken by somebody else. */
const filled = (quota: string, max: number | string, against: string, taken: number): Arrange =>
  all(
    turned('authCountsAgainst', against),
    turned(quota, max),
    ...Array.from({ length: taken }, () => loggedIn()),
  );
const quotas: readonly Row[] = [
  row('authCountsAgainst key', 'sign-in', spent('key'), keyQuota),
  row('authCountsAgainst account', 'sign-in', spent('account'), accountQuota),
  row('authCountsAgainst both', 'sign-in', spent('both'), keyQuota),
  row('authCountsAgainst none', 'sign-in', spent('none'), 'works'),
  row('authCountsAgainst key, a minute later', 'sign-in', all(spent('key'), later(60 * SECOND_MS)), 'works'),
  row('authCountsAgainst account, another login', 'sign-in', spent('account'), 'works', { entry: neighbour }),
  // The numbers that IG's FAQ names: the last call that fits, and one too many.
  ...(
    [
      ['keyQuota', 60, 60, 'key', keyQuota],
      ['keyQuota', 'published', 60, 'key', keyQuota],
      ['accountQuota', 30, 30, 'account', accountQuota],
      ['accountQuota', 'published', 30, 'account', accountQuota],
    ] as const
  ).flatMap(([quota, set, calls, against, over]) => [
    row(`${quota} ${set}, the last`, 'sign-in', filled(quota, set, against, calls - 1), 'works'),
    row(`${quota} ${set}, one more`, 'sign-in', filled(quota, set, against, calls), over),
  ]),
  value('demoQuota', 0, 'sign-in', 'works', { then: all(...Array.from({ length: 8 }, () => loggedIn())) }),
  value('demoQuota', 8, 'sign-in', 'works', { then: all(...Array.from({ length: 7 }, () => loggedIn())) }),
  row(
    'demoQuota 8, the ninth',
    'sign-in',
    all(turned('demoQuota', 8), ...Array.from({ length: 8 }, () => loggedIn())),
    keyQuota,
  ),
  value('demoQuota', 'random', 'sign-in', keyQuota, {
    then: all(...Array.from({ length: 16 }, () => loggedIn())),
  }),
  row(
    'demoQuota 8 of a live key',
    'sign-in',
    all(
      turned('environment', 'live'),
      turned('demoQuota', 8),
      ...Array.from({ length: 8 }, () => loggedIn({ apiKey: 'key-live-1' })),
    ),
    'works',
    { entry: { ...v3, environment: 'live', apiKey: 'key-live-1' } },
  ),
];

const switchedTo = ['login', 'switch-account'];
const withKey = ['encryption-key', 'login'];
const onDefault = { ...v2, accountId: personOf(String(v2.username)).accountId };
const foreign = { ...encrypted, password: 'schlüssel' };
const pairs: readonly Row[] = [
  value('v2Lifetime', '6h-72h', 'proof', 'alive', { entry: v2, then: later(5 * HOUR_MS) }),
  row('v2Lifetime 6h-72h, after 6 h', 'proof', later(6 * HOUR_MS), 'dead', { entry: v2 }),
  ...['own', 'shared'].map((each) => value('clientIds', each, 'sign-in', 'works')),
  value('loginNamesAccount', 'yes', 'sign-in', 'works', { entry: onDefault }),
  value('loginNamesAccount', 'no', 'sign-in', 'works', { entry: onDefault, calls: switchedTo }),
  value('loginNamesAccount', 'no', 'sign-in', 'works', { calls: ['login', 'session'] }),
  value('rerouting', 'none', 'sign-in', 'works', { entry: v2 }),
  ...['DEMO', 'LIVE', 'TEST', 'UAT'].map((environment) =>
    value('rerouting', environment, 'sign-in', failing('needs-human', 'rerouted'), { entry: v2 }),
  ),
  ...(
    [
      ['none', 'works'],
      ['AUTHENTICATED', 'works'],
      ['AUTHENTICATED_MISSING_CREDENTIALS', human('platform_action_needed')],
      ['CHANGE_ENVIRONMENT', human('rerouted')],
      ['DISABLED_PREFERRED_ACCOUNT', human('platform_action_needed')],
      ['MISSING_PREFERRED_ACCOUNT', human('platform_action_needed')],
      ['REJECTED_INVALID_CLIENT_VERSION', human('client_refused')],
    ] as const
  ).map(([status, expected]) => value('authenticationStatus', status, 'sign-in', expected, { entry: v2 })),
  value('switchBringsToken', 'yes', 'sign-in', 'works', { entry: elsewhere, calls: switchedTo }),
  value('switchBringsToken', 'no', 'sign-in', failing('transient', 'switch_unconfirmed'), {
    entry: elsewhere,
    calls: [...switchedTo, 'session', 'logout'],
  }),
  value('timeStampType', 'number', 'sign-in', 'works', { entry: encrypted, calls: withKey }),
  value('timeStampType', 'string', 'sign-in', 'works', { entry: encrypted, calls: withKey }),
  ...(['utf-8', 'latin-1', 'both'] as const).flatMap((charset) =>
    (['utf-8', 'latin-1'] as const).map((passwordCharset) =>
      row(
        `passwordCharset ${charset}, sent in ${passwordCharset}`,
        'sign-in',
        all(turned('passwordCharset', charset), passwordIs('schlüssel')),
        [passwordCharset, 'both'].includes(charset) ? 'works' : human('bad_credentials'),
        { entry: { ...foreign, passwordCharset }, calls: withKey },
      ),
    ),
  ),
  value('encryptionRequired', 'no', 'sign-in', 'works'),
  value('encryptionRequired', 'yes', 'sign-in', failing('needs-human', 'encryption_required')),
  value('encryptionRequired', 'yes', 'sign-in', 'works', { entry: encrypted, calls: withKey }),
  value('defaultAccountKind', 'cfd', 'sign-in', 'works', { entry: v2 }),
  value('defaultAccountKind', 'isa', 'sign-in', failing('needs-human', 'session_kind_refused'), {
    entry: v2,
  }),
  value('defaultAccountKind', 'isa', 'sign-in', 'works'),
];

const fetching = ['login', 'session-tokens'];
const besides: readonly Row[] = [
  value('fetchedTokensOutliveAccess', 'yes', 'sign-in', 'works', { entry: streaming, calls: fetching }),
  value('fetchedTokensOutliveAccess', 'no', 'sign-in', 'works', { entry: streaming, calls: fetching }),
  value('environment', 'demo', 'sign-in', 'works'),
  value('environment', 'live', 'sign-in', failing('needs-human', 'key_refused', 'key')),
  value('maintenanceAnswer', 'page', 'sign-in', fault, { then: told('maintenance', 'on') }),
  value('maintenanceAnswer', 'page', 'renewal', fault, { then: told('maintenance', 'on') }),
  value('maintenanceAnswer', 'page', 'proof', fault, { then: told('maintenance', 'on') }),
  value('maintenanceAnswer', 'errors', 'sign-in', fault, { then: told('maintenance', 'on') }),
  value('maintenanceAnswer', 'errors', 'renewal', pairGone, { then: told('maintenance', 'on') }),
  value('maintenanceAnswer', 'errors', 'proof', 'dead', { then: told('maintenance', 'on') }),
  row('maintenance off', 'sign-in', all(told('maintenance', 'on'), told('maintenance', 'off')), 'works'),
  row('expire-all', 'renewal', told('expire-all'), pairGone),
  row('expire-all of v2', 'proof', told('expire-all'), 'dead', { entry: v2 }),
];

/** One row for each value of each switch that a call of the adapter meets; the others are the simulator's own tests. */
export const switchRows: readonly Row[] = [...refreshes, ...lockouts, ...quotas, ...pairs, ...besides];
