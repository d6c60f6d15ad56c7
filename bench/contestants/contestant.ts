import type { BenchBroker } from '../ground/broker.ts';
import type { Ends } from '../ground/ends.ts';
import type { Program } from '../ground/programs.ts';
import type { BenchRedis } from '../ground/redis.ts';

/** Where a contestant runs. */
export interface Ground {
  readonly folder: string;
  readonly redis: BenchRedis;
  readonly broker: BenchBroker;
  /** Where processor profiles of the service go; undefined: none are taken. */
  readonly profiles: string | undefined;
  /** Whoever breaks the bench off leaves no contestant behind. */
  readonly ends: Ends;
}

/** What a contestant has to do. */
export interface Task {
  /** `login`: each refresh is a login by form; `renewal`: one login, then refresh tokens, each used once. */
  readonly way: 'login' | 'renewal';
  readonly users: readonly string[];
  readonly concurrency: number;
  /** Ms from one refresh of an account to the next; 0: as fast as it can; undefined: each account once. */
  readonly everyMs?: number;
  /** Further settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One way of keeping tokens in Redis. */
export interface Contestant {
  readonly name: string;
  /** Why it cannot take part on this machine; undefined: it can. */
  missing(): Promise<string | undefined>;
  start(ground: Ground, task: Task): Promise<Program>;
}

/** Made-up logins, in order. */
export const usersOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `U${String(i).padStart(6, '0')}`);
