import type { Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import type { Log } from '../core/log.ts';

/** So many accounts are named; the file has the others. */
const NAMED = 10;

/**
 * Said where a broker rings people's phones and can post what they approve nowhere. No reason not to start: the
 * link works all the same.
 */
export function unreachableNotifiers(
  { simulate, publicUrl }: Pick<Config, 'simulate' | 'publicUrl'>,
  accounts: readonly Account[],
): string | undefined {
  const asked = accounts
    .filter(({ enabled, connection }) => enabled && connection.consent?.request)
    .map(({ name }) => name);
  if (asked.length === 0 || simulate || publicUrl?.startsWith('https://') === true) return undefined;
  return `the broker posts what the person of ${shownNames(asked)} approves to PUBLIC_URL, which must begin with https://: until it does, only the link works`;
}

/** To the log, where the accounts have just been read; nothing where all is well. */
export function sayUnreachableNotifiers(
  config: Pick<Config, 'simulate' | 'publicUrl'>,
  accounts: readonly Account[],
  log: Log,
): void {
  const warning = unreachableNotifiers(config, accounts);
  if (warning !== undefined) log.warn({ event: 'notifier.unreachable' }, sentence(warning));
}

/** What stands on the page while it holds. */
export function remarks(
  config: Pick<Config, 'simulate' | 'publicUrl'>,
  accounts: readonly Account[],
): readonly string[] {
  const warning = unreachableNotifiers(config, accounts);
  return [
    ...(config.simulate ? ['All brokers are simulated: no real login is made.'] : []),
    ...(warning === undefined ? [] : [sentence(warning)]),
  ];
}

/** A warning of ours where it stands alone. */
const sentence = (warning: string): string => `${warning.charAt(0).toUpperCase()}${warning.slice(1)}.`;

export function shownNames(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
