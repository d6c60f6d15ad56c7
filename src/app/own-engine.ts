import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { loadAccounts } from '../accounts/index.ts';
import { makeHttp } from '../brokers/http.ts';
import { brokers } from '../brokers/index.ts';
import { readServiceSecrets, type Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import type { Connection, Http } from '../core/broker.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { TokenStore } from '../core/store.ts';
import { openMirror } from '../mirror/index.ts';
import { connected, openRedis } from '../redis/connection.ts';
import { readDeployment, requireFit } from '../redis/deployment.ts';
import { makeRoster } from '../redis/roster.ts';
import { makeSeal, type Seal } from '../redis/seal.ts';
import { makeStore } from '../redis/store.ts';
import { enterWorld } from '../redis/world.ts';
import { makeKeeper } from '../tending/keeper.ts';
import type { Keeper, Listener } from '../tending/parts.ts';
import { brokerNamed, ttlCapOf } from './engine.ts';
import { makeKeepsake, mirrorFolder } from './keepsake.ts';
import { readLimits } from './limits.ts';
import { makeConnect } from './load.ts';
import type { Releases } from './releases.ts';
import { commandSimulation } from './simulation.ts';
import { openTarget } from './target.ts';
import { leadsToWebhook } from './webhooks.ts';

export interface OwnEngineOptions {
  readonly config: Config;
  readonly name: string;
  readonly log: Log;
  /** Notes what the broker says. */
  readonly transcript: { wrap(http: Http): Http; watch(connection: Connection): Connection };
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

/** What a command needs that acts on one account itself, under its lease, beside a running service or without one. */
export interface OwnEngine {
  readonly account: Account;
  readonly keeper: Keeper;
  readonly store: TokenStore;
  readonly redis: Redis;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly instance: string;
  /** How many calls went to the broker so far. */
  readonly sent: () => number;
}

/** How long Redis may take to answer, ms. */
const CONNECT_MS = 10_000;

/** The service's own engine, for one account. Throws ConfigurationError where the service would not start either. */
export async function openOwnEngine(options: OwnEngineOptions, releases: Releases): Promise<OwnEngine> {
  const { config, log, name, transcript } = options;
  const clock = systemClock;
  const simulation = await commandSimulation(config, releases);
  const setting = (variable: string): string | undefined =>
    simulation?.setting(variable) ?? config.setting(variable);
  const { isHoliday } = config.holidays;
  const limits = readLimits(brokers, setting);

  const pool = makeHttp();
  releases.add(() => pool.close());
  let sent = 0;
  const http: Http = (request, call) => {
    sent += 1;
    return pool(request, call);
  };
  const connect = makeConnect({
    setting,
    http: transcript.wrap(http),
    clock,
    isHoliday,
    introduce: simulation?.introduce,
  });
  const { accounts: configured } = await loadAccounts({
    file: config.credentialsFile,
    brokers,
    setting,
    takesExamples: config.simulate,
    connect: (broker, login) => transcript.watch(connect(broker, login)),
  });
  const accounts = configured.filter(({ observed }) => observed !== true);
  const byName = new Map(accounts.map((each) => [each.name, each]));
  const account = byName.get(name);
  if (!account) throw new Error(`no account is named ${name}`);

  const instance = `${hostname()}:${process.pid}:check`;
  const seal = makeSeal((await readServiceSecrets(config, randomBytes)).sealingKeys);
  const target = await openTarget(config, clock, log, releases);
  const redis = openRedis(target.address, log);
  releases.add(async () => redis.disconnect());
  const patience = AbortSignal.any([options.signal, AbortSignal.timeout(CONNECT_MS)]);
  if (!(await connected(redis, patience))) throw new Error(`Redis at ${target.shown} does not answer`);
  requireFit(await readDeployment(redis));
  await enterWorld({ redis, seal, simulated: config.simulate, newKey: false });
  await makeRoster(redis).enter([account]);

  const mirror = await openMirror({ folder: mirrorFolder(config), seal, log, clock });
  releases.add(() => mirror.close());
  const store = makeStore(redis, seal, log, mirror);
  const keeper = makeKeeper({
    store,
    account: (each) => byName.get(each),
    broker: brokerNamed,
    limits,
    fingerprints: (secrets) => seal.fingerprints(secrets),
    isWebhook: (each, address) => leadsToWebhook(each, address, seal.signatures),
    isHoliday,
    keepsake: makeKeepsake({ mirror, store, fingerprints: (secrets) => seal.fingerprints(secrets), clock }),
    clock,
    random: Math.random,
    log,
    listener: quiet,
    egress: config.egressId,
    instance,
    ttlCapMs: ttlCapOf(config),
  });
  return { account, keeper, store, redis, seal, clock, instance, sent: () => sent };
}

/** What comes of it is said at the terminal; alerts are the service's. */
const quiet: Listener = {
  failed: () => undefined,
  recovered: () => undefined,
  rests: () => undefined,
  personNeeded: () => undefined,
  attempted: () => undefined,
  woken: () => undefined,
};
