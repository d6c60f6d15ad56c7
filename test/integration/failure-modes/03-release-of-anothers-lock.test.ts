import { describe, expect, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { due, IG, slowRotation } from './bench.ts';

/*
 * A release frees a lock that has become somebody else's. Seen in NangoHQ/nango#2858, twentyhq/twenty#25661,
 * OpenHikmah/openhikmah-web#595. Against it: a random owner, compared before anything is deleted.
 */
describe('failure mode 3: releasing a lock that is somebody else’s', () => {
  it('a lease that changed hands during the call is left alone by every way to end it', () =>
    withBench({ entries: [IG] }, async (bench) => {
      await bench.keys(['token:IG']);
      const token = await bench.redis.get('token:IG');
      await slowRotation(bench, 1_500);
      await bench.redis.set('refresher:lease:IG', 'somebody-else', 'PX', 60_000);
      // It came in time, and nobody has acted since: what was rotated is kept.
      await until(async () => (await bench.redis.get('token:IG')) !== token, { what: 'the new token' });
      expect(await bench.redis.get('refresher:lease:IG')).toBe('somebody-else');
      // While another holds the account, looks come to nothing and take nothing away.
      const seen = bench.simulator.calls().length;
      for (let looks = 0; looks < 5; looks++) {
        const from = Date.now();
        await due(bench, 'IG');
        // A claim alone puts it ten seconds ahead; a look that found it held, one second from then.
        await until(
          async () => {
            const next = Number(await bench.redis.zscore('refresher:due:ig', 'IG'));
            return next >= from + 1_000 && next < from + 10_000;
          },
          { what: 'the look to be over' },
        );
        expect(await bench.redis.get('refresher:lease:IG')).toBe('somebody-else');
      }
      expect(bench.simulator.calls()).toHaveLength(seen);
    }));

  it('a look that needs no write gives back only what is its own', () =>
    withBench({ entries: [IG] }, async (bench) => {
      await bench.keys(['token:IG']);
      await slowRotation(bench, 5_000);
      await bench.redis.set('refresher:lease:IG', 'somebody-else', 'PX', 60_000);
      // Noticed at the next renewal of the lease: the call is aborted, its outcome turned away or settled.
      await until(() => bench.simulator.inFlight('ig', 'refresh-token') === 0, { what: 'the call to end' });
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await bench.redis.get('refresher:lease:IG')).toBe('somebody-else');
    }));
});
