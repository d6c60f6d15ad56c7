import {
  all,
  at,
  failing,
  refusedWith,
  row,
  shifted,
  told,
  turned,
  upstoxEntry,
  type Expected,
  type Row,
} from './upstox-row.ts';

const consent = row({ entry: upstoxEntry, during: 'consent' });
const granted: Expected = { outcome: 'granted' };

/** Browser logins: what goes well, who comes back, and the switches that change it. */
export const loginRows: readonly Row[] = [
  consent({ name: 'a login', expect: granted, calls: 1 }),
  consent({
    name: "somebody else's login",
    button: 'other',
    expect: failing('refused', 'someone_else'),
    calls: 1,
  }),
  consent({
    name: 'a wrong secret',
    entry: { ...upstoxEntry, clientSecret: 'made-up-wrong-secret' },
    expect: failing('needs-human', 'client_credentials_wrong'),
    calls: 1,
  }),
  ...[401, 400, 403].map((status) =>
    consent({
      name: `authErrorStatus ${status}: a code that is too old`,
      arrange: turned('authErrorStatus', status),
      meanwhile: shifted(60_000),
      expect: failing('refused', 'code_refused'),
      calls: 1,
    }),
  ),
  ...[401, 400, 403].flatMap((status) =>
    (
      [
        ['UDAPI100068', 'client_or_redirect_wrong'],
        ['UDAPI100069', 'client_credentials_wrong'],
        ['UDAPI100070', 'redirect_uri_wrong'],
      ] as const
    ).map(([code, means]) =>
      consent({
        name: `authErrorStatus ${status}: ${code} at the consent`,
        arrange: all(turned('authErrorStatus', status), refusedWith('consent', code)),
        expect: failing('needs-human', means),
        calls: 1,
      }),
    ),
  ),
  ...['HS256', 'RS256', 'opaque'].map((shape) =>
    consent({
      name: `tokenShape ${shape}: a login`,
      entry: { ...upstoxEntry, extendedToken: true },
      arrange: turned('tokenShape', shape),
      expect: granted,
      calls: 1,
      companions: 1,
    }),
  ),
  ...(
    [
      ['any', 'user', granted],
      ['own only', 'user', granted],
      ['any', 'other', failing('refused', 'someone_else')],
      ['own only', 'other', failing('needs-human', 'business_api_needed')],
    ] as const
  ).map(([value, button, expect]) =>
    consent({
      name: `appUsers ${value}: a login of ${button === 'user' ? 'its own user' : 'somebody else'}`,
      arrange: turned('appUsers', value),
      ...(button === 'other' && { button }),
      expect,
      calls: 1,
    }),
  ),
  ...['both', 'errorCode', 'error_code'].map((spelling) =>
    consent({
      name: `errorSpelling ${spelling}: a code that is too old`,
      arrange: turned('errorSpelling', spelling),
      meanwhile: shifted(60_000),
      expect: failing('refused', 'code_refused'),
      calls: 1,
    }),
  ),
  ...['no code', 'error=access_denied'].map((cancel) =>
    consent({
      name: `cancel ${cancel}`,
      arrange: turned('cancel', cancel),
      button: 'cancel',
      expect: failing('refused', 'login_cancelled'),
      calls: 0,
    }),
  ),
  consent({
    name: 'cancel error=server_error',
    arrange: turned('cancel', 'error=server_error'),
    button: 'cancel',
    expect: failing('refused', 'login_failed'),
    calls: 0,
  }),
  consent({
    name: 'cancel no redirect',
    arrange: turned('cancel', 'no redirect'),
    button: 'cancel',
    expect: { outcome: 'browser-never-returns' },
    calls: 0,
  }),
  ...(
    [
      [60, 59_999, granted],
      [60, 60_000, failing('refused', 'code_refused')],
      [2, 1_999, granted],
      [2, 2_000, failing('refused', 'code_refused')],
      [120, 119_999, granted],
      [120, 120_000, failing('refused', 'code_refused')],
      [30, 29_999, granted],
      [30, 30_000, failing('refused', 'code_refused')],
    ] as const
  ).map(([ttl, ms, expect]) =>
    consent({
      name: `codeTtl ${ttl}: exchanged after ${ms} ms`,
      arrange: turned('codeTtl', ttl),
      meanwhile: shifted(ms),
      expect,
      calls: 1,
    }),
  ),
  ...(
    [
      ['present', 1],
      ['absent', 0],
      ['null', 0],
    ] as const
  ).flatMap(([value, companions]) => [
    consent({
      name: `extendedToken ${value}, asked for`,
      entry: { ...upstoxEntry, extendedToken: true },
      arrange: turned('extendedToken', value),
      expect: granted,
      calls: 1,
      companions,
    }),
    consent({
      name: `extendedToken ${value}, not asked for`,
      arrange: turned('extendedToken', value),
      expect: granted,
      calls: 1,
      companions: 0,
    }),
  ]),
  consent({ name: 'cloudflare off', arrange: turned('cloudflare', 'off'), expect: granted, calls: 1 }),
  ...['off', 'on'].map((value) =>
    consent({
      name: `oauthExtras ${value}`,
      arrange: turned('oauthExtras', value),
      expect: granted,
      calls: 1,
    }),
  ),
  ...(
    [
      ['allowed', granted, 1],
      ['UDAPI100068', { outcome: 'browser-never-returns' }, 0],
    ] as const
  ).map(([value, expect, calls]) =>
    consent({
      name: `localhostRedirect ${value}`,
      entry: { ...upstoxEntry, clientId: 'made-up-local-app', redirectUri: 'http://127.0.0.1:5001/cb' },
      arrange: all(told('register', 'made-up-local-app AB0001'), turned('localhostRedirect', value)),
      expect,
      calls,
    }),
  ),
  ...(
    [
      ['on', failing('throttled', 'throttled')],
      ['off', granted],
    ] as const
  ).map(([value, expect]) =>
    consent({
      name: `loginSharesRateLimit ${value}: the user's programs make 50 calls in each of three seconds`,
      arrange: all(turned('loginSharesRateLimit', value), told('other-calls', 'AB0001 50 3')),
      expect,
      calls: 1,
    }),
  ),
  ...(
    [
      ['off', granted],
      ['05:30-24:00', failing('transient', 'service_hours', 'broker')],
    ] as const
  ).map(([value, expect]) =>
    consent({
      name: `serviceHours ${value}: a login at 02:30`,
      arrange: all(turned('serviceHours', value), at('2026-01-14T02:30:00')),
      expect,
      calls: 1,
    }),
  ),
];
