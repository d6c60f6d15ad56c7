import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import { makeJudge, type Verdict } from './judge.ts';
import { readSample } from './sample.ts';

/** So often every name is read, ms. */
const LOOK_MS = 250;

export interface WatchParts {
  readonly redis: Redis;
  /** A connection of its own, which does nothing but listen. */
  readonly ear: Redis;
  readonly names: readonly string[];
  readonly forMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface Watched extends Verdict {
  readonly names: readonly string[];
  readonly looks: number;
  /** How many new generations it saw. */
  readonly rotations: number;
  /** Why events were not heard; empty where they were. */
  readonly deafness: string;
}

/** Reads all names again and again, and once more after each event; says at the end what held. */
export async function watch({ redis, ear, names, forMs, clock, signal }: WatchParts): Promise<Watched> {
  const judge = makeJudge();
  const lists = new Map<string, readonly string[]>();
  const generations = new Map<string, Set<string>>();
  let looks = 0;
  let serverAhead = 0;

  async function look(name: string): Promise<void> {
    const sample = await readSample(redis, name, lists.get(name) ?? [], clock.now());
    const { list, meta, at } = sample;
    looks += 1;
    serverAhead = at - clock.now();
    lists.set(name, list);
    const seen = generations.get(name) ?? new Set<string>();
    if (meta['generation'] !== undefined) seen.add(meta['generation']);
    generations.set(name, seen);
    judge.look(sample);
  }

  // Listening first: a change that is seen is one whose event could be heard.
  const deafness = await ear.subscribe('token-events').then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : 'it was refused'),
  );
  ear.on('message', (_channel: string, text: string) => judge.hear(text, clock.now()));
  await Promise.all(names.map(look));
  const until = clock.now() + forMs;
  while (clock.now() < until && signal?.aborted !== true) {
    await clock.sleep(Math.min(LOOK_MS, until - clock.now()), signal);
    await Promise.all(names.map(look));
  }
  const rotations = [...generations.values()].reduce((all, { size }) => all + Math.max(0, size - 1), 0);
  return { ...judge.verdict(clock.now() + serverAhead, deafness !== ''), names, looks, rotations, deafness };
}
