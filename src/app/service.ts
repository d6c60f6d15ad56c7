import type { Simulation } from './simulation.ts';
import type { Channel } from '../alerts/channel.ts';
import type { Config } from '../config/index.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

export interface StartOptions {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Start over with this sealing key where the stored data was sealed with another. */
  readonly newKey?: boolean;
  /** Ways to people beside those of the configuration. */
  readonly channels?: readonly Channel[];
  /** Aborts a start that still waits. */
  readonly signal?: AbortSignal;
  /** The simulated brokers of a run that brings its own. */
  readonly simulator?: Simulation;
  /** The process cannot go on; its supervisor must start a new one. Code 2: a person must change something first. */
  readonly giveUp: (reason: string, code?: 1 | 2) => void;
}

export interface Service {
  readonly url: string;
  /** Host and db, without user and password. */
  readonly redisUrl: string;
  signInLink(): string;
  /** Reads the credentials file now. */
  reload(): Promise<void>;
  /** Takes no new work, lets what is under way finish, and resolves within 15 s. */
  stop(): Promise<void>;
}
