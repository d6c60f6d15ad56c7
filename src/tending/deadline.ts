import type { Clock } from '../core/clock.ts';

/** Runs `work` with a signal that aborts after `timeoutMs`, and as soon as any of `others` does. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  others: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(timeoutMs, done.signal).then(() => {
    if (!done.signal.aborted) deadline.abort(new DOMException('The call took too long.', 'TimeoutError'));
  });
  try {
    return await work(AbortSignal.any([deadline.signal, ...others]));
  } finally {
    done.abort();
    await timer;
  }
}
