import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { classify as classifyAt, type Purpose } from '../../../../src/brokers/upstox/classify.ts';
import {
  edgeBlocked,
  edgeThrottled,
  meanings,
  upstoxErrorCodes,
} from '../../../../src/brokers/upstox/errors.ts';
import type { HttpAnswer } from '../../../../src/core/broker.ts';
import type { BrokerError } from '../../../../src/core/errors.ts';
import { ist } from './harness.ts';

const purposes = ['exchange', 'request', 'probe', 'sign-out'] as const;
const classify = (answer: HttpAnswer, purpose: Purpose, now = ist('2026-01-13T10:00:00')): BrokerError =>
  classifyAt(answer, purpose, now);

const json = (status: number, body: unknown, headers = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
  json: body,
});
const page = (status: number, body: string, type = 'text/html'): HttpAnswer => ({
  status,
  headers: { 'content-type': type },
  body,
  json: undefined,
});
const errors = (...codes: readonly string[]) => ({
  status: 'error',
  errors: codes.map((code) => ({ errorCode: code, message: 'said in Upstox words', error_code: code })),
});

describe('a code of Upstox means the same at every call', () => {
  it.each([
    ['UDAPI100016', 401, 'needs-human', 'invalid_credentials', 'account'],
    ['UDAPI100068', 401, 'needs-human', 'client_or_redirect_wrong', 'account'],
    ['UDAPI100069', 401, 'needs-human', 'client_credentials_wrong', 'account'],
    ['UDAPI100070', 401, 'needs-human', 'redirect_uri_wrong', 'account'],
    ['UDAPI100073', 401, 'needs-human', 'client_inactive', 'account'],
    ['UDAPI1155', 403, 'needs-human', 'app_under_review', 'account'],
    ['UDAPI1157', 403, 'needs-human', 'app_expired', 'account'],
    ['UDAPI100058', 401, 'needs-human', 'no_active_segments', 'account'],
    ['UDAPI100049', 403, 'needs-human', 'business_api_needed', 'account'],
    ['UDAPI1123', 400, 'needs-human', 'notifier_missing', 'account'],
    ['UDAPI1124', 400, 'needs-human', 'not_an_individual', 'account'],
    ['UDAPI1154', 403, 'needs-human', 'ip_not_allowed', 'account'],
    ['UDAPI100057', 401, 'refused', 'code_refused', 'account'],
    ['UDAPI100050', 401, 'refused', 'token_refused', 'account'],
    ['UDAPI100067', 403, 'refused', 'token_kind_wrong', 'account'],
    ['UDAPI10005', 429, 'throttled', 'throttled', 'account'],
    ['UDAPI100072', 423, 'transient', 'service_hours', 'broker'],
    ['UDAPI100074', 423, 'transient', 'service_hours', 'broker'],
    ['UDAPI1017', 400, 'refused', 'request_malformed', 'account'],
    ['UDAPI1018', 400, 'refused', 'request_malformed', 'account'],
    ['UDAPI1022', 400, 'refused', 'request_malformed', 'account'],
    ['UDAPI1023', 400, 'refused', 'request_malformed', 'account'],
    ['UDAPI1024', 400, 'refused', 'request_malformed', 'account'],
    ['UDAPI100060', 404, 'refused', 'request_unsupported', 'account'],
    ['UDAPI10000', 400, 'refused', 'request_unsupported', 'account'],
    ['UDAPI100015', 400, 'refused', 'request_unsupported', 'account'],
    ['UDAPI100036', 400, 'refused', 'request_unsupported', 'account'],
    ['UDAPI100038', 400, 'refused', 'request_unsupported', 'account'],
  ])('%s', (upstoxCode, status, kind, code, scope) => {
    for (const purpose of purposes) {
      // The body decides: no other status changes what its code says.
      for (const sentStatus of [status, 200, 400, 500]) {
        expect(classify(json(sentStatus, errors(upstoxCode)), purpose)).toMatchObject({ kind, code, scope });
      }
    }
  });
});

