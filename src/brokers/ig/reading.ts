import type { z } from 'zod';
import type { Call, HttpAnswer } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import { refusal, type Asked } from './classify.ts';
import { errorCodeOf } from './wire.ts';

/**
 * The answer's fields. Throws `BrokerError` for everything else. The body first: an error code in a 200
 * is an error, and a 200 that lacks the fields is no success.
 */
export function read<Schema extends z.ZodType>(
  asked: Asked,
  schema: Schema,
  answer: HttpAnswer,
): z.output<Schema> {
  const parsed = isGood(answer) ? schema.safeParse(answer.json) : undefined;
  if (parsed?.success !== true) throw refusal(asked, answer);
  return parsed.data;
}

/** A 2xx that holds no error code. */
export function isGood(answer: HttpAnswer): boolean {
  return errorCodeOf(answer.json) === undefined && answer.status >= 200 && answer.status < 300;
}

/** True for IG's word that the session of a call is over. */
export function isDead(error: unknown): boolean {
  return error instanceof BrokerError && error.code === 'access_token_dead';
}

/**
 * A call around a login in which no password is at stake: where nobody answers it, nothing can have
 * been counted against the login, and it must not be paced as if.
 */
export async function harmless<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof BrokerError) || error.kind !== 'outcome-unknown') throw error;
    const { code, status, requestId } = error;
    throw new BrokerError(error.message, {
      kind: 'transient',
      code,
      scope: 'broker',
      requestId,
      ...(status === undefined ? {} : { status }),
    });
  }
}

/**
 * What a call finds out, or undefined where it fails or takes longer than `patienceMs`: for what is
 * asked beside a new pair, which must neither be lost nor wait over it.
 */
export async function atBest<T>(...asked: Parameters<typeof inTime<T>>): Promise<T | undefined> {
  try {
    return await inTime(...asked);
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

/** The same, for who wants to know why it failed. */
export async function inTime<T>(
  clock: Clock,
  call: Call,
  patienceMs: number,
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(patienceMs, done.signal).then(() => {
    if (!done.signal.aborted) late.abort(new DOMException('It took too long.', 'TimeoutError'));
  });
  try {
    return await work({ signal: AbortSignal.any([call.signal, late.signal]) });
  } finally {
    done.abort();
    await timer;
  }
}
