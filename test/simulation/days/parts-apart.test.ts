import { afterEach, describe, expect, it } from 'vitest';
import type { DialectRequest } from '../../../src/core/dialect.ts';
import type { BrokerFault } from '../wire.ts';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, watchGaps } from './clockwork.ts';

/* A part of a broker fails, here its demo environment: whoever is answered keeps the token. IG's lives a minute. */

const FAILING = 'made-up-failing-key';
const login = (name: string, environment: string, apiKey: string) => ({
  broker: 'ig',
  environment,
  username: name,
  password: `made-up-pass-${name}`,
  apiKey,
});
const isOfFailing = ({ headers }: DialectRequest): boolean =>
  headers['x-ig-api-key']?.startsWith(FAILING) ?? false;

interface Row {
  readonly fault: Omit<BrokerFault, 'broker'>;
  readonly what: string;
  readonly failing: number;
  readonly healthy: number;
}
const rows: readonly Row[] = [
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 3, healthy: 3 },
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 12, healthy: 10 },
  { what: 'answers 503', fault: { kind: 'status', status: 503 }, failing: 3, healthy: 3 },
  { what: 'stalls', fault: { kind: 'stall' }, failing: 3, healthy: 3 },
];

let world: World;
afterEach(() => world.stop());

async function secondsWithout(row: Row, fromTheStart: boolean): Promise<number[]> {
  const many = (count: number, make: (i: number) => ReturnType<typeof login>) =>
    Array.from({ length: count }, (_, i) => make(i));
  const failing = many(row.failing, (i) => login(`FAILING_${i}`, 'demo', `${FAILING}-${i}`));
  const healthy = many(row.healthy, (i) => login(`HEALTHY_${i}`, 'live', `made-up-key-${i}`));
  world = await makeWorld({ entries: [...failing, ...healthy] });
  const names = healthy.map(({ username }) => username);
  const gaps = watchGaps(world, names);
  const fail = (): void => void world.fault({ broker: 'ig', ...row.fault, only: isOfFailing });
  if (fromTheStart) fail();
  await world.runFor(5 * MINUTE_MS);
  expect(names.filter((name) => world.token(name) === undefined)).toEqual([]);
  if (!fromTheStart) fail();
  await world.runFor(20 * MINUTE_MS);
  return names.map((name) =>
    Math.round(gaps.of(name).reduce((sum, { from, until }) => sum + until - from, 0) / 1000),
  );
}

describe('where the demo environment fails', () => {
  it.each(rows)(
    'and $what, $failing accounts that fail cost $healthy others nothing',
    async (row) => {
      expect(Math.max(...(await secondsWithout(row, false)))).toBe(0);
    },
    120_000,
  );

  it('nor do they where it fails from the start', async () => {
    const [row] = rows.slice(1);
    if (row) expect(Math.max(...(await secondsWithout(row, true)))).toBe(0);
  }, 120_000);
});
