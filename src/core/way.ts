import type { Connection } from './broker.ts';
import type { RefreshPolicy } from './policy.ts';
import type { PlannedCall } from './walk.ts';

/** How an account gets its next tokens, as far as anybody on this Redis may know it. No secret. */
export interface Way extends Pick<RefreshPolicy, 'dueAtShare' | 'jitterShare' | 'timeoutMs'> {
  readonly by: PlannedCall;
  /** True where a password can bring the next token. */
  readonly signsIn: boolean;
  /** Fingerprint of the API key, where limits are counted by one. */
  readonly key?: string | undefined;
  /** How long its tokens usually live, ms. */
  readonly lifeMs: number;
  /** How often a live token is proved, ms; absent: only where it is in doubt. */
  readonly proveEveryMs?: number | undefined;
  /** How many calls its steps make, where it is more than one. */
  readonly cost?: Partial<Readonly<Record<PlannedCall, number>>> | undefined;
  /** How many reads follow each step (the proof of the new token, the list of accounts). */
  readonly reads?: number | undefined;
}

/** A life where neither a token nor the broker's policy tells of one. */
const UNKNOWN_LIFE_MS = 60 * 60_000;

/** How an account gets its next tokens. `key`: the fingerprint of its API key. `verify`: each is proved first. */
export function wayOf(
  connection: Connection,
  policy: RefreshPolicy,
  key: string | undefined,
  verify = false,
): Way {
  const { dueAtShare, jitterShare, timeoutMs, typicalLifeMs = UNKNOWN_LIFE_MS, proveEveryMs } = policy;
  const signsIn = connection.signIn !== undefined;
  const by = connection.renew ? 'renewal' : signsIn ? 'sign-in' : 'person';
  const { renewal, 'sign-in': signIn } = connection.cost ?? {};
  const cost = { ...(renewal && { renewal }), ...(signIn && { 'sign-in': signIn }) };
  const reads = verify && connection.probe ? 1 : 0;
  const lifeMs = typicalLifeMs;
  return { by, signsIn, key, dueAtShare, jitterShare, timeoutMs, lifeMs, proveEveryMs, cost, reads };
}
