import { describe, expect, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { startBench, withBench, type ServiceBench } from '../../support/service.ts';
import { due, IG, logins, request, rotations, sentTwice, slowRotation } from './bench.ts';

const env = { SECRET_KEY: Buffer.alloc(32, 4).toString('base64') };

/** Two processes on one Redis: whichever of them is overtaken, the other one goes on. */
const withTwo = (
  work: (bench: ServiceBench, logged: (event: string) => number) => Promise<void>,
): Promise<void> =>
  withBench({ entries: [IG], env }, async (one, { server, brokers }) => {
    const two = await startBench({ redisUrl: server.url, brokers, entries: [IG], env });
    try {
      await work(one, (event) => one.logged(event).length + two.logged(event).length);
    } finally {
      await two.stop();
    }
  });

/*
 * A late write of the whole record puts an old refresh token back. Seen in Wei-Shaw/sub2api#2856 and
 * Menci/Floway#340. Against it: a fence that grows with every lease, compared in the script that writes.
 */
describe('failure mode 4: a stale write', () => {
  it(
    'of a worker that was overtaken changes nothing: neither the token nor what renews it',
    () =>
      withTwo(async (bench, logged) => {
        await bench.keys(['token:IG']);
        let before = await bench.redis.get('token:IG');
        let [loginsBefore, staleBefore] = [0, 0];
        const isOvertaken = async (): Promise<boolean> => {
          before = await bench.redis.get('token:IG');
          [loginsBefore, staleBefore] = [logins(bench, 'IG').length, logged('token.stale')];
          const interrupted = logged('attempt.interrupted');
          await slowRotation(bench, 2_800);
          // As if its lease had run out: another one takes over, closes the open attempt, and gets a session of its own.
          await bench.redis.del('refresher:lease:IG');
          // Its own process leaves it be, so that the job has to come to the other one's.
          const end = await until(
            async () => {
              await bench.redis.zrem('refresher:queued:ig', 'IG');
              await due(bench, 'IG');
              if (logged('attempt.interrupted') > interrupted) return 'overtaken';
              return (await bench.redis.get('token:IG')) !== before && 'in time';
            },
            { what: 'another one to take over' },
          );
          if (end !== 'overtaken') return false;
          await request(bench, 'IG');
          await until(async () => ![before, null].includes(await bench.redis.get('token:IG')), {
            what: 'the token of the one that took over',
          });
          return bench.simulator.inFlight('ig', 'refresh-token') === 1;
        };
        // On a busy machine the first one may be done before the other one comes.
        for (let tries = 0; tries < 5; tries++) if (await isOvertaken()) break;
        const [token, generation] = [
          await bench.redis.get('token:IG'),
          await bench.redis.hget('meta:IG', 'generation'),
        ];
        expect(bench.simulator.inFlight('ig', 'refresh-token')).toBe(1);
        await until(() => logged('token.stale') > staleBefore, { what: 'the late answer' });
        expect(await bench.redis.get('token:IG')).toBe(token);
        expect(await bench.redis.hget('meta:IG', 'generation')).toBe(generation);
        // And the pair in the record is the newer one: it renews, no login is needed.
        const seen = rotations(bench).length;
        await request(bench, 'IG');
        await until(() => rotations(bench).length > seen, { what: 'the next rotation' });
        await until(async () => (await bench.redis.get('token:IG')) !== token, { what: 'the next token' });
        expect(rotations(bench).at(-1)?.status).toBe(200);
        expect(sentTwice(bench)).toEqual([]);
        expect(logins(bench, 'IG')).toHaveLength(loginsBefore + 1);
      }),
    40_000,
  );
});
