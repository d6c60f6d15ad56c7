import type { Redis } from 'ioredis';
import { startAlerts } from '../../src/alerts/alerts.ts';
import { requestRefresh } from '../../src/app/wishes.ts';
import { brokers } from '../../src/brokers/index.ts';
import type { Account } from '../../src/core/account.ts';
import type { Broker, Connection, Grant } from '../../src/core/broker.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { BrokerError, type ErrorKind } from '../../src/core/errors.ts';
import type { Trouble } from '../../src/core/session.ts';
import { keepConsent, takeConsent } from '../../src/redis/consents.ts';
import { makeDueIndex } from '../../src/redis/due.ts';
import { makeInstances } from '../../src/redis/instances.ts';
import { dueForRearm, rearm } from '../../src/redis/rearm.ts';
import { makeRoster } from '../../src/redis/roster.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { readFacts } from '../../src/redis/statuses.ts';
import { makeStore } from '../../src/redis/store.ts';
import { enterWorld, isEmptied } from '../../src/redis/world.ts';
import { makeKeeper } from '../../src/tending/keeper.ts';
import { makeMemoryKeepsake } from '../support/keepsake.ts';
import type { Dice } from './random.ts';

const LOOKS = 1_200;
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The service's own parts, doing whatever comes to mind, with brokers that answer anything. */
export async function exercise(redis: Redis, dice: Dice): Promise<void> {
  let offset = 0;
  const clock: Clock = { now: () => Date.now() + offset, sleep: systemClock.sleep };
  const seal = makeSeal([Buffer.alloc(32, 3)]);
  const names = ['A', 'B', 'C', 'D', 'E'] as const;
  const accounts = new Map<string, Account>(names.map((name) => [name, accountOf(name, dice, clock)]));
  const all = (): readonly Account[] => [...accounts.values()];
  const keeper = makeKeeper({
    store: makeStore(redis, seal, silent),
    account: (name) => accounts.get(name),
    broker: (name) => brokerOf(name),
    limits: (name) => brokerOf(name).limits,
    fingerprints: (secrets) => seal.fingerprints(secrets),
    isWebhook: () => dice.chance(0.5),
    isHoliday: () => false,
    keepsake: makeMemoryKeepsake(),
    clock,
    random: dice.random,
    log: silent,
    listener: {
      failed: () => undefined,
      recovered: () => undefined,
      rests: () => undefined,
      personNeeded: () => undefined,
      woken: () => undefined,
      attempted: () => undefined,
    },
    egress: 'default',
    instance: 'replica',
    ttlCapMs: () => (dice.chance(0.5) ? 600_000 : undefined),
  });
  const store = makeStore(redis, seal, silent);
  const due = makeDueIndex(redis);
  const roster = makeRoster(redis);
  const instances = makeInstances(redis, 'replica');
  const alerts = startAlerts({ redis, clock, log: silent, instance: 'replica', channels: [] });
  await enterWorld({ redis, seal, simulated: true, newKey: false });
  await roster.enter(all());

  const network = { broker: 'tradovate', egress: 'default' };
  const onKey = { ...network, broker: 'ig', key: 'new', olderKeys: ['old'] };
  const before = { ...onKey, key: 'old', olderKeys: [] };
  const tend = (): Promise<unknown> => keeper.tend(dice.pick(names));
  const acts: readonly [() => Promise<unknown>, ...(() => Promise<unknown>)[]] = [
    tend,
    ...Array.from({ length: 8 }, () => tend),
    () => keeper.restore(dice.pick(names)),
    () => due.claim('tradovate', clock.now(), dice.whole(1, 4)),
    () => due.seed('tradovate', names, clock.now()),
    () => due.put('tradovate', [dice.pick(names)], clock.now() + dice.whole(-5_000, 5_000)),
    () => due.remove('tradovate', [dice.pick(names)]),
    () => due.missing('tradovate', [...names, 'nobody']),
    () => due.unqueueLost('tradovate', clock.now(), clock.now()),
    () => due.waitingSince('tradovate'),
    () => due.noteTick('tradovate', clock.now()),
    () => due.lastTick('tradovate'),
    () => requestRefresh(redis, dice.pick(names), 'tradovate', dice.chance(0.3), clock.now()),
    () => rearm(redis, dice.pick(names), clock.now(), dice.chance(0.5) ? 600_000 : undefined),
    () => dueForRearm(redis, clock.now()),
    () =>
      store.silence(
        network,
        { scope: 'egress', until: clock.now() + dice.whole(1, 9_000), code: 'quota' },
        clock.now(),
      ),
    () => store.silenceOf(network, clock.now()),
    () => store.refuseKey(dice.pick([onKey, before]), refusedKey(clock.now())),
    () => store.allowKey(dice.pick([onKey, before])),
    () => store.restoreKey(onKey, refusedKey(clock.now() - dice.whole(0, 9_000)), clock.now()),
    async () => {
      const held = await store.acquire('ON_KEY', onKey, 'other', 60_000, clock.now());
      if (held) await store.release(held.lease);
    },
    () => store.peek(dice.pick(names)),
    () => store.foreignToken(dice.pick(names)),
    async () => {
      const name = dice.pick(names);
      const lease = (await store.acquire(name, network, `other:${dice.whole(1, 9)}`, 60_000, clock.now()))
        ?.lease;
      if (!lease) return;
      await store.extend(lease, dice.whole(1_000, 60_000));
      if (dice.chance(0.9)) await store.release(lease);
    },
    () => roster.remove([dice.pick(names)]),
    () => roster.enter(all()),
    () => roster.missing(all()),
    () => roster.standings(names),
    async () => readFacts(redis, [...(await roster.read())]),
    () => instances.beat(),
    () => instances.others(),
    () => isEmptied(redis),
    () => keepConsent(redis, `state-${dice.whole(1, 3)}`, dice.pick(names)),
    () => takeConsent(redis, `state-${dice.whole(1, 3)}`),
    () =>
      alerts.failed({
        broker: 'tradovate',
        account: dice.pick(names),
        code: 'made_up',
        message: 'No.',
        level: 'warning',
      }),
    () => alerts.recovered({ broker: 'tradovate', account: dice.pick(names) }),
    // What others do to keys: a wrong type, a name on a list, a lost key.
    () =>
      redis.rpush(
        dice.pick(names),
        dice.pick(['token:ALIAS_1', 'auth:ALIAS_2', 'token:A', 'junk', 'token:B.sub']),
      ),
    () =>
      redis.set(dice.pick(['A', 'meta:B', 'state:C', 'token:D', 'auth:E']), 'somebody else', 'PX', 60_000),
    () =>
      redis.del(
        dice.pick([
          'A',
          'B',
          'meta:B',
          'state:C',
          'token:D',
          'auth:E',
          'refresher:lease:A',
          'refresher:lease:B',
        ]),
      ),
    () => redis.hset(dice.pick(['token:A', 'auth:B', 'refresher:aliases']), { ALIAS_1: 'B' }),
    () =>
      redis
        .pipeline()
        .hget('state:A', 'state')
        .zscore('refresher:due:tradovate', 'A')
        .exists('A', 'B', 'C')
        .exec(),
  ];
  for (let i = 0; i < LOOKS; i++) {
    if (dice.chance(0.2)) offset += dice.whole(1_000, 600_000);
    await dice
      .pick(acts)()
      .catch((error: unknown) => {
        // A key of the wrong type that is nobody's but the service's: both say so, and that was compared.
        if (!String(error).includes('WRONGTYPE')) throw error;
      });
  }
  await alerts.stop();
}

