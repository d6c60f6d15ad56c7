import type { Grant } from './broker.ts';
import type { StatusFacts } from './describe.ts';

/** What stands in Redis for an account that somebody else serves. */
export interface Watched {
  readonly token: string | undefined;
  /** How long its key lives on, ms; negative where it does not end. */
  readonly ttlMs: number;
  /** Of `meta:`, where who serves it writes one. */
  readonly generation: number | undefined;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

/** What was made of it, as it is stored. */
export interface Observation extends Pick<
  StatusFacts,
  'state' | 'reason' | 'since' | 'generation' | 'issuedAt' | 'expiresAt' | 'renewAt' | 'dueAt' | 'trouble'
> {
  readonly state: 'fresh' | 'expired' | 'awaiting_approval';
}

export interface ObservedWay {
  /** Only a person gets its tokens. */
  readonly person: boolean;
  /** At which share of its life a token would be refreshed. */
  readonly dueAtShare: number;
}

/** Why an observed account has no token that is good. */
export const observedReasons = ['observed_missing', 'observed_stale'] as const;

const MISSING = 'Nobody keeps it: there is no live token of it in Redis, and this service only observes it.';
const STALE =
  'Its key outlives its token: bots read one that has ended. Whoever serves it has to write a newer one; this service only observes it.';

/** What a look says, and since when. `grant`: what the token says of itself, where it can be read. Pure. */
export function observe(
  seen: Watched,
  grant: Pick<Grant, 'issuedAt' | 'expiresAt'> | undefined,
  { person, dueAtShare }: ObservedWay,
  before: Observation | undefined,
  now: number,
): Observation {
  const { token, ttlMs, generation } = seen;
  const byKey = ttlMs >= 0 ? now + ttlMs : undefined;
  const expiresAt = token === undefined ? undefined : (seen.expiresAt ?? grant?.expiresAt ?? byKey);
  const isLive = token !== undefined && (expiresAt === undefined || expiresAt > now);
  const state = isLive ? 'fresh' : person ? 'awaiting_approval' : 'expired';
  const [missing, stale] = observedReasons;
  const reason = isLive ? '' : token === undefined ? missing : stale;
  const isSame = before?.state === state && before.reason === reason;
  const since = isSame ? before.since : new Date(now).toISOString();
  if (!isLive) {
    const message = token === undefined ? MISSING : STALE;
    // When its last token ended stays known.
    const last = expiresAt ?? before?.expiresAt;
    const trouble = JSON.stringify({
      code: reason,
      kind: 'unknown',
      message,
      at: Date.parse(since ?? '') || now,
    });
    return {
      state,
      reason,
      since,
      generation,
      issuedAt: undefined,
      expiresAt: last,
      renewAt: undefined,
      dueAt: now,
      trouble,
    };
  }
  // Where nothing says when it was written, the first look at it.
  const isSameToken = before?.state === 'fresh' && before.expiresAt === expiresAt;
  const issuedAt = seen.issuedAt ?? grant?.issuedAt ?? (isSameToken ? before.issuedAt : undefined) ?? now;
  const next = expiresAt === undefined ? undefined : issuedAt + (expiresAt - issuedAt) * dueAtShare;
  return {
    state,
    reason,
    since,
    generation,
    issuedAt,
    expiresAt,
    renewAt: next,
    dueAt: next,
    trouble: undefined,
  };
}
