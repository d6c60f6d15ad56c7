import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../../../src/core/errors.ts';
import { refusal, type Asked } from '../../../../src/brokers/ig/classify.ts';
import { igErrorCodes, type IgErrorCode } from '../../../../src/brokers/ig/errors.ts';
import { igWireCodes } from '../../../../src/brokers/ig/meanings.ts';
import { answerOf } from './harness.ts';

const security = (code: string): string => `error.security.${code}`;
const failure = (code: string): string => `error.public-api.failure.${code}`;
const exceeded = (code: string): string => `error.public-api.exceeded-${code}`;

type Verdict = readonly [ErrorKind, IgErrorCode];
const human = (code: IgErrorCode): Verdict => ['needs-human', code];
const pairGone: Verdict = ['refused', 'refresh_token_dead'];
const quota = (of: 'key' | 'account'): Verdict => ['throttled', `${of}_quota_exceeded`];

/** status, IG's code, what it means to a login, what it means to a refresh. */
const rows: readonly (readonly [number, string, Verdict, Verdict])[] = [
  [401, security('invalid-details'), human('bad_credentials'), pairGone],
  [401, security('too-many-failed-attempts'), human('locked_out'), pairGone],
  [401, security('client-suspended'), human('account_suspended'), pairGone],
  [401, security('account-suspended'), human('account_suspended'), pairGone],
  [401, security('all-accounts-suspended'), human('account_suspended'), pairGone],
  [401, security('all-accounts-pending'), human('account_unavailable'), pairGone],
  [401, security('account-access-denied'), human('account_unavailable'), pairGone],
  [401, security('account-not-yet-activated'), human('account_unavailable'), pairGone],
  [401, security('account-migrated'), human('account_unavailable'), pairGone],
  [401, 'authentication.failure.not-a-client-account', human('client_refused'), pairGone],
  [401, security('invalid-website'), human('client_refused'), pairGone],
  [401, security('invalid-application'), human('client_refused'), pairGone],
  [401, failure('kyc.required'), human('platform_action_needed'), pairGone],
  [401, failure('pending.agreements.required'), human('platform_action_needed'), pairGone],
  [401, failure('missing.credentials'), human('platform_action_needed'), pairGone],
  [401, failure('preferred.account.disabled'), human('platform_action_needed'), pairGone],
  [401, failure('preferred.account.not.set'), human('platform_action_needed'), pairGone],
  [400, failure('encryption.required'), human('encryption_required'), pairGone],
  [403, failure('stockbroking-not-supported'), human('session_kind_refused'), human('session_kind_refused')],
  [403, security('api-key-invalid'), human('key_refused'), human('key_refused')],
  [403, security('api-key-disabled'), human('key_refused'), human('key_refused')],
  [403, security('api-key-revoked'), human('key_refused'), human('key_refused')],
  [403, security('api-key-restricted'), human('key_refused'), human('key_refused')],
  [403, 'endpoint.unavailable.for.api-key', human('key_refused'), human('key_refused')],
  [403, 'unauthorised.api-key.revoked', human('key_refused'), human('key_refused')],
  [403, 'unauthorised.clientId.api-key.mismatch', human('key_refused'), human('key_refused')],
  [401, 'service.clientsecurity.error.authentication.failure-generic', human('bad_credentials'), pairGone],
  [403, exceeded('api-key-allowance'), quota('key'), quota('key')],
  [403, exceeded('account-allowance'), quota('account'), quota('account')],
  [403, exceeded('account-trading-allowance'), quota('account'), quota('account')],
  [403, exceeded('account-historical-data-allowance'), quota('account'), quota('account')],
  [403, exceeded('something-new'), quota('account'), quota('account')],
  [400, 'error.switch.invalid-accountId', human('account_refused'), pairGone],
  [400, 'error.switch.accountId-must-be-different', ['refused', 'request_malformed'], pairGone],
  [401, exceeded('api-key-allowance'), quota('key'), quota('key')],
  [401, security('oauth-token-invalid'), ['refused', 'access_token_dead'], pairGone],
  [403, security('oauth-token-invalid'), ['refused', 'access_token_dead'], pairGone],
  [401, security('client-token-invalid'), ['refused', 'access_token_dead'], pairGone],
  [401, security('account-token-invalid'), ['refused', 'access_token_dead'], pairGone],
  [401, security('client-token-missing'), ['refused', 'request_malformed'], pairGone],
  [401, security('account-token-missing'), ['refused', 'request_malformed'], pairGone],
  [400, security('api-key-missing'), ['refused', 'request_malformed'], pairGone],
  [400, 'invalid.input', ['refused', 'request_malformed'], pairGone],
  [400, 'error.request.invalid.date-range', ['refused', 'request_malformed'], pairGone],
  [400, 'validation.null-not-allowed.authenticationRequest', ['refused', 'request_malformed'], pairGone],
  [404, 'invalid.url', ['refused', 'request_malformed'], ['refused', 'request_malformed']],
  [401, security('generic'), ['outcome-unknown', 'sign_in_unconfirmed'], pairGone],
  [500, 'system.error', ['transient', 'server_fault'], ['transient', 'server_fault']],
  [500, security('get.session.timeout'), ['transient', 'server_fault'], ['transient', 'server_fault']],
  [504, security('get.session.timeout'), ['transient', 'server_fault'], ['transient', 'server_fault']],
  [
    504,
    security('authentication.timeout'),
    ['outcome-unknown', 'sign_in_unconfirmed'],
    ['outcome-unknown', 'sign_in_unconfirmed'],
  ],
  [401, security('something-new'), human('unknown_refusal'), pairGone],
  [403, security('something-new'), human('unknown_refusal'), pairGone],
  [200, security('something-new'), human('unknown_refusal'), pairGone],
  [500, security('something-new'), ['outcome-unknown', 'sign_in_unconfirmed'], ['transient', 'server_fault']],
];