function brokerOf(name: string): Broker {
  const broker = brokers.find((each) => each.name === name);
  if (!broker) throw new Error(name);
  return broker;
}

const kinds: readonly [ErrorKind, ...ErrorKind[]] = [
  'transient',
  'throttled',
  'refused',
  'needs-human',
  'outcome-unknown',
];

/** An account whose broker gives a token or any kind of error. */
function accountOf(name: string, dice: Dice, clock: Clock): Account {
  let issued = 0;
  const answer = (): Promise<Grant> => {
    if (dice.chance(0.6)) return Promise.resolve(grantOf());
    const status = dice.pick([undefined, 200, 401, 503]);
    return Promise.reject(
      new BrokerError('The made-up broker says no.', {
        kind: dice.pick(kinds),
        code: 'made_up',
        scope: dice.pick(['account', 'key', 'egress', 'broker']),
        sent: dice.chance(0.9),
        ...(status !== undefined && { status }),
        ...(dice.chance(0.3) && { retryAfterMs: dice.whole(1, 60_000) }),
        ...(dice.chance(0.2) && { carry: { ticket: 'made-up-ticket' } }),
      }),
    );
  };
  const grantOf = (): Grant => {
    issued += 1;
    const lifeMs = dice.pick([60_000, 4_800_000]);
    return {
      token: dice.chance(0.05) ? 'the-same-token' : `made-up-token-${name}-${issued}`,
      headers: { Authorization: 'Bearer made-up' },
      renewal: { refreshToken: `made-up-refresh-${issued}` },
      issuedAt: clock.now(),
      expiresAt: clock.now() + lifeMs,
      tokenType: 'Bearer',
      baseUrl: 'https://broker.example',
      owner: dice.chance(0.9) ? `owner-${name}` : 'owner-of-all',
      ...(dice.chance(0.2) && { meta: { streaming: '{"CST":"made-up"}' } }),
      ...(dice.chance(0.2) && {
        companions: [{ suffix: 'extended', token: 'made-up-companion', expiresAt: clock.now() + 90_000 }],
      }),
    };
  };
  const connection: Connection = {
    signIn: answer,
    renew: answer,
    probe: () => Promise.resolve(dice.pick(['alive', 'alive', 'alive', 'dead', 'someone-else'])),
    discover: () => Promise.resolve(dice.pick([['SUB_1'], ['SUB_1', `SUB_${name}`], []])),
    headersFor: (grant) => grant.headers,
  };
  return {
    name,
    broker: 'tradovate',
    environment: 'demo',
    username: name,
    enabled: name !== 'E',
    subAccounts: name === 'B' ? ['B.sub', 'B_2'] : [],
    ttlSeconds: undefined,
    discoverAccounts: name === 'C',
    hours: undefined,
    verify: name === 'D',
    identity: `made-up/${name}`,
    credentials: [name, 'made-up-password'],
    key: name === 'A' || name === 'B' ? 'made-up-key' : undefined,
    connection,
  };
}

const refusedKey = (at: number): Trouble => ({
  code: 'key_refused',
  kind: 'needs-human',
  message: 'No.',
  at: Math.floor(at / 1_000) * 1_000,
});
