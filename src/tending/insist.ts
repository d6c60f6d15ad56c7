import type { Clock } from '../core/clock.ts';

/** How long a Redis that has just gone away is waited for, ms; then the account's next look goes on with it. */
export const INSIST_MS = 60_000;
const PAUSE_MS = 250;

/**
 * Stores the outcome of a call, again and again while Redis fails: what a broker has handed out cannot
 * be had a second time, and a refusal that is not written down would be asked for again. The fence
 * turns away what comes too late. Throws Redis' last error.
 *
 * @param onTrouble run once, when the first write has failed: what must not be lost goes to disk
 */
export async function insist<T>(
  clock: Clock,
  write: () => Promise<T>,
  onTrouble: () => Promise<void>,
): Promise<T> {
  const until = clock.now() + INSIST_MS;
  for (let tries = 0; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (tries === 0) await onTrouble();
      if (clock.now() >= until || isForbidden(error)) throw error;
      await clock.sleep(PAUSE_MS);
    }
  }
}

/** Redis answers, and will not answer otherwise until somebody changes its rights. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && /NOPERM|NOAUTH|WRONGPASS/.test(error.message);
}
