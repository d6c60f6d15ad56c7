import type { Ends } from './ground/ends.ts';
import type { BenchBroker } from './ground/broker.ts';
import type { BenchRedis } from './ground/redis.ts';

/** One line of a bench's result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The least and the greatest of the rounds. */
  readonly spread?: readonly [number, number];
  /** What it should be. */
  readonly target?: { readonly most: number } | { readonly least: number };
}

/** What a bench runs on: fresh for each. */
export interface Scope {
  readonly folder: string;
  readonly redis: BenchRedis;
  readonly broker: BenchBroker;
  readonly profiles: string | undefined;
  readonly ends: Ends;
  /** True: fewer accounts and rounds, for figures in two minutes. */
  readonly short: boolean;
  /** How many accounts the benches of many are to have instead of their own number. */
  readonly accounts: number | undefined;
  /** Says what goes on, or what a reader of the figures must know. */
  say(text: string): void;
  /** A remark that stands below the figures. */
  note(text: string): void;
}

export interface Bench {
  readonly name: string;
  /** What it measures, one line. */
  readonly about: string;
  /** How long it takes, in words. */
  readonly takes: string;
  /** Whether `--short` runs it. */
  readonly inShort: boolean;
  run(scope: Scope): Promise<readonly Figure[]>;
}

/** Whether the figure is what it should be; undefined where it has no target. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return 'most' in target ? value <= target.most : value >= target.least;
}
