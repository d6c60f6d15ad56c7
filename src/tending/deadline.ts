import type { Clock } from '../core/clock.ts';

/** A timer that is later than this came to a process that stood still, ms. */
const LATE_MS = 100;
/** What such a process gives an answer that is in its socket already, ms. */
const GRACE_MS = 20;

/** Runs `work` with a signal that aborts after `timeoutMs`, and as soon as any of `others` does. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  others: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const done = new AbortController();
  const startedAt = clock.now();
  const timer = clock.sleep(timeoutMs, done.signal).then(async () => {
    // Timers come before sockets in a process that goes on: an answer may have come in time, and be unread.
    if (clock.now() - startedAt > timeoutMs + LATE_MS) await clock.sleep(GRACE_MS, done.signal);
    if (!done.signal.aborted) deadline.abort(new DOMException('The call took too long.', 'TimeoutError'));
  });
  try {
    return await work(AbortSignal.any([deadline.signal, ...others]));
  } finally {
    done.abort();
    await timer;
  }
}
