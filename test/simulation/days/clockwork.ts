import { expect } from 'vitest';
import type { BrokerCall } from '../broker-net.ts';
import type { World } from '../world.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Lets time pass until an instant (ms). */
export const runTo = (world: World, instant: number): Promise<void> => world.runFor(instant - world.now());

/** Kills every process and starts one on the machine of the first. */
export async function restart(world: World): Promise<void> {
  const [first] = world.replicas();
  for (const { life } of world.replicas()) life.kill();
  await world.startReplica({}, first?.disk);
}

/** The stretches in which a name had no token, ms since the epoch, from its first token on. */
export interface Gaps {
  of(name: string): readonly { readonly from: number; readonly until: number }[];
}

/** Watches `token:<name>` of these accounts. */
export function watchGaps(world: World, names: readonly string[]): Gaps {
  const closed = new Map<string, { from: number; until: number }[]>(names.map((name) => [name, []]));
  const open = new Map<string, number>();
  const served = new Set<string>();
  const look = (name: string): void => {
    const since = open.get(name);
    if (world.token(name) === undefined) {
      if (served.has(name) && since === undefined) open.set(name, world.now());
      return;
    }
    served.add(name);
    open.delete(name);
    if (since !== undefined) closed.get(name)?.push({ from: since, until: world.now() });
    const end = world.redisServer.keyspace.expiryOf(`token:${name}`);
    if (end !== undefined) world.timeline.at(end, () => look(name));
  };
  world.onStep((changed) => {
    for (const name of names) if (changed.includes(`token:${name}`)) look(name);
  });
  return {
    of: (name) => {
      const since = open.get(name);
      return [
        ...(closed.get(name) ?? []),
        ...(since === undefined ? [] : [{ from: since, until: world.now() }]),
      ];
    },
  };
}

/** The most calls in any window of this length. */
export function busiest(calls: readonly BrokerCall[], windowMs: number): number {
  const at = calls.map(({ startedAt }) => startedAt).toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  at.forEach((instant, i) => {
    while ((at[first] ?? instant) <= instant - windowMs) first += 1;
    most = Math.max(most, i - first + 1);
  });
  return most;
}

/** The most calls that were under way at once. */
export function mostUnderWay(calls: readonly BrokerCall[]): number {
  const steps = calls
    .flatMap(
      ({ startedAt, endedAt, deliveredAt = endedAt ?? startedAt }) =>
        [
          [startedAt, 1],
          [deliveredAt, -1],
        ] as const,
    )
    .toSorted(([a, up], [b, other]) => a - b || up - other);
  let now = 0;
  return Math.max(0, ...steps.map(([, step]) => (now += step)));
}

/** A live token for each, and no incident open. */
export function expectAllWell(world: World, names: readonly string[]): void {
  expect(names.filter((name) => world.token(name) === undefined)).toEqual([]);
  expect(world.openIncidents()).toEqual([]);
}
