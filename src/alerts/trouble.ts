import { duration } from '../core/duration.ts';
import type { Log } from '../core/log.ts';
import type { Channel, ChannelError } from './channel.ts';

/** `failing`: it is tried again and again; `dead`: it does not know us any more. */
export type ChannelState = 'works' | 'failing' | 'dead';

const BACKOFF_MS = 1_000;
const BACKOFF_CAP_MS = 60_000;
/** A webhook that is gone comes back only by a person's hand; `/readyz` and the log say how often it is tried. */
const DEAD_MS = 60 * 60_000;

/** What is told of a channel: its name, and the setting that leads to it. */
type Told = Pick<Channel, 'name' | 'setting'>;

/** Counts a channel's failures in a row: how long to wait, and what is worth a line in the log. */
export function makeTrouble(
  channel: Told,
  log: Log,
): {
  wait(error: ChannelError): number;
  /** `elsewhere`: nothing waits any more, though nothing was said here. */
  over(how: 'said' | 'elsewhere'): void;
  state(): ChannelState;
} {
  let failures = 0;
  let deadSaid = false;
  return {
    state: () => (deadSaid ? 'dead' : failures > 0 ? 'failing' : 'works'),
    wait(error) {
      failures += 1;
      const backoffMs = Math.min(BACKOFF_MS * 2 ** (failures - 1), BACKOFF_CAP_MS);
      const fields = { channel: channel.name, reason: error.message };
      if (error.kind === 'dead') {
        if (!deadSaid) log.error({ event: 'alert.channel_dead', ...fields }, deadWords(channel, error));
        deadSaid = true;
        return DEAD_MS;
      }
      const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs);
      if (failures === 1)
        log.warn({ event: 'alert.channel_failing', ...fields }, failingWords(channel, error, waitMs));
      return waitMs;
    },
    over(how) {
      const fields = { channel: channel.name, failures };
      if (failures > 0)
        log.info({ event: 'alert.channel_back', ...fields }, backWords(channel, failures, how));
      failures = 0;
      deadSaid = false;
    },
  };
}

function failingWords({ name, setting }: Told, { kind, message }: ChannelError, waitMs: number): string {
  const what = `Alerts by ${name} do not get through: ${message}. They are kept, and tried again in ${duration(waitMs)}`;
  if (kind === 'throttled') return `${what}. Nothing is to be done.`;
  const right = setting === undefined ? '' : `, and whether ${setting} is right`;
  return `${what}, later each time, each minute at last. If that goes on, see whether it can be reached from here${right}.`;
}

function deadWords({ name, setting }: Told, { message }: ChannelError): string {
  const step = setting === undefined ? '' : `, at the other end, or by another ${setting} and a restart`;
  return `Alerts by ${name} are not taken any more: ${message}. A person must mend that${step}. Alerts are kept, and tried again every hour.`;
}

function backWords({ name }: Told, failures: number, how: 'said' | 'elsewhere'): string {
  const tries = `${failures} ${failures === 1 ? 'try' : 'tries'}`;
  return how === 'said'
    ? `Alerts by ${name} go through again, after ${tries} that failed; what waited is said now.`
    : `No alert waits for ${name} any more: what this process could not say in ${tries}, another one has said, or it is over.`;
}
