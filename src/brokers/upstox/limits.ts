import type { Limit, LimitedCall } from '../../core/limit.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const everyCall: readonly LimitedCall[] = ['consent', 'proof', 'arrival', 'request'];

/** Upstox counts by user, over all of the user's programs; a tenth is kept for a token that is needed now. */
const ofTheUser = (name: string, max: number, windowMs: number, variable: string): Limit => ({
  name,
  calls: everyCall,
  max,
  reserve: max / 10,
  windowMs,
  per: 'account',
  counts: 'every-call',
  variable,
});

/**
 * What the calls for one Upstox user may use up. The first three are Upstox' own (docs, rate-limiting:
 * 50 a second, 500 a minute, 2000 in half an hour, per user and API; whether logins count is open, so
 * they do here). The last two are this service's: strangers may post to the webhook, and each request
 * rings a person's phone.
 */
export const limits: readonly Limit[] = [
  ofTheUser('calls-second', 50, SECOND_MS, 'UPSTOX_CALLS_PER_SECOND'),
  ofTheUser('calls-minute', 500, MINUTE_MS, 'UPSTOX_CALLS_PER_MINUTE'),
  ofTheUser('calls-half-hour', 2_000, 30 * MINUTE_MS, 'UPSTOX_CALLS_PER_HALF_HOUR'),
  {
    name: 'arrival-proofs',
    calls: ['arrival'],
    max: 6,
    reserve: 0,
    windowMs: MINUTE_MS,
    per: 'account',
    counts: 'every-call',
    variable: 'UPSTOX_ARRIVAL_PROOFS_PER_MINUTE',
  },
  {
    name: 'requests',
    calls: ['request'],
    max: 2,
    reserve: 0,
    // From 08:00 to midnight: the next morning's request is never kept back by this morning's.
    windowMs: 16 * HOUR_MS,
    per: 'account',
    counts: 'every-call',
    variable: 'UPSTOX_REQUESTS_PER_DAY',
  },
];
