import type { Limit, LimitedCall } from '../../core/limit.ts';

const MINUTE_MS = 60_000;

/** Every call of the service: that login and refresh are among the counted ones is inferred, not documented. */
const calls: readonly LimitedCall[] = ['sign-in', 'renewal', 'proof'];

const ofKey = {
  calls,
  max: 60,
  reserve: 12,
  windowMs: MINUTE_MS,
  per: 'key',
  counts: 'every-call',
} as const;

/**
 * IG's limits for calls that do not trade: 60 a minute for an API key and 30 for an account (labs.ig.com,
 * FAQ, second hand; a key's own values: GET /operations/application). Bots spend the same quotas, so that
 * these numbers are ceilings and no promise. Demo is lower and changes without notice, about 8 a minute
 * for a key in August 2026: one client's word (joaquinbejar/ig-client#91), and quotas differ by key, so that
 * it lowers nothing by itself. The answers tell, the settings tell sooner.
 *
 * How many failed logins lock what, and for how long, is not published; clients speak of a quarter of an
 * hour. A clear refusal stops its account anyway. For a whole network five in a quarter of an hour is a
 * careful guess, of which two are kept for logins that are known to be good.
 */
export const limits: readonly Limit[] = [
  { ...ofKey, name: 'key-calls', environment: 'live', variable: 'IG_KEY_CALLS_PER_MINUTE' },
  {
    ...ofKey,
    name: 'demo-key-calls',
    environment: 'demo',
    variable: 'IG_DEMO_KEY_CALLS_PER_MINUTE',
    otherwise: 'IG_KEY_CALLS_PER_MINUTE',
    seen: 8,
  },
  {
    name: 'account-calls',
    calls,
    max: 30,
    reserve: 6,
    windowMs: MINUTE_MS,
    per: 'account',
    counts: 'every-call',
    variable: 'IG_ACCOUNT_CALLS_PER_MINUTE',
  },
  {
    name: 'sign-in-failures',
    calls: ['sign-in'],
    max: 5,
    reserve: 2,
    windowMs: 15 * MINUTE_MS,
    per: 'egress',
    counts: 'failures',
    variable: 'IG_FAILED_LOGINS_PER_WINDOW',
  },
];
