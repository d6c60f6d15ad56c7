/** What a test started and has to end again, also where it failed half way. */
export interface Endings {
  /** Notes how to end it, and hands it back. */
  add<T>(thing: T, end: (thing: T) => unknown): T;
  /** Ends everything noted, last first; for `afterEach` or `afterAll`. */
  all(): Promise<void>;
}

export function makeEndings(): Endings {
  const ends: (() => unknown)[] = [];
  return {
    add(thing, end) {
      ends.push(() => end(thing));
      return thing;
    },
    async all() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

/** For what has a `stop`. */
export const stop = (thing: { stop(): Promise<unknown> }): Promise<unknown> => thing.stop();
/** For processes. */
export const kill = (thing: { kill(): Promise<unknown> }): Promise<unknown> => thing.kill();
