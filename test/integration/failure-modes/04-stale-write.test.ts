import { describe, expect, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { due, IG, logins, request, rotations, sentTwice, slowRotation } from './bench.ts';

/*
 * A late write of the whole record puts an old refresh token back. Seen in Wei-Shaw/sub2api#2856 and
 * Menci/Floway#340. Against it: a fence that grows with every lease, compared in the script that writes.
 */
describe('failure mode 4: a stale write', () => {
  it(
    'of a worker that was overtaken changes nothing: neither the token nor what renews it',
    () =>
      withBench({ entries: [IG] }, async (bench) => {
        await bench.keys(['token:IG']);
        const before = await bench.redis.get('token:IG');
        await slowRotation(bench, 2_800);
        // As if its lease had run out: another one takes over, closes the open attempt, and gets a session of its own.
        await bench.redis.del('refresher:lease:IG');
        await due(bench, 'IG');
        await until(() => bench.logged('attempt.interrupted').length > 0, {
          what: 'another one to take over',
        });
        await request(bench, 'IG');
        await until(async () => ![before, null].includes(await bench.redis.get('token:IG')), {
          what: 'the token of the one that took over',
        });
        const [token, generation] = [
          await bench.redis.get('token:IG'),
          await bench.redis.hget('meta:IG', 'generation'),
        ];
        expect(bench.simulator.inFlight('ig', 'refresh-token')).toBe(1);
        await until(() => bench.logged('token.stale').length > 0, { what: 'the late answer' });
        expect(await bench.redis.get('token:IG')).toBe(token);
        expect(await bench.redis.hget('meta:IG', 'generation')).toBe(generation);
        // And the pair in the record is the newer one: it renews, no login is needed.
        const seen = rotations(bench).length;
        await request(bench, 'IG');
        await until(() => rotations(bench).length > seen, { what: 'the next rotation' });
        await until(async () => (await bench.redis.get('token:IG')) !== token, { what: 'the next token' });
        expect(rotations(bench).at(-1)?.status).toBe(200);
        expect(sentTwice(bench)).toEqual([]);
        expect(logins(bench, 'IG')).toHaveLength(2);
      }),
    40_000,
  );
});
