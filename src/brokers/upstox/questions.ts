import type { Question, TranscribedCall } from '../../core/transcript.ts';

type Calls = readonly TranscribedCall[];

const endsWith = (end: string) => (call: TranscribedCall) => call.path.endsWith(end);
const isExchange = endsWith('/v2/login/authorization/token');
const isRequest = (call: TranscribedCall): boolean => call.path.includes('/v3/login/auth/token/request');
const isLoginCall = (call: TranscribedCall): boolean => isExchange(call) || isRequest(call);
const succeeded = (call: TranscribedCall): boolean => call.status === 200 && call.error === undefined;

/** Errors whose status nobody has published, with Upstox' own codes. */
const unpublished: Readonly<Record<string, string>> = {
  code_refused: 'UDAPI100057',
  client_or_redirect_wrong: 'UDAPI100068',
  client_credentials_wrong: 'UDAPI100069',
  redirect_uri_wrong: 'UDAPI100070',
};

/** For what the calls of one login never show. */
const open = (id: string, text: string, findOut: string): Question => ({
  id,
  text,
  settledBy: () => undefined,
  findOut,
});

const BY_LINK = 'log in by the link: the answer to the exchange shows it.';
const BY_REQUEST = 'say this for an entry with `"approval": "request"`, and approve on the phone.';

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;

function statusesOf(calls: Calls): string | undefined {
  const seen = calls.flatMap(({ error, status }) => {
    const code = error === undefined ? undefined : unpublished[error];
    return code === undefined || status === undefined ? [] : [`${code} came with status ${status}`];
  });
  return seen.length > 0 ? [...new Set(seen)].join('; ') : undefined;
}

function requestsOf(calls: Calls): string | undefined {
  const [first, second] = calls.filter(isRequest);
  if (!first || !succeeded(first)) return undefined;
  if (!second) return 'the V3 request works; how many a day it takes stays open';
  return succeeded(second)
    ? 'a second V3 request in one window is answered like the first'
    : `a second V3 request in one window is refused with status ${second.status ?? 'none'}`;
}

function notifierOf(calls: Calls): string | undefined {
  const request = calls.find(isRequest);
  if (request?.error === 'notifier_missing')
    return 'Upstox takes no notifier URL of this app: browser login only';
  return request && succeeded(request) ? 'the app has a notifier URL that Upstox takes' : undefined;
}

function rateLimitOf(calls: Calls): string | undefined {
  const logins = calls.filter(isLoginCall);
  if (logins.some(({ status, body }) => status === 429 && body === 'json')) {
    return 'yes: a login call was answered 429';
  }
  return logins.some(({ headers }) => headers.some((name) => name.includes('ratelimit')))
    ? 'yes: the answer to a login call has rate limit headers'
    : undefined;
}

function tokenEndOf(calls: Calls): string | undefined {
  const life = calls.find(isExchange)?.fields['access_token']?.jwt?.expiresInSeconds;
  return life === undefined ? undefined : `the token is a JWT that ends ${hours(life)} after the exchange`;
}

function extendedOf(calls: Calls): string | undefined {
  const exchange = calls.find((call) => isExchange(call) && succeeded(call));
  if (!exchange) return undefined;
  const field = exchange.fields['extended_token'];
  if (field?.type !== 'string') return `no: extended_token is ${field?.type ?? 'absent'}`;
  const life = field.jwt?.expiresInSeconds;
  return life === undefined ? 'yes' : `yes, and it ends in ${Math.round(life / 86_400)} days`;
}

function extrasOf(calls: Calls): string | undefined {
  const exchange = calls.find((call) => isExchange(call) && succeeded(call));
  if (!exchange) return undefined;
  const extras = ['expires_in', 'token_type', 'refresh_token', 'refresh_token_expires_in'];
  const came = extras.filter((name) => exchange.fields[name] !== undefined);
  return came.length > 0 ? `these came, and are not used: ${came.join(', ')}` : 'none of them came';
}

function windowOf(calls: Calls): string | undefined {
  const field = calls.find((call) => isRequest(call) && succeeded(call))?.fields['data.authorization_expiry'];
  const instant = field?.instant;
  return field && instant
    ? `a ${field.type} in ${instant.written}, ${hours(instant.inSeconds)} ahead`
    : undefined;
}

/** What Upstox' documents leave open. Some only Upstox, several days or a second login can settle. */
export const questions: readonly Question[] = [
  open(
    'one-app-per-account',
    'One app for each account, or may one approved app serve several users?',
    "ask Upstox (api@upstox.com). Or let a second user log in by the first one's app: an entry with the same `clientId` and that user's `userId`.",
  ),
  {
    id: 'notifier-url',
    text: 'Does Upstox take the notifier URL of this service, or is there browser login only?',
    settledBy: notifierOf,
    findOut: BY_REQUEST,
  },
  open(
    'localhost-redirect',
    'Are http redirects to localhost taken today?',
    "register `http://localhost:8000/callback` on the app's page, put the same text as `redirectUri`, and open the link of `login NAME`: UDAPI100068 in the browser is a no, a login that comes back a yes. No call of the service shows it.",
  ),
  {
    id: 'login-error-status',
    text: 'With which status do UDAPI100057, 68, 69 and 70 come?',
    settledBy: statusesOf,
    findOut:
      'only a login that fails shows it: keep the report of one, or look for `status` beside `refresh.failed` in the log.',
  },
  open(
    'second-login',
    'Does a second login end the first token?',
    'keep what `get NAME` prints, log in once more by `login NAME`, and send `GET /v2/user/profile` with the older token by hand: 200 is a no, 401 with UDAPI100050 a yes.',
  ),
  open(
    'cancelled-login',
    'What reaches the redirect when a person cancels?',
    "open the link of `login NAME`, cancel on Upstox' page, and read the address that the browser ends at (leave out its `state`). The service takes any.",
  ),
  open(
    'code-lifetime',
    'How long may a login code be exchanged?',
    'paste the final address into `login NAME` after 10 s, another after a minute, another after two: `code_refused` is too late. Each try is a login of its own.',
  ),
  open(
    'webhook-delivery',
    'Retries, time-out, sources and duplicates of the notifier webhook?',
    "count `webhook.arrived` in the log of an approval, and look at the proxy's log for the address it came from. For retries let the proxy answer 503 while the person approves, and see whether it comes again.",
  ),
  {
    id: 'requests-per-day',
    text: 'How many V3 requests a day are taken?',
    settledBy: requestsOf,
    findOut: 'ask Upstox: each try rings a phone. The service makes two a day at most.',
  },
  {
    id: 'logins-are-limited',
    text: 'Do login calls count towards the rate limits?',
    settledBy: rateLimitOf,
    findOut: 'ask Upstox: only an answer 429 to a login would show it.',
  },
  open('totp', 'Is a login automated with a TOTP seed allowed?', 'ask Upstox. The service does not do it.'),
  {
    id: 'token-end',
    text: 'Is the token a JWT, and when does it end by its own word?',
    settledBy: tokenEndOf,
    findOut: BY_LINK,
  },
  {
    id: 'extended-token',
    text: 'Does an extended token come with a login by itself?',
    settledBy: extendedOf,
    findOut: BY_LINK,
  },
  {
    id: 'oauth-extras',
    text: 'Do expires_in and the other fields that only the OpenAPI names come?',
    settledBy: extrasOf,
    findOut: BY_LINK,
  },
  {
    id: 'approval-window',
    text: 'How is authorization_expiry written, and how far ahead?',
    settledBy: windowOf,
    findOut: BY_REQUEST,
  },
];
