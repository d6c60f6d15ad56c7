import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import type { HeaderPair } from './simulator-header-pairs.ts';
import type { Quota } from './simulator-limits.ts';
import type { Pair } from './simulator-pairs.ts';
import { switched } from './simulator-switches.ts';

/** How the simulated IG writes what it says. Shapes: labs.ig.com /reference/session.html. */

type Body = Readonly<Record<string, unknown>>;

const ENDPOINT = 'https://push.example';

/** An error as IG answers it. */
export const error = (status: number, errorCode: string): DialectAnswer => ({ status, body: { errorCode } });

/** What a person of the simulated IG has: always the same client with the same accounts. */
export interface Person {
  readonly clientId: string;
  /** The default account. */
  readonly accountId: string;
  /** All of them, the default one first. */
  readonly accountIds: readonly string[];
}

/** Who a username is. */
export function personOf(username: string): Person {
  const hash = createHash('sha256').update(`ig:${username}`).digest('hex').toUpperCase();
  const account = (from: number): string => `Z${hash.slice(from, from + 4)}`;
  return {
    clientId: String(100_000_000 + (Number.parseInt(hash.slice(0, 7), 16) % 900_000_000)),
    accountId: account(7),
    accountIds: [account(7), account(11), account(15)],
  };
}

/** True for an account of the login: any that is not called wrong, as with passwords. */
export function isAccountOf(_username: string, accountId: string): boolean {
  return !/wrong/i.test(accountId);
}

/** The accounts of each login, the default one first. */
export interface Holdings {
  of(username: string): readonly string[];
  /** Accounts that an entry names: its login has them, so that a rehearsal is none of mistakes. */
  introduce(username: string, accountIds: readonly string[]): void;
}

export function makeHoldings(): Holdings {
  const introduced = new Map<string, readonly string[]>();
  return {
    of: (username) => [
      ...new Set(
        [...personOf(username).accountIds, ...(introduced.get(username) ?? [])].filter((id) =>
          isAccountOf(username, id),
        ),
      ),
    ],
    introduce: (username, accountIds) =>
      void introduced.set(username, [...(introduced.get(username) ?? []), ...accountIds]),
  };
}

/** The pair as IG writes it; `expires_in` is a string there. Switch `expiresInType` `string` | `number`. */
export function tokensOf(host: DialectHost, pair: Pair): Body {
  const life = Math.round((pair.accessUntil - host.clock.now()) / 1_000);
  return {
    access_token: pair.access,
    refresh_token: pair.refresh,
    scope: 'profile',
    token_type: 'Bearer',
    expires_in: switched(host, 'expiresInType') === 'number' ? life : String(life),
  };
}

/** Whose session it is. Switch `clientIds` `own` | `shared`: whether one client may have two usernames is not documented. */
const clientIdOf = (host: DialectHost, username: string): string =>
  personOf(switched(host, 'clientIds') === 'shared' ? '' : username).clientId;

/** Whether a login says which account it acts on; IG documents it always. Switch `loginNamesAccount` `yes` | `no`. */
const namesAccount = (host: DialectHost): boolean => switched(host, 'loginNamesAccount') === 'yes';

export function oauthLoginBody(host: DialectHost, pair: Pair): Body {
  const { accountId } = personOf(pair.username);
  return {
    clientId: clientIdOf(host, pair.username),
    ...(namesAccount(host) && { accountId }),
    timezoneOffset: 1,
    lightstreamerEndpoint: ENDPOINT,
    oauthToken: tokensOf(host, pair),
  };
}

/** How IG writes an account into a list. */
const listedAs = (username: string, accountId: string): Body => ({
  accountId,
  accountName: 'CFD',
  preferred: accountId === personOf(username).accountId,
  accountType: 'CFD',
});

/** @param authenticationStatus undefined: it is left out, as it may be for good */
export function pairLoginBody(
  host: DialectHost,
  username: string,
  accountIds: readonly string[],
  reroutingEnvironment: string | null,
  authenticationStatus: string | undefined,
): Body {
  const { accountId } = personOf(username);
  return {
    accountType: 'CFD',
    accountInfo: { balance: 0, deposit: 0, profitLoss: 0, available: 0 },
    currencyIsoCode: 'EUR',
    currencySymbol: 'E',
    ...(namesAccount(host) && { currentAccountId: accountId }),
    lightstreamerEndpoint: ENDPOINT,
    accounts: accountIds.map((each) => listedAs(username, each)),
    clientId: clientIdOf(host, username),
    timezoneOffset: 1,
    hasActiveDemoAccounts: true,
    hasActiveLiveAccounts: true,
    trailingStopsEnabled: false,
    reroutingEnvironment,
    dealingEnabled: true,
    ...(authenticationStatus === undefined ? {} : { authenticationStatus }),
  };
}

export function sessionBody(host: DialectHost, username: string, accountId: string): Body {
  return {
    accountId,
    clientId: clientIdOf(host, username),
    currency: 'EUR',
    lightstreamerEndpoint: ENDPOINT,
    locale: 'en_GB',
    timezoneOffset: 1,
  };
}

export const switchBody: Body = {
  dealingEnabled: true,
  hasActiveDemoAccounts: true,
  hasActiveLiveAccounts: true,
  trailingStopsEnabled: false,
};

export const accountsBody = (username: string, accountIds: readonly string[]): Body => ({
  accounts: accountIds.map((each) => ({
    ...listedAs(username, each),
    accountAlias: null,
    status: 'ENABLED',
    currency: 'EUR',
  })),
});

/** The allowances of the key that asks: those that are in force, and what IG publishes of the others. */
export const applicationBody = (
  apiKey: string,
  { key, account }: Readonly<Record<Quota, number>>,
): unknown => [
  {
    apiKey,
    status: 'ENABLED',
    ...(key > 0 && { allowanceApplicationOverall: key }),
    ...(account > 0 && { allowanceAccountOverall: account }),
    allowanceAccountTrading: 100,
    allowanceAccountHistoricalData: 10_000,
    concurrentSubscriptionsLimit: 40,
  },
];

export const tokenHeadersOf = ({ cst, xst }: HeaderPair): Readonly<Record<string, string>> => ({
  CST: cst,
  'X-SECURITY-TOKEN': xst,
});

/** The request's body, where it is what a call takes. */
export function bodyOf<Schema extends z.ZodType>(
  request: DialectRequest,
  schema: Schema,
): z.output<Schema> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(request.body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
