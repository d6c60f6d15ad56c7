/** The looks of one broker in this process: by way of the queue, or at once. No more than `concurrency` together. */
export interface Looks {
  /** A job's look, as soon as there is room for it. */
  queued(name: string): Promise<void>;
  /** Begins a look at once where there is room, and `first` before it; false: it has to go by way of the queue. */
  now(name: string, first: () => void): boolean;
  /** Resolves when those that were begun at once have ended. */
  ended(): Promise<void>;
}

/**
 * @param failed a look that was begun at once has thrown; whoever waits in the queue is told by the queue
 */
export function makeLooks(
  concurrency: number,
  look: (name: string) => Promise<void>,
  failed: (name: string, error: unknown) => void,
): Looks {
  const atOnce = new Set<Promise<void>>();
  const waiting: (() => void)[] = [];
  let underWay = 0;

  async function run(name: string): Promise<void> {
    try {
      await look(name);
    } finally {
      const next = waiting.shift();
      // Whoever waits takes the place over: nobody can slip in between.
      if (next) next();
      else underWay -= 1;
    }
  }

  return {
    async queued(name) {
      if (underWay < concurrency) underWay += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      await run(name);
    },
    now(name, first) {
      if (underWay >= concurrency) return false;
      underWay += 1;
      first();
      const ended = run(name)
        .catch((error: unknown) => failed(name, error))
        .finally(() => atOnce.delete(ended));
      atOnce.add(ended);
      return true;
    },
    async ended() {
      await Promise.all(atOnce);
    },
  };
}
