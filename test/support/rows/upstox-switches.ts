import { loginRows } from './upstox-logins.ts';
import {
  all,
  at,
  askingEntry,
  broken,
  failing,
  refusedWith,
  row,
  told,
  turned,
  upstoxEntry,
  type Expected,
  type Row,
} from './upstox-row.ts';

const request = row({ entry: askingEntry, during: 'request' });
const arrival = row({ entry: askingEntry, during: 'arrival' });
const proof = row({ entry: upstoxEntry, during: 'proof' });
const alive: Expected = { arrivals: ['alive'] };

const requests: readonly Row[] = [
  request({ name: 'a request', expect: { outcome: 'asked' }, calls: 1 }),
  request({
    name: 'an app without a notifier URL',
    arrange: told('notifier', upstoxEntry.clientId),
    expect: failing('needs-human', 'notifier_missing'),
    calls: 1,
  }),
  request({
    name: 'a request with a wrong secret',
    entry: { ...askingEntry, clientSecret: 'made-up-wrong-secret' },
    expect: failing('needs-human', 'client_credentials_wrong'),
    calls: 1,
  }),
  ...[401, 400, 403].map((status) =>
    request({
      name: `authErrorStatus ${status}: UDAPI100069 at the request`,
      arrange: all(turned('authErrorStatus', status), refusedWith('request', 'UDAPI100069')),
      expect: failing('needs-human', 'client_credentials_wrong'),
      calls: 1,
    }),
  ),
  ...['text', 'number', 'absent'].map((value) =>
    request({
      name: `authorizationExpiry ${value}`,
      arrange: turned('authorizationExpiry', value),
      expect: { outcome: 'asked' },
      calls: 1,
    }),
  ),
  ...(
    [
      ['none', { outcome: 'asked' }],
      [1, failing('throttled', 'throttled')],
      [2, { outcome: 'asked' }],
    ] as const
  ).map(([value, expect]) =>
    request({
      name: `v3RequestsPerDay ${value}: the second of a day`,
      arrange: turned('v3RequestsPerDay', value),
      repeat: 2,
      expect,
      calls: 1,
    }),
  ),
  ...(
    [
      ['same window', { outcome: 'asked' }],
      ['error', failing('refused', 'approval_refused')],
    ] as const
  ).map(([value, expect]) =>
    request({
      name: `secondRequest ${value}`,
      arrange: turned('secondRequest', value),
      repeat: 2,
      expect,
      calls: 1,
    }),
  ),
  ...(
    [
      ['on', failing('throttled', 'throttled')],
      ['off', { outcome: 'asked' }],
    ] as const
  ).map(([value, expect]) =>
    request({
      name: `loginSharesRateLimit ${value}: a request after 50 calls in this second`,
      arrange: all(turned('loginSharesRateLimit', value), told('other-calls', 'AB0001 50')),
      expect,
      calls: 1,
    }),
  ),
];

const arrivals: readonly Row[] = [
  arrival({ name: 'an approval', expect: alive, calls: 1 }),
  arrival({ name: 'a rejection', answer: 'reject', expect: { arrivals: [] }, calls: 0 }),
  arrival({
    name: 'an approval after the window has lapsed',
    arrange: at('2026-01-14T09:00:00'),
    answer: 'approve-late',
    expect: alive,
    calls: 1,
  }),
  arrival({
    name: 'an approval that nobody waits for any more, given in time',
    arrange: at('2026-01-14T09:00:00'),
    expect: { arrivals: [] },
    calls: 0,
  }),
  ...(
    [
      ['off', ['alive']],
      ['on', ['alive', 'alive']],
    ] as const
  ).map(([value, expected]) =>
    arrival({
      name: `webhookDuplicates ${value}`,
      arrange: turned('webhookDuplicates', value),
      expect: { arrivals: expected },
      calls: expected.length,
    }),
  ),
  ...(
    [
      ['webhookQueryKept', 'on'],
      ['webhookQueryKept', 'off'],
      ['webhookTimeout', 5],
      ['webhookTimeout', 2],
    ] as const
  ).map(([name, value]) =>
    arrival({ name: `${name} ${value}`, arrange: turned(name, value), expect: alive, calls: 1 }),
  ),
  ...['HS256', 'RS256', 'opaque'].map((shape) =>
    arrival({
      name: `tokenShape ${shape}: an approval`,
      arrange: turned('tokenShape', shape),
      expect: alive,
      calls: 1,
    }),
  ),
  ...[0, 3, 1].map((retries) =>
    arrival({
      name: `webhookRetries ${retries}: taken at the first`,
      arrange: turned('webhookRetries', retries),
      expect: alive,
      calls: 1,
    }),
  ),
  ...(
    [
      ['off', ['alive'], 1],
      ['wrong client', ['alive', 'refused:wrong_client'], 1],
      ['wrong user', ['alive', 'refused:wrong_user'], 1],
      ['bad times', ['alive', 'refused:bad_times'], 1],
      ['dead token', ['alive', 'dead'], 2],
    ] as const
  ).map(([value, expected, calls]) =>
    arrival({
      name: `forgedWebhooks ${value}`,
      arrange: turned('forgedWebhooks', value),
      expect: { arrivals: expected },
      calls,
    }),
  ),
];

const proofs: readonly Row[] = [
  proof({ name: 'a living token', expect: { outcome: 'alive' }, calls: 1 }),
  proof({
    name: 'a token at 03:30',
    arrange: at('2026-01-14T03:30:00'),
    expect: { outcome: 'dead' },
    calls: 1,
  }),
  proof({
    name: 'a static IP that was changed',
    arrange: told('change-ip', 'AB0001'),
    expect: { outcome: 'dead' },
    calls: 1,
  }),
  ...(
    [
      ['off', 'alive'],
      ['on', 'dead'],
    ] as const
  ).map(([value, outcome]) =>
    proof({
      name: `newTokenKillsOld ${value}: another login of the user`,
      arrange: all(turned('newTokenKillsOld', value), told('approve-late', 'AB0001')),
      expect: { outcome },
      calls: 1,
    }),
  ),
  ...['on', 'off'].map((value) =>
    proof({
      name: `loginSharesRateLimit ${value}: a proof after 50 calls in this second`,
      arrange: all(turned('loginSharesRateLimit', value), told('other-calls', 'AB0001 50')),
      expect: failing('throttled', 'throttled'),
      calls: 1,
    }),
  ),
  ...(
    [
      ['off', { outcome: 'alive' }],
      ['05:30-24:00', failing('transient', 'service_hours', 'broker')],
    ] as const
  ).map(([value, expect]) =>
    proof({
      name: `serviceHours ${value}: a proof at 00:10`,
      arrange: all(turned('serviceHours', value), at('2026-01-14T00:10:00')),
      expect,
      calls: 1,
    }),
  ),
];

const signOuts: readonly Row[] = (
  [
    ['a logout', all()],
    ['a logout of a token that is dead: an exception dump', told('change-ip', 'AB0001')],
    ['a logout refused by an exception dump', broken('sign-out', 'refuse')],
  ] as const
).map(([name, arrange]) => ({
  name,
  entry: upstoxEntry,
  during: 'sign-out',
  arrange,
  expect: { outcome: 'signed-out' },
  calls: 1,
}));

/** Every switch of Upstox' reference at each of its values, and what goes well. */
export const switchRows: readonly Row[] = [...loginRows, ...requests, ...arrivals, ...proofs, ...signOuts];
