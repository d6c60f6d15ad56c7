import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Level } from '../alerts/book.ts';
import { isWithin } from '../core/hours.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Listener } from '../tending/parts.ts';
import type { Tickets } from './tickets.ts';

export interface ListenerParts {
  readonly alerts: Alerts;
  readonly tickets: Tickets;
  readonly clock: Clock;
  readonly log: Log;
  readonly publicUrl: string;
  readonly titleOf: (broker: string) => string;
  readonly metrics: Pick<Metrics, 'attempted'>;
  readonly woken: (broker: string) => void;
  readonly isHoliday: (day: string) => boolean;
  /** True: no real broker is asked, and every alert says so. */
  readonly simulated: boolean;
}

/** What the keeper says, turned into alerts; in order, and without ever holding up the keeper. */
export function makeListener(parts: ListenerParts): Listener & { settled(): Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  const queue = (work: () => Promise<void>): void => {
    last = last.then(work).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : 'unknown';
      parts.log.error({ event: 'alert.defect', error: why }, 'An alert could not be handed on.');
    });
  };
  const link = (account: Account): string => {
    const ticket = parts.tickets.issue(account.broker, account.name, parts.clock.now());
    const name = encodeURIComponent(account.name);
    return `${parts.publicUrl}/oauth/${account.broker}/${name}?ticket=${encodeURIComponent(ticket)}`;
  };
  /** Where nobody is there, what is wrong is a level less pressing. */
  const atThisHour = (account: Account, level: Level): Level => {
    if (isWithin(account.hours, parts.isHoliday, parts.clock.now())) return level;
    return level === 'critical' ? 'warning' : 'notice';
  };
  return {
    failed(account, error, next) {
      queue(() =>
        parts.alerts.failed({
          broker: account.broker,
          account: account.name,
          code: error.code,
          message: parts.simulated ? `[simulated] ${error.message}` : error.message,
          nextAt: next.at,
          link: next.state === 'stopped' ? `${parts.publicUrl}/dashboard` : undefined,
          level: atThisHour(
            account,
            error.kind === 'needs-human' || next.state === 'stopped' || next.state === 'expired'
              ? 'critical'
              : 'warning',
          ),
        }),
      );
    },
    recovered: (account) =>
      queue(() => parts.alerts.recovered({ broker: account.broker, account: account.name })),
    personNeeded: (account, { asked }) =>
      queue(() =>
        parts.alerts.failed({
          broker: account.broker,
          account: account.name,
          // A day, a message: what nobody heeded yesterday is asked anew, with a link that works.
          code: `awaiting_approval_${new Date(parts.clock.now()).toISOString().slice(0, 10).replaceAll('-', '_')}`,
          message: asked
            ? `${parts.titleOf(account.broker)} has asked for today's token: approve it in its app, or log in by the link.`
            : `A person must log in at ${parts.titleOf(account.broker)} for today's token.`,
          link: link(account),
          level: 'critical',
        }),
      ),
    attempted: (account, kind, result) => parts.metrics.attempted(account.broker, kind, result),
    woken: parts.woken,
    settled: () => last,
  };
}
