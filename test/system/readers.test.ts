import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startCli, type CliProcess } from '../support/process.ts';
import { onDesk, type Desk } from './faults/desk.ts';
import { bridgeEntry } from './faults/entries.ts';

const LATENCY_MS = 60;
/** What the service takes, on a machine that has nothing else to do; a busy one is not held to it. */
const IDLE_MS = 25;
const ROUNDS = 3;
const HOUR_MS = 3_600_000;

interface Made {
  readonly generations: readonly number[];
  readonly lastAt: number;
  readonly status: number;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** All calls of the readers meet a refused token of this name; what each of them saw. */
async function meet(readers: CliProcess, name: string, refuse: () => unknown): Promise<readonly Made[]> {
  await readers.line(`{"holding":"${name}"}`);
  refuse();
  readers.signal('SIGUSR2');
  const met = await readers.event({ met: name }, 30_000);
  return met['made'] as readonly Made[];
}

/**
 * In the place of the service: two calls to the broker after the first report, then one step that writes the next token
 * and says so. What the readers take with it nobody can do better: it is theirs, Redis', the broker's and the machine's.
 */
async function openFloor(redis: Redis, desk: Desk, names: readonly string[]): Promise<() => Promise<void>> {
  const write = (name: string, generation: number): Promise<unknown> => {
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const said = { event: 'refreshed', username: name, names: [name], generation, expiresAt };
    return redis
      .multi()
      .set(`token:${name}`, `made-up-${generation}`, 'PX', HOUR_MS)
      .hset(`meta:${name}`, { generation, expiresAt, headers: '{}', baseUrl: '' })
      .publish('token-events', JSON.stringify(said))
      .exec();
  };
  for (const name of names) await write(name, 1);
  const listening = redis.duplicate();
  const headers = { authorization: `Bearer ${(await redis.get('token:LIVE')) ?? ''}` };
  const me = desk.simulator.setting('TRADOVATE_API_URL');
  async function answer(): Promise<void> {
    let last = '$';
    for (const waiting = new Set(names); waiting.size > 0;) {
      const read = await listening.xread('BLOCK', 0, 'STREAMS', 'token-reports', last);
      for (const [id, fields] of read?.[0]?.[1] ?? []) {
        last = id;
        const name = fields[1] ?? '';
        if (!waiting.delete(name)) continue;
        for (let call = 0; call < 2; call++) await (await fetch(`${me}/auth/me`, { headers })).text();
        await write(name, 2);
      }
    }
  }
  // Closed before it has answered all where the test fails first.
  const answering = answer().catch(() => undefined);
  return async () => {
    listening.disconnect();
    await answering;
  };
}

/*
 * The readers are one process, the service is another. Both meet a refusal to get warm, as processes are that have run
 * for a while; then each round is one without the service (the floor) and one with it. IDLE=1 holds the difference to the
 * bound: `IDLE=1 npm exec -- vitest run --project system test/system/readers.test.ts`.
 */
describe('a thousand calls with one token that is revoked', () => {
  const rounds = Array.from({ length: ROUNDS }, (_, i) => i);
  const desks = rounds.map((i) => `DESK_${i}`);
  const floors = rounds.map((i) => `FLOOR_${i}`);
  it.each([
    [1, 1_000],
    [20, 50],
    [200, 5],
  ])('by %i bots with %i calls each: one login, all made again with the new token', (bots, calls) =>
    onDesk(
      { entries: ['LIVE', 'WARM', ...desks].map((name) => bridgeEntry(name)), latencyMs: LATENCY_MS },
      async (desk) => {
        const { env } = await desk.serve();
        await desk.fresh();
        const url = env['REDIS_URL'] ?? '';
        const redis = new Redis(url);
        const close = await openFloor(redis, desk, ['FLOOR_WARM', ...floors]);
        try {
          const order = ['WARM', 'FLOOR_WARM', ...rounds.flatMap((i) => [floors[i] ?? '', desks[i] ?? ''])];
          const args = [url, String(bots), String(calls), ...order];
          const readers = await startCli(args, { entry: 'test/system/readers.ts' });
          const whole: number[] = [];
          const own: number[] = [];
          const floor: number[] = [];
          for (const name of order) {
            const isServed = !name.startsWith('FLOOR');
            const after = desk.simulator.calls().length;
            const made = await meet(readers, name, () => {
              if (isServed) desk.simulator.command('tradovate', 'expire-all', name);
            });
            const took = desk.simulator.calls({ after });
            expect(took.map(({ operation }) => operation)).toEqual(
              isServed ? ['me', 'authorize'] : ['me', 'me'],
            );
            expect(made).toHaveLength(1_000);
            expect(new Set(made.map(({ status }) => status))).toEqual(new Set([200]));
            // One retry each, and all of them with the one token that is newer.
            expect(new Set(made.map(({ generations }) => generations.length))).toEqual(new Set([2]));
            expect(new Set(made.map(({ generations }) => generations[1])).size).toBe(1);
            for (const { generations } of made) expect(generations[1]).toBeGreaterThan(generations[0] ?? 0);
            if (name.endsWith('WARM')) continue;
            const broker = took.reduce((sum, { startedAt, endedAt = 0 }) => sum + endedAt - startedAt, 0);
            const over =
              quantile(
                made.map(({ lastAt }) => lastAt),
                0.99,
              ) - broker;
            if (!isServed) floor.push(over);
            else {
              whole.push(over);
              own.push(over - (floor.at(-1) ?? 0));
            }
          }
          const [all = 0, least = 0, service = 0] = [whole, floor, own].map((each) =>
            Math.round(quantile(each, 0.5)),
          );
          console.log(
            `${bots} bots, ${calls} calls each, p99 over the broker's calls, ms: ${all}; without the service ${least}; the service ${service}`,
          );
          expect((await readers.exit()).code).toBe(0);
          if (process.env['IDLE'] === '1') expect(service).toBeLessThanOrEqual(IDLE_MS);
        } finally {
          await close();
          redis.disconnect();
        }
      },
    ),
  );
});
