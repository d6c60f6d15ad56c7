/** What has to be ended, latest first, however the bench ends. */
export interface Ends {
  add(end: () => unknown): void;
  /** Ends everything, once: whoever asks again waits for the same end. */
  all(): Promise<void>;
}

export function makeEnds(): Ends {
  const ends: (() => unknown)[] = [];
  let ending: Promise<void> | undefined;
  const endAll = async (): Promise<void> => {
    for (let end = ends.pop(); end; end = ends.pop()) await end();
  };
  return {
    add: (end) => void ends.push(end),
    all: () => (ending ??= endAll()),
  };
}
