import type { Exposed } from '../accounts/index.ts';
import { shownNames, unreachableNotifiers } from '../app/notifiers.ts';
import type { Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';

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
  const unreachable = unreachableNotifiers(config, accounts);
  return [
    ...(unreachable === undefined ? [] : [unreachable]),
    ...(isHeard
      ? []
      : [
          'nobody is told when something goes wrong, except by the log and the page: set DISCORD_WEBHOOK_URL, ALERT_WEBHOOK_URL or SMTP_URL',
        ]),
    ...(discord && config.publicUrl === undefined
      ? ['links in alerts lead to localhost: set PUBLIC_URL']
      : []),
    ...(isHeard && config.publicPort !== undefined && config.pageUrl === undefined
      ? [
          'links in alerts begin with PUBLIC_URL, whose listener (PUBLIC_HTTP_PORT) has no page: set PAGE_URL to where the page is',
        ]
      : []),
    ...(byPerson.length > 0 && config.setting('HOLIDAYS_FILE') === undefined
      ? [
          `a person has to log ${shownNames(byPerson)} in, and is asked on holidays as well: list them in HOLIDAYS_FILE`,
        ]
      : []),
    ...accounts.flatMap(({ name, enabled, warnings = [] }) =>
      enabled ? warnings.map((warning) => `${name}: ${warning}`) : [],
    ),
    ...exposed.map(
      ({ path, mode }) => `${path} can be opened by other users of this machine (mode ${mode}): chmod 600 it`,
    ),
  ];
}
