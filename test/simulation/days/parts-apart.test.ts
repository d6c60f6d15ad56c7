import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../world.ts';
import { play, type SomeFail } from './some-fail.ts';

/* A part of a broker fails, here its demo environment: whoever is answered at another keeps the token. */

interface Row extends Pick<SomeFail, 'fault' | 'failing' | 'healthy'> {
  readonly what: string;
}
const rows: readonly Row[] = [
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 3, healthy: 3 },
  { what: 'refuses connections', fault: { kind: 'unreachable' }, failing: 12, healthy: 10 },
  { what: 'answers 503', fault: { kind: 'status', status: 503 }, failing: 3, healthy: 3 },
  { what: 'stalls', fault: { kind: 'stall' }, failing: 3, healthy: 3 },
];

let world: World;
afterEach(() => world.stop());

async function longestWithout(row: Row, fromTheStart: boolean): Promise<number> {
  const fared = await play({ ...row, healthyAt: 'live', fromTheStart });
  world = fared.world;
  return Math.max(...fared.secondsWithout);
}

describe('where the demo environment fails', () => {
  it.each(rows)(
    'and $what, $failing accounts that fail cost $healthy others nothing',
    async (row) => {
      expect(await longestWithout(row, false)).toBe(0);
    },
    120_000,
  );

  it('nor do they where it fails from the start', async () => {
    const [row] = rows.slice(1);
    if (row) expect(await longestWithout(row, true)).toBe(0);
  }, 120_000);
});
