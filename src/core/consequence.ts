import type { RefreshPolicy } from './broker.ts';
import type { Random } from './clock.ts';
import type { BrokerError } from './errors.ts';
import { backoffMs, recentUnknown, unknownSignInWaitMs } from './policy.ts';
import type { AccountRecord, AttemptKind, Session } from './session.ts';

/** A broker-wide silence that an error asks for. */
export interface Silence {
  readonly scope: 'egress' | 'broker';
  readonly until: number;
  readonly code: string;
}

export interface Consequence {
  readonly record: AccountRecord;
  readonly silence: Silence | undefined;
}

/** How long a throttling answer that names no time is obeyed, ms. */
const THROTTLED_DEFAULT_MS = 30_000;
/** Most that a repeated quota answer is left alone, ms, where the broker names no time of its own. */
const QUOTA_CAP_MS = 60_000;
/** How long a call that could not be sent at all waits, ms: a setting must be mended first. */
const UNSENT_WAIT_MS = 60_000;

/**
 * What a failed call changes in the record. Pure; the caller stores the result and decides anew.
 * A failure never touches the session's token: what is still good stays served.
 */
export function consequence(
  error: BrokerError,
  during: AttemptKind,
  before: AccountRecord,
  fingerprint: string,
  policy: RefreshPolicy,
  now: number,
  random: Random,
): Consequence {
  const failures = before.failures + 1;
  const headroom = before.session ? before.session.grant.expiresAt - now : 0;
  const failed: AccountRecord = {
    ...before,
    failures,
    attempt: undefined,
    request: undefined,
    trouble: { code: error.code, kind: error.kind, message: error.message, at: now },
  };
  const after = (changes: Partial<AccountRecord>, silence?: Silence): Consequence => ({
    record: { ...failed, ...changes },
    silence,
  });
  const later = (waitMs: number): Partial<AccountRecord> => ({ retryAt: now + waitMs });
  const stop = { refused: [...new Set([...before.refused, fingerprint])], retryAt: 0 };

  // What never left cannot have been refused: no verdict on the credentials, only patience.
  if (!error.sent && (error.kind === 'refused' || error.kind === 'needs-human'))
    return after(later(UNSENT_WAIT_MS));
  // A person tried and it did not work out: they are asked again, no timer runs.
  if (during === 'consent') return after({});

  switch (error.kind) {
    case 'throttled': {
      const asked = error.retryAfterMs ?? THROTTLED_DEFAULT_MS;
      // A quota that is still spent is left alone for longer each time.
      const grown = Math.min(asked * 2 ** Math.min(before.failures, 5), Math.max(asked, QUOTA_CAP_MS));
      const until = now + grown;
      return after(
        { retryAt: until + Math.round(random() * 2_000) },
        error.scope === 'egress' || error.scope === 'broker'
          ? { scope: error.scope, until, code: error.code }
          : undefined,
      );
    }
    case 'transient':
      // An error page does not say whether the pair was rotated before it: sent is spent.
      return after({
        ...(during === 'renewal' && policy.renewalIsSingleUse && error.sent && spent(before.session)),
        ...later(backoffMs(failures, headroom, random)),
      });
    case 'outcome-unknown': {
      if (during === 'renewal') {
        return policy.renewalIsSingleUse
          ? after({ ...spent(before.session), retryAt: now, request: before.request })
          : after(later(backoffMs(failures, headroom, random)));
      }
      const unknownSignIns = [...recentUnknown(before.unknownSignIns, now), now];
      return after({
        unknownSignIns,
        ...later(unknownSignInWaitMs(unknownSignIns.length, headroom, random)),
      });
    }
    case 'refused':
      // The grant is gone, the password is not in doubt: one sign-in, at once.
      return during === 'renewal'
        ? after({ ...spent(before.session), retryAt: now, request: before.request })
        : after(stop);
    case 'needs-human':
      return after({ ...spent(before.session), ...stop });
  }
}

function spent(session: Session | undefined): { readonly session: Session | undefined } {
  return { session: session && { ...session, renewalSpent: true } };
}
