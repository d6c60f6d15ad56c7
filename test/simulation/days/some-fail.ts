import { expect } from 'vitest';
import type { DialectRequest } from '../../../src/core/dialect.ts';
import type { BrokerFault } from '../wire.ts';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, watchGaps } from './clockwork.ts';

/* Some of IG's accounts fail, while others of them are answered. A token lives a minute. */

const FAILING = 'made-up-failing-key';
const login = (name: string, environment: string, apiKey: string) => ({
  broker: 'ig',
  environment,
  username: name,
  password: `made-up-pass-${name}`,
  apiKey,
});

/** True for a call of one that fails. */
export const isOfFailing = ({ headers }: DialectRequest): boolean =>
  headers['x-ig-api-key']?.startsWith(FAILING) ?? false;

export interface SomeFail {
  readonly fault: Omit<BrokerFault, 'broker'>;
  readonly failing: number;
  readonly healthy: number;
  /** Of the healthy ones; the others are at `demo`. */
  readonly healthyAt: 'demo' | 'live';
  /** The fault comes before the first logins, not after five minutes. */
  readonly fromTheStart?: boolean;
}

/** How the healthy ones fared in the twenty minutes of the fault. */
export interface Fared {
  /** How long each was without a token, s, from its first one on. */
  readonly secondsWithout: readonly number[];
  readonly world: World;
  readonly failing: readonly string[];
  readonly since: number;
}

/** Plays it; every healthy one has had a token within five minutes, or the test fails. */
export async function play({ fault, failing, healthy, healthyAt, fromTheStart }: SomeFail): Promise<Fared> {
  const many = (count: number, make: (i: number) => ReturnType<typeof login>) =>
    Array.from({ length: count }, (_, i) => make(i));
  const bad = many(failing, (i) => login(`FAILING_${i}`, 'demo', `${FAILING}-${i}`));
  const good = many(healthy, (i) => login(`HEALTHY_${i}`, healthyAt, `made-up-key-${i}`));
  const world = await makeWorld({ entries: [...bad, ...good] });
  const names = good.map(({ username }) => username);
  const gaps = watchGaps(world, names);
  const fail = (): void => void world.fault({ broker: 'ig', ...fault, only: isOfFailing });
  if (fromTheStart) fail();
  await world.runFor(5 * MINUTE_MS);
  expect(names.filter((name) => world.token(name) === undefined)).toEqual([]);
  const since = world.now();
  if (!fromTheStart) fail();
  await world.runFor(20 * MINUTE_MS);
  const secondsWithout = names.map((name) =>
    Math.round(gaps.of(name).reduce((sum, { from, until }) => sum + until - from, 0) / 1000),
  );
  return { secondsWithout, world, failing: bad.map(({ username }) => username), since };
}
