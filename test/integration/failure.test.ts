import { describe, it } from 'vitest';
import { emptyBook, readBook, type Member } from '../../src/alerts/book.ts';
import type { LedgerEntry } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const DESK = { username: 'DESK', password: 'made-up-pass' };
const TRANSIENT = { TRADOVATE_TRANSIENT_TEXTS: 'come back later' };

const callsOf = (bench: ServiceBench, username = 'DESK'): readonly LedgerEntry[] =>
  bench.simulator.calls({ operation: 'authorize', username });
const gaps = (bench: ServiceBench): readonly number[] => {
  const at = callsOf(bench).map((call) => call.startedAt);
  return at.slice(1).map((instant, i) => instant - (at[i] ?? 0));
};
/** Asks for a refresh, as the service itself is asked to. */
const request = ({ redis }: ServiceBench, name: string): Promise<unknown> =>
  redis
    .multi()
    .hset(`refresher:account:${name}`, 'request', JSON.stringify({ at: Date.now(), rearm: false }))
    .zadd('refresher:due:tradovate', Date.now(), name)
    .exec();
/** What people were told of an account that fails. */
const saidOf = ({ redis }: ServiceBench, name: string): Promise<Member> =>
  until(
    async () => {
      const text = await redis.hget('refresher:alerts:book', 'text');
      const { incidents } = readBook(text ?? '') ?? emptyBook;
      const members = incidents.flatMap(({ members }) => members);
      return members.find((member) => member.name === name);
    },
    { what: `an alert for ${name}` },
  );
const eventsOf = (bench: ServiceBench): readonly unknown[] => bench.events.map(({ event }) => event);

// Side by side: most of their time is waiting.
describe.concurrent('a failure', () => {
  it('that passes is tried again after waits that grow', ({ expect }) =>
    withBench(
      {
        entries: [DESK],
        env: TRANSIENT,
        before: ({ brokers }) => {
          brokers.setSwitch('tradovate', 'bridge.errmsg', 'Please come back later');
          brokers.fault({ broker: 'tradovate', kind: 'refuse', times: 2 });
        },
      },
      async (bench) => {
        const said = await bench.state('DESK', 'backing_off');
        expect(said).toMatchObject({ reason: 'server_fault', expiresAt: '' });
        await bench.keys(['token:DESK'], 20_000);
        expect(callsOf(bench)).toHaveLength(3);
        const [first = 0, second = 0] = gaps(bench);
        // Full jitter over 5 s, then 10 s, never under 2 s; a second for a busy machine.
        expect(first).toBeGreaterThanOrEqual(1_990);
        expect(first).toBeLessThan(6_000);
        expect(second).toBeGreaterThanOrEqual(1_990);
        expect(second).toBeLessThan(11_000);
        expect(eventsOf(bench)).toEqual(['failed', 'failed', 'refreshed', 'recovered']);
      },
    ));

  it('nobody answers for: the next login waits at least five seconds, it may have counted', ({ expect }) =>
    withBench(
      {
        entries: [DESK],
        before: ({ brokers }) => brokers.fault({ broker: 'tradovate', kind: 'drop-after', times: 2 }),
      },
      async (bench) => {
        await bench.keys(['token:DESK'], 25_000);
        expect(callsOf(bench)).toHaveLength(3);
        expect(Math.min(...gaps(bench))).toBeGreaterThanOrEqual(4_990);
      },
    ));

  it('of a refresh that was asked for is tried again, the old token staying served', ({ expect }) =>
    withBench({ entries: [DESK], env: TRANSIENT }, async (bench) => {
      await bench.keys(['token:DESK']);
      const token = await bench.redis.get('token:DESK');
      bench.simulator.setSwitch('tradovate', 'bridge.errmsg', 'Please come back later');
      bench.simulator.fault({ broker: 'tradovate', kind: 'refuse', times: 1 });
      const reader = hammer(() => bench.redis.exists('token:DESK', 'auth:DESK', 'meta:DESK'));
      await request(bench, 'DESK');
      await until(() => eventsOf(bench).includes('failed'), { what: 'the failure' });
      expect(await bench.redis.get('token:DESK')).toBe(token);
      await until(async () => (await bench.redis.get('token:DESK')) !== token, {
        what: 'the second try',
      }).finally(() => reader.stop());
      expect(reader.seen.filter(({ value }) => value !== 3)).toEqual([]);
      expect(gaps(bench)[1]).toBeGreaterThanOrEqual(1_990);
    }));

  it('of the password costs one call: stopped, not tried again after a restart', ({ expect }) =>
    withBench({ entries: [{ ...DESK, password: 'made-up-wrong' }] }, async (bench) => {
      const state = await bench.state('DESK', 'stopped');
      expect(state).toMatchObject({ reason: 'bad_credentials', expiresAt: '' });
      expect((await saidOf(bench, 'DESK')).tokenUntil).toBeNull();
      await bench.restart();
      await bench.restart();
      await bench.redis.zadd('refresher:due:tradovate', Date.now(), 'DESK');
      await until(
        async () => Number(await bench.redis.zscore('refresher:due:tradovate', 'DESK')) > Date.now() + 11_000,
        { what: 'the account to rest, beyond what a claim puts it off' },
      );
      await bench.state('DESK', 'stopped');
      expect(callsOf(bench)).toHaveLength(1);
      expect(eventsOf(bench)).toEqual(['failed']);
    }));

  it('of the password ends when it changes: one login with the new one, none with those that failed', ({
    expect,
  }) =>
    withBench({ entries: [{ ...DESK, password: 'made-up-wrong' }] }, async (bench) => {
      await bench.state('DESK', 'stopped');
      await bench.writeCredentials([{ ...DESK, password: 'made-up-wrong-too' }]);
      await bench.simulator.waitForCalls({ operation: 'authorize' }, 2, 6_000);
      await bench.state('DESK', 'stopped');
      // The first again: known to be wrong, so nothing is sent.
      await bench.writeCredentials([{ ...DESK, password: 'made-up-wrong' }]);
      await until(() => bench.logged('accounts.reloaded').length === 2, { what: 'the second reload' });
      await bench.writeCredentials([DESK]);
      await bench.state('DESK', 'fresh');
      await bench.keys(['token:DESK', 'auth:DESK', 'meta:DESK']);
      expect(callsOf(bench)).toHaveLength(3);
      expect(eventsOf(bench)).toEqual(['failed', 'failed', 'refreshed', 'recovered']);
    }));

  it('of a password that became wrong stops the account while its token is served to its end', ({ expect }) =>
    withBench({ entries: [DESK] }, async (bench) => {
      await bench.keys(['token:DESK']);
      const token = await bench.redis.get('token:DESK');
      bench.simulator.setPassword('tradovate', 'DESK', 'made-up-other');
      await request(bench, 'DESK');
      const state = await bench.state('DESK', 'stopped');
      expect(Date.parse(state['expiresAt'] ?? '')).toBeGreaterThan(Date.now() + 4_000_000);
      expect(await bench.redis.get('token:DESK')).toBe(token);
      expect((await saidOf(bench, 'DESK')).tokenUntil).toBe(Date.parse(state['expiresAt'] ?? ''));
      // Asked again, without a word about trying once more: looked at, and nothing is sent.
      await request(bench, 'DESK');
      await until(
        async () => Number(await bench.redis.zscore('refresher:due:tradovate', 'DESK')) > Date.now() + 11_000,
        { what: 'the account to rest' },
      );
      expect(callsOf(bench)).toHaveLength(2);
    }));
});

