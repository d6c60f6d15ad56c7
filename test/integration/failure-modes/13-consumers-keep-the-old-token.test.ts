import { describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { IG, rotations, WIDE } from './bench.ts';

/*
 * A fresh token is saved and consumers keep the old one. Seen in marketcalls/openalgo#765, #1414 and #1419,
 * n8n-io/n8n#1695. Against it: what consumers read at every connect is always the newest, whole, with its
 * generation beside it; an event is a hint that is never early.
 */
describe('failure mode 13: consumers that keep the old token', () => {
  it(
    'whoever reads after an event finds that generation or a newer one, and whoever misses all events reads no older one',
    () =>
      withBench(
        { entries: [IG], env: WIDE, simulator: { switches: { ig: { accessTtl: 3 } } } },
        async (bench, { server }) => {
          await bench.keys(['token:IG']);
          const hints: { promised: number; found: number }[] = [];
          const subscriber = new Redis(server.url);
          await subscriber.subscribe('token-events');
          subscriber.on('message', (_, text: string) => {
            const { event, generation } = JSON.parse(text) as { event: string; generation: number };
            if (event !== 'refreshed') return;
            void bench.redis
              .hget('meta:IG', 'generation')
              .then((found) => hints.push({ promised: generation, found: Number(found) }));
          });
          const tokens = new Map<string, string>();
          let last = 0;
          while (rotations(bench).length < 6) {
            const read = await bench.redis.multi().get('token:IG').hgetall('meta:IG').exec();
            const [token, meta] = (read ?? []).map(([, value]) => value) as [string, Record<string, string>];
            const generation = meta['generation'] ?? '';
            expect(Number(generation)).toBeGreaterThanOrEqual(last);
            expect(meta['headers']).toContain(token);
            expect(tokens.get(generation) ?? token).toBe(token);
            tokens.set(generation, token);
            last = Number(generation);
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          await until(() => hints.length >= 4, { what: 'the hints' });
          subscriber.disconnect();
          expect(hints.filter(({ promised, found }) => found < promised)).toEqual([]);
        },
      ),
    40_000,
  );
});
