import type { Clock } from '../core/clock.ts';
import type { Accounts } from './accounts.ts';
import type { Engine } from './engine.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Entrance } from './entrance.ts';
import type { Settling } from './put-back.ts';

export interface LookParts extends Pick<Engine, 'keeper' | 'due'>, Settling {
  readonly accounts: Pick<Accounts, 'get'>;
  readonly entrance: Pick<Entrance, 'passOn'>;
  readonly metrics: Pick<Metrics, 'looked'>;
  readonly clock: Clock;
  /** No further look begins once it aborts. */
  readonly stopping: AbortSignal;
}

/** A refused renewal is followed by its sign-in at once; more looks in a row would be a loop. */
const LOOKS_IN_A_ROW = 3;
/** How soon an account that somebody else holds is looked at again, ms. */
const HELD_WAIT_MS = 1_000;
/** The same where this process holds it: the look that ends has only to hear so from Redis. */
const HERE_WAIT_MS = 100;

/** What a job asks for: look at one account of a broker. */
export function makeLook(parts: LookParts): (broker: string, name: string) => Promise<void> {
  const { accounts, keeper, due, clock, stopping } = parts;
  const isStopping = (): boolean => stopping.aborted;
  return async (broker, name) => {
    const account = accounts.get(name);
    if (account?.broker !== broker) return parts.entrance.passOn(broker, name);
    await parts.settled();
    if (isStopping()) {
      // Another process takes it: it neither waits here any longer, nor for the end of its claim.
      await due.unqueue(broker, [name]);
      await due.put(broker, [name], clock.now());
      return;
    }
    try {
      for (let looks = 0; looks < LOOKS_IN_A_ROW && !isStopping(); looks++) {
        const tended = await keeper.tend(name);
        parts.metrics.looked(broker, tended.outcome);
        // Whoever holds it may end without setting its next look: a notice that was refused.
        if (tended.outcome === 'held') {
          // Redis has not heard of this look: while the account counts as queued, nobody looks at it for 10 s.
          if (tended.here) await due.unqueue(broker, [name]);
          await due.put(broker, [name], clock.now() + (tended.here ? HERE_WAIT_MS : HELD_WAIT_MS));
        }
        // Its session is a newer entry's, which another process has.
        if (tended.outcome === 'unknown') return await parts.entrance.passOn(broker, name);
        if (tended.outcome !== 'failed' || !tended.again) break;
      }
      // A reload in the midst of it asked for a look that found the account held.
      const now = accounts.get(name);
      if (now && now !== account) await due.put(now.broker, [name], clock.now());
    } catch (error) {
      // Before the account was taken up: it must not count as waiting in the queue any longer.
      await due.unqueue(broker, [name]);
      throw error;
    }
  };
}
