import type { Question, TranscribedCall } from '../../core/transcript.ts';
import { encryptedKind } from './account.ts';

type Calls = readonly TranscribedCall[];

const isCall = (method: string, path: RegExp) => (call: TranscribedCall) =>
  call.method === method && path.test(call.path);
const isLogin = isCall('POST', /\/session$/);
const isRefresh = isCall('POST', /\/session\/refresh-token$/);
const isKey = isCall('GET', /\/session\/encryptionKey$/);
const isLogout = isCall('DELETE', /\/session$/);
const isGood = ({ status = 0, error }: TranscribedCall): boolean =>
  status >= 200 && status < 300 && error === undefined;

/** The codes that a dead refresh token may be answered with; a transcript knows their lengths only. */
const deadPairCodes = [
  'error.security.oauth-token-invalid',
  'error.security.invalid-details',
  'error.security.client-token-invalid',
  'invalid.input',
] as const;

function deadPairAnswer(calls: Calls): string | undefined {
  const refused = calls.find((call) => isRefresh(call) && call.error === 'refresh_token_dead');
  if (!refused) return undefined;
  const length = refused.fields.errorCode?.length;
  if (length === undefined) return `HTTP ${refused.status} without an errorCode`;
  const fitting = deadPairCodes.filter((code) => code.length === length);
  const like = fitting.length > 0 ? `, as long as ${fitting.join(' or ')}` : '';
  return `HTTP ${refused.status} with an errorCode of ${length} characters${like}`;
}

function refreshLife(calls: Calls): string | undefined {
  for (const { fields } of calls) {
    for (const [path, { seconds }] of Object.entries(fields)) {
      if (/refresh\w*(?:expir|life)|(?:expir|life)\w*refresh/i.test(path) && seconds !== undefined)
        return `IG says it: ${path}, ${seconds} s from the answer`;
    }
  }
  return undefined;
}

function lockout(calls: Calls): string | undefined {
  const logins = calls.filter(isLogin);
  const locked = logins.findIndex(({ error }) => error === 'locked_out');
  if (locked < 0) return undefined;
  const refused = logins.slice(0, locked).filter(({ error }) => error === 'bad_credentials').length;
  return refused === 0
    ? 'the login was locked before these calls'
    : `locked at the login after ${refused} refused here (others may have counted before)`;
}

function quotaOf(calls: Calls): string | undefined {
  const words = [
    ['a login', isLogin],
    ['a refresh', isRefresh],
    ['the encryption key', isKey],
  ] as const;
  const said = words.flatMap(([what, fits]) =>
    (['key', 'account'] as const)
      .filter((quota) => calls.some((call) => fits(call) && call.error === `${quota}_quota_exceeded`))
      .map((quota) => `${what} counts against the ${quota}'s quota`),
  );
  return said.length > 0 ? said.join('; ') : undefined;
}

function afterLogout(calls: Calls): string | undefined {
  const at = calls.findIndex((call) => isLogout(call) && isGood(call));
  const next = at < 0 ? undefined : calls.slice(at + 1).find(isRefresh);
  if (!next) return undefined;
  if (isGood(next)) return 'the access token only: its refresh token still worked';
  return next.error === 'refresh_token_dead' ? 'the pair: its refresh token was dead' : undefined;
}

/** By the kind of the login: only an encrypted password is written in one. */
const charsetNames: Readonly<Record<string, string>> = {
  [encryptedKind('utf-8')]: 'UTF-8',
  [encryptedKind('latin-1')]: 'Latin-1',
};

function charset(calls: Calls, kind = ''): string | undefined {
  const sent = charsetNames[kind];
  const at = calls.findIndex((call) => isKey(call) && isGood(call));
  const login = at < 0 ? undefined : calls.slice(at + 1).find(isLogin);
  return sent && login && isGood(login)
    ? `${sent} is taken, where this password holds characters beyond ASCII (else nothing is settled)`
    : undefined;
}

/** The first answer of a kind that has this field, in words. */
function typeOf(calls: Calls, fits: (call: TranscribedCall) => boolean, field: string): string | undefined {
  const kind = calls.find((call) => fits(call) && isGood(call) && call.fields[field])?.fields[field];
  if (!kind) return undefined;
  return kind.seconds === undefined ? `a ${kind.type}` : `a ${kind.type}, ${kind.seconds} s`;
}

function authenticationStatus(calls: Calls): string | undefined {
  const login = calls.find((call) => isLogin(call) && isGood(call) && call.fields.currentAccountId);
  return login && (login.fields.authenticationStatus ? 'yes' : 'no');
}

/** Calls of the service alone never show these. */
const unsettled = (): undefined => undefined;

