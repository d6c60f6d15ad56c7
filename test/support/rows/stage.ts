import type { Simulator } from '../../../src/simulator/index.ts';

/** A login that somebody else's program sends. */
export interface StrangersLogin {
  readonly username: string;
  readonly password: string;
  readonly apiKey: string;
}

/**
 * What the rows arrange their signals with: a simulator behind sockets, or the brokers of a simulated
 * world, which have none.
 */
export interface Stage extends Pick<
  Simulator,
  'setting' | 'fault' | 'setSwitch' | 'setPassword' | 'command'
> {
  /** The brokers' time. Where time itself is simulated it passes, and whoever moves it waits for that. */
  readonly clock: {
    now(): number;
    shift(byMs: number): void | Promise<void>;
    set(at: number): void | Promise<void>;
  };
  /** Sends somebody else's login where no socket leads to the broker. Resolves once it was answered. */
  readonly sendLogin?: (broker: string, login: StrangersLogin) => Promise<void>;
}
