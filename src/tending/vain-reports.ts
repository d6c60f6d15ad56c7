import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

/** So many reports in a row that the broker does not bear out are no accident. */
const MANY = 5;
/** Reports further apart than this are not in a row, and it is said no more often, ms. */
const HOUR_MS = 60 * 60_000;

/** Bots that report token after token that is good: their calls are refused for another reason. */
export interface VainReports {
  /** Of each report that was answered: `inVain` where the broker honours the token all the same, or a new one was got on the bot's word alone. */
  tell(account: Pick<Account, 'name' | 'broker'>, inVain: boolean): void;
  /** What is to be said of it now, in sentences. */
  remarks(): readonly string[];
}

interface Row {
  readonly times: number;
  readonly at: number;
  readonly saidAt: number;
}

/** Says it in the log once an hour, and keeps it for the page as long as it goes on. */
export function makeVainReports(log: Log, clock: Pick<Clock, 'now'>): VainReports {
  const rows = new Map<string, Row>();
  const isRow = ({ at }: Row): boolean => clock.now() - at < HOUR_MS;
  const words = (name: string, times: number): string =>
    `A bot has reported the token of ${name} ${times} times in a row, though it was good or new each time: the bot's calls are refused for another reason.`;
  return {
    tell({ name, broker }, inVain) {
      const now = clock.now();
      const before = rows.get(name);
      const saidAt = before?.saidAt ?? -HOUR_MS;
      const times = inVain ? (before && isRow(before) ? before.times : 0) + 1 : 0;
      const isSaid = times >= MANY && now - saidAt >= HOUR_MS;
      rows.set(name, { times, at: now, saidAt: isSaid ? now : saidAt });
      if (isSaid) log.warn({ event: 'reports.in_vain', account: name, broker, times }, words(name, times));
    },
    remarks: () =>
      [...rows].flatMap(([name, row]) => (row.times >= MANY && isRow(row) ? [words(name, row.times)] : [])),
  };
}
