import type { Connection } from './broker.ts';
import type { Hours } from './hours.ts';

/** One entry of the credentials file, checked, as the service works with it. Holds no secret in the open. */
export interface Account {
  /** What consumers read: `token:<name>`. */
  readonly name: string;
  readonly broker: string;
  readonly environment: string;
  readonly username: string;
  readonly enabled: boolean;
  /** True: somebody else serves it. No login and no write; what is in Redis for it is only watched. */
  readonly observed?: boolean | undefined;
  /** Further names that share this login's token. */
  readonly subAccounts: readonly string[];
  /** Longest TTL of this login's keys, seconds; undefined: the broker's default. */
  readonly ttlSeconds: number | undefined;
  /** A file that also holds the present token, absolute; undefined: none. */
  readonly tokenFile?: string | undefined;
  /** True: also ask the broker for the login's sub-accounts. */
  readonly discoverAccounts: boolean;
  /** When people may be asked; undefined: whenever the broker's own day allows. */
  readonly hours: Hours | undefined;
  /** True: prove a new token, and whose it is, before it replaces the old one. */
  readonly verify: boolean;
  /** Which login this is at the broker, by broker, environment and user. */
  readonly identity: string;
  /** What a person would have to change after a refusal. Secret: only ever fingerprinted. */
  readonly credentials: readonly string[];
  /** The API key that limits are counted by, where the broker has any. Secret: only ever fingerprinted. */
  readonly key: string | undefined;
  /** Which of the broker's ways in it uses, in the broker's own words; absent where there is one. */
  readonly kind?: string | undefined;
  /** What of the broker its calls go to, where parts of it fail apart. */
  readonly part?: string | undefined;
  /** What is allowed and yet may go wrong, for a person. */
  readonly warnings?: readonly string[] | undefined;
  readonly connection: Connection;
}

/** The names consumers read for an account: its own, then its sub-accounts. */
export function namesOf(account: Pick<Account, 'name' | 'subAccounts'>): readonly string[] {
  return [account.name, ...account.subAccounts];
}
