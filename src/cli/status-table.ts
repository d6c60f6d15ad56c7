import { duration } from '../core/duration.ts';
import type { AccountStatus } from '../core/status.ts';
import { stateColours } from './colours.ts';
import { table } from './table.ts';

/** Where there is no room: the broker, then what is next. */
const SPARE = [1, 4];

export interface StatusTableOptions {
  readonly now: number;
  readonly width: number | undefined;
  /** So many lines may be said of one account. */
  readonly textLines: number;
}

/** Every account in a row, and how many have a live token. */
export function statusTable(accounts: readonly AccountStatus[], options: StatusTableOptions): string {
  if (accounts.length === 0) return 'No accounts are served from this Redis. Is the service running?\n';
  const { now, width, textLines } = options;
  const rows = accounts.map((account) => [
    account.name,
    account.broker,
    { text: account.state, colour: stateColours[account.state] },
    account.valid ? duration(account.time_remaining_seconds * 1000) : '-',
    account.next_refresh === null ? '-' : until(account.next_refresh, now),
    account.state === 'fresh' ? '' : wordsOf(account),
  ]);
  const live = accounts.filter((account) => account.valid).length;
  return [
    ...table(['NAME', 'BROKER', 'STATE', 'LEFT', 'NEXT', 'WHAT'], rows, { width, textLines, spare: SPARE }),
    '',
    `${live} of ${accounts.length} ${accounts.length === 1 ? 'account has' : 'accounts have'} a live token.`,
    '',
  ].join('\n');
}

/** A limit that leaves no room says more than what went wrong before it. */
const wordsOf = ({ reason, last_error, message }: AccountStatus): string =>
  reason === 'budget_spent' ? message : (last_error?.message ?? message);

function until(at: string, now: number): string {
  const left = Date.parse(at) - now;
  return left <= 0 ? 'now' : `in ${duration(left)}`;
}
