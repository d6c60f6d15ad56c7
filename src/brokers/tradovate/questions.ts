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

const bridgeRenewal: Settle = (calls) => {
  const isBridge = called(calls, '/authorize').some(({ fields }) => fields['d.access_token']);
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
  },
  {
    id: 'bridge-refusal',
    text: 'Status and fields of a bridge refusal: wrong password, lock, second factor, new device',
    settledBy: bridgeRefusal,
  },
  {
    id: 'bridge-limits',
    text: 'Whether /authorize counts for the sessions of a user and for the limits of a network',
    settledBy: bridgeLimits,
  },
  {
    id: 'bridge-renewal',
    text: 'Whether a token of the bridge can be renewed (`"renew": true`)',
    settledBy: bridgeRenewal,
  },
  {
    id: 'old-token-after-renewal',
    text: 'Whether the old token is good after a renewal',
    settledBy: unsettled,
  },
  {
    id: 'ticket-on-renewal',
    text: "How a renewal, which has no body, brings a penalty's ticket",
    settledBy: ticketOnRenewal,
  },
  {
    id: 'browser-headers',
    text: 'Which headers of a browser the bridge needs',
    settledBy: unsettled,
  },
  {
    id: 'market-data-token',
    text: 'Whether a renewal brings `mdAccessToken`',
    settledBy: marketDataToken,
  },
  {
    id: 'login-without-subscription',
    text: 'Whether the native login works without an API subscription',
    settledBy: unsettled,
  },
  {
    id: 'session-conflict-advice',
    text: 'What the documented advice on session conflicts is worth (partner.ninjatrader.com)',
    settledBy: unsettled,
  },
  { id: 'firm-rules', text: 'Whether Apex allows tools that use the API', settledBy: unsettled },
];
