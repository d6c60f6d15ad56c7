import type { Account } from '../core/account.ts';
import type { Log } from '../core/log.ts';

/** What stood in the way of an account's keys, to the log: the same thing is said once. */
export function makeKeyReports(log: Log): (account: Account, reports: readonly string[]) => void {
  const reported = new Map<string, string>();
  return (account, reports) => {
    const text = reports.join('\n');
    if (text === (reported.get(account.name) ?? '')) return;
    reported.set(account.name, text);
    for (const each of reports) {
      log.warn(
        { event: 'keys.reported', account: account.name, report: each },
        `Keys of ${account.name}: ${each}.`,
      );
    }
  };
}
