import type { RawEntry } from '../../../src/core/broker.ts';
import type { World } from '../world.ts';

/** Thrown where something does not hold that always must. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export interface InvariantOptions {
  /** How many password logins with an unknown outcome may follow each other freely in a day. */
  readonly unknownPerDay: number;
  /** How far apart they are after that, ms. */
  readonly unknownPaceMs: number;
  /** True: what must not be forgotten when Redis loses its data is on a disk that all processes read. */
  readonly factsOutliveRedis: boolean;
  /** How long an account may be without a plan, or overdue, while the service works, ms. */
  readonly planWithinMs: number;
}

export const strictest: InvariantOptions = {
  unknownPerDay: 3,
  unknownPaceMs: 15 * 60_000,
  factsOutliveRedis: true,
  planWithinMs: 45_000,
};

/** Wake-ups and round trips may take this much off a pause, ms. */
export const SLACK_MS = 5_000;

export function broken(what: string): never {
  throw new BrokenInvariant(what);
}

/** The name that consumers read an entry's token under. */
export function nameOf({ name, username }: RawEntry): string {
  return typeof name === 'string' ? name : typeof username === 'string' ? username : '';
}

/** The names of the accounts that the credentials file serves now. */
export function served(world: World): readonly string[] {
  return world
    .entries()
    .filter(({ enabled = true, mode }) => enabled === true && mode !== 'observe')
    .map(nameOf);
}

/** The names that somebody else serves. */
export const observed = (world: World): readonly string[] =>
  world
    .entries()
    .filter(({ mode }) => mode === 'observe')
    .map(nameOf);

/** A hash as it lies there; empty where there is none. */
export function hashAt(world: World, key: string): ReadonlyMap<string, string> {
  const { keyspace } = world.redisServer;
  return keyspace.typeOf(key) === 'hash' ? (keyspace.find(key, 'hash')?.fields ?? new Map()) : new Map();
}
