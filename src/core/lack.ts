/** Tokens in a row that could not be renewed, from which it is worth a word: one or two end with somebody else's login. */
const VAIN_FROM = 3;
/** And so long a time of them, ms: where a token lives for a minute, three are no more than an outage. */
const VAIN_FROM_MS = 60 * 60_000;

/** Said where renewing has done nothing for long: each token was replaced by a login, which works. */
export function vainRenewals(unrenewed = 0, lifeMs = 0): Lack | undefined {
  if (unrenewed < VAIN_FROM || unrenewed * lifeMs < VAIN_FROM_MS) return undefined;
  return {
    code: 'renewals_in_vain',
    message:
      "the last ones before it could not be renewed, and each was replaced by a login: the broker does not renew such tokens, or somebody else's logins close this one's sessions.",
  };
}

/** Something that was asked for beside a token and did not come. */
export interface Lack {
  /** The code of the error that stood in the way. */
  readonly code: string;
  /** For a person: what is missing, why, and what to do. */
  readonly message: string;
  /** The broker's own name for the call that failed. */
  readonly requestId?: string | undefined;
  /** When it is asked for again, ms; absent: with the next renewal. */
  readonly retryAt?: number;
}
