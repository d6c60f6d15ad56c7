import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

/** So many reports in a row that the broker does not bear out are no accident. */
const MANY = 5;
/** Reports further apart than this are not in a row, and it is said no more often, ms. */
const HOUR_MS = 60 * 60_000;

/** Told of each report that was answered: `inVain` where the broker honours the token all the same, or a new one was got on the bot's word alone. */
export type VainReports = (account: Pick<Account, 'name' | 'broker'>, inVain: boolean) => void;

/** Says it where a bot reports token after token that is good: its calls are refused for another reason. */
export function makeVainReports(log: Log, clock: Clock): VainReports {
  const counts = new Map<string, { readonly times: number; readonly at: number; readonly saidAt: number }>();
  return ({ name, broker }, inVain) => {
    const now = clock.now();
    const before = counts.get(name);
    const saidAt = before?.saidAt ?? -HOUR_MS;
    const isInARow = before !== undefined && now - before.at < HOUR_MS;
    const times = inVain ? (isInARow ? before.times : 0) + 1 : 0;
    const isSaid = times >= MANY && now - saidAt >= HOUR_MS;
    counts.set(name, { times, at: now, saidAt: isSaid ? now : saidAt });
    if (!isSaid) return;
    log.warn(
      { event: 'reports.in_vain', account: name, broker, times },
      `A bot has reported the token of ${name} ${times} times in a row, though it was good or new each time: the bot's calls are refused for another reason.`,
    );
  };
}
