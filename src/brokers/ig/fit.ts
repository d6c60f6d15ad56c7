import type { Fit, Grant } from '../../core/broker.ts';
import type { IgAccount } from './account.ts';
import { KEY_HEADER, PAIR_TYPE, type Caller } from './requests.ts';

/**
 * How long after its issue a refresh token is still tried, ms. IG names no instant in its answers, only
 * "some time after the access token has expired (e.g. 10 minutes)", and not from when: 9 minutes from
 * issue stay inside either reading.
 */
const RENEWABLE_MS = 9 * 60_000;

/** The account that the entry asks for; undefined where it names none and the login's default is not known. */
export const wantedAccount = (account: IgAccount, grant: Grant): string | undefined =>
  account.accountId ?? grant.renewal?.defaultAccountId;

/**
 * Whether a session is what the entry asks for by now. An access token on another account is over within
 * its minute and a new header comes with the next one; a header pair would trade there for hours.
 */
export function fitOf(account: IgAccount, caller: Caller, grant: Grant): Fit {
  const wanted = wantedAccount(account, grant);
  const isPair = grant.tokenType === PAIR_TYPE;
  const isMoved = wanted !== undefined && grant.accountId !== wanted;
  if (isMoved && isPair) return 'withdraw';
  const isOther = isPair !== (account.session === 'v2') || !isCallers(caller, grant);
  return isMoved || isOther ? 'replace' : 'fits';
}

/** What of an entry and its settings decides whether a session fits; see `fitOf`. */
export const wantsOf = (account: IgAccount, { apiKey, baseUrl }: Caller): readonly string[] => [
  account.session,
  account.accountId ?? '',
  apiKey,
  baseUrl,
];

/**
 * Until when a pair's refresh token is tried. A pair belongs to the API key that it was got with: sent under
 * another one it is refused as if that key were wrong (`unauthorised.clientId.api-key.mismatch`).
 */
export function renewableUntil(caller: Caller, grant: Grant): number {
  if (grant.renewal?.refreshToken === undefined || !isCallers(caller, grant)) return 0;
  const issuedAt = grant.renewal.refreshIssuedAt;
  return issuedAt === undefined ? Number.POSITIVE_INFINITY : Number(issuedAt) + RENEWABLE_MS;
}

const isCallers = ({ apiKey, baseUrl }: Caller, grant: Grant): boolean =>
  grant.headers[KEY_HEADER] === apiKey && grant.baseUrl === baseUrl;
