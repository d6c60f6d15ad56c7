import type { ErrorKind, ErrorScope } from '../../../src/core/errors.ts';
import type { FaultKind } from '../../../src/simulator/index.ts';
import {
  askingEntry,
  broken,
  failing,
  refusedWith,
  turned,
  upstoxEntry,
  type Expected,
  type Row,
  type Step,
} from './upstox-row.ts';

/** An entry for each step: only who asks through Upstox gets notices. */
const entryOf = (step: Step) => (step === 'request' || step === 'arrival' ? askingEntry : upstoxEntry);

/** At the webhook an error is one of the arrivals. */
const expected = (step: Step, kind: ErrorKind, code: string, scope: ErrorScope = 'account'): Expected =>
  step === 'arrival' ? { arrivals: [`${kind}:${code}:${scope}`] } : failing(kind, code, scope);

const LOGINS = ['consent', 'request'] as const;
const READS = ['proof', 'arrival', 'sign-out'] as const;
const EVERY = [...LOGINS, ...READS] as const;

type Signal = readonly [
  codes: string,
  steps: readonly Step[],
  kind: ErrorKind,
  code: string,
  scope?: ErrorScope,
];

const signals: readonly Signal[] = [
  ['UDAPI100016', EVERY, 'needs-human', 'invalid_credentials'],
  ['UDAPI100068', ['consent'], 'needs-human', 'client_or_redirect_wrong'],
  ['UDAPI100069', LOGINS, 'needs-human', 'client_credentials_wrong'],
  ['UDAPI100070', ['consent'], 'needs-human', 'redirect_uri_wrong'],
  ['UDAPI100073', EVERY, 'needs-human', 'client_inactive'],
  ['UDAPI1155', EVERY, 'needs-human', 'app_under_review'],
  ['UDAPI1157', EVERY, 'needs-human', 'app_expired'],
  ['UDAPI1123', ['request'], 'needs-human', 'notifier_missing'],
  ['UDAPI1124', ['request'], 'needs-human', 'not_an_individual'],
  ['UDAPI100057', ['consent'], 'refused', 'code_refused'],
  ['UDAPI100058', EVERY, 'needs-human', 'no_active_segments'],
  ['UDAPI100050', LOGINS, 'refused', 'token_refused'],
  ['UDAPI100067', ['proof', 'arrival', 'sign-out'], 'refused', 'token_kind_wrong'],
  ['UDAPI10005', EVERY, 'throttled', 'throttled'],
  ['UDAPI100500', LOGINS, 'outcome-unknown', 'server_fault'],
  ['UDAPI100500', READS, 'transient', 'server_fault', 'broker'],
  ['UDAPI100072', EVERY, 'transient', 'service_hours', 'broker'],
  ['UDAPI100074', EVERY, 'transient', 'service_hours', 'broker'],
  ['UDAPI100049', EVERY, 'needs-human', 'business_api_needed'],
  ['UDAPI1154', EVERY, 'needs-human', 'ip_not_allowed'],
  ['UDAPI1017', LOGINS, 'refused', 'request_malformed'],
  ['UDAPI1018', ['consent'], 'refused', 'request_malformed'],
  ['UDAPI1022', ['consent'], 'refused', 'request_malformed'],
  ['UDAPI1023', ['consent'], 'refused', 'request_malformed'],
  ['UDAPI1024', LOGINS, 'refused', 'request_malformed'],
  ['UDAPI100060', EVERY, 'refused', 'request_unsupported'],
  ['UDAPI10000', EVERY, 'refused', 'request_unsupported'],
  ['UDAPI100015', EVERY, 'refused', 'request_unsupported'],
  ['UDAPI100036', EVERY, 'refused', 'request_unsupported'],
  ['UDAPI100038', EVERY, 'refused', 'request_unsupported'],
  ['UDAPI199999', ['consent'], 'refused', 'login_refused'],
  ['UDAPI199999', ['request'], 'refused', 'approval_refused'],
  ['UDAPI199999', READS, 'transient', 'unreadable_answer'],
  ['UDAPI100057 UDAPI100069', ['consent'], 'needs-human', 'client_credentials_wrong'],
  ['UDAPI100050 UDAPI10005', ['proof', 'arrival'], 'throttled', 'throttled'],
];

const coded = signals.flatMap(([codes, steps, kind, code, scope]) =>
  steps.map((during): Row => ({
    name: `${codes} at the ${during}`,
    entry: entryOf(during),
    during,
    arrange: refusedWith(during, codes),
    expect: expected(during, kind, code, scope),
    calls: 1,
  })),
);

const dead: readonly Row[] = [
  ['proof', { outcome: 'dead' }] as const,
  ['arrival', { arrivals: ['dead'] }] as const,
  ['sign-out', { outcome: 'signed-out' }] as const,
].map(([during, expect]) => ({
  name: `UDAPI100050 at the ${during}`,
  entry: entryOf(during),
  during,
  arrange: refusedWith(during, 'UDAPI100050'),
  expect,
  calls: 1,
}));

