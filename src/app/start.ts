import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { makeHttp } from '../brokers/http.ts';
import { brokers } from '../brokers/index.ts';
import { readServiceSecrets } from '../config/index.ts';
import { systemClock, systemElapsed } from '../core/clock.ts';
import { openMirror } from '../mirror/index.ts';
import { openRedis, queueConnection } from '../redis/connection.ts';
import { keys } from '../redis/keys.ts';
import { makeSeal } from '../redis/seal.ts';
import { makeTidings } from '../redis/tidings.ts';
import { enterWorld, isEmptied, refuseRealTokens } from '../redis/world.ts';
import { startSchedule, type Schedule } from '../scheduling/schedule.ts';
import { startAudit } from './audit.ts';
import { startAccounts } from './accounts.ts';
import { addressesOf } from './addresses.ts';
import { atMost } from '../core/at-most.ts';
import { makeConsents } from './consents.ts';
import { makeDesk } from './desk.ts';
import { makeEngine, type Engine } from './engine.ts';
import { makeEntrance } from './entrance.ts';
import { makeConnect, sayStarted } from './load.ts';
import { mirrorFolder } from './keepsake.ts';
import { readLimits } from './limits.ts';
import { makeLook } from './looks.ts';
import { startMetering } from './metering.ts';
import { makePlanning } from './planning.ts';
import { makeReadiness } from './readiness.ts';
import { makeReleases, type Releases } from './releases.ts';
import { startObserving } from './observing.ts';
import { startReports } from './reports.ts';
import type { Service, StartOptions } from './service.ts';
import { serve } from './serve.ts';
import { serviceSimulation } from './simulation.ts';
import { openTarget } from './target.ts';
import { startTellings } from './tellings.ts';
import { orUnfit } from './unfit.ts';
import { makeTokenFiles } from './token-files.ts';
import { putBackAfterLoss } from './put-back.ts';
import { makeUpkeep } from './upkeep.ts';
import { makeWebhooks } from './webhooks.ts';

export type { Service, StartOptions } from './service.ts';

/** Longest wait for logins under way at a stop, ms: longer than any call's deadline, within the 15 s. */
const GRACE_MS = 11_000;

/** Starts the service. Throws ConfigurationError where a person must change something first. */
export async function start(options: StartOptions): Promise<Service> {
  const releases = makeReleases(options.log);
  try {
    return await assemble(options, releases);
  } catch (error) {
    await releases.run();
    throw error;
  }
}

