import type { AccountStatus } from '../../src/core/status.ts';
import { account, without } from '../unit/http/support.ts';

/** A desk of many logins, most of them well. `now`: ms since the epoch. */
export function busyDesk(now: number, count: number): readonly AccountStatus[] {
  const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();
  const live = (broker: string, lifeMinutes: number, left: number): Partial<AccountStatus> => ({
    broker,
    issued_at: at(left - lifeMinutes),
    last_refresh: at(left - lifeMinutes),
    expiry_time: at(left),
    next_refresh: at(Math.max(0.1, left - lifeMinutes / 5)),
  });
  const some = [
    account('ALPHA_MAIN', { ...live('alpha', 80, 71), sub_accounts: ['A1', 'A2', 'A3', 'A4', 'A5'] }),
    account('ALPHA_HALF', live('alpha', 80, 31)),
    account('ALPHA_LATE', {
      ...live('alpha', 80, 6),
      state: 'backing_off',
      detail: 'Alpha does not answer; the next try is in 20 s.',
      attempts: 4,
      last_error: { code: 'timeout', message: 'No answer within 15 s.', at: at(-1) },
    }),
    without('ALPHA_WRONG', 'stopped', {
      broker: 'alpha',
      next_refresh: null,
      detail: 'Alpha does not accept this login: "Incorrect username or password."',
      last_error: {
        code: 'bad_credentials',
        message: 'Alpha does not accept this login: "Incorrect username or password."',
        at: at(-30),
      },
    }),
    account('BETA_SHORT', live('beta', 1, 0.8)),
    without('GAMMA_ONE', 'awaiting_approval', {
      broker: 'gamma',
      person_needed: true,
      next_refresh: at(600),
      environment: 'live',
    }),
    account('GAMMA_TWO', { ...live('gamma', 1_200, 700), person_needed: true, environment: 'live' }),
    without('BETA_OFF', 'disabled', {
      broker: 'beta',
      next_refresh: null,
      detail: 'Disabled in the credentials file.',
    }),
  ];
  const many = Array.from({ length: Math.max(0, count - some.length) }, (_, i) =>
    account(`DESK_${String(i).padStart(4, '0')}`, live(i % 3 === 0 ? 'beta' : 'alpha', 80, 20 + (i % 60))),
  );
  return [...some, ...many];
}
