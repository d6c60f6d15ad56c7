import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { AccountStatus } from '../core/status.ts';

export interface HeartbeatParts {
  /** Secret: whoever knows it can beat in our place. */
  readonly url: string;
  /** Why the service is not ready; none where it is. */
  readonly reasons: () => Promise<readonly string[]>;
  readonly accounts: () => Promise<readonly Held[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What counts of an account: whether its broker gave it a token that lives. */
export type Held = Pick<AccountStatus, 'broker' | 'state' | 'valid'>;

export interface Heartbeat {
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** So soon it is looked again while all is not well: a watchdog should not wait a minute longer than it must. */
const AGAIN_MS = 5_000;
const CALL_MS = 10_000;

/** No token is expected of these: nobody is served, or a person's morning is still to come. */
const idle: ReadonlySet<string> = new Set(['disabled', 'paused', 'awaiting_approval']);

/** The brokers of which no account has a live token although one should: all is not well then. */
export function brokersWithout(accounts: readonly Held[]): readonly string[] {
  const expected = accounts.filter(({ state }) => !idle.has(state));
  return [...Map.groupBy(expected, ({ broker }) => broker)].flatMap(([broker, members]) =>
    members.some(({ valid }) => valid) ? [] : [broker],
  );
}

/**
 * Calls an address every minute while all is well: whoever watches it notices a dead service, which cannot
 * say so itself. One that is not ready does not beat, nor does one that has lost all tokens of a broker.
 */
export function startHeartbeat(parts: HeartbeatParts): Heartbeat {
  const { clock, log } = parts;
  const stopping = new AbortController();
  let isUnheard = false;

  const isWell = async (): Promise<boolean> =>
    (await parts.reasons()).length === 0 && brokersWithout(await parts.accounts()).length === 0;

  async function beat(): Promise<void> {
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
      const well = await isWell().catch(() => false);
      if (well) await beat().catch(() => undefined);
      await clock.sleep(well ? EVERY_MS : AGAIN_MS, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
