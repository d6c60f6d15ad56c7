import type { BrokerErrorFields } from '../../core/errors.ts';

/** Every code that this adapter can put into a `BrokerError`, beside those of brokers/http.ts. */
export const upstoxErrorCodes = [
  'invalid_credentials',
  'client_or_redirect_wrong',
  'client_credentials_wrong',
  'redirect_uri_wrong',
  'client_inactive',
  'app_under_review',
  'app_expired',
  'no_active_segments',
  'business_api_needed',
  'notifier_missing',
  'not_an_individual',
  'ip_not_allowed',
  'code_refused',
  'token_refused',
  'token_kind_wrong',
  'token_expired',
  'someone_else',
  'login_cancelled',
  'login_failed',
  'login_refused',
  'approval_refused',
  'request_malformed',
  'request_unsupported',
  'throttled',
  'edge_throttled',
  'edge_blocked',
  'service_hours',
  'server_fault',
  'unreadable_answer',
] as const;

export type UpstoxErrorCode = (typeof upstoxErrorCodes)[number];

export interface Meaning extends Pick<BrokerErrorFields, 'kind' | 'scope'> {
  readonly code: UpstoxErrorCode;
  /** For a person: what it is and what to do. */
  readonly message: string;
}

const ourDefect =
  'This is a defect of this service, please report it; the next login would fail the same way.';
export const malformed = (what: string): Meaning => ({
  kind: 'refused',
  code: 'request_malformed',
  message: `Upstox missed the ${what} in our request. ${ourDefect}`,
});
export const unsupported = (what: string): Meaning => ({
  kind: 'refused',
  code: 'request_unsupported',
  message: `Upstox does not take our request (${what}). ${ourDefect}`,
});
const configuration = (code: UpstoxErrorCode, message: string): Meaning => ({
  kind: 'needs-human',
  code,
  message,
});
export const throttled: Meaning = {
  kind: 'throttled',
  code: 'throttled',
  message: "Too many requests for this user at Upstox. Calls pause; the user's other programs count too.",
};
export const serverFault: Meaning = {
  kind: 'transient',
  code: 'server_fault',
  scope: 'broker',
  message: 'Upstox had an error of its own.',
};
export const closed: Meaning = {
  kind: 'transient',
  code: 'service_hours',
  scope: 'broker',
  message:
    'Upstox answers this call from 05:30 to 24:00 IST only. The token is not in doubt; try again then.',
};
/** The same at an hour at which it should be open: there is no opening to wait for. */
export const CLOSED_BY_DAY =
  'Upstox says that it is closed, although it answers this call from 05:30 to 24:00 IST. The token is not in doubt; try again in some minutes.';
const clientOrRedirect = (which: string): string =>
  `Upstox does not know this ${which}. Compare it character by character with the app's page at Upstox: ` +
  'a slash at the end, http or https, localhost or 127.0.0.1, percent-encoding, the port.';

/**
 * What Upstox' error codes mean to the calls of this adapter. The kinds are inferred from the texts.
 * Sources: Upstox docs, error-codes, authorize, get-token, get-profile, access-token-request; codes
 * UDAPI100057, 69, 70, 72, 74, 49, 1123, 1124, 1154, 1155 and 1157 from users' code and reports (README.md).
 */
export const meanings: Readonly<Record<string, Meaning>> = {
  UDAPI100016: configuration(
    'invalid_credentials',
    "Upstox refused the app's credentials. Check clientId and clientSecret against the app's page at Upstox.",
  ),
  UDAPI100068: configuration('client_or_redirect_wrong', clientOrRedirect('clientId with this redirectUri')),
  UDAPI100069: configuration(
    'client_credentials_wrong',
    "Upstox refused clientId or clientSecret. Copy both again from the app's page at Upstox; a regenerated secret ends the old one.",
  ),
  UDAPI100070: configuration('redirect_uri_wrong', clientOrRedirect('redirectUri')),
  UDAPI100073: configuration(
    'client_inactive',
    "The app is inactive. Activate it on the app's page at Upstox.",
  ),
  UDAPI1155: configuration(
    'app_under_review',
    "The app is under review or was rejected. See the app's page at Upstox.",
  ),
  UDAPI1157: configuration('app_expired', "The app has expired. Renew it on the app's page at Upstox."),
  UDAPI100058: configuration(
    'no_active_segments',
    'The user has no active segment. Reactivate the account in the Upstox app, then log in again.',
  ),
  UDAPI100049: configuration(
    'business_api_needed',
    'Upstox wants its business API for this app. Check the type of the app on its page at Upstox.',
  ),
  UDAPI1123: configuration(
    'notifier_missing',
    "The app has no notifier URL that Upstox takes, so nobody can be asked. Enter the one that `token-refresher login NAME` shows on the app's page at Upstox, or log in by the link.",
  ),
  UDAPI1124: configuration(
    'not_an_individual',
    'Upstox asks only individual users for approval, and this one is none. Log in by the link, and set "approval": "browser".',
  ),
  // A static IP is registered for one user: whose is missing says nothing of the others' behind this address.
  UDAPI1154: configuration(
    'ip_not_allowed',
    "Upstox does not know this machine's address for this user. Enter it as static IP on the app's page (one change a week).",
  ),
  UDAPI100057: {
    kind: 'refused',
    code: 'code_refused',
    message:
      'Upstox refused the login code: expired, used before (a reloaded page does that), or made for another redirectUri. Log in again with a new link.',
  },
  UDAPI100050: { kind: 'refused', code: 'token_refused', message: 'Upstox refused the token. Log in again.' },
  UDAPI100067: {
    kind: 'refused',
    code: 'token_kind_wrong',
    message: `A read-only (extended) token was used where a trading token is needed. ${ourDefect}`,
  },
  UDAPI10005: throttled,
  UDAPI100500: serverFault,
  UDAPI100072: closed,
  UDAPI100074: closed,
  UDAPI1017: malformed('API key'),
  UDAPI1018: malformed('redirect URI'),
  UDAPI1022: malformed('login code'),
  UDAPI1023: malformed('grant type'),
  UDAPI1024: malformed('client secret'),
  UDAPI100060: unsupported('unknown path; is UPSTOX_API_URL right?'),
  UDAPI10000: unsupported('unknown request'),
  UDAPI100015: unsupported('version'),
  UDAPI100036: unsupported('invalid input'),
  UDAPI100038: unsupported('invalid input'),
};

/** A code cannot wait: it would expire. */
const loginsGoOn = "A person's login is tried all the same.";

export const edgeBlocked: Meaning = {
  kind: 'needs-human',
  code: 'edge_blocked',
  scope: 'egress',
  message: `Cloudflare, in front of Upstox, blocks this machine's calls. Stop, check from where they leave (a proxy, a cloud address), and ask Upstox. ${loginsGoOn}`,
};
export const edgeThrottled: Meaning = {
  kind: 'throttled',
  code: 'edge_throttled',
  scope: 'egress',
  message: `Cloudflare, in front of Upstox, limits this machine's calls. All calls to Upstox pause. ${loginsGoOn}`,
};
