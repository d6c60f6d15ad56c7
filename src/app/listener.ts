import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Level } from '../alerts/book.ts';
import type { Failure } from '../alerts/members.ts';
import { isCalm } from '../core/headroom.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Listener } from '../tending/parts.ts';
import { isPersons } from '../tending/persons.ts';
import { thereAt } from './presence.ts';
import { wayIn, type Tickets } from './tickets.ts';

export interface ListenerParts {
  readonly alerts: Pick<Alerts, 'failed' | 'recovered' | 'leave'>;
  readonly tickets: Tickets;
  readonly clock: Clock;
  readonly log: Log;
  readonly publicUrl: string;
  /** What links to the page begin with. */
  readonly alertUrl: string;
  readonly titleOf: (broker: string) => string;
  readonly metrics: Pick<Metrics, 'attempted'>;
  readonly woken: (broker: string) => void;
  readonly isHoliday: (day: string, zone: string) => boolean;
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
  const link = (account: Account): string =>
    `${parts.publicUrl}${wayIn(parts.tickets, account, parts.clock.now())}`;
  /** Where nobody is there, what is wrong is a level less pressing, and calls nobody before somebody is. */
  const heard = (account: Account, level: Level): Pick<Failure, 'level' | 'hearAt'> => {
    const now = parts.clock.now();
    const lower = level === 'critical' ? 'warning' : 'notice';
    return {
      level: thereAt(account, parts.isHoliday, now) === now ? level : lower,
      hearAt: (at) => thereAt(account, parts.isHoliday, at),
    };
  };
  return {
    failed(account, error, next) {
      const isPressing =
        error.kind === 'needs-human' ||
        next.state === 'stopped' ||
        next.state === 'expired' ||
        next.lacksToken === true;
      const isEarly = next.token !== undefined && isCalm(next.token, next.at, parts.clock.now());
      queue(() =>
        parts.alerts.failed({
          broker: account.broker,
          account: account.name,
          code: error.code,
          message: error.message,
          nextAt: next.at,
          served: next.state === 'fresh',
          tokenUntil: next.tokenUntil,
          recurs: next.recurs,
          follows: error.code === 'broker_silence',
          // A login that did not work out must not take away the way to the next one.
          link:
            next.state === 'stopped'
              ? `${parts.alertUrl}/dashboard`
              : isPersons(account) && next.state !== 'fresh'
                ? link(account)
                : undefined,
          ...heard(account, isPressing ? 'critical' : isEarly ? 'notice' : 'warning'),
        }),
      );
    },
    recovered: (account) =>
      queue(() => parts.alerts.recovered({ broker: account.broker, account: account.name })),
    rests: (account) => queue(() => parts.alerts.leave({ broker: account.broker, account: account.name })),
    personNeeded: (account, { asked, why, tokenUntil }) =>
      queue(() => {
        const now = parts.clock.now();
        const title = parts.titleOf(account.broker);
        // A token that was served until now is news to whoever waits for nothing: not one more name in a message.
        const isLoss = why?.code === 'died_early';
        const { level, hearAt } = heard(account, 'critical');
        return parts.alerts.failed({
          broker: account.broker,
          account: account.name,
          code: isLoss ? why.code : `awaiting_approval_${dayOf(account, now)}`,
          message: isLoss
            ? `${why.message} A person must log in at ${title} again.`
            : asked
              ? `${title} has asked for today's token: approve it in its app, or log in by the link.`
              : `A person must log in at ${title} for today's token.`,
          why: isLoss ? undefined : why?.message,
          link: link(account),
          tokenUntil,
          level,
          // The next day asks anew, in a message of its own: of "today's token" nobody is reminded after it is over.
          hearAt: (at) =>
            hearAt?.(at) === at && (isLoss || dayOf(account, at) === dayOf(account, now)) ? at : undefined,
        });
      }),
    attempted: (account, kind, result, tookMs) =>
      parts.metrics.attempted(account.broker, kind, result, tookMs),
    woken: parts.woken,
    settled: () => last,
  };
}

/**
 * A day, a message: what nobody heeded yesterday is asked anew, with a link that works. The day is the
 * broker's: the one whose answers are of use until the same moment.
 */
function dayOf(account: Account, now: number): string {
  const until = account.connection.consent?.deadline(now) ?? now;
  return new Date(until).toISOString().slice(0, 10).replaceAll('-', '_');
}
