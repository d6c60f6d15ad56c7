import {
  answered,
  broken,
  exceeded,
  failing,
  late,
  operationOf,
  security,
  single,
  v3,
  verdicts,
  type Failure,
  type Row,
} from './ig-row.ts';

const { human, pairGone, keyRefused, keyQuota, accountQuota, fault, noAnswer } = verdicts;

const failure = (code: string): string => `error.public-api.failure.${code}`;

const malformed = failing('refused', 'request_malformed');
const unconfirmed = failing('outcome-unknown', 'sign_in_unconfirmed');
const unreadable = failing('outcome-unknown', 'unreadable_answer');
const edge = failing('throttled', 'edge_throttled', 'egress');

type Outcome = Row['expect'] | undefined;
/** What a signal is taken for at a sign-in, at a renewal, at a proof; undefined: it says nothing there. */
type Signal = readonly [status: number, code: string, signIn: Outcome, renewal: Outcome, proof: Outcome];

/** An answer about the login: no password goes out with a refresh, so that it speaks of the pair there. */
const ofLogin = (status: number, code: string, what: string): Signal => [
  status,
  code,
  human(what),
  pairGone,
  human(what),
];
const everywhere = (status: number, code: string, what: Failure): Signal => [status, code, what, what, what];
/** A key that may not be used for the very call: a proof says nothing of the other accounts on it. */
const ofTheCall = (status: number, code: string): Signal => [
  status,
  code,
  keyRefused,
  keyRefused,
  human('key_refused'),
];
const ofPair = (code: string): Signal => [
  401,
  code,
  failing('refused', 'access_token_dead'),
  pairGone,
  'dead',
];
const defect = (status: number, code: string): Signal => [
  status,
  code,
  malformed,
  status === 404 ? malformed : pairGone,
  malformed,
];

const signals: readonly Signal[] = [
  ofLogin(401, security('invalid-details'), 'bad_credentials'),
  [
    401,
    'service.clientsecurity.error.authentication.failure-generic',
    human('bad_credentials'),
    pairGone,
    undefined,
  ],
  ofLogin(401, security('too-many-failed-attempts'), 'locked_out'),
  ofLogin(401, security('client-suspended'), 'account_suspended'),
  ofLogin(401, security('account-suspended'), 'account_suspended'),
  ofLogin(401, security('all-accounts-suspended'), 'account_suspended'),
  ofLogin(401, security('all-accounts-pending'), 'account_unavailable'),
  ofLogin(401, security('account-access-denied'), 'account_unavailable'),
  ofLogin(401, security('account-not-yet-activated'), 'account_unavailable'),
  ofLogin(401, security('account-migrated'), 'account_unavailable'),
  ofLogin(401, 'authentication.failure.not-a-client-account', 'client_refused'),
  ofLogin(401, security('invalid-website'), 'client_refused'),
  ofLogin(401, security('invalid-application'), 'client_refused'),
  ofLogin(401, failure('kyc.required'), 'platform_action_needed'),
  ofLogin(401, failure('pending.agreements.required'), 'platform_action_needed'),
  ofLogin(401, failure('missing.credentials'), 'platform_action_needed'),
  ofLogin(401, failure('preferred.account.disabled'), 'platform_action_needed'),
  ofLogin(401, failure('preferred.account.not.set'), 'platform_action_needed'),
  ofLogin(400, failure('encryption.required'), 'encryption_required'),
  everywhere(403, failure('stockbroking-not-supported'), human('session_kind_refused')),
  ofPair(security('oauth-token-invalid')),
  ofPair(security('client-token-invalid')),
  ofPair(security('account-token-invalid')),
  [403, security('oauth-token-invalid'), undefined, pairGone, 'dead'],
  [403, security('invalid-details'), human('bad_credentials'), pairGone, undefined],
  defect(401, security('client-token-missing')),
  defect(401, security('account-token-missing')),
  defect(400, security('api-key-missing')),
  defect(400, 'invalid.input'),
  defect(400, 'error.request.invalid.date-range'),
  defect(400, 'validation.null-not-allowed.authenticationRequest'),
  defect(404, 'invalid.url'),
  everywhere(403, security('api-key-invalid'), keyRefused),
  everywhere(403, security('api-key-disabled'), keyRefused),
  everywhere(403, security('api-key-revoked'), keyRefused),
  ofTheCall(403, security('api-key-restricted')),
  ofTheCall(403, 'endpoint.unavailable.for.api-key'),
  everywhere(403, 'unauthorised.api-key.revoked', keyRefused),
  everywhere(403, 'unauthorised.clientId.api-key.mismatch', human('key_refused')),
  everywhere(403, exceeded('api-key-allowance'), keyQuota),
  everywhere(403, exceeded('account-allowance'), accountQuota),
  everywhere(403, exceeded('account-trading-allowance'), accountQuota),
  everywhere(403, exceeded('account-historical-data-allowance'), accountQuota),
  // A server's error, but an answer to a password: a few tries, then slowly.
  [401, security('generic'), { ...unconfirmed, scope: 'broker' }, pairGone, fault],
  everywhere(500, 'system.error', fault),
  everywhere(500, security('get.session.timeout'), fault),
  everywhere(504, security('get.session.timeout'), fault),
  [504, security('authentication.timeout'), unconfirmed, unconfirmed, fault],
  [401, security('something-new'), human('unknown_refusal'), pairGone, fault],
  [403, security('something-new'), human('unknown_refusal'), pairGone, fault],
  [500, security('something-new'), unconfirmed, fault, fault],
];

