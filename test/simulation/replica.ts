import { diffAccounts, readAccounts, type Loaded } from '../../src/accounts/index.ts';
import { servedDiff, type Accounts } from '../../src/app/accounts.ts';
import { makeConsents, type Consents } from '../../src/app/consents.ts';
import { makeEngine } from '../../src/app/engine.ts';
import { makeEntrance } from '../../src/app/entrance.ts';
import { readLimits } from '../../src/app/limits.ts';
import { makeConnect } from '../../src/app/load.ts';
import { makeLook } from '../../src/app/looks.ts';
import { makeReleases } from '../../src/app/releases.ts';
import { startObserving } from '../../src/app/observing.ts';
import { putBackAfterLoss } from '../../src/app/put-back.ts';
import { hearReports } from '../../src/app/reports.ts';
import { makeUpkeep } from '../../src/app/upkeep.ts';
import { makeWebhooks, type Webhooks } from '../../src/app/webhooks.ts';
import { makeHttp } from '../../src/brokers/http.ts';
import { brokers } from '../../src/brokers/index.ts';
import type { Config } from '../../src/config/index.ts';
import type { Account } from '../../src/core/account.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import { openMirror } from '../../src/mirror/index.ts';
import type { Seal } from '../../src/redis/seal.ts';
import { enterWorld, isEmptied } from '../../src/redis/world.ts';
import type { BrokerNet } from './broker-net.ts';
import type { SimulatedDisk } from './disk.ts';
import type { JobBoard } from './jobs.ts';
import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import type { RedisNet } from './redis-net.ts';
import { makeClient } from './redis/client.ts';
import type { RedisServer } from './redis/server.ts';
import { makeSimulatedReports } from './report-stream.ts';
import { startSchedule, type SimulatedSchedule } from './schedule.ts';
import type { Timeline } from './timeline.ts';

export interface ReplicaParts {
  readonly life: Life;
  readonly config: Config;
  readonly setting: (variable: string) => string | undefined;
  readonly seal: Seal;
  readonly log: Log;
  readonly dice: Dice;
  readonly timeline: Timeline;
  readonly redisNet: RedisNet;
  readonly redisServer: RedisServer;
  readonly brokerNet: BrokerNet;
  readonly jobs: JobBoard;
  readonly sweepEveryMs: number;
  readonly beatAll: () => void;
  readonly revision: () => string;
  /** Something has happened that never may: the run is broken. */
  readonly defect: (what: string) => void;
  /** Of the machine it runs on. */
  readonly disk: SimulatedDisk;
  /** What became of reports; see `src/core/reports.ts`. */
  readonly reported: (outcome: string, times: number) => void;
}

/** One process of the service. */
export interface Replica {
  readonly life: Life;
  readonly disk: SimulatedDisk;
  account(name: string): Account | undefined;
  /** Reads the credentials file again; real work, so time stands still meanwhile. */
  reload(): Promise<void>;
  /** What it has once it has started; undefined before that. */
  running(): Running | undefined;
  /** As SIGTERM: no new work, and gone once what is under way has ended. */
  stop(): void;
}

/** The parts that the outside speaks to. */
export interface Running {
  readonly consents: Consents;
  readonly webhooks: Webhooks;
  readonly schedule: SimulatedSchedule;
  /** Somebody has written to the stream of reports. */
  hear(): void;
  takeUp(before: Loaded, after: Loaded): Promise<void>;
  release(): Promise<void>;
}

const GRACE_MS = 11_000;
const REDIS_WAIT_MS = 1_000;

