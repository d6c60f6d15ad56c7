import { nearest } from '../core/nearest.ts';

/** Every `code` of an error that a command prints with `--json`; docs/cli.md lists them. */
export const failureCodes = {
  WRONG_USAGE:
    'The command line is wrong: an unknown command or option, or one that does not go with another.',
  CONFIGURATION: 'The configuration has faults; `faults` lists them, each with `at` and `message`.',
  REDIS_AWAY: 'Redis does not answer.',
  REDIS_UNFIT: 'Redis answers, and is none that a start takes.',
  NO_SERVICE: 'No service is running there, and what was asked for needs one.',
  UNKNOWN_ACCOUNT: 'There is no account of that name.',
  ACCOUNT_DISABLED: 'The account is disabled in the credentials file.',
  STILL_SERVED: 'The account is configured and served, and nothing was deleted.',
  NO_TOKEN: 'There is no live token; `state` and `reason` say why.',
  NOT_REFRESHED: 'Not every account was refreshed; `results` says of each what came of it.',
  NOT_TAKEN_UP: 'The credentials file was not taken up everywhere; `answers` says by whom.',
  NOT_ADOPTED: 'The token was not taken over, and nothing was changed.',
  WRONG_INPUT: 'Standard input does not hold what the command reads there.',
  LOGIN_FAILED: 'The login brought no token.',
  NO_WEBHOOK: 'The account has no webhook, or its address cannot be known yet.',
  NOT_CONFORMING: 'Not every promise of the contract held; `broken` lists them.',
  NO_ANSWER: 'The service did not say in time what came of it.',
  BUSY: 'A running service is looking after the account; try again in a minute.',
  INTERNAL: 'Something failed that nobody foresaw.',
} as const;

export type FailureCode = keyof typeof failureCodes;

/** What a command was asked for did not come about; the message says why and what to do. Exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** Further fields of the answer with `--json`. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: FailureCode, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

/** What is known of the accounts there are, by name. */
type Known = Iterable<readonly [name: string, { readonly subAccounts: readonly string[] }]>;

/** There is no account of that name; `known`: those there are. */
export function unknownAccount(name: string, known: Known = []): Failure {
  const all = [...known];
  const [owner] = all.find(([, { subAccounts }]) => subAccounts.includes(name)) ?? [];
  const said =
    owner === undefined
      ? `There is no account named ${name}.${meant(name, all)}`
      : `${name} is a sub-account of ${owner} and shares its token: name that one.`;
  return new Failure('UNKNOWN_ACCOUNT', `${said} "token-refresher status" lists them.`);
}

/** The same where the credentials file was read, and no service need ever have run. */
export function notInTheFile(name: string, accounts: readonly { readonly name: string }[]): Failure {
  const hint = meant(
    name,
    accounts.map((each) => [each.name, { subAccounts: [] }]),
  );
  return new Failure('UNKNOWN_ACCOUNT', `There is no account named ${name} in the credentials file.${hint}`);
}

/** Which of them was most likely meant, as a question; empty where none is near enough. */
export function meant(name: string, known: Known): string {
  const found = nearest(
    name,
    [...known].map(([each]) => each),
  );
  return found === undefined ? '' : ` Did you mean ${found}?`;
}
