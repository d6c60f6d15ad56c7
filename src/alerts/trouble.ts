import type { Log } from '../core/log.ts';
import type { ChannelError } from './channel.ts';

/** `failing`: it is tried again and again; `dead`: it does not know us any more. */
export type ChannelState = 'works' | 'failing' | 'dead';

const BACKOFF_MS = 1_000;
const BACKOFF_CAP_MS = 60_000;
/** A webhook that is gone comes back only by a person's hand. */
const DEAD_MS = 60 * 60_000;
const DEAD_SAID = 'A channel for alerts is gone; alerts wait until it is mended.';
const FAILING_SAID = 'A channel for alerts fails; it is tried again.';
const BACK_SAID = 'A channel for alerts works again.';

/** Counts a channel's failures in a row: how long to wait, and what is worth a line in the log. */
export function makeTrouble(
  channel: string,
  log: Log,
): { wait(error: ChannelError): number; over(): void; state(): ChannelState } {
  let failures = 0;
  let deadSaid = false;
  return {
    state: () => (deadSaid ? 'dead' : failures > 0 ? 'failing' : 'works'),
    wait(error) {
      failures += 1;
      const backoffMs = Math.min(BACKOFF_MS * 2 ** (failures - 1), BACKOFF_CAP_MS);
      const fields = { channel, reason: error.message };
      if (error.kind === 'dead') {
        if (!deadSaid) log.error({ event: 'alert.channel_dead', ...fields }, DEAD_SAID);
        deadSaid = true;
        return DEAD_MS;
      }
      if (failures === 1) log.warn({ event: 'alert.channel_failing', ...fields }, FAILING_SAID);
      return Math.max(error.retryAfterMs ?? 0, backoffMs);
    },
    over() {
      if (failures > 0) log.info({ event: 'alert.channel_back', channel, failures }, BACK_SAID);
      failures = 0;
      deadSaid = false;
    },
  };
}
