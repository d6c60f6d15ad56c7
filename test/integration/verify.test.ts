import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { LedgerEntry } from '../../src/simulator/index.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type GroundOptions, type ServiceBench } from '../support/service.ts';

interface Subject {
  readonly name: string;
  readonly broker: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly login: string;
  readonly proof: string;
  /** What gets the next token. */
  readonly refresh: string;
}

const DESK: Subject = {
  name: 'DESK',
  broker: 'tradovate',
  entry: { username: 'DESK', password: 'made-up-pass', verify: true },
  login: 'authorize',
  proof: 'me',
  refresh: 'authorize',
};
const IG: Subject = {
  name: 'IG',
  broker: 'ig',
  entry: { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key', verify: true },
  login: 'login',
  proof: 'session',
  refresh: 'refresh-token',
};
const subjects = [
  ['a Tradovate', DESK],
  ['an IG', IG],
] as const;

const quick = (): number => Math.random() / 20;
/** Sessions as long as the others': here nobody waits for a minute to pass. */
const long = { switches: { ig: { accessTtl: 3_600 } } };

const bench = (
  { entry }: Subject,
  options: Partial<GroundOptions>,
  work: (bench: ServiceBench) => Promise<void>,
): Promise<void> =>
  withBench({ entries: [entry], random: quick, simulator: long, ...options }, (each) => work(each));

const operations = ({ simulator }: ServiceBench): readonly string[] =>
  simulator.calls().map(({ operation }) => operation);
const callsOf = ({ simulator }: ServiceBench, operation: string): readonly LedgerEntry[] =>
  simulator.calls({ operation });
const eventsOf = (each: ServiceBench): readonly unknown[] => each.events.map(({ event }) => event);
const request = ({ redis, simulator }: ServiceBench, { name, broker }: Subject): Promise<unknown> =>
  redis
    .multi()
    .hset(`refresher:account:${name}`, 'request', JSON.stringify({ at: simulator.clock.now(), rearm: true }))
    .zadd(`refresher:due:${broker}`, simulator.clock.now(), name)
    .exec();
const token = ({ redis }: ServiceBench, { name }: Subject): Promise<string | null> =>
  redis.get(`token:${name}`);
/** `api_validated` of the account's status. */
const validated = async ({ service, folder }: ServiceBench, { name }: Subject): Promise<unknown> => {
  const admin = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
  const answer = await fetch(`${service.url}/api/token/status/${name}`, {
    headers: { authorization: `Bearer ${admin}` },
  });
  return ((await answer.json()) as Readonly<Record<string, unknown>>)['api_validated'];
};

describe.concurrent.each(subjects)('%s token that is to be proved', (_, subject) => {
  it('is published once the broker honours it', ({ expect }) =>
    bench(
      subject,
      {
        before: ({ brokers }) =>
          brokers.fault({ broker: subject.broker, operation: subject.proof, kind: 'slow', ms: 400 }),
      },
      async (each) => {
        await each.simulator.waitForCalls({ operation: subject.proof }, 1, 5_000);
        expect(await token(each, subject)).toBeNull();
        await each.keys([`token:${subject.name}`, `auth:${subject.name}`, `meta:${subject.name}`]);
        expect(operations(each)).toEqual([subject.login, subject.proof]);
        expect(await validated(each, subject)).toBe(true);
        await request(each, subject);
        await until(() => eventsOf(each).length === 2, { what: 'the refresh' });
        expect(operations(each)).toEqual([subject.login, subject.proof, subject.refresh, subject.proof]);
      },
    ));

  it('is not asked about where nobody wants it', ({ expect }) =>
    bench(subject, { entries: [{ ...subject.entry, verify: false }] }, async (each) => {
      await each.keys([`token:${subject.name}`]);
      expect(operations(each)).toEqual([subject.login]);
      expect(await validated(each, subject)).toBeNull();
    }));

  it('is never published where the broker does not honour it; the password is not blamed', ({ expect }) =>
    bench(
      subject,
      {
        before: ({ brokers }) =>
          brokers.fault({ broker: subject.broker, operation: subject.proof, kind: 'refuse', times: 1 }),
      },
      async (each) => {
        const said = await each.state(subject.name, 'backing_off');
        expect(said).toMatchObject({ reason: 'dead_on_arrival' });
        expect(await each.redis.exists(`token:${subject.name}`, `meta:${subject.name}`)).toBe(0);
        // Another login, after a wait: it may have counted.
        await each.keys([`token:${subject.name}`], 15_000);
        const [first, second, ...more] = callsOf(each, subject.login);
        expect(more).toEqual([]);
        expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThanOrEqual(4_990);
        expect(eventsOf(each)).toEqual(['failed', 'refreshed', 'recovered']);
      },
    ));

  it('leaves the old one served where the broker does not honour it', ({ expect }) =>
    bench(subject, {}, async (each) => {
      await each.keys([`token:${subject.name}`]);
      const old = await token(each, subject);
      const meta = await each.redis.hgetall(`meta:${subject.name}`);
      each.simulator.fault({ broker: subject.broker, operation: subject.proof, kind: 'refuse' });
      const reader = hammer(() => token(each, subject));
      await request(each, subject);
      await until(() => eventsOf(each).includes('failed'), { what: 'the failure' });
      await reader.stop();
      expect([...new Set(reader.seen.map(({ value }) => value))]).toEqual([old]);
      expect(await each.redis.hgetall(`meta:${subject.name}`)).toEqual(meta);
      expect(eventsOf(each)).toEqual(['refreshed', 'failed']);
    }));
});

describe.concurrent('a token of another user', () => {
  const stranger = JSON.stringify({
    operation: 'me',
    body: { userId: 999_999, name: 'SOMEBODY_ELSE', fullName: 'Made Up' },
  });

  it('is never published: the account stops, and says so', ({ expect }) =>
    bench(
      DESK,
      { before: ({ brokers }) => void brokers.command('tradovate', 'answer', stranger) },
      async (each) => {
        const said = await each.state('DESK', 'stopped');
        expect(said).toMatchObject({ reason: 'someone_else' });
        expect(await each.redis.exists('token:DESK', 'auth:DESK', 'meta:DESK')).toBe(0);
        expect(operations(each)).toEqual(['authorize', 'me']);
      },
    ));

  it('does not replace the one that is there', ({ expect }) =>
    bench(DESK, {}, async (each) => {
      await each.keys(['token:DESK']);
      const old = await token(each, DESK);
      each.simulator.command('tradovate', 'answer', stranger);
      await request(each, DESK);
      const said = await each.state('DESK', 'stopped');
      expect(said).toMatchObject({ reason: 'someone_else' });
      expect(await token(each, DESK)).toBe(old);
      expect(operations(each)).toEqual(['authorize', 'me', 'authorize', 'me']);
    }));
});

describe.concurrent('the same token again', () => {
  it('is said, and served on under a new generation', ({ expect }) => {
    const expiration = Math.floor(Date.now() / 1_000) + 4_800;
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'EdDSA' })}.${part({ sub: '77', exp: expiration })}.bWFkZS11cA`;
    const same = JSON.stringify({
      operation: 'authorize',
      body: { s: 'ok', d: { access_token: jwt, expiration } },
    });
    return bench(
      DESK,
      {
        entries: [{ ...DESK.entry, verify: false }],
        before: ({ brokers }) => {
          brokers.command('tradovate', 'answer', same);
          brokers.command('tradovate', 'answer', same);
        },
      },
      async (each) => {
        await each.keys(['token:DESK']);
        const before = await each.redis.hget('meta:DESK', 'generation');
        expect(each.logged('token.unchanged')).toEqual([]);
        await request(each, DESK);
        await until(() => each.logged('token.unchanged').length > 0, { what: 'the word of it' });
        expect(each.logged('token.unchanged')).toMatchObject([{ account: 'DESK', source: 'sign-in' }]);
        expect(await token(each, DESK)).toBe(jwt);
        expect(Number(await each.redis.hget('meta:DESK', 'generation'))).toBeGreaterThan(Number(before));
        expect(each.log.map((line) => JSON.stringify(line)).join('\n')).not.toContain(jwt);
      },
    );
  });
});
