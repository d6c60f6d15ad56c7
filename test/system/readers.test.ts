import { describe, expect, it } from 'vitest';
import { startCli } from '../support/process.ts';
import { onDesk } from './faults/desk.ts';
import { bridgeEntry } from './faults/entries.ts';

const LATENCY_MS = 60;
/** Over the broker's own time, on a machine that has nothing else to do; a busy one is not held to it. */
const IDLE_MS = 25;

interface Made {
  readonly generations: readonly number[];
  readonly lastAt: number;
  readonly status: number;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/*
 * Meets a refusal once to get warm, as bots are that have run for a while, and once to be counted. IDLE=1 holds it to the
 * bound: `IDLE=1 npm exec -- vitest run --project system test/system/readers.test.ts`.
 */
describe('a thousand calls with one token that is revoked', () => {
  it.each([
    [1, 1_000],
    [20, 50],
    [200, 5],
  ])('by %i bots with %i calls each: one login, all made again with the new token', (bots, calls) =>
    onDesk({ entries: [bridgeEntry('WARM'), bridgeEntry('DESK')], latencyMs: LATENCY_MS }, async (desk) => {
      const { env } = await desk.serve();
      await desk.fresh();
      const args = [env['REDIS_URL'] ?? '', String(bots), String(calls), 'WARM', 'DESK'];
      const readers = await startCli(args, { entry: 'test/system/readers.ts' });
      for (const name of ['WARM', 'DESK']) {
        await readers.line(`{"holding":"${name}"}`);
        const after = desk.simulator.calls().length;
        desk.simulator.command('tradovate', 'expire-all', name);
        readers.signal('SIGUSR2');
        const met = await readers.event({ met: name }, 30_000);
        if (name === 'WARM') continue;
        const made = met['made'] as readonly Made[];
        const took = desk.simulator.calls({ after });
        const broker = took.reduce((sum, { startedAt, endedAt = 0 }) => sum + endedAt - startedAt, 0);
        const waits = made.map(({ lastAt }) => lastAt).toSorted((a, b) => a - b);
        const [half, most] = [quantile(waits, 0.5), quantile(waits, 0.99)].map((ms) =>
          Math.round(ms - broker),
        );
        console.log(
          `${bots} bots, ${calls} calls each: ${broker} ms of the broker, and ${half} ms (p50), ${most} ms (p99) more`,
        );
        expect(took.map(({ operation }) => operation)).toEqual(['me', 'authorize']);
        expect(made).toHaveLength(1_000);
        expect(new Set(made.map(({ status }) => status))).toEqual(new Set([200]));
        for (const { generations } of made) expect(generations[1]).toBeGreaterThan(generations[0] ?? 0);
        if (process.env['IDLE'] === '1') expect(most).toBeLessThanOrEqual(IDLE_MS);
      }
      expect((await readers.exit()).code).toBe(0);
    }),
  );
});
