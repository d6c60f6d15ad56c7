import { describe, it } from 'vitest';
import { approving, mondayAt } from '../support/approval.ts';
import { until } from '../support/poll.ts';
import { foreignJwt } from '../support/readers.ts';
import { withBench, type GroundOptions } from '../support/service.ts';

const START = mondayAt(10);
const HOUR_MS = 3_600_000;

/** An Upstox login of nobody in particular, for which somebody left a token in Redis that no call honours. */
const left = (sub: string): GroundOptions => ({
  entries: [{ ...approving, userId: undefined, approval: 'browser' }],
  at: START,
  before: ({ server }) =>
    server.client().set('token:UP', foreignJwt({ sub, iat: START / 1000, exp: (START + HOUR_MS) / 1000 })),
});

describe.concurrent('a token that was found, of an account that only a person logs in', () => {
  it('is proved at once, and pins nobody whatever it says of itself', ({ expect }) =>
    withBench(left('ZZ0001'), async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'profile' }, 1, 10_000);
      await until(async () => (await bench.redis.exists('token:UP')) === 0, {
        what: 'what nobody honours to be withdrawn',
      });
      expect(bench.logged('owner.pinned')).toEqual([]);
      expect(await bench.redis.hget('refresher:account:UP', 'owner')).toBeNull();
    }));
});