/** Starts a process. Reading its accounts is real work; the rest goes on in simulated time. */
export async function startReplica(parts: ReplicaParts): Promise<Replica> {
  const { life, config, timeline, jobs, log } = parts;
  const http = makeHttp({ dispatcher: parts.brokerNet.dispatcherFor(life, config.egressId) });
  const { isHoliday } = config.holidays;
  const connect = makeConnect({
    setting: parts.setting,
    http,
    clock: life.clock,
    isHoliday,
    introduce: parts.brokerNet.introduce,
  });
  const read = async (): Promise<Loaded> => {
    const source = { file: config.credentialsFile, brokers, setting: parts.setting, connect };
    const { faults, ...loaded } = await readAccounts(source);
    if (faults.length > 0) throw new ConfigurationError(faults);
    return loaded;
  };
  let inForce = await read();
  const isObserved = ({ observed }: Account): boolean => observed === true;
  const served = (): readonly Account[] => inForce.accounts.filter((each) => !isObserved(each));
  const account = (name: string): Account | undefined => served().find((each) => each.name === name);
  const accounts: Accounts = {
    get: account,
    all: served,
    observed: () => inForce.accounts.filter(isObserved),
    files: () => [config.credentialsFile],
    redirectUris: () => [],
    watch: () => undefined,
    reload: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  let running: Running | undefined;
  assemble(parts, accounts).then(
    (assembled) => {
      running = assembled;
    },
    (error: unknown) => parts.defect(`the start of ${life.name} failed: ${String(error)}`),
  );

  return {
    life,
    disk: parts.disk,
    account,
    running: () => running,
    async reload() {
      const before = inForce;
      inForce = await read();
      running
        ?.takeUp(before, inForce)
        .catch((error: unknown) =>
          log.debug({ event: 'accounts.trouble', error: String(error) }, 'The reload failed.'),
        );
    },
    stop() {
      running?.schedule.stop();
      const end = async (): Promise<void> => {
        const until = timeline.now() + GRACE_MS;
        const isBusy = (): boolean =>
          running?.schedule.isBusy() === true || brokers.some(({ name }) => jobs.underWay(life, name) > 0);
        while (isBusy() && timeline.now() < until) await life.clock.sleep(100);
        await running?.release();
        life.kill();
      };
      void end();
    },
  };
}

/** Puts a process together as src/app/start.ts does, on simulated time and wires. */
async function assemble(parts: ReplicaParts, accounts: Accounts): Promise<Running> {
  const { life, config, log, seal } = parts;
  const { clock } = life;
  const releases = makeReleases(log);
  const mirror = await openMirror({
    folder: '/state',
    seal,
    log,
    clock,
    disk: parts.disk.for(life),
    writer: life.name,
  });
  releases.add(() => mirror.close());
  const redis = makeClient(parts.redisNet.linkFor(life));
  const started: { schedule?: SimulatedSchedule } = {};
  const nudge = (broker: string): void => started.schedule?.nudge(broker);
  const engine = makeEngine(
    {
      config,
      redis,
      seal,
      accounts,
      clock,
      random: parts.dice.random,
      log,
      instance: life.name,
      publicUrl: 'http://service.simulated',
      alertUrl: 'http://service.simulated',
      limits: readLimits(brokers, parts.setting),
      isHoliday: config.holidays.isHoliday,
      mirror,
      metrics: { attempted: () => undefined },
      woken: nudge,
    },
    releases,
  );
  const settling = putBackAfterLoss({ ...engine, redis, accounts, clock, log });
  const { due } = engine;
  const consents = makeConsents({ ...engine, redis, seal, clock, account: accounts.get });
  const webhooks = makeWebhooks({
    ...engine,
    accounts: accounts.all,
    signatures: seal.signatures,
    clock,
    log,
  });
  releases.add(() => webhooks.close());
  const listen = (): Promise<[]> => Promise.resolve([]);
  const entrance = makeEntrance({ ...engine, accounts, mirror, clock, log, nudge, listen });
  const enter = (): Promise<void> => enterWorld({ redis, seal, simulated: true, newKey: false });
  const upkeep = makeUpkeep({
    ...engine,
    redis,
    seal,
    accounts,
    tidy: entrance.tidy,
    lookAtOutdated: entrance.lookAtOutdated,
    egress: config.egressId,
    mirror,
    instance: life.name,
    enterWorld: enter,
    clock,
    log,
  });
  const beat = (): Promise<void> => engine.instances.beat();
  const stopping = new AbortController();
  const metrics = { looked: () => undefined };
  const look = makeLook({
    ...engine,
    ...settling,
    accounts,
    entrance,
    clock,
    metrics,
    stopping: stopping.signal,
  });

  // As a start that waits for its Redis; what fails otherwise ends the process, and its supervisor starts another.
  for (;;) {
    try {
      await redis.ping();
      await enter();
      await beat();
      await upkeep.openAll();
      await entrance.enterAll();
      await entrance.lookAtFirst();
      break;
    } catch (error) {
      // A defect of ours is none of Redis' troubles.
      if (error instanceof ConfigurationError || error instanceof TypeError) throw error;
      await clock.sleep(REDIS_WAIT_MS);
    }
  }
  settling.begin();
  const schedule = startSchedule({
    ...parts,
    due,
    ping: () => redis.ping(),
    concurrency: config.workerConcurrency,
    look: (broker, name) => {
      parts.beatAll();
      return look(broker, name);
    },
    rearm: upkeep.rearm,
    sweep: upkeep.sweep,
    lookAtAll: entrance.lookAtAll,
    isEmptied: () => isEmptied(redis),
  });
  started.schedule = schedule;
  const stream = makeSimulatedReports(life, parts.redisNet, parts.redisServer);
  const reported = (_: string, outcome: string, times: number): void => parts.reported(outcome, times);
  releases.add(
    hearReports({ ...engine, ...schedule, redis, stream, accounts, metrics: { reported }, clock, log }),
  );
  let isObserving = false;
  // Its looks, each five seconds, are made only where there is something to be looked at.
  const observe = (): void => {
    if (isObserving || accounts.observed().length === 0) return;
    isObserving = true;
    releases.add(
      startObserving({
        redis,
        accounts,
        alerts: engine.alerts,
        isHoliday: config.holidays.isHoliday,
        clock,
        log,
      }),
    );
  };
  observe();
  return {
    consents,
    webhooks,
    schedule,
    hear: stream.wake,
    async takeUp(before, after) {
      observe();
      await entrance.takeUp(servedDiff(diffAccounts(before, after)));
    },
    async release() {
      stopping.abort();
      await consents.close();
      await engine.instances.leave().catch(() => undefined);
      await releases.run();
    },
  };
}