const codeRows: readonly Row[] = signals.flatMap(([status, code, ...outcomes]) =>
  (['sign-in', 'renewal', 'proof'] as const).flatMap((during, index): Row[] => {
    const expect = outcomes[index];
    if (expect === undefined) return [];
    const operation = operationOf[during];
    const arrange = answered(operation, status, code);
    return [{ name: `${status} ${code}, ${during}`, entry: v3, during, arrange, expect, calls: [operation] }];
  }),
);

const timeout = failing('outcome-unknown', 'timeout');
const tooLarge = failing('outcome-unknown', 'body_too_large');

/** No answer, or one without a code: at a sign-in, at a renewal. */
const silences: readonly Row[] = (['sign-in', 'renewal'] as const).flatMap((during) => {
  const operation = operationOf[during];
  const atLogin = during === 'sign-in';
  const row = (name: string, arrange: Row['arrange'], expect: Failure, more: Partial<Row> = {}): Row =>
    single(name, during, arrange, expect, more);
  return [
    row('no answer in time', broken(operation, 'stall'), timeout, { stalls: true }),
    row('an answer after the deadline, after it took effect', late(operation), timeout, { stalls: true }),
    row('an answer that trickles', broken(operation, 'trickle'), timeout, { stalls: true }),
    row('a reset before the effect', broken(operation, 'drop'), noAnswer),
    row('a reset after the effect', broken(operation, 'drop-after'), noAnswer),
    row('half an answer', broken(operation, 'half'), noAnswer),
    row('a 200 with garbage', broken(operation, 'garbage'), unreadable),
    row('a compressed body', broken(operation, 'gzip'), unreadable),
    row('a 200 with an empty body', broken(operation, 'empty'), unreadable),
    row('a page with 200', broken(operation, 'html', 200), unreadable),
    row('a page with 403', broken(operation, 'html', 403), atLogin ? unreadable : fault),
    row('a page with 429', broken(operation, 'html', 429), edge),
    row('a page with 502', broken(operation, 'html', 502), unreadable),
    row('a page with 503', broken(operation, 'html', 503), fault),
    row('a page with 504', broken(operation, 'html', 504), unreadable),
    ...[301, 302, 307, 308].map((status) =>
      row(`a redirect ${status}`, broken(operation, 'status', status), atLogin ? unreadable : fault),
    ),
    row('ten megabytes', broken(operation, 'large'), tooLarge),
    // What it holds decides, not what it is called.
    single('the right answer as another type', during, broken(operation, 'wrong-type'), 'works'),
    row(
      '400 without a code',
      broken(operation, 'status', 400),
      atLogin ? human('unknown_refusal') : pairGone,
    ),
    row(
      '401 without a code',
      broken(operation, 'status', 401),
      atLogin ? human('unknown_refusal') : pairGone,
    ),
    row('403 without a code', broken(operation, 'status', 403), atLogin ? human('unknown_refusal') : fault),
    row('500 without a code', broken(operation, 'status', 500), atLogin ? unreadable : fault),
    row(
      '504 with effect',
      answered(operation, 504, security('authentication.timeout'), { effect: true }),
      unconfirmed,
    ),
    row('504 without a code, with effect', answered(operation, 504, undefined, { effect: true }), unreadable),
  ];
});

/** One row for each error of IG's lists at each step that it may come at, and for what is no answer. */
export const errorRows: readonly Row[] = [...codeRows, ...silences];