describe('an answer without a known code is judged by its text, then by its status', () => {
  const cloudflare = (number: number): string =>
    `<html><h1><span>Error</span> <span>${number}</span></h1></html>`;
  it.each<[string, HttpAnswer, Purpose, string, string, string]>([
    [
      '500 UDAPI100500 at the exchange: the code is gone, a token may exist',
      json(500, errors('UDAPI100500')),
      'exchange',
      'outcome-unknown',
      'server_fault',
      'account',
    ],
    [
      '500 UDAPI100500 at the request: the phone may have rung',
      json(500, errors('UDAPI100500')),
      'request',
      'outcome-unknown',
      'server_fault',
      'account',
    ],
    ['500 at the sign-out', json(500, {}), 'sign-out', 'transient', 'server_fault', 'broker'],
    ['423 without a code', json(423, {}), 'exchange', 'transient', 'service_hours', 'broker'],
    ['405 without a code', json(405, {}), 'request', 'refused', 'request_unsupported', 'account'],
    ['422 without a code', json(422, {}), 'exchange', 'refused', 'request_malformed', 'account'],
    [
      '405 in HTML is a page of somebody else',
      page(405, '<html>Not allowed</html>'),
      'probe',
      'transient',
      'unreadable_answer',
      'account',
    ],
    [
      'an unknown code at the request',
      json(400, errors('UDAPI199999')),
      'request',
      'refused',
      'approval_refused',
      'account',
    ],
    [
      '200 in HTML at the request: the phone may have rung',
      page(200, '<html>Welcome</html>'),
      'request',
      'outcome-unknown',
      'unreadable_answer',
      'account',
    ],
    [
      'an unknown code at the sign-out',
      json(400, errors('UDAPI199999')),
      'sign-out',
      'transient',
      'unreadable_answer',
      'account',
    ],
    [
      '500 UDAPI100500 at the profile',
      json(500, errors('UDAPI100500')),
      'probe',
      'transient',
      'server_fault',
      'broker',
    ],
    [
      '502 in HTML at the exchange',
      page(502, '<html>Bad gateway</html>'),
      'exchange',
      'outcome-unknown',
      'server_fault',
      'account',
    ],
    ['503 without a body at the profile', page(503, ''), 'probe', 'transient', 'server_fault', 'broker'],
    [
      'Cloudflare 530, error 1016 (the origin is gone)',
      page(530, 'error code: 1016', 'text/plain'),
      'probe',
      'transient',
      'server_fault',
      'broker',
    ],
    [
      'Cloudflare 1010 in HTML',
      page(403, cloudflare(1010)),
      'exchange',
      'needs-human',
      'edge_blocked',
      'egress',
    ],
    [
      'Cloudflare 1010 as plain text',
      page(403, 'error code: 1010', 'text/plain'),
      'probe',
      'needs-human',
      'edge_blocked',
      'egress',
    ],
    [
      'Cloudflare 1010 behind a 200',
      page(200, cloudflare(1010)),
      'probe',
      'needs-human',
      'edge_blocked',
      'egress',
    ],
    [
      '403 in HTML of any kind',
      page(403, '<title>Just a moment...</title>'),
      'exchange',
      'needs-human',
      'edge_blocked',
      'egress',
    ],
    ['Cloudflare 1015', page(429, cloudflare(1015)), 'exchange', 'throttled', 'edge_throttled', 'egress'],
    [
      'Cloudflare 1015 behind another status',
      page(403, 'error code: 1015', 'text/plain'),
      'probe',
      'throttled',
      'edge_throttled',
      'egress',
    ],
    ['429 in HTML', page(429, '<html>slow down</html>'), 'probe', 'throttled', 'edge_throttled', 'egress'],
    ['429 without a word', page(429, '', 'text/plain'), 'probe', 'throttled', 'throttled', 'account'],
    [
      'an unknown code at the exchange',
      json(400, errors('UDAPI199999')),
      'exchange',
      'refused',
      'login_refused',
      'account',
    ],
    [
      'an unknown code at the profile: no logout',
      json(401, errors('UDAPI199999')),
      'probe',
      'transient',
      'unreadable_answer',
      'account',
    ],
    [
      'a Java exception at the profile: no logout',
      json(401, { cause: null, stackTrace: [], message: 'OAuthClientException' }),
      'probe',
      'transient',
      'unreadable_answer',
      'account',
    ],
    [
      '200 without a token at the exchange',
      json(200, { status: 'success', data: {} }),
      'exchange',
      'outcome-unknown',
      'unreadable_answer',
      'account',
    ],
    [
      '200 in HTML at the exchange',
      page(200, '<html>Welcome</html>'),
      'exchange',
      'outcome-unknown',
      'unreadable_answer',
      'account',
    ],
    [
      'a redirect at the exchange',
      page(302, ''),
      'exchange',
      'outcome-unknown',
      'unreadable_answer',
      'account',
    ],
  ])('%s', (_name, answer, purpose, kind, code, scope) => {
    expect(classify(answer, purpose)).toMatchObject({ kind, code, scope, status: answer.status });
  });
});