async function assemble(options: StartOptions, releases: Releases): Promise<Service> {
  const { config, log, clock = systemClock, random = Math.random } = options;
  const instance = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  const { publicUrl, pageUrl, alertUrl } = addressesOf(config);

  const simulation = await serviceSimulation(config, options.simulator, releases);
  const setting = (variable: string): string | undefined =>
    simulation?.setting(variable) ?? config.setting(variable);
  const limits = readLimits(brokers, setting);
  const http = makeHttp();
  releases.add(() => http.close());
  const { isHoliday } = config.holidays;
  const connect = makeConnect({ setting, http, clock, isHoliday, introduce: simulation?.introduce });
  const accounts = await startAccounts({ config, brokers, setting, connect, clock, log });
  releases.add(() => accounts.stop());
  const secrets = await readServiceSecrets(config, randomBytes);
  const seal = makeSeal(secrets.sealingKeys);

  const target = await openTarget(config, clock, log, releases);
  sayStarted(log, accounts, { version: options.version, redis: target.shown, simulated: config.simulate });
  const mirror = await openMirror({ folder: mirrorFolder(config), seal, log, clock });
  releases.add(() => mirror.close());
  const redis = openRedis(target.address, log);
  releases.add(async () => redis.disconnect());

  const running: { schedule?: Schedule } = {};
  const nudge = (broker: string): void => running.schedule?.nudge(broker);
  const parts = {
    config,
    redis,
    seal,
    accounts,
    clock,
    random,
    log,
    instance,
    publicUrl,
    alertUrl,
    limits,
    isHoliday,
    mirror,
    channels: options.channels,
    woken: nudge,
  };
  const { version } = options;
  const metrics = startMetering({ ...parts, brokers, version, engine: () => engine }, releases);
  const engine: Engine = makeEngine({ ...parts, metrics }, releases);
  const settling = putBackAfterLoss({ ...engine, redis, accounts, clock, log });
  const readiness = makeReadiness({
    redis,
    schedule: () => running.schedule,
    allowEviction: config.allowEviction,
    clock,
    log,
  });
  const consents = makeConsents({ ...engine, redis, seal, clock, account: (name) => accounts.get(name) });
  const webhooks = makeWebhooks({
    ...engine,
    accounts: accounts.all,
    signatures: seal.signatures,
    clock,
    log,
  });
  releases.add(() => webhooks.close());
  const planning = makePlanning({ ...engine, redis, brokers, limits, egress: config.egressId, clock, log });
  const tidings = makeTidings(target.address);
  releases.add(async () => tidings.close());
  const tokenFiles = makeTokenFiles({ ...engine, accounts, tidings, clock, log });
  releases.add(() => tokenFiles.close());
  const audit = startAudit({ redis, clock, log });
  releases.add(() => audit.stop());
  const desk = makeDesk({
    ...engine,
    audit,
    tidings,
    planning,
    consents,
    webhooks,
    redis,
    clock,
    pageUrl,
    nudge,
    notReady: readiness.reasons,
    channels: engine.alerts.states,
    stateFolder: mirror.health,
    egress: config.egressId,
    silentUntil: async (broker) =>
      (await engine.store.silenceOf({ broker, egress: config.egressId }, clock.now()))?.until ?? 0,
  });
  const server = await serve(config, {
    desk,
    metrics,
    accounts,
    vainReports: engine.vainReports,
    limits,
    redis: target.shown,
    publicUrl,
    pageUrl,
    adminToken: secrets.adminToken,
    log,
    clock,
    version,
  });
  releases.add(() => server.stop());

  if (!(await readiness.awaitRedis(options.signal ?? new AbortController().signal)))
    throw new Error('stopped while waiting for Redis');
  const world = { redis, seal, simulated: config.simulate };
  // A rehearsal beside the tokens of a real desk would replace them with made-up ones.
  if (config.simulate && !options.simulator) await refuseRealTokens(redis, accounts.all());
  await enterWorld({ ...world, newKey: options.newKey ?? false });

  const beat = (): Promise<void> => engine.instances.beat();
  await beat();
  releases.add(() => engine.instances.leave());
  const entrance = makeEntrance({
    ...parts,
    ...engine,
    accounts,
    nudge,
    listen: (urls) => server.setCallbackListeners(urls),
  });
  const upkeep = makeUpkeep({
    ...parts,
    ...engine,
    tidy: entrance.tidy,
    lookAtOutdated: entrance.lookAtOutdated,
    egress: config.egressId,
    enterWorld: () => enterWorld({ ...world, newKey: false }),
  });
  // Once is enough: what this process seals from then on is under the first key.
  await upkeep.openAll();
  await entrance.enterAll();
  await entrance.lookAtFirst();
  settling.begin();
  await tokenFiles.sweep();
  await planning.judge();

  const stopping = new AbortController();
  const schedule = await startSchedule({
    connection: queueConnection(target.address),
    prefix: keys.queues,
    brokers: brokers.map((broker) => broker.name),
    concurrency: config.workerConcurrency,
    due: engine.due,
    clock,
    log,
    look: makeLook({ ...engine, ...settling, accounts, entrance, clock, metrics, stopping: stopping.signal }),
    metrics,
    sweep: orUnfit(async () => {
      await readiness.judgeRedis();
      await upkeep.sweep();
      await tokenFiles.sweep();
    }, options.giveUp),
    beat,
    rearm: upkeep.rearm,
    isEmptied: () => isEmptied(redis),
    lookAtAll: entrance.lookAtAll,
    elapsed: systemElapsed,
    giveUp: options.giveUp,
  });
  running.schedule = schedule;
  // Browser logins end beside the jobs, not after them: both share the one grace.
  releases.add(() => Promise.all([schedule.stop(GRACE_MS), atMost(clock, GRACE_MS, consents.close())]));
  releases.add(startReports({ ...parts, ...engine, ...schedule, metrics, address: target.address }));
  releases.add(startObserving({ ...parts, alerts: engine.alerts }));
  accounts.watch({
    redis,
    alerts: engine.alerts,
    instance,
    async changed(diff) {
      await entrance.takeUp(diff);
      await planning.judge();
    },
  });
  readiness.say(undefined);
  startTellings({ ...parts, ...readiness, alerts: engine.alerts, desk, configured: accounts.all }, releases);
  log.info({ event: 'service.ready', url: server.url }, `Serving at ${server.url}.`);

  return {
    url: server.url,
    redisUrl: target.shown,
    signInLink: () => server.signInLink(),
    reload: () => accounts.reload(),
    async stop() {
      readiness.say('the service is stopping');
      stopping.abort();
      await releases.run();
      log.info({ event: 'service.stopped' }, 'Stopped.');
    },
  };
}
