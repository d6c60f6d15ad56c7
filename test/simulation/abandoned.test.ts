import { expect, test } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import type { Account } from '../../src/core/account.ts';
import type { Grant } from '../../src/core/broker.ts';
import { makeRoster } from '../../src/redis/roster.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { makeStore } from '../../src/redis/store.ts';
import { makeKeeper } from '../../src/tending/keeper.ts';
import { fakeClock } from '../support/clock.ts';
import { makeMemoryKeepsake } from '../support/keepsake.ts';
import { directLink, makeClient } from './redis/client.ts';
import { makeRedisServer } from './redis/server.ts';

const silent = (): void => undefined;

test('a look that waits for what never comes is given up, and the next one has the account', async () => {
  const clock = fakeClock();
  const redis = makeClient(directLink((await makeRedisServer(clock.now)).execute));
  const seal = makeSeal([Buffer.alloc(32, 3)]);
  const account: Account = {
    name: 'A',
    broker: 'tradovate',
    environment: 'demo',
    username: 'A',
    enabled: true,
    subAccounts: [],
    ttlSeconds: undefined,
    discoverAccounts: false,
    hours: undefined,
    verify: false,
    identity: 'made-up/A',
    credentials: ['A', 'made-up-password'],
    key: undefined,
    connection: {
      // It does not heed its signal.
      signIn: () => new Promise<Grant>(silent),
      headersFor: (grant) => grant.headers,
    },
  };
  const events: unknown[] = [];
  const log = {
    debug: silent,
    info: silent,
    warn: silent,
    error: ({ event }: { event?: unknown }) => void events.push(event),
  };
  const keeper = makeKeeper({
    store: makeStore(redis, seal, log),
    account: () => account,
    broker: (name) => {
      const broker = brokers.find((each) => each.name === name);
      if (!broker) throw new Error(name);
      return broker;
    },
    limits: () => [],
    fingerprints: (secrets) => seal.fingerprints(secrets),
    isWebhook: () => false,
    isHoliday: () => false,
    keepsake: makeMemoryKeepsake(),
    clock,
    random: () => 0.5,
    log,
    listener: {
      failed: silent,
      recovered: silent,
      rests: silent,
      personNeeded: silent,
      woken: silent,
      attempted: silent,
    },
    egress: 'default',
    instance: 'replica',
    ttlCapMs: () => undefined,
  });
  await makeRoster(redis).enter([account]);
  let first: string | undefined;
  void keeper.tend('A').then(({ outcome }) => (first = outcome));
  await clock.advance(90_000);
  expect(first).toBeUndefined();
  expect((await keeper.tend('A')).outcome).toBe('held');
  await clock.advance(60_000);
  expect(first).toBe('abandoned');
  expect(events).toEqual(['look.abandoned']);
  // What the first one sent is an open question, as if its process had died.
  expect((await keeper.tend('A')).outcome).toBe('failed');
  expect(await redis.hget('refresher:account:A', 'attempt')).toBeNull();
});
