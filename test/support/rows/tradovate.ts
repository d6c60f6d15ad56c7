import { broken, brokenLists, hung } from './tradovate-broken.ts';
import { signIns } from './tradovate-logins.ts';
import { reads, renewals } from './tradovate-sessions.ts';
import { api, bridge, type ErrorRow, renewing, set, silence, tell } from './tradovate-row.ts';

export { type ErrorRow, bridge, renewing, api, apiWith, set, tell } from './tradovate-row.ts';

const penalties: readonly ErrorRow[] = [
  {
    name: 'login 200 `p-ticket`, no captcha',
    entry: api,
    arrange: tell('fail-logins'),
    during: 'sign-in',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
  {
    name: 'bridge 200 `p-ticket`, no captcha',
    entry: bridge,
    arrange: tell('fail-logins'),
    during: 'sign-in',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
  {
    name: 'renew 200 `p-ticket`, no captcha',
    entry: renewing,
    arrange: set('limits.renew', 0),
    during: 'renewal',
    expect: silence('time_penalty', 15_000),
    carries: true,
  },
];

/** Every error row of the broker's documents that an answer (or none) makes. */
export const errorRows: readonly ErrorRow[] = [
  ...signIns,
  ...penalties,
  ...renewals,
  ...reads,
  ...hung,
  ...broken,
  ...brokenLists,
];
