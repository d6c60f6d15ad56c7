import type { Log } from '../core/log.ts';

/** What was opened and must be closed: in reverse, once, whatever else fails. */
export interface Releases {
  add(release: () => Promise<unknown>): void;
  run(): Promise<void>;
}

export function makeReleases(log: Log): Releases {
  const opened: (() => Promise<unknown>)[] = [];
  return {
    add: (release) => void opened.push(release),
    async run() {
      for (const release of opened.splice(0).reverse()) {
        try {
          await release();
        } catch (error) {
          const why = error instanceof Error ? error.message : 'unknown';
          log.warn({ event: 'stop.trouble', error: why }, 'A part did not stop cleanly.');
        }
      }
    },
  };
}
