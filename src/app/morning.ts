import type { Alerts } from '../alerts/alerts.ts';
import { tally } from '../alerts/morning.ts';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import { dayOf, todayAt } from '../core/day.ts';
import type { Log } from '../core/log.ts';
import type { AccountStatus } from '../core/status.ts';
import { thereAt } from './presence.ts';

export interface MorningParts {
  /** `HH:MM`, by the clock of `zone`. */
  readonly at: string;
  readonly zone: string;
  readonly accounts: () => Promise<readonly AccountStatus[]>;
  /** The accounts as configured here. */
  readonly configured: () => readonly Account[];
  readonly isHoliday: (day: string, zone: string) => boolean;
  readonly alerts: Pick<Alerts, 'greet'>;
  /** Where a person sees more. */
  readonly link: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The machine's clock may be set meanwhile: nobody sleeps longer. */
const LOOK_MS = 60_000;
/** Redis does not answer. */
const AGAIN_MS = 10_000;
/** A process that starts later than this after the time says nothing that day. */
const LATE_MS = 30 * 60_000;

/** Says each morning how many accounts are ready. Once for all processes: the book of alerts has one line a day. */
export function startMornings(parts: MorningParts): { stop(): Promise<void> } {
  const { clock, log, zone } = parts;
  const stopping = new AbortController();
  let done = '';

  /** Resolves with how long to wait for the next look, ms. */
  async function look(): Promise<number> {
    const now = clock.now();
    const { day, end } = dayOf(zone, now);
    const dueAt = todayAt(parts.at, zone, now);
    if (now < dueAt) return Math.min(LOOK_MS, dueAt - now);
    if (day === done || now >= dueAt + LATE_MS) return LOOK_MS;
    // On a day that nobody works there is nobody to read it.
    const served = parts.configured().filter(({ enabled }) => enabled);
    if (served.some((account) => thereAt(account, parts.isHoliday, now) < end)) {
      const brokers = tally(await parts.accounts());
      await parts.alerts.greet({ day, at: now, brokers, link: parts.link });
    }
    done = day;
    return LOOK_MS;
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      const waitMs = await look().catch((error: unknown) => {
        const reason = error instanceof Error ? error.name : 'unknown';
        log.debug({ event: 'alert.morning_waits', reason }, 'The line of the morning waits for Redis.');
        return AGAIN_MS;
      });
      await clock.sleep(waitMs, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
