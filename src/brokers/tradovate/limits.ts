import type { Limit } from '../../core/limit.ts';
import type { RefreshPolicy } from '../../core/policy.ts';

const HOUR_MS = 60 * 60_000;

/**
 * Budgets of each /24 network over a rolling hour (partner.tradovate.com, rate-limits). Logins and
 * `me` count where they fail, renewals always. The bridge's login is taken for one of the logins,
 * which nobody has proved.
 */
export const limits: readonly Limit[] = [
  {
    name: 'sign-in-failures',
    calls: ['sign-in'],
    max: 5,
    reserve: 2,
    windowMs: HOUR_MS,
    per: 'egress',
    counts: 'failures',
    variable: 'TRADOVATE_FAILED_LOGINS_PER_HOUR',
  },
  {
    name: 'renewals',
    calls: ['renewal'],
    max: 15,
    reserve: 3,
    windowMs: HOUR_MS,
    per: 'egress',
    counts: 'every-call',
    variable: 'TRADOVATE_RENEWALS_PER_HOUR',
  },
  {
    name: 'proofs',
    calls: ['proof'],
    max: 10,
    reserve: 2,
    windowMs: HOUR_MS,
    per: 'egress',
    counts: 'failures',
    variable: 'TRADOVATE_PROOFS_PER_HOUR',
  },
  // "Authentication: 10 requests/minute" (an older text of rate-limits). The newer page has no such limit, and
  // forty first logins would take four minutes for it: off, unless the setting says otherwise. Ten seconds more than
  // the minute: calls are counted here as they leave, there as they arrive, and one too many costs an hour.
  {
    name: 'authentications',
    calls: ['sign-in', 'renewal'],
    max: 10,
    reserve: 0,
    windowMs: 70_000,
    per: 'egress',
    counts: 'every-call',
    variable: 'TRADOVATE_LOGINS_PER_MINUTE',
    offByDefault: true,
  },
];

/** A login is due at 72 to 80 % of a token's life: it costs no budget while it succeeds. */
export const signInPolicy: RefreshPolicy = {
  dueAtShare: 0.8,
  jitterShare: 0.08,
  timeoutMs: 10_000,
  renewalIsSingleUse: false,
  typicalLifeMs: 80 * 60_000,
};

/**
 * Renewals are due "about 15 minutes prior" (partner.ninjatrader.com, access-token-request): 62 to 65
 * minutes into the 80. Each one is counted, so a wider spread would cost every network an account.
 */
export const renewalPolicy: Partial<RefreshPolicy> = { dueAtShare: 65 / 80, jitterShare: 0.04 };
