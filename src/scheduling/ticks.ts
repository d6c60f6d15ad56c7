import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { BrokerQueue } from './queues.ts';

/** The due index, as ticking needs it. */
export interface DueAccounts {
  claim(broker: string, now: number, limit: number): Promise<{ names: readonly string[]; more: boolean }>;
  /** Takes accounts off the list of those that wait in the queue. */
  unqueue(broker: string, names: readonly string[]): Promise<void>;
  /** Makes accounts due at `at`. */
  put(broker: string, names: readonly string[], at: number): Promise<void>;
}

/** As many as one claim takes; a tick repeats until a claim comes back short. */
const CLAIM_LIMIT = 500;
/** What the queue did not take is due again after this: at the claim's horizon a minute-long token may be dead. */
const QUEUE_AGAIN_MS = 1_000;

/** Turns what is due into jobs. */
export interface Ticks {
  /** Claims and queues everything due of a broker; calls that meet share one run and one follow-up. */
  tick(broker: string): Promise<void>;
  /** When a tick of the broker last went through, ms. */
  lastAt(broker: string): number;
}

export function makeTicks(parts: {
  readonly due: DueAccounts;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: (broker: string) => BrokerQueue | undefined;
}): Ticks {
  const running = new Map<string, { again: boolean; ended: Promise<void> }>();
  const lastAt = new Map<string, number>();
  const startedAt = parts.clock.now();

  async function once(broker: string): Promise<void> {
    const queue = parts.queue(broker);
    if (!queue) return;
    for (;;) {
      const { names, more } = await parts.due.claim(broker, parts.clock.now(), CLAIM_LIMIT);
      if (names.length > 0) {
        try {
          await queue.add(names);
        } catch (error) {
          await parts.due.unqueue(broker, names);
          await parts.due.put(broker, names, parts.clock.now() + QUEUE_AGAIN_MS);
          throw error;
        }
      }
      if (!more) break;
    }
    lastAt.set(broker, parts.clock.now());
  }

  return {
    async tick(broker) {
      const present = running.get(broker);
      if (present) {
        present.again = true;
        return present.ended;
      }
      const run = { again: true, ended: Promise.resolve() };
      run.ended = (async () => {
        try {
          while (run.again) {
            run.again = false;
            await once(broker);
          }
        } finally {
          running.delete(broker);
        }
      })();
      running.set(broker, run);
      return run.ended;
    },
    lastAt: (broker) => lastAt.get(broker) ?? startedAt,
  };
}