/** Answers that are none of Upstox' own: what they mean to a login, and to a read. */
type Break = readonly [
  name: string,
  fault: FaultKind,
  status: number | undefined,
  login: readonly [ErrorKind, string, ErrorScope?],
  read: readonly [ErrorKind, string, ErrorScope?],
];
const lost = ['outcome-unknown', 'no_answer'] as const;
const silent = ['transient', 'no_answer', 'broker'] as const;
const unclear = ['outcome-unknown', 'unreadable_answer'] as const;
const nothing = ['transient', 'unreadable_answer'] as const;
const unknown = ['outcome-unknown', 'server_fault'] as const;
const fault = ['transient', 'server_fault', 'broker'] as const;
const blocked = ['needs-human', 'edge_blocked', 'egress'] as const;
const slowed = ['throttled', 'edge_throttled', 'egress'] as const;

const breaks: readonly Break[] = [
  ['a page with 403', 'html', 403, blocked, blocked],
  ['a page with 429', 'html', 429, slowed, slowed],
  ['a page with 502', 'html', 502, unknown, fault],
  ['a page with 200', 'html', 200, unclear, nothing],
  ['a page with 401', 'html', 401, unclear, nothing],
  ['500 without a code', 'status', 500, unknown, fault],
  ['503 without a code', 'status', 503, unknown, fault],
  ['429 without a code', 'status', 429, ['throttled', 'throttled'], ['throttled', 'throttled']],
  [
    '423 without a code',
    'status',
    423,
    ['transient', 'service_hours', 'broker'],
    ['transient', 'service_hours', 'broker'],
  ],
  [
    '405 without a code',
    'status',
    405,
    ['refused', 'request_unsupported'],
    ['refused', 'request_unsupported'],
  ],
  ['422 without a code', 'status', 422, ['refused', 'request_malformed'], ['refused', 'request_malformed']],
  ['400 without a code', 'status', 400, unclear, nothing],
  ['401 without a code', 'status', 401, unclear, nothing],
  ['403 without a code', 'status', 403, unclear, nothing],
  ['404 without a code', 'status', 404, unclear, nothing],
  ['a redirect', 'status', 302, unclear, nothing],
  ['an empty body', 'empty', undefined, unclear, nothing],
  ['JSON that is none', 'garbage', undefined, unclear, nothing],
  ['a compressed body', 'gzip', undefined, unclear, nothing],
  [
    'ten megabytes',
    'large',
    undefined,
    ['outcome-unknown', 'body_too_large'],
    ['transient', 'body_too_large', 'broker'],
  ],
  ['half an answer', 'half', undefined, lost, silent],
  ['a connection that breaks before it took effect', 'drop', undefined, lost, silent],
  ['a connection that breaks after it took effect', 'drop-after', undefined, lost, silent],
  [
    'no answer, and no effect',
    'stall',
    undefined,
    ['outcome-unknown', 'timeout'],
    ['transient', 'timeout', 'broker'],
  ],
  [
    'an answer that trickles',
    'trickle',
    undefined,
    ['outcome-unknown', 'timeout'],
    ['transient', 'timeout', 'broker'],
  ],
  [
    'no answer, after it took effect',
    'slow',
    undefined,
    ['outcome-unknown', 'timeout'],
    ['transient', 'timeout', 'broker'],
  ],
];

const uncoded = breaks.flatMap(([name, kind, status, login, read]) =>
  EVERY.map((during): Row => {
    const hangs = kind === 'stall' || kind === 'slow' || kind === 'trickle';
    const isLogin = during === 'consent' || during === 'request';
    return {
      name: `${name} at the ${during}`,
      entry: entryOf(during),
      during,
      arrange: broken(during, kind, {
        ...(status !== undefined && { status }),
        ...(kind === 'slow' && { ms: 60_000 }),
      }),
      ...(hangs && { hangs }),
      expect: expected(during, ...(isLogin ? login : read)),
      calls: 1,
    };
  }),
);

const edge: readonly (readonly [value: string, means: Break[3]])[] = [
  ['1010', blocked],
  ['rate limit', slowed],
];
const cloudflare = EVERY.flatMap((during) =>
  edge.map(([value, means]): Row => ({
    name: `cloudflare ${value} at the ${during}`,
    entry: entryOf(during),
    during,
    // The dialog lies behind Cloudflare, too: there it begins once the person has logged in.
    arrange: during === 'consent' ? () => undefined : turned('cloudflare', value),
    ...(during === 'consent' && { meanwhile: turned('cloudflare', value) }),
    expect: expected(during, ...means),
    calls: 1,
  })),
);

/** Every error row of Upstox' reference, at every step where it may come. */
export const errorRows: readonly Row[] = [...coded, ...dead, ...uncoded, ...cloudflare];
