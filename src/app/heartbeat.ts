import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

export interface HeartbeatParts {
  /** Secret: whoever knows it can beat in our place. */
  readonly url: string;
  /** Why all is not well; none where it is. */
  readonly reasons: () => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Heartbeat {
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
const CALL_MS = 10_000;

/**
 * Calls an address every minute while the service does its work: whoever watches it notices a dead one,
 * which cannot say so itself. A service that is not ready does not beat.
 */
export function startHeartbeat(parts: HeartbeatParts): Heartbeat {
  const { clock, log } = parts;
  const stopping = new AbortController();
  let isUnheard = false;

  async function beat(): Promise<void> {
    if ((await parts.reasons()).length > 0) return;
    const answer = await fetch(parts.url, {
      redirect: 'follow',
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(CALL_MS)]),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    const isHeard = answer?.ok === true;
    if (!isHeard && !isUnheard && !stopping.signal.aborted) {
      log.warn(
        { event: 'heartbeat.unheard', status: answer?.status },
        'HEARTBEAT_URL does not take the heartbeat; it is tried again every minute.',
      );
    }
    isUnheard = !isHeard;
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      await beat().catch(() => undefined);
      await clock.sleep(EVERY_MS, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
