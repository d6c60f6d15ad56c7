import type { ErrorKind, ErrorScope } from '../../core/errors.ts';
import type { IgErrorCode } from './errors.ts';

/** What one of IG's error codes means and what a person has to know about it. */
export interface Meaning {
  readonly kind: ErrorKind;
  readonly code: IgErrorCode;
  readonly scope: ErrorScope;
  readonly text: string;
  /** See `BrokerErrorFields`. */
  readonly doubtsPassword?: boolean;
  readonly unreadable?: boolean;
}

type Group = Meaning & { readonly igCodes: readonly string[] };

const needsHuman = { kind: 'needs-human', scope: 'account' } as const;
const webPlatform = { ...needsHuman, code: 'platform_action_needed' } as const;
const keyRefused = { kind: 'needs-human', scope: 'key', code: 'key_refused' } as const;
const suspended = { ...needsHuman, code: 'account_suspended' } as const;

/**
 * IG's error codes. Codes and statuses: labs.ig.com /reference/session.html and
 * /reference/session-refresh-token.html, the lists under "Error codes"; those marked [C] are known from
 * clients only. The kinds are ours. The status is not part of it: IG mixes 401 and 403, and reports a
 * spent quota as 403, so only the code tells a dead token from a busy hour.
 */
const groups: readonly Group[] = [
  {
    ...needsHuman,
    code: 'bad_credentials',
    text: 'IG does not accept this username and password. Check both (the username, not an e-mail address), and that they belong to this environment: demo and live have logins of their own. Another wrong try may lock the login',
    igCodes: [
      'error.security.invalid-details',
      'service.clientsecurity.error.authentication.failure-generic', // [C]
    ],
  },
  {
    ...needsHuman,
    code: 'locked_out',
    text: 'IG has locked this login after too many failed attempts. Wait at least 15 minutes, sign in once on the web platform, then allow one more try here; every try before that may prolong the lock',
    igCodes: ['error.security.too-many-failed-attempts'],
  },
  {
    ...suspended,
    text: 'IG has suspended this client. Only IG support can lift that',
    igCodes: ['error.security.client-suspended'],
  },
  {
    ...suspended,
    text: "IG has suspended this login's account, or all of them. Ask IG why; only IG can lift that",
    igCodes: ['error.security.account-suspended', 'error.security.all-accounts-suspended'],
  },
  {
    ...needsHuman,
    code: 'account_unavailable',
    text: 'The account cannot be used yet or any more (pending, not activated, access denied or migrated). Sign in on the web platform and see what IG asks for',
    igCodes: [
      'error.security.all-accounts-pending',
      'error.security.account-access-denied',
      'error.security.account-not-yet-activated',
      'error.security.account-migrated',
    ],
  },
  {
    ...needsHuman,
    code: 'client_refused',
    text: 'IG does not let this login in through the API (no client account, or not from this site)',
    igCodes: ['authentication.failure.not-a-client-account', 'error.security.invalid-website'],
  },
  {
    ...needsHuman,
    code: 'client_refused',
    text: "IG does not accept the application: by its documents the user agent is meant. See whether a proxy changes the calls' User-Agent",
    igCodes: ['error.security.invalid-application'],
  },
  {
    ...webPlatform,
    text: 'IG wants its client checks (KYC) completed. Sign in on the web platform and answer them',
    igCodes: ['error.public-api.failure.kyc.required'],
  },
  {
    ...webPlatform,
    text: 'Agreements wait to be accepted. Sign in on the web platform and accept them',
    igCodes: ['error.public-api.failure.pending.agreements.required'],
  },
  {
    ...webPlatform,
    text: 'The login has no complete credentials yet. Sign in on the web platform and complete them',
    igCodes: ['error.public-api.failure.missing.credentials'],
  },
  {
    ...webPlatform,
    text: "The login's default account is missing or disabled. Choose another on the web platform (My Account)",
    igCodes: [
      'error.public-api.failure.preferred.account.disabled',
      'error.public-api.failure.preferred.account.not.set',
    ],
  },
  {
    ...needsHuman,
    code: 'encryption_required',
    text: 'This IG site demands an encrypted password, which v3 sessions do not have: it takes session "v2" with encryptPassword true',
    igCodes: ['error.public-api.failure.encryption.required'],
  },
  {
    ...needsHuman,
    code: 'session_kind_refused',
    text: 'The login\'s default account is an ISA or share-dealing one, which this kind of session does not serve: use session "v3", or another default account',
    igCodes: ['error.public-api.failure.stockbroking-not-supported'],
  },
  {
    ...needsHuman,
    code: 'account_refused',
    text: "The configured accountId is none of this login's accounts. Check accountId (My Account on the web platform shows them)",
    igCodes: ['error.switch.invalid-accountId'],
  },
  {
    ...keyRefused,
    text: 'IG does not know the API key here: it is mistyped, or it is a live key used on demo or the reverse. Check apiKey and environment, and the key under My Account > Settings > API keys',
    igCodes: ['error.security.api-key-invalid'],
  },
  {
    ...keyRefused,
    // The key works, for another client: whoever else uses it is not concerned.
    scope: 'account',
    text: "The API key belongs to another IG login. Put one of this login's own keys into apiKey (My Account > Settings > API keys)",
    igCodes: ['unauthorised.clientId.api-key.mismatch'], // [C]
  },
  {
    ...keyRefused,
    text: 'The API key is switched off. Enable it under My Account > Settings > API keys, or use another',
    igCodes: ['error.security.api-key-disabled'],
  },
  {
    ...keyRefused,
    text: 'The API key was revoked. Make a new one under My Account > Settings > API keys and put it into apiKey',
    igCodes: [
      'error.security.api-key-revoked',
      'unauthorised.api-key.revoked', // [C]
    ],
  },
  {
    ...keyRefused,
    text: 'The API key may not be used for this call. Check what it is restricted to under My Account > Settings > API keys',
    igCodes: ['error.security.api-key-restricted', 'endpoint.unavailable.for.api-key'],
  },
  {
    kind: 'throttled',
    scope: 'key',
    code: 'key_quota_exceeded',
    text: 'The API key has used up its calls of this minute, which this service and the bots share. Where it repeats, give each login a key of its own, or set IG_KEY_CALLS_PER_MINUTE (of a demo key: IG_DEMO_KEY_CALLS_PER_MINUTE) to what IG allows: some 8 for a demo key, 60 for a live one',
    igCodes: ['error.public-api.exceeded-api-key-allowance'],
  },
  {
    kind: 'throttled',
    scope: 'account',
    code: 'account_quota_exceeded',
    text: 'The account has used up its calls of this minute, which this service and the bots share. Where it repeats, let the bots ask less, or set IG_ACCOUNT_CALLS_PER_MINUTE to what IG leaves the service',
    igCodes: ['error.public-api.exceeded-account-allowance'],
  },
  {
    kind: 'throttled',
    scope: 'account',
    code: 'account_quota_exceeded',
    text: 'The account has used up an allowance of its trading or its historical data',
    igCodes: [
      'error.public-api.exceeded-account-trading-allowance',
      'error.public-api.exceeded-account-historical-data-allowance',
    ],
  },
  {
    kind: 'refused',
    scope: 'account',
    code: 'access_token_dead',
    text: 'IG no longer honours this session',
    igCodes: [
      'error.security.oauth-token-invalid',
      'error.security.client-token-invalid',
      'error.security.account-token-invalid',
    ],
  },
  {
    kind: 'refused',
    scope: 'account',
    code: 'request_malformed',
    text: 'IG did not understand the call. This is a defect of the service or a wrong IG_API_URL (it ends in /gateway/deal), not of the credentials',
    igCodes: [
      'error.security.client-token-missing',
      'error.security.account-token-missing',
      'error.security.api-key-missing',
      'invalid.input',
      'invalid.url',
      'error.request.invalid.date-range',
      'error.switch.accountId-must-be-different', // where an account is switched, this is success
      'validation.null-not-allowed.authenticationRequest', // observed: ig-python/trading-ig#246
    ],
  },
  {
    kind: 'transient',
    scope: 'broker',
    code: 'server_fault',
    text: 'IG reports an error of its own',
    igCodes: ['system.error', 'error.security.get.session.timeout', 'error.security.generic'],
  },
  {
    kind: 'outcome-unknown',
    scope: 'account',
    code: 'sign_in_unconfirmed',
    text: 'IG gave up waiting for its own answer: the call may have taken effect',
    igCodes: ['error.security.authentication.timeout'],
  },
];

const meanings: ReadonlyMap<string, Meaning> = new Map(
  groups.flatMap(({ igCodes, ...meaning }) => igCodes.map((igCode) => [igCode, meaning] as const)),
);

/** The codes that stand in IG's lists; a test goes through them all. */
export const igWireCodes: readonly string[] = [...meanings.keys()];

const unknownAllowance: Meaning = {
  kind: 'throttled',
  scope: 'account',
  code: 'account_quota_exceeded',
  text: 'An allowance of the account is used up',
};

/** What IG's error code means; undefined for a code that is in no list. */
export function meaningOf(igCode: string): Meaning | undefined {
  return (
    meanings.get(igCode) ?? (igCode.startsWith('error.public-api.exceeded-') ? unknownAllowance : undefined)
  );
}
