import { z } from 'zod';
import { BrokerError } from '../../core/errors.ts';
import type { Lack } from '../../core/lack.ts';
import { isDead } from './reading.ts';

/* Calls for streaming tokens that fail: they cost no access token, and are neither hidden nor repeated for ever. */

/** The call that tells whether tokens live, or the one that fetches new ones. */
export type StreamingCall = 'look' | 'fetch';

/** How long a call is not made again that would only be answered the same, ms. */
const ASK_AGAIN_MS = 15 * 60_000;
/** Failures in a row of which people hear, where the first may be gone with the next renewal. */
const SAID_FROM = 2;
/** Failures in a row from which it is taken to last: a quota is a minute's, an outage passes or ends the session. */
const LASTS_FROM = { throttled: 2, other: 10 } as const;

const failure = z.object({
  code: z.string(),
  message: z.string(),
  requestId: z.string().optional(),
  /** In a row. */
  times: z.number(),
  /** When the call may go out again, ms; 0: with the next renewal. */
  notBefore: z.number(),
});
type Failure = z.output<typeof failure>;

/** Each call's own: what refuses one of them says nothing of the other. */
export const streamingFailures = z.object({ look: failure.optional(), fetch: failure.optional() });
export type StreamingFailures = z.output<typeof streamingFailures>;

/** The failure that a call ended with. Throws what is none of IG's or the network's. */
export function failureOf(error: unknown, before: Failure | undefined, now: number): Failure {
  if (!(error instanceof BrokerError)) throw error;
  const { code, message, kind, requestId } = error;
  const times = (before?.times ?? 0) + 1;
  // A dead access token is the renewal's business: the next one is another.
  const isFinal = kind === 'needs-human' || (kind === 'refused' && !isDead(error));
  const isLong = times >= (kind === 'throttled' ? LASTS_FROM.throttled : LASTS_FROM.other);
  return { code, message, requestId, times, notBefore: isFinal || isLong ? now + ASK_AGAIN_MS : 0 };
}

/** What people hear of them. */
export function lackOf({ fetch, look }: StreamingFailures = {}): Lack | undefined {
  const worth = [fetch, look].find((each) => each && (each.notBefore > 0 || each.times >= SAID_FROM));
  if (!worth) return undefined;
  const { code, message, requestId, notBefore } = worth;
  return {
    code,
    requestId,
    message: `its streaming tokens could not be fetched or looked after: ${message}`,
    ...(notBefore > 0 && { retryAt: notBefore }),
  };
}
