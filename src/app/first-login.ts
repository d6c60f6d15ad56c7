import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { loadAccounts } from '../accounts/index.ts';
import { makeHttp } from '../brokers/http.ts';
import { brokers } from '../brokers/index.ts';
import { readServiceSecrets, type Config } from '../config/index.ts';
import type { Connection, Http } from '../core/broker.ts';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { pauseAt } from '../core/pause.ts';
import { openMirror } from '../mirror/index.ts';
import { connected, openRedis } from '../redis/connection.ts';
import { readDeployment, requireFit } from '../redis/deployment.ts';
import { keys } from '../redis/keys.ts';
import { makeRoster } from '../redis/roster.ts';
import { run, scripts } from '../redis/scripts.ts';
import { makeSeal } from '../redis/seal.ts';
import { makeStore } from '../redis/store.ts';
import { enterWorld } from '../redis/world.ts';
import { makeKeeper } from '../tending/keeper.ts';
import type { Listener } from '../tending/parts.ts';
import { browserLogin, type Person } from './browser-login.ts';
import { brokerNamed, ttlCapOf } from './engine.ts';
import { makeKeepsake, mirrorFolder } from './keepsake.ts';
import { readLimits } from './limits.ts';
import { makeConnect } from './load.ts';
import { loginOnce, type LoginOutcome } from './login-once.ts';
import { makeReleases, type Releases } from './releases.ts';
import { startSimulation } from './simulation.ts';
import { makeRelay } from './relay.ts';
import { openTarget } from './target.ts';
import { leadsToWebhook } from './webhooks.ts';

export interface FirstLoginOptions {
  readonly config: Config;
  readonly name: string;
  readonly log: Log;
  /** Notes what the broker says. */
  readonly transcript: { wrap(http: Http): Http; watch(connection: Connection): Connection };
  readonly person: Person;
  /** Gives up waiting for the person. */
  readonly signal: AbortSignal;
}

export type FirstLogin = (options: FirstLoginOptions) => Promise<LoginOutcome>;

/** How long Redis may take to answer, ms. */
const CONNECT_MS = 10_000;
/** A running service leaves the account to us for so long, ms; then it fulfils the wish itself. */
const OURS_MS = 60_000;

/**
 * One real login of one account with the service's own engine: its token is kept and published as the
 * service would. Throws ConfigurationError where the service would not start either.
 */
export async function signInOnce(options: FirstLoginOptions): Promise<LoginOutcome> {
  const releases = makeReleases(options.log);
  try {
    return await assemble(options, releases);
  } finally {
    await releases.run();
  }
}

async function assemble(options: FirstLoginOptions, releases: Releases): Promise<LoginOutcome> {
  const { config, log, name, transcript } = options;
  const clock = systemClock;
  const simulation = config.simulate ? await startSimulation(releases) : undefined;
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
  const { accounts } = await loadAccounts({
    file: config.credentialsFile,
    brokers,
    setting,
    takesExamples: config.simulate,
    connect: (broker, login) => transcript.watch(connect(broker, login)),
  });
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
  const store = makeStore(redis, seal, log, () => mirror.generation());
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
  if (pauseAt(await store.peek(name), clock.now())) {
    const message = `${name} is paused, and nothing was sent: "token-refresher resume ${name}" puts it back into service.`;
    return { outcome: 'failed', code: 'paused', message };
  }
  return loginOnce({
    account,
    keeper,
    clock,
    sent: () => sent,
    present: async () => (await store.peek(name)).session,
    arrival: (consent, { rung, signal }) =>
      browserLogin({
        ...options,
        signal: AbortSignal.any([options.signal, signal]),
        rung,
        consent,
        clock,
        host: config.http.host,
        relay: makeRelay({ redis, seal, name, instance }),
      }),
    ask: async () => {
      const now = clock.now();
      const wish = JSON.stringify({ at: now, rearm: false });
      const places = [keys.record(name), keys.due(account.broker), keys.roster];
      await run(redis, scripts.request, places, [name, wish, now + OURS_MS]);
    },
  });
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
