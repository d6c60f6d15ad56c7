import { describe, expect, it } from 'vitest';
import { withBench, type ServiceBench } from '../../support/service.ts';

const users = Array.from({ length: 40 }, (_, i) => `USER_${i}`);
const entries = users.map((username) => ({ username, password: 'made-up-pass' }));
const LIFE_MS = 80 * 60_000;

const renewAts = async ({ redis }: ServiceBench): Promise<readonly number[]> =>
  Promise.all(users.map(async (name) => Number(await redis.hget(`refresher:account:${name}`, 'renewAt'))));

/*
 * A herd at boot, at a daily boundary, after a mass sign-in. Seen in kubernetes/kubernetes#124646,
 * spiffe/spire#4268, router-for-me/CLIProxyAPI#1686. Against it: the due time is drawn once, with its jitter, and
 * kept; an unproven network ramps; the token that dies first goes first.
 */
describe('failure mode 10: a herd', () => {
  it(
    'forty logins at once do not come due at once, and a restart neither calls nor draws anew',
    () =>
      withBench({ entries, simulator: { latencyMs: 50 } }, async (bench) => {
        await bench.keys(
          users.map((name) => `token:${name}`),
          30_000,
        );
        expect(bench.simulator.peakInFlight('tradovate')).toBeLessThanOrEqual(10);
        const before = await renewAts(bench);
        // Due at 72 to 80 % of the life: forty over six minutes, nowhere near together.
        const sorted = before.toSorted((a, b) => a - b);
        expect(sorted.at(-1)! - sorted[0]!).toBeGreaterThan(0.04 * LIFE_MS);
        const crowd = Math.max(
          ...sorted.map((at) => sorted.filter((other) => other >= at && other < at + 30_000).length),
        );
        expect(crowd).toBeLessThanOrEqual(12);
        await bench.restart();
        await bench.redis.zadd('refresher:due:tradovate', ...users.flatMap((name) => [Date.now(), name]));
        for (const name of users) {
          await expect
            .poll(async () => Number(await bench.redis.zscore('refresher:due:tradovate', name)), {
              timeout: 15_000,
            })
            .toBeGreaterThan(Date.now() + 60_000);
        }
        expect(await renewAts(bench)).toEqual(before);
        expect(bench.simulator.calls()).toHaveLength(users.length);
      }),
    90_000,
  );
});