describe("IG's error codes", () => {
  for (const [status, igCode, atSignIn, atRenewal] of rows) {
    const verdicts = { 'sign-in': atSignIn, renewal: atRenewal } as const;
    for (const asked of ['sign-in', 'renewal'] as const) {
      const [kind, code] = verdicts[asked];
      it(`${status} ${igCode} on a ${asked} is ${kind}, ${code}`, () => {
        expect(refusal(asked, answerOf(status, { errorCode: igCode }))).toMatchObject({ kind, code, status });
      });
    }
  }

  it('tell which refused logins IG may count towards its lock: those alone count as failed ones', () => {
    const doubts = (asked: Asked, [status, igCode]: (typeof rows)[number]): boolean =>
      refusal(asked, answerOf(status, { errorCode: igCode })).doubtsPassword;
    const counted = rows.filter((row) => doubts('sign-in', row)).map(([, , [, code]]) => code);
    expect([...new Set(counted)]).toEqual(['bad_credentials', 'locked_out', 'unknown_refusal']);
    expect(rows.filter((row) => doubts('switch', row) || doubts('renewal', row))).toEqual([]);
  });

  it('are all in this table', () => {
    expect(igWireCodes.filter((known) => !rows.some(([, igCode]) => igCode === known))).toEqual([]);
  });
});

const page = '<html><body>Maintenance</body></html>';

/** status, body, what it means to a login, what it means to a refresh. */
const unreadable: readonly (readonly [number, string, Verdict, Verdict])[] = [
  [200, page, ['outcome-unknown', 'unreadable_answer'], ['outcome-unknown', 'unreadable_answer']],
  [200, '', ['outcome-unknown', 'unreadable_answer'], ['outcome-unknown', 'unreadable_answer']],
  [200, '{}', ['outcome-unknown', 'unreadable_answer'], ['outcome-unknown', 'unreadable_answer']],
  [302, '', ['outcome-unknown', 'unreadable_answer'], ['transient', 'server_fault']],
  [400, page, ['outcome-unknown', 'unreadable_answer'], pairGone],
  [401, '', ['needs-human', 'unknown_refusal'], pairGone],
  [403, page, ['outcome-unknown', 'unreadable_answer'], ['transient', 'server_fault']],
  [404, page, ['outcome-unknown', 'unreadable_answer'], ['transient', 'server_fault']],
  [429, page, ['throttled', 'edge_throttled'], ['throttled', 'edge_throttled']],
  [500, page, ['outcome-unknown', 'unreadable_answer'], ['transient', 'server_fault']],
  [502, page, ['outcome-unknown', 'unreadable_answer'], ['outcome-unknown', 'unreadable_answer']],
  [503, page, ['transient', 'server_fault'], ['transient', 'server_fault']],
  [403, '', ['needs-human', 'unknown_refusal'], ['transient', 'server_fault']],
  [403, page, ['outcome-unknown', 'unreadable_answer'], ['transient', 'server_fault']],
  [504, page, ['outcome-unknown', 'unreadable_answer'], ['outcome-unknown', 'unreadable_answer']],
];

describe('a 429', () => {
  it.each([
    ['120', 120_000],
    ['3', 10_000],
    ['999999', 3_600_000],
    ['soon', 10_000],
  ])('with Retry-After %s is left alone for as long, within reason', (value, pauseMs) => {
    const answer = { status: 429, headers: { 'retry-after': value }, body: '', json: undefined };
    expect(refusal('renewal', answer).retryAfterMs).toBe(pauseMs);
  });
});

describe('an answer without a code', () => {
  for (const [status, body, atSignIn, atRenewal] of unreadable) {
    const verdicts = { 'sign-in': atSignIn, renewal: atRenewal } as const;
    for (const asked of ['sign-in', 'renewal'] as const) {
      const [kind, code] = verdicts[asked];
      it(`${status} ${JSON.stringify(body.slice(0, 6))} on a ${asked} is ${kind}, ${code}`, () => {
        expect(refusal(asked, answerOf(status, body))).toMatchObject({ kind, code, status });
      });
    }
  }
});

describe('what a person reads', () => {
  const asked: readonly Asked[] = ['sign-in', 'renewal', 'read'];

  it("names IG's code where it looks like one", () => {
    const message = refusal('sign-in', answerOf(401, { errorCode: 'error.security.something-new' })).message;
    expect(message).toContain('(HTTP 401, error.security.something-new)');
  });

  it.each(asked)('never repeats anything else that stands in its place (%s)', (what) => {
    const bodies = [
      's3cret-pass',
      'error.security.s3cret1',
      'error.public-api.exceeded-s3cret',
      '{"password":"s3cret"}',
      { deep: 's3cret' },
    ];
    for (const errorCode of bodies) {
      for (const status of [200, 401, 403, 500]) {
        expect(refusal(what, answerOf(status, { errorCode })).message).not.toContain('s3cret');
      }
    }
  });

  it('says of a key of the other environment what to check', () => {
    const error = refusal('sign-in', answerOf(403, { errorCode: 'error.security.api-key-invalid' }));
    expect(error.message).toContain('a live key used on demo or the reverse');
    expect(error.scope).toBe('key');
  });

  it('asks for a pause of 10 s to 30 s where a quota is spent', () => {
    for (const igCode of ['api-key-allowance', 'account-allowance']) {
      const error = refusal('renewal', answerOf(403, { errorCode: exceeded(igCode) }));
      expect(error.retryAfterMs).toBeGreaterThanOrEqual(10_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(30_000);
    }
  });

  it('exports every code once', () => {
    expect(new Set(igErrorCodes).size).toBe(igErrorCodes.length);
  });
});
