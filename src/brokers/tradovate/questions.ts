import type { Question, TranscribedCall } from '../../core/transcript.ts';

type Settle = Question['settledBy'];

const called = (calls: readonly TranscribedCall[], path: string): readonly TranscribedCall[] =>
  calls.filter((call) => call.path.toLowerCase().endsWith(path));
const isPenalty = ({ fields }: TranscribedCall): boolean =>
  ['p-ticket', 'p-time', 'p-captcha'].some((name) => name in fields || `d.${name}` in fields);
/** For what one login and one renewal cannot show. */
const unsettled: Settle = () => undefined;

const bridgeExpiration: Settle = (calls) => {
  const login = called(calls, '/authorize').find(({ fields }) => fields['d.access_token'] !== undefined);
  if (!login) return undefined;
  const { 'd.expiration': expiration, 'd.access_token': token } = login.fields;
  const stated = token?.jwt?.expiresInSeconds;
  const beside = stated === undefined ? '' : `; the token's own \`exp\` lies ${stated} s ahead`;
  if (!expiration) return `\`expiration\` is left out${beside}`;
  const { instant, seconds, type } = expiration;
  if (instant) {
    return `\`expiration\` is an instant in ${instant.written} (a ${type}), ${instant.inSeconds} s ahead${beside}`;
  }
  return seconds === undefined ? undefined : `\`expiration\` is a duration of ${seconds} s${beside}`;
};

const bridgeRefusal: Settle = (calls) => {
  const refused = called(calls, '/authorize').find(
    ({ fields }) => fields['errmsg'] ?? fields['d.errmsg'] ?? fields['errorText'],
  );
  return (
    refused &&
    `HTTP ${refused.status} with ${Object.keys(refused.fields).join(', ')}; taken for ${refused.error ?? 'no error'}`
  );
};

const bridgeLimits: Settle = (calls) =>
  called(calls, '/authorize').some(isPenalty)
    ? '/authorize answers with penalties: it takes part in the limits'
    : undefined;

/** The bridge names the headers it misses to nobody; what went through needed no more than was sent. */
const browserHeaders: Settle = (calls) =>
  called(calls, '/authorize').some(({ fields }) => fields['d.access_token'])
    ? 'A login went through with what this service sends (unless set otherwise `Origin`, `Referer`, `Accept-Language: en` and a User-Agent of its own; besides, what `TRADOVATE_BRIDGE_HEADERS` names): no more is needed'
    : undefined;

const bridgeRenewal: Settle = (calls, kind) => {
  // A token that was there already is renewed without a login beside it.
  const isBridge =
    kind === 'bridge' || called(calls, '/authorize').some(({ fields }) => fields['d.access_token']);
  const tries = called(calls, '/auth/renewaccesstoken').filter((call) => !isPenalty(call));
  if (!isBridge || tries.length === 0) return undefined;
  const renewed = tries.find(({ fields }) => fields['accessToken']);
  return renewed
    ? 'A token of the bridge was renewed'
    : `A token of the bridge was not renewed: HTTP ${tries[0]?.status}, taken for ${tries[0]?.error ?? 'no error'}`;
};

const ticketOnRenewal: Settle = (calls) => {
  const tries = called(calls, '/auth/renewaccesstoken');
  const penalised = tries.findIndex(isPenalty);
  const next = penalised < 0 ? undefined : tries[penalised + 1];
  const went = next?.fields['accessToken'] ? 'went through' : 'was refused';
  return (
    next && `After the wait the renewal ${went}, its ticket being where TRADOVATE_RENEWAL_TICKET puts it`
  );
};

const marketDataToken: Settle = (calls) => {
  const renewal = called(calls, '/auth/renewaccesstoken').find(({ fields }) => fields['accessToken']);
  const brings = renewal?.fields['mdAccessToken'] ? 'brings' : 'does not bring';
  return renewal && `A renewal ${brings} \`mdAccessToken\``;
};

/** What no document of Tradovate's answers, and what a login and a renewal show of it. */
export const questions: readonly Question[] = [
  {
    id: 'bridge-expiration',
    text: "Unit and value of the bridge's `expiration`",
    settledBy: bridgeExpiration,
    findOut: 'say this for a login by the bridge (`"login": "bridge"`).',
  },
  {
    id: 'bridge-refusal',
    text: 'Status and fields of a bridge refusal: wrong password, lock, second factor, new device',
    settledBy: bridgeRefusal,
    findOut:
      'only a refusal shows it: keep the report of one, or look for `status` beside `refresh.failed` in the log. Provoke none: five failed logins in an hour block the network.',
  },
  {
    id: 'bridge-limits',
    text: 'Whether /authorize counts for the sessions of a user and for the limits of a network',
    settledBy: bridgeLimits,
    findOut:
      'for the limits watch the log for `time_penalty` and `captcha`: none in an hour of many logins speaks against it. For the sessions sign in to the web app, make two logins by the bridge (`check --login`), and see whether the web app was signed out.',
  },
  {
    id: 'bridge-renewal',
    text: 'Whether a token of the bridge can be renewed (`"renew": true`)',
    settledBy: bridgeRenewal,
    findOut:
      'say this twice for an entry with `"renew": true`: while the first token lives the second time renews it.',
  },
  {
    id: 'old-token-after-renewal',
    text: 'Whether the old token is good after a renewal',
    settledBy: unsettled,
    findOut:
      'keep what `get NAME` prints, wait for the next `token.published` with `source` renewal, and make a harmless call with the older token by hand.',
  },
  {
    id: 'ticket-on-renewal',
    text: "How a renewal, which has no body, brings a penalty's ticket",
    settledBy: ticketOnRenewal,
    findOut:
      'only a penalty of a renewal shows it: set `TRADOVATE_RENEWAL_TICKET` to `query`, another time to `header`, and see which renewal goes through.',
  },
  {
    id: 'browser-headers',
    text: 'Which headers of a browser the bridge needs',
    settledBy: browserHeaders,
    findOut:
      'say this for a login by the bridge; with `TRADOVATE_BRIDGE_ORIGIN=none` for whether `Origin` and `Referer` are needed at all. Where logins are refused that the web page lets in, add `TRADOVATE_BRIDGE_HEADERS`, one at a time. On demo.',
  },
  {
    id: 'market-data-token',
    text: 'Whether a renewal brings `mdAccessToken`',
    settledBy: marketDataToken,
    findOut:
      'say this twice for an entry that renews (`"login": "api"`, or `"renew": true`): the second time renews.',
  },
  {
    id: 'login-without-subscription',
    text: 'Whether the native login works without an API subscription',
    settledBy: unsettled,
    findOut:
      'say this for an entry with `"login": "api"` of a user without that subscription, on demo, once: a refusal counts as a failed login.',
  },
  {
    id: 'session-conflict-advice',
    text: 'What the documented advice on session conflicts is worth (partner.ninjatrader.com)',
    settledBy: unsettled,
    findOut: "ask Tradovate's support. The service is one writer for each login either way.",
  },
  {
    id: 'firm-rules',
    text: 'Whether Apex allows tools that use the API',
    settledBy: unsettled,
    findOut: 'read the terms of the firm, and ask it. TradeDay was reported to forbid them.',
  },
];
