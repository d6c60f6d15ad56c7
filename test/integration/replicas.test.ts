import { describe, it } from 'vitest';
import { startSimulator, type SimulatorOptions } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { startRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';

const users = Array.from({ length: 24 }, (_, i) => `USER_${i}`);
const igs = Array.from({ length: 4 }, (_, i) => `IG_${i}`);
const entries = [
  ...users.map((username) => ({ username, password: 'made-up-pass' })),
  ...igs.map((username) => ({
    broker: 'ig',
    username,
    password: 'made-up-pass',
    apiKey: `made-up-key-${username}`,
  })),
];
const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');

/** Two services with one file and one key on one Redis. */
async function withTwo(
  simulator: SimulatorOptions,
  work: (one: ServiceBench, two: ServiceBench) => Promise<void>,
): Promise<void> {
  const [server, brokers] = await Promise.all([startRedis(), startSimulator(simulator)]);
  try {
    const start = (): Promise<ServiceBench> =>
      startBench({ redisUrl: server.url, brokers, entries, env: { SECRET_KEY } });
    const both = await Promise.all([start(), start()]);
    try {
      await work(...both);
    } finally {
      await Promise.all(both.map((bench) => bench.stop()));
    }
  } finally {
    await brokers.stop();
    await server.stop();
  }
}

describe.concurrent('two services on one Redis', () => {
  it(
    'log each account in once, share the ramp, and never send a refresh token twice',
    ({ expect }) =>
      withTwo({ latencyMs: 100, switches: { ig: { accessTtl: 4 } } }, async (one, two) => {
        const names = [...users, ...igs];
        await one.keys(
          names.flatMap((name) => [`token:${name}`, `auth:${name}`, `meta:${name}`]),
          20_000,
        );
        const { simulator } = one;
        const logins = simulator.calls({ operation: 'authorize' });
        expect(logins).toHaveLength(users.length);
        expect(new Set(logins.map((call) => call.username)).size).toBe(users.length);
        // The ramp is the network's, not a process's: 1, 2, 4, 8, and open from the fourth success on.
        const fourthAt = logins.map((call) => call.endedAt ?? Infinity).toSorted((a, b) => a - b)[3] ?? 0;
        const early = logins.filter((call) => call.startedAt < fourthAt);
        const together = Math.max(
          ...early.map(
            ({ startedAt }) =>
              early.filter((each) => each.startedAt <= startedAt && (each.endedAt ?? Infinity) > startedAt)
                .length,
          ),
        );
        expect(together).toBeLessThanOrEqual(8);
        expect(simulator.peakInFlight('tradovate')).toBeLessThanOrEqual(20);

        await simulator.waitForCalls({ operation: 'refresh-token' }, 20, 25_000);
        const spent = simulator.calls({ operation: 'refresh-token' }).map((call) => call.spent);
        expect(new Set(spent).size).toBe(spent.length);
        expect(simulator.calls({ operation: 'login' })).toHaveLength(igs.length);
        // Both did some of the work.
        for (const bench of [one, two]) expect(bench.logged('token.published').length).toBeGreaterThan(3);
        // Each event went out once, whoever caused it.
        const refreshed = one.events.filter(({ event }) => event === 'refreshed');
        expect(
          new Set(refreshed.map(({ generation, username }) => `${String(username)} ${String(generation)}`))
            .size,
        ).toBe(refreshed.length);
      }),
    45_000,
  );

  it('when one stops, the other goes on with all accounts', ({ expect }) =>
    withTwo({ switches: { ig: { accessTtl: 4 } } }, async (one, two) => {
      await one.keys(igs.map((name) => `token:${name}`));
      await one.service.stop();
      const { n = 0 } = one.simulator.calls().at(-1) ?? {};
      await until(() => igs.every((username) => one.simulator.calls({ username, after: n }).length >= 2), {
        what: 'two refreshes of each by the other',
        timeoutMs: 20_000,
      });
      expect(two.logged('job.failed')).toEqual([]);
      expect(one.simulator.calls({ operation: 'login' })).toHaveLength(igs.length);
      await one.restart();
    }));

  it(
    'with files that differ for a while: an account that one does not know yet is still refreshed in time',
    ({ expect }) =>
      withTwo({ switches: { ig: { accessTtl: 12 } } }, async (one, two) => {
        await one.keys(igs.map((name) => `token:${name}`));
        // As in a rolling change: one has the new file, the other the old one.
        await two.writeCredentials([
          ...entries,
          { broker: 'ig', username: 'NEW', password: 'made-up-pass', apiKey: 'made-up-key-new' },
        ]);
        await until(() => two.logged('accounts.reloaded').length === 1, { what: 'the reload' });
        await two.keys(['token:NEW'], 3_000);
        const until_ = Date.now() + 22_000;
        let missing = 0;
        while (Date.now() < until_) {
          if ((await two.redis.exists('token:NEW')) === 0) missing += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        expect(missing).toBe(0);
        expect(one.simulator.calls({ operation: 'login', username: 'NEW' })).toHaveLength(1);
      }),
    45_000,
  );

  it('when Redis is emptied, log each account in once more', ({ expect }) =>
    withTwo({ latencyMs: 20 }, async (one) => {
      const names = [...users, ...igs];
      const tokens = names.map((name) => `token:${name}`);
      await one.keys(tokens, 20_000);
      await one.redis.flushall();
      await one.keys(tokens, 20_000);
      for (const username of names) expect(one.simulator.calls({ username }).length, username).toBe(2);
    }));
});
