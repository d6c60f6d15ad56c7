/** What has to be ended, latest first, however the bench ends. */
export interface Ends {
  add(end: () => unknown): void;
  all(): Promise<void>;
}

export function makeEnds(): Ends {
  const ends: (() => unknown)[] = [];
  return {
    add: (end) => void ends.push(end),
    all: async () => {
      for (let end = ends.pop(); end; end = ends.pop()) await end();
    },
  };
}
