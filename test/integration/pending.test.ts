import { describe, it } from 'vitest';
import type { FaultRule } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type GroundOptions, type ServiceBench } from '../support/service.ts';

interface Subject {
  readonly name: string;
  readonly broker: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly login: string;
  readonly proof: string;
}

const DESK: Subject = {
  name: 'DESK',
  broker: 'tradovate',
  entry: { username: 'DESK', password: 'made-up-pass', verify: true },
  login: 'authorize',
  proof: 'me',
};
const IG: Subject = {
  name: 'IG',
  broker: 'ig',
  entry: { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key', verify: true },
  login: 'login',
  proof: 'session',
};
const subjects = [
  ['a Tradovate', DESK],
  ['an IG', IG],
] as const;

const quick = (): number => Math.random() / 20;
const long = { switches: { ig: { accessTtl: 3_600 } } };
const down = ({ broker, proof }: Subject): FaultRule => ({
  broker,
  operation: proof,
  kind: 'html',
  status: 502,
});

/** A service whose first proof finds a gateway's page; `work` begins once a proof has. */
const unproved = (
  subject: Subject,
  options: Partial<GroundOptions>,
  work: (bench: ServiceBench) => Promise<void>,
): Promise<void> =>
  withBench(
    {
      entries: [subject.entry],
      random: quick,
      simulator: long,
      before: ({ brokers }) => void brokers.fault(down(subject)),
      ...options,
    },
    async (bench) => {
      await until(() => bench.logged('token.pending').length > 0, { what: 'a token in hand' });
      await work(bench);
    },
  );

const logins = ({ simulator }: ServiceBench, { login }: Subject): number =>
  simulator.calls({ operation: login }).length;
const eventsOf = (bench: ServiceBench): readonly unknown[] => bench.events.map(({ event }) => event);
const recordOf = ({ redis }: ServiceBench, { name }: Subject): Promise<Readonly<Record<string, string>>> =>
  redis.hgetall(`refresher:account:${name}`);

describe.concurrent.each(subjects)('%s token in hand, unproved', (_, subject) => {
  const { name } = subject;

  it('is published once the broker says that it is good, without another login', ({ expect }) =>
    unproved(subject, {}, async (bench) => {
      expect(await bench.redis.hgetall(`state:${name}`)).toMatchObject({ reason: 'proof_pending' });
      await bench.simulator.waitForCalls({ operation: subject.proof, status: 502 }, 2, 10_000);
      expect(await bench.redis.exists(`token:${name}`, `auth:${name}`, `meta:${name}`)).toBe(0);
      bench.simulator.clearFaults();
      await bench.keys([`token:${name}`, `auth:${name}`, `meta:${name}`], 15_000);
      await bench.state(name, 'fresh');
      expect(await recordOf(bench, subject)).not.toHaveProperty('pending');
      expect(logins(bench, subject)).toBe(1);
      expect(eventsOf(bench).at(0)).not.toBe('expired');
      expect(eventsOf(bench).filter((event) => event === 'refreshed')).toHaveLength(1);
    }));

  it('lies sealed in Redis, and in no log', ({ expect }) =>
    unproved(subject, {}, async (bench) => {
      const record = await recordOf(bench, subject);
      expect(record['pending']).toMatch(/^v1\./);
      bench.simulator.clearFaults();
      await bench.keys([`token:${name}`], 15_000);
      const token = (await bench.redis.get(`token:${name}`)) ?? 'none';
      expect(JSON.stringify(record)).not.toContain(token);
      expect(bench.log.map((line) => JSON.stringify(line)).join('\n')).not.toContain(token);
    }));

  it('is proved by the next process, without another login', ({ expect }) =>
    unproved(subject, {}, async (bench) => {
      await bench.restart();
      bench.simulator.clearFaults();
      await bench.keys([`token:${name}`], 15_000);
      expect(logins(bench, subject)).toBe(1);
    }));

  it('is no token where the proof then says so: one login follows, after a wait', ({ expect }) =>
    unproved(subject, {}, async (bench) => {
      bench.simulator.clearFaults();
      bench.simulator.fault({ broker: subject.broker, operation: subject.proof, kind: 'refuse', times: 1 });
      await bench.keys([`token:${name}`], 20_000);
      expect(logins(bench, subject)).toBe(2);
      expect(eventsOf(bench).filter((event) => event === 'refreshed')).toHaveLength(1);
    }));

  it('leaves the old one served as it was', ({ expect }) =>
    withBench({ entries: [subject.entry], random: quick, simulator: long }, async (bench) => {
      await bench.keys([`token:${name}`]);
      const read = async (): Promise<string> =>
        JSON.stringify([
          await bench.redis.mget(`token:${name}`, `auth:${name}`),
          await bench.redis.hgetall(`meta:${name}`),
          await bench.redis.hget(`state:${name}`, 'expiresAt'),
        ]);
      const before = await read();
      bench.simulator.fault(down(subject));
      const reader = hammer(read);
      const wish = JSON.stringify({ at: Date.now(), rearm: false });
      await bench.redis.hset(`refresher:account:${name}`, 'request', wish);
      await bench.redis.zadd(`refresher:due:${subject.broker}`, Date.now(), name);
      await bench.simulator.waitForCalls({ operation: subject.proof, status: 502 }, 2, 15_000);
      await reader.stop();
      expect(reader.seen.filter(({ value }) => value !== before)).toEqual([]);
      expect(await bench.redis.hgetall(`state:${name}`)).toMatchObject({
        state: 'fresh',
        reason: 'proof_pending',
      });
      bench.simulator.clearFaults();
      await until(async () => (await read()) !== before, { what: 'the new token', timeoutMs: 15_000 });
      expect(bench.simulator.calls().filter(({ effect }) => effect)).toHaveLength(4);
    }));

  it('that a throttling answer holds up waits as long as it asks', ({ expect }) =>
    unproved(
      subject,
      {
        before: ({ brokers }) => {
          brokers.setSwitch('tradovate', 'penaltySeconds', 3);
          brokers.fault({
            broker: subject.broker,
            operation: subject.proof,
            kind: 'throttle',
            times: 1,
          });
        },
      },
      async (bench) => {
        await bench.keys([`token:${name}`], 25_000);
        const [first, second] = bench.simulator.calls({ operation: subject.proof });
        const asked = subject === IG ? 9_990 : 2_990;
        expect((second?.startedAt ?? 0) - (first?.endedAt ?? 0)).toBeGreaterThanOrEqual(asked);
        expect(logins(bench, subject)).toBe(1);
      },
    ));
});

describe.concurrent('a token in hand that dies unproved', () => {
  it(
    'is followed by logins that are paced, and by a token as soon as the broker proves one',
    ({ expect }) =>
      unproved(IG, { simulator: { switches: { ig: { accessTtl: 3 } } } }, async (bench) => {
        await bench.simulator.waitForCalls({ operation: 'login' }, 3, 25_000);
        const at = bench.simulator.calls({ operation: 'login' }).map(({ startedAt }) => startedAt);
        const gaps = at.slice(1).map((instant, i) => instant - (at[i] ?? 0));
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_900);
        bench.simulator.setSwitch('ig', 'accessTtl', 3_600);
        bench.simulator.clearFaults();
        await bench.keys(['token:IG'], 25_000);
        expect(bench.simulator.calls().length).toBeLessThan(30);
      }),
    60_000,
  );
});
