import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { counted, eventsOf, generationOf, operations, report, settled } from '../support/reporting.ts';
import { withBench, type GroundOptions, type ServiceBench } from '../support/service.ts';

const DESK = { username: 'DESK', password: 'made-up-pass' };
const STREAM = 'token-reports';
const GROUP = 'refresher';

const bench = (options: Partial<GroundOptions>, work: (each: ServiceBench) => Promise<void>): Promise<void> =>
  withBench({ entries: [DESK], ...options }, async (each) => {
    await each.keys(['token:DESK']);
    await settled(each);
    await work(each);
  });

/** A process of the service takes all that is there, and dies with it long ago. */
async function dieWith({ redis }: ServiceBench, id: string): Promise<void> {
  await redis.xreadgroup('GROUP', GROUP, 'gone', 'COUNT', 10, 'STREAMS', STREAM, '>');
  await redis.xclaim(STREAM, GROUP, 'gone', 0, id, 'IDLE', 60_000, 'JUSTID');
}
const pending = async ({ redis }: ServiceBench): Promise<number> =>
  Number((await redis.xpending(STREAM, GROUP))[0]);

describe.concurrent('the stream of reports', () => {
  it('of a process that died with a report under way is taken over', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      await each.service.stop();
      const id = (await report(each.redis, 'DESK', generation)) ?? '';
      await dieWith(each, id);
      expect(await pending(each)).toBe(1);
      await each.restart();
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof' });
      await until(async () => (await pending(each)) === 0, { what: 'the end of it' });
      expect(operations(each)).toEqual(['authorize', 'me']);
    }));

  it('may be trimmed of what a process died with, and what follows is heard', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      await each.service.stop();
      const id = (await report(each.redis, 'DESK', generation)) ?? '';
      await dieWith(each, id);
      await each.redis.xtrim(STREAM, 'MAXLEN', 0);
      await each.restart();
      await until(async () => (await pending(each)) === 0, { what: 'the end of what is gone' });
      expect(operations(each)).toEqual(['authorize']);
      await report(each.redis, 'DESK', generation);
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof of the next' });
    }));

  it('has its group again after Redis was emptied under a running service', ({ expect }) =>
    bench({ server: { own: true } }, async (each) => {
      await each.redis.flushall();
      await each.keys(['token:DESK', 'meta:DESK']);
      const generation = await generationOf(each);
      const before = operations(each).length;
      await report(each.redis, 'DESK', generation);
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof' });
      await settled(each);
      expect(operations(each).slice(before)).toEqual(['me']);
    }));

  it('that one reporter floods costs one proof and no login, and is kept short', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      const { redis } = each;
      for (let batch = 0; batch < 30; batch++) {
        const flood = redis.pipeline();
        for (let i = 0; i < 1_000; i++) {
          // The one that is out, older ones, and ones that nobody has seen.
          const said = generation + (i % 4) - 1;
          flood.xadd(STREAM, '*', 'name', 'DESK', 'generation', String(said), 'status', '401');
        }
        await flood.exec();
      }
      await until(async () => (await counted(each)).size > 0, { what: 'the first of it' });
      await settled(each);
      expect(operations(each)).toEqual(['authorize', 'me']);
      expect(await generationOf(each)).toBe(generation);
      const counts = await counted(each);
      expect(counts.get('tradovate noted')).toBe(1);
      // However fast they came.
      expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(30_000);
      // Trimmed by whole nodes of the stream.
      expect(await redis.xlen(STREAM)).toBeLessThan(10_500);
    }));

  it('that one reporter floods loses nobody else’s report, wherever that one stands in it', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      await each.service.stop();
      const { redis } = each;
      const flood = async (times: number): Promise<void> => {
        const write = redis.pipeline();
        for (let i = 0; i < times; i++) write.xadd(STREAM, '*', 'name', 'NOBODY', 'generation', '1');
        await write.exec();
      };
      // Behind the first read, and before all that would be kept of it.
      await flood(1_500);
      await report(redis, 'DESK', generation);
      await flood(28_500);
      await each.restart();
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof' });
      await settled(each);
      expect((await counted(each)).get(' unknown')).toBe(30_000);
      expect(operations(each)).toEqual(['authorize', 'me']);
    }));

  it('keeps what another process has read and not dealt with, whatever is trimmed around it', ({ expect }) =>
    bench({}, async (each) => {
      const generation = await generationOf(each);
      await each.service.stop();
      const { redis } = each;
      const id = (await report(redis, 'DESK', generation)) ?? '';
      // It has it, and dies while others read a flood.
      await redis.xreadgroup('GROUP', GROUP, 'other', 'COUNT', 10, 'STREAMS', STREAM, '>');
      const flood = redis.pipeline();
      for (let i = 0; i < 20_000; i++) flood.xadd(STREAM, '*', 'name', 'NOBODY', 'generation', '1');
      await flood.exec();
      await each.restart();
      await until(async () => (await counted(each)).get(' unknown') === 20_000, { what: 'the flood' });
      expect(await redis.xrange(STREAM, id, id)).toHaveLength(1);
      expect(await pending(each)).toBe(1);
    }));
});
