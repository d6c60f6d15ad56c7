import { describe, expect, it } from 'vitest';
import { browsing, logIn, register } from '../support/browser-login.ts';
import { until } from '../support/poll.ts';
import { counted, eventsOf, generationOf, operations, report, settled } from '../support/reporting.ts';
import { withBench } from '../support/service.ts';

const DESK = { username: 'DESK', password: 'made-up-pass' };
const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };
const igForAnHour = { switches: { ig: { accessTtl: 3_600 } } };

describe.concurrent('a token that bots report', () => {
  it.each([
    // What IG ended ends the pair's renewal, too.
    ['an OAuth pair', IG, ['refresh-token', 'login']],
    ['a header pair', { ...IG, session: 'v2' }, ['login']],
  ])('is proved at IG (%s), kept where it is good and replaced once where it is dead', (_, entry, again) =>
    withBench({ entries: [entry], simulator: igForAnHour }, async (each, { brokers }) => {
      await each.keys(['token:IG', 'meta:IG']);
      const first = await generationOf(each, 'IG');
      await report(each.redis, 'IG', first);
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof' });
      expect(await generationOf(each, 'IG')).toBe(first);
      expect(operations(each)).toEqual(['login', 'session']);
      brokers.command('ig', 'expire-all');
      // The next proof of this generation for a report is a minute away: as if that had passed.
      await settled(each);
      await each.redis.hdel('refresher:account:IG', 'reported');
      for (let i = 0; i < 100; i++) await report(each.redis, 'IG', first);
      await until(async () => (await generationOf(each, 'IG')) > first, { what: 'the new token' });
      await settled(each);
      expect(operations(each).slice(2)).toEqual(['session', ...again]);
    }),
  );

  it('is withdrawn at Upstox where it is dead, and its person is asked, once', () =>
    withBench({ entries: [browsing] }, async (each, { brokers }) => {
      register(each, 'UP', 'UP0001');
      await logIn(each, 'UP');
      await each.keys(['token:UP', 'meta:UP']);
      const generation = await generationOf(each, 'UP');
      const before = operations(each).length;
      brokers.command('upstox', 'expire-all');
      for (let i = 0; i < 100; i++) await report(each.redis, 'UP', generation);
      await each.state('UP', 'awaiting_approval');
      await settled(each);
      expect(await each.redis.exists('token:UP', 'auth:UP', 'meta:UP')).toBe(0);
      for (let i = 0; i < 100; i++) await report(each.redis, 'UP', generation);
      await settled(each);
      expect(operations(each).slice(before)).toEqual(['profile']);
      expect(eventsOf(each).filter((event) => event === 'expired')).toHaveLength(1);
      expect((await counted(each)).get('upstox no_token')).toBeGreaterThan(0);
    }));

  it('by a name that others put on its list, without a generation, is its login’s', () =>
    withBench({ entries: [DESK] }, async (each, { brokers }) => {
      await each.keys(['token:DESK']);
      await each.redis.rpush('DESK', 'token:ALIAS');
      // The next token is written to it as well.
      const first = await generationOf(each);
      brokers.command('tradovate', 'expire-all');
      await report(each.redis, 'DESK', first);
      await each.keys(['token:ALIAS']);
      const second = await generationOf(each);
      await settled(each);
      await each.redis.hdel('refresher:account:DESK', 'reported', 'reportedDead');
      for (let i = 0; i < 50; i++) await report(each.redis, 'ALIAS', 0);
      await until(() => eventsOf(each).includes('confirmed'), { what: 'the proof' });
      await settled(each);
      expect(await generationOf(each)).toBe(second);
      expect(operations(each)).toEqual(['authorize', 'me', 'authorize', 'me']);
    }));
});