describe('of several errors', () => {
  it.each([
    ['what only a person can mend comes first', ['UDAPI100057', 'UDAPI100069'], 'client_credentials_wrong'],
    ['a pause comes before a dead token', ['UDAPI100050', 'UDAPI10005'], 'throttled'],
    ['a broken server comes before a dead token', ['UDAPI100050', 'UDAPI100500'], 'server_fault'],
    ['one that is known comes before one that is not', ['UDAPI199999', 'UDAPI100050'], 'token_refused'],
    ['of two alike the first', ['UDAPI1022', 'UDAPI100057'], 'request_malformed'],
  ])('%s', (_name, codes, code) => {
    expect(classify(json(401, errors(...codes)), 'probe').code).toBe(code);
  });
});

describe('either spelling is read', () => {
  it.each([
    ['errorCode alone', { errorCode: 'UDAPI100057' }],
    ['error_code alone', { error_code: 'UDAPI100057' }],
    ['errorCode beside an empty error_code', { errorCode: 'UDAPI100057', error_code: null }],
    ['error_code beside something that is no text', { errorCode: 57, error_code: 'UDAPI100057' }],
  ])('%s', (_name, error) => {
    const body = { status: 'error', errors: ['not an object', { ...error, message: 'Invalid Auth code' }] };
    expect(classify(json(401, body), 'exchange').code).toBe('code_refused');
  });
});

describe('a pause', () => {
  it.each([
    ['is as long as Retry-After says', '7', 7_000],
    ['is an hour at most', '86400', 3_600_000],
    ['is left to the caller where it says a date', 'Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ])('%s', (_name, header, retryAfterMs) => {
    const answer = json(429, errors('UDAPI10005'), { 'retry-after': header });
    expect(classify(answer, 'probe').retryAfterMs).toBe(retryAfterMs);
  });
});

describe('the service hours', () => {
  it.each([
    ['are waited for at night', '2026-01-14T01:00:00', 4.5 * 3_600_000, /IST only\. .* try again then\.$/],
    ['are open at 05:30', '2026-01-14T05:30:00', undefined, /although .* in some minutes\.$/],
    ['are waited for no longer where they should be open', '2026-01-14T23:59:59', undefined, /although/],
  ])('%s', (_name, at, retryAfterMs, said) => {
    const error = classify(json(423, errors('UDAPI100072')), 'probe', ist(at));
    expect(error).toMatchObject({ kind: 'transient', code: 'service_hours', retryAfterMs });
    expect(error.message).toContain('from 05:30 to 24:00 IST');
    expect(error.message).toMatch(said);
  });
});

describe('what is said to people', () => {
  it('never holds a piece of a body', () => {
    const secret = 'eyJmYWtl.c2VjcmV0.dG9rZW4';
    const bodies = [
      json(401, { ...errors('UDAPI100057', `UDAPI${secret}`, secret), access_token: secret }),
      json(418, { message: secret, errors: [{ errorCode: secret, message: secret }] }),
      page(500, `<html>${secret}</html>`),
    ];
    for (const answer of bodies) {
      for (const purpose of purposes) {
        expect(inspect(classify(answer, purpose))).not.toContain(secret);
      }
    }
  });

  it('tells for a wrong redirect what to compare', () => {
    expect(meanings['UDAPI100068']?.message).toMatch(
      /slash.*http or https.*localhost or 127\.0\.0\.1.*percent/,
    );
  });

  it.each([edgeBlocked, edgeThrottled])(
    'tells for $code what it means for a person’s login',
    ({ message }) => {
      expect(message).toMatch(/ A person's login is tried all the same\.$/);
    },
  );

  it('uses listed codes only, each once', () => {
    expect(new Set(upstoxErrorCodes).size).toBe(upstoxErrorCodes.length);
    for (const { code } of Object.values(meanings)) expect(upstoxErrorCodes).toContain(code);
  });
});