const names = ['ONE', 'TWO', 'THREE', 'FOUR'];
const four = names.map((username) => ({ username, password: 'made-up-pass' }));

describe.concurrent('a broker that asks for silence', () => {
  it('is not called by anybody behind the address until the time is over', ({ expect }) =>
    withBench(
      {
        entries: [...four, { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' }],
        before: ({ brokers }) => {
          brokers.setSwitch('tradovate', 'latencyMs', 50);
          brokers.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
        },
      },
      async (bench) => {
        // Another broker is not concerned.
        await bench.keys(['token:IG']);
        await until(
          async () => {
            const said = await Promise.all(names.map((name) => bench.redis.hgetall(`state:${name}`)));
            return said.some(({ reason }) => reason === 'broker_silence');
          },
          { what: 'the silence' },
        );
        await bench.keys(
          names.map((name) => `token:${name}`),
          25_000,
        );
        const [first, ...calls] = bench.simulator.calls({ broker: 'tradovate' });
        const nextAt = Math.min(...calls.map((call) => call.startedAt));
        expect(nextAt).toBeGreaterThanOrEqual((first?.endedAt ?? 0) + 14_990);
        expect(calls).toHaveLength(names.length);
        // The ramp began anew: one first, then two.
        expect(bench.simulator.peakInFlight('tradovate')).toBeLessThanOrEqual(2);
      },
    ));

  it('for an hour is obeyed over a restart, and the states say so', ({ expect }) =>
    withBench(
      {
        entries: four,
        simulator: {
          switches: { tradovate: { 'limits.login': 0, captchaOnLoginPenalty: 'always' } },
        },
      },
      async (bench) => {
        for (const name of names) await bench.state(name, 'backing_off', 15_000);
        await bench.restart();
        for (const name of names) await request(bench, name);
        for (const name of names) {
          await until(
            async () =>
              Number(await bench.redis.zscore('refresher:due:tradovate', name)) > Date.now() + 3_400_000,
            { what: `${name} to rest`, timeoutMs: 15_000 },
          );
          const { reason } = await bench.state(name, 'backing_off');
          expect(reason).toMatch(/^(broker_silence|captcha)$/);
        }
        expect(bench.simulator.calls()).toHaveLength(1);
        expect(await bench.redis.pttl('refresher:silence:tradovate:default')).toBeGreaterThan(3_400_000);
      },
    ));
});
