import type { Census } from './count.ts';

/** How a channel for alerts does, as this process knows it. */
export interface ChannelHealth {
  readonly channel: string;
  readonly state: 'works' | 'failing' | 'dead';
  /** Messages that should be out by now, and are not. */
  readonly waiting: number;
  /** How long the oldest of them waits, ms; 0 for none. */
  readonly oldestMs: number;
}

/** What a scrape shows of Redis, as it stands at that moment. */
export interface Picture {
  readonly now: number;
  readonly census: Census;
  readonly budgets: readonly {
    readonly broker: string;
    readonly limit: string;
    /** Calls that still fit into the window, of the budget that is nearest to its end. */
    readonly left: number;
  }[];
  readonly brokers: readonly {
    readonly broker: string;
    /** Failed sign-ins that its network may still afford; undefined where nobody counts them. */
    readonly failuresLeft: number | undefined;
    /** The parts of it that accounts call, `''` for the whole, and whether each is without an answer. */
    readonly parts: readonly { readonly part: string; readonly isDown: boolean }[];
    /** Until when it asked this network for silence, ms; 0 if it did not. */
    readonly silentUntil: number;
    /** When the next account is looked at, ms; undefined: none is planned. */
    readonly nextLookAt: number | undefined;
    /** How long the account waits that waits longest for its look, ms. */
    readonly lagMs: number;
  }[];
  readonly channels: readonly ChannelHealth[];
  /** How far this machine's clock is ahead of the clock of Redis, ms. */
  readonly clockAheadMs: number;
}