/** What IG's documents leave open. A simulator's switch stands for each. */
export const questions: readonly Question[] = [
  {
    id: 'old-pair-after-refresh',
    text: 'Do the old refresh token and the old access token die at once when a refresh brings a new pair?',
    // The service never sends a refresh token twice, and no old access token.
    settledBy: unsettled,
    findOut:
      'with a demo login that nothing else uses, by hand: log in (`POST /session`, VERSION 3), refresh, and within the minute send `GET /session` with the older access token, then the older refresh token once more. A refusal means that it died. Neither is a failed login.',
  },
  {
    id: 'dead-refresh-answer',
    text: 'What exactly is a dead refresh token answered with?',
    settledBy: deadPairAnswer,
    findOut:
      "look for `status` beside `refresh.failed` with `refresh_token_dead` in the log, at the latest after IG's maintenance at the weekend. Or send a refresh token of yesterday to `POST /session/refresh-token` by hand: no password goes out.",
  },
  {
    id: 'refresh-life',
    text: 'Does a refresh token live ten minutes from its issue or from the end of its access token, and how long may a session go on by refreshing?',
    settledBy: refreshLife,
    findOut:
      'with a demo login that nothing else uses, by hand: log in, leave the pair alone for 10 min 30 s, and refresh: 200 counts from the end of the access token, a refusal from the issue. How long a session goes on the log shows: from `token.published` with `source` sign-in to the first `refresh_token_dead`.',
  },
  {
    id: 'second-login',
    text: 'Does a second v3 login end the first one?',
    settledBy: unsettled,
    findOut:
      'with a demo login that nothing else uses, by hand: log in twice within a minute with VERSION 3 and the right password, and send `GET /session` with the first access token: 200 is a no, 401 a yes. The first refresh token may tell otherwise: refresh with it as well.',
  },
  {
    id: 'lockout',
    text: 'How many failed logins lock what (login, API key, network), and for how long?',
    settledBy: lockout,
    findOut:
      "ask IG, and provoke none: tries may prolong a lock. Where one came by itself, count `bad_credentials` before `locked_out` in the log, see whether other logins of the key and the network still go through, and note when IG's own site lets the login in again.",
  },
  {
    id: 'quota-of-logins',
    text: "Which quota, the key's or the account's, do login, refresh and encryptionKey count against?",
    settledBy: quotaOf,
    findOut:
      'ask IG; `GET /operations/application` by hand names both quotas. Only a spent one shows it: look for `key_quota_exceeded` and `account_quota_exceeded` in the log, and for what was under way (`during`).',
  },
  {
    id: 'logout-kills',
    text: 'What does DELETE /session end in v3: the access token, the pair, or the fetched CST and X-SECURITY-TOKEN too?',
    settledBy: afterLogout,
    findOut:
      'with a demo login that nothing else uses, by hand: log in, `GET /session?fetchSessionTokens=true`, `DELETE /session`; within the minute `GET /session` with the access token, then with CST and X-SECURITY-TOKEN, and at last refresh. What is refused has ended.',
  },
  {
    id: 'v2-life',
    text: 'Does a v2 pair live 6 h and up to 72 h in use, or 12 h from the last call?',
    settledBy: unsettled,
    findOut:
      "look at what My Account on IG's site says. Or log in by hand on demo with VERSION 2, leave the pair alone for 7 h, and send `GET /session` with it: 200 speaks for 12 h, 401 for 6 h.",
  },
  {
    id: 'both-auth-styles',
    text: 'Which counts where Bearer and CST with X-SECURITY-TOKEN are sent together?',
    // The service never sends both.
    settledBy: unsettled,
    findOut:
      'on demo, by hand: send `GET /session` with CST and X-SECURITY-TOKEN of a fresh v2 login and with a Bearer that ended minutes ago: 200 means that the pair counts, 401 the Bearer. The service sends one of them only.',
  },
  {
    id: 'password-charset',
    text: 'In which character set is an encrypted password read?',
    settledBy: charset,
    findOut:
      'ask IG, or have a password of ASCII characters, where it makes no difference. Do not try it out: in the wrong character set the right password counts as a failed login.',
  },
  {
    id: 'fetched-tokens-life',
    text: 'Do CST and X-SECURITY-TOKEN that a v3 session fetches outlive the access token they came with?',
    // A transcript does not show which tokens a call brought; with "streaming" the service finds out itself.
    settledBy: unsettled,
    findOut:
      'let the service run for five minutes with `"streaming": true`, and look at `streaming` in `meta:<name>`: a CST that stays over the renewals outlives its access token, one that changes with each does not.',
  },
  {
    id: 'expires-in-type',
    text: 'Is expires_in a string or a number, and of how many seconds?',
    settledBy: (calls) =>
      typeOf(calls, isLogin, 'oauthToken.expires_in') ?? typeOf(calls, isRefresh, 'expires_in'),
    findOut: 'say this for an entry with `"session": "v3"`: the answer to the login shows it.',
  },
  {
    id: 'timestamp-type',
    text: 'Is timeStamp of encryptionKey a number or a string?',
    settledBy: (calls) => typeOf(calls, isKey, 'timeStamp'),
    findOut:
      'say this for an entry with `"session": "v2"` and `"encryptPassword": true`. Or send `GET /session/encryptionKey` by hand: it needs the API key only.',
  },
  {
    id: 'authentication-status',
    text: 'Does a v2 login still answer with authenticationStatus?',
    settledBy: authenticationStatus,
    findOut: 'say this for an entry with `"session": "v2"`: the answer to the login shows it.',
  },
];
