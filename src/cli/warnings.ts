import type { Exposed } from '../accounts/index.ts';
import type { Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';

/** So many accounts are named; the file has the others. */
const NAMED = 10;

/** What is allowed and yet seldom meant: said by `check`, and no reason not to start. */
export function warningsOf(parts: {
  readonly config: Config;
  readonly accounts: readonly Account[];
  readonly exposed: readonly Exposed[];
}): readonly string[] {
  const { config, accounts, exposed } = parts;
  const { discord } = config.alerts;
  const isHeard = Object.values(config.alerts).some((channel) => channel !== undefined);
  const byPerson = accounts
    .filter(({ enabled, connection }) => enabled && connection.consent && !connection.signIn)
    .map(({ name }) => name);
  const asked = accounts
    .filter(({ enabled, connection }) => enabled && connection.consent?.request)
    .map(({ name }) => name);
  return [
    ...(asked.length > 0 && !config.simulate && !config.publicUrl?.startsWith('https://')
      ? [
          `the broker posts what the person of ${shown(asked)} approves to PUBLIC_URL, which must begin with https://: until it does, only the link works`,
        ]
      : []),
    ...(isHeard
      ? []
      : [
          'nobody is told when something goes wrong, except by the log and the page: set DISCORD_WEBHOOK_URL, ALERT_WEBHOOK_URL or SMTP_URL',
        ]),
    ...(discord && config.publicUrl === undefined
      ? ['links in alerts lead to localhost: set PUBLIC_URL']
      : []),
    ...(byPerson.length > 0 && config.setting('HOLIDAYS_FILE') === undefined
      ? [
          `a person has to log ${shown(byPerson)} in, and is asked on holidays as well: list them in HOLIDAYS_FILE`,
        ]
      : []),
    ...exposed.map(
      ({ path, mode }) => `${path} can be opened by other users of this machine (mode ${mode}): chmod 600 it`,
    ),
  ];
}

function shown(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
