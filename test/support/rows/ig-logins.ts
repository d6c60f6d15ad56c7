import type { RawEntry } from '../../../src/core/broker.ts';
import {
  all,
  answered,
  broken,
  elsewhere,
  encrypted,
  exceeded,
  failing,
  late,
  nothing,
  operationOf,
  security,
  single,
  turned,
  v2,
  v3,
  verdicts,
  type Row,
} from './ig-row.ts';

const { human, keyRefused, keyQuota, accountQuota, fault, noAnswer } = verdicts;

const timeout = failing('outcome-unknown', 'timeout');
const wrong = { password: 'made-up-wrong' };
const signIn = (
  name: string,
  entry: RawEntry,
  arrange: Row['arrange'],
  expect: Row['expect'],
  calls: readonly string[],
): Row => single(name, 'sign-in', arrange, expect, { entry, calls });

/** Logins that are wrong by themselves, and the calls around a v2 login. */
const logins: readonly Row[] = [
  signIn('a wrong password', { ...v3, ...wrong }, nothing, human('bad_credentials'), ['login']),
  signIn('a wrong password in v2', { ...v2, ...wrong }, nothing, human('bad_credentials'), ['login']),
  signIn('a wrong password, encrypted', { ...encrypted, ...wrong }, nothing, human('bad_credentials'), [
    'encryption-key',
    'login',
  ]),
  signIn(
    'a password that no block holds',
    { ...encrypted, password: 'x'.repeat(180) },
    nothing,
    human('password_too_long'),
    ['encryption-key'],
  ),
  signIn(
    'a login that names no account, and a session that cannot be read',
    v3,
    all(turned('loginNamesAccount', 'no'), answered('session', 503)),
    failing('outcome-unknown', 'account_unnamed'),
    ['login', 'session'],
  ),
  signIn('a live key on demo', { ...v3, apiKey: 'key-live-1' }, nothing, keyRefused, ['login']),
  signIn(
    'a live key on demo, at the encryption key',
    { ...encrypted, apiKey: 'key-live-1' },
    nothing,
    keyRefused,
    ['encryption-key'],
  ),
  signIn(
    'an encryption key that is not answered',
    encrypted,
    broken('encryption-key', 'drop'),
    failing('transient', 'no_answer', 'broker'),
    ['encryption-key'],
  ),
  signIn('an encryption key that is a page', encrypted, broken('encryption-key', 'html', 200), fault, [
    'encryption-key',
  ]),
  signIn(
    'a spent quota at the encryption key',
    encrypted,
    answered('encryption-key', 403, exceeded('api-key-allowance')),
    keyQuota,
    ['encryption-key'],
  ),
  signIn(
    '412 error.switch.accountId-must-be-different',
    elsewhere,
    answered('switch-account', 412, 'error.switch.accountId-must-be-different'),
    'works',
    ['login', 'switch-account'],
  ),
  signIn(
    '400 error.switch.accountId-must-be-different',
    elsewhere,
    answered('switch-account', 400, 'error.switch.accountId-must-be-different'),
    'works',
    ['login', 'switch-account'],
  ),
  signIn(
    '400 error.switch.invalid-accountId',
    { ...v2, accountId: 'ZZWRONG' },
    nothing,
    human('account_refused'),
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    '500 system.error at the switch',
    elsewhere,
    answered('switch-account', 500, 'system.error'),
    fault,
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    '401 error.security.account-token-invalid at the switch',
    elsewhere,
    answered('switch-account', 401, security('account-token-invalid')),
    failing('transient', 'switch_unconfirmed'),
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    '403 error.public-api.exceeded-account-allowance at the switch',
    elsewhere,
    answered('switch-account', 403, exceeded('account-allowance')),
    accountQuota,
    ['login', 'switch-account'],
  ),
  signIn(
    'an unknown code at the switch',
    elsewhere,
    answered('switch-account', 400, 'error.switch.something-new'),
    human('unknown_refusal'),
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    'a switch that is not answered',
    elsewhere,
    broken('switch-account', 'drop-after'),
    failing('transient', 'no_answer', 'broker'),
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    'a switch that is a page',
    elsewhere,
    broken('switch-account', 'html', 502),
    failing('transient', 'switch_unconfirmed'),
    ['login', 'switch-account', 'logout'],
  ),
  signIn(
    'a switch that brings no token, and a spent quota at the session that would tell',
    elsewhere,
    all(turned('switchBringsToken', 'no'), answered('session', 403, exceeded('account-allowance'))),
    accountQuota,
    ['login', 'switch-account', 'session'],
  ),
  signIn(
    'a switch that brings no token, and a session that nobody answers',
    elsewhere,
    all(turned('switchBringsToken', 'no'), broken('session', 'drop')),
    failing('transient', 'no_answer', 'broker'),
    ['login', 'switch-account', 'session', 'logout'],
  ),
];

/** Proofs of a v2 pair, and the list of accounts. */
const others: readonly Row[] = [
  single('a living pair', 'proof', nothing, 'alive'),
  single('a living v2 pair', 'proof', nothing, 'alive', { entry: v2 }),
  single(
    '401 error.security.client-token-invalid of v2',
    'proof',
    answered('session', 401, security('client-token-invalid')),
    'dead',
    { entry: v2 },
  ),
  single(
    '401 error.security.account-token-invalid of v2',
    'proof',
    answered('session', 401, security('account-token-invalid')),
    'dead',
    { entry: v2 },
  ),
  single('a page with 503', 'proof', broken('session', 'html', 503), fault),
  single('no answer', 'proof', broken('session', 'drop'), noAnswer),
  ...(['proof', 'discovery'] as const).flatMap((during): readonly Row[] => {
    const operation = operationOf[during];
    const row = (name: string, arrange: Row['arrange'], expect: Row['expect'], stalls = false): Row =>
      single(name, during, arrange, expect, { stalls });
    return [
      row('no answer in time', broken(operation, 'stall'), timeout, true),
      row('an answer after the deadline', late(operation), timeout, true),
      row('an answer that trickles', broken(operation, 'trickle'), timeout, true),
      row('half an answer', broken(operation, 'half'), noAnswer),
      row('a 200 with garbage', broken(operation, 'garbage'), fault),
      row('a 200 with an empty body', broken(operation, 'empty'), fault),
      row('a redirect 302', broken(operation, 'status', 302), fault),
      row('a page with 403', broken(operation, 'html', 403), fault),
      row('ten megabytes', broken(operation, 'large'), failing('outcome-unknown', 'body_too_large')),
    ];
  }),
  single('three accounts', 'discovery', nothing, 'works'),
  single(
    '401 error.security.oauth-token-invalid',
    'discovery',
    answered('accounts', 401, security('oauth-token-invalid')),
    failing('refused', 'access_token_dead'),
  ),
  single(
    '403 error.public-api.exceeded-account-allowance',
    'discovery',
    answered('accounts', 403, exceeded('account-allowance')),
    accountQuota,
  ),
  single(
    '403 error.security.api-key-restricted',
    'discovery',
    answered('accounts', 403, security('api-key-restricted')),
    human('key_refused'),
  ),
  single('500 system.error', 'discovery', answered('accounts', 500, 'system.error'), fault),
  single('a page with 200', 'discovery', broken('accounts', 'html', 200), fault),
];

/** One row for each way in which a login is wrong by itself, for the calls around it, and for reads. */
export const loginRows: readonly Row[] = [...logins, ...others];
