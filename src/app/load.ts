import type { Account } from '../core/account.ts';
import type { Broker, BrokerIo, Connection, Http, Login } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface ConnectParts {
  readonly setting: (variable: string) => string | undefined;
  readonly http: Http;
  readonly clock: Clock;
  readonly isHoliday: (day: string, zone: string) => boolean;
  /** Tells a simulated broker of the login, so that it knows whose it is; undefined: the brokers are real. */
  readonly introduce?: ((broker: string, login: Login) => void) | undefined;
}

/** Connects a checked login to its broker: the hosts of its environment, or what a setting puts in their place. */
export function makeConnect(parts: ConnectParts): (broker: Broker, login: Login) => Connection {
  return (broker, login) => {
    // Looked up now: an unreadable setting is a fault of the start, not of the first call.
    const urls = new Map(
      Object.entries(broker.baseUrls).map(([purpose, known]) => [
        purpose,
        baseUrlOf(parts.setting(known.variable), known.variable) ?? known.hosts[login.environment],
      ]),
    );
    const io: BrokerIo = {
      clock: parts.clock,
      http: parts.http,
      setting: parts.setting,
      isHoliday: parts.isHoliday,
      baseUrl(purpose) {
        const url = urls.get(purpose);
        if (url === undefined) {
          throw new Error(`${broker.name} has no base URL for ${purpose} in ${login.environment}`);
        }
        return url;
      },
    };
    parts.introduce?.(broker.name, login);
    return login.connect(io);
  };
}

/** How many accounts each broker has, for people and the log. */
export function countByBroker(accounts: readonly Account[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const account of accounts) counts[account.broker] = (counts[account.broker] ?? 0) + 1;
  return counts;
}

/** `40 one, 2 another`. */
export function shownCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([broker, count]) => `${count} ${broker}`)
    .join(', ');
}

/** A base URL that a setting puts in the place of the broker's own. Throws ConfigurationError where it is none. */
function baseUrlOf(setting: string | undefined, variable: string): string | undefined {
  if (setting === undefined) return undefined;
  const url = URL.parse(setting);
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return setting.replace(/\/+$/, '');
  const message = 'must be a URL that begins with https:// or http://, without ? and #';
  throw new ConfigurationError([{ at: variable, message }]);
}

/** The first line of a service's log. */
export function sayStarted(
  log: Log,
  accounts: { all(): readonly Account[]; files(): readonly string[] },
  facts: { readonly version: string; readonly redis: string; readonly simulated: boolean },
): void {
  const counts = countByBroker(accounts.all());
  const files = accounts.files();
  log.info(
    { event: 'service.started', ...facts, files, accounts: counts },
    `Starting with ${files.join(', ') || 'no files'}; Redis ${facts.redis}; accounts: ${shownCounts(counts)}.`,
  );
}
