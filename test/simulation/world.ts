import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { requestRefresh } from '../../src/app/wishes.ts';
import { webhookPath } from '../../src/app/webhooks.ts';
import { brokers } from '../../src/brokers/index.ts';
import { readConfig } from '../../src/config/index.ts';
import type { RawEntry } from '../../src/core/broker.ts';
import type { Delivery, DialectAnswer } from '../../src/core/dialect.ts';
import type { Log } from '../../src/core/log.ts';
import { keys } from '../../src/redis/keys.ts';
import { makeSeal, type Seal } from '../../src/redis/seal.ts';
import { BOOK, watchAlerts } from './alerts.ts';
import { makeBrokerNet, type BrokerCall } from './broker-net.ts';
import { makeDisk, type SimulatedDisk } from './disk.ts';
import { makeJobBoard } from './jobs.ts';
import { makeLife } from './process.ts';
import { makeDice } from './random.ts';
import { makeRedisNet } from './redis-net.ts';
import { directLink, makeClient } from './redis/client.ts';
import { makeRedisServer } from './redis/server.ts';
import { startReplica, type Replica, type Running } from './replica.ts';
import { makeTimeline } from './timeline.ts';
import type { CallListener, Delivered, LogLine, World, WorldOptions } from './face.ts';

export type { CallListener, LogLine, World, WorldOptions } from './face.ts';

/** Monday, 2 February 2026, 06:00 UTC. */
const START_AT = Date.UTC(2026, 1, 2, 6);
const SECRET_KEY = Buffer.alloc(32, 7);
const KEPT_LINES = 4_000;
const GONE_MS = 21_000;
/** Keys that are written only to show that somebody lives, and how long keys are to live. */
const STAMPS = /^refresher:(?:tick:|instances$|rearm$)/;

/** Builds a world and starts its processes; no time has passed yet. */
export async function makeWorld(options: WorldOptions): Promise<World> {
  const { startAt = START_AT, seed = 1, latencyMs = [20, 400] } = options;
  const dice = makeDice(seed);
  const checks: ((changed: readonly string[]) => void)[] = [];
  const callListeners: CallListener[] = [];
  const postListeners: ((post: BrokerCall) => void)[] = [];
  const timeline = makeTimeline(startAt, () => afterStep());
  const redisServer = await makeRedisServer(timeline.now);
  const redisNet = makeRedisNet(redisServer, timeline, dice.fork());
  const jobs = makeJobBoard(timeline, dice.fork());
  const netDice = dice.fork();
  const posts: { at: number; url: string; body: unknown }[] = [];
  const deliveries: Delivered[] = [];
  const brokerNet = await makeBrokerNet({
    brokers,
    timeline,
    dice: netDice,
    switches: options.switches ?? {},
    latency: () => netDice.whole(...latencyMs),
    heard: (call, what) => {
      for (const listener of callListeners) listener(call, what);
    },
    post: (broker, url, body, delivery = {}) => {
      posts.push({ at: timeline.now(), url, body });
      for (const listener of postListeners) listener(postedBy(broker, url, body, timeline.now()));
      carry(url, body, delivery, 1 + (delivery.retries ?? 0));
    },
  });
  const redis = makeClient(directLink(redisServer.execute));
  const events: { at: number; event: Record<string, unknown> }[] = [];
  redisServer.onPublish((channel, message) => {
    const event: unknown = JSON.parse(message);
    if (channel === 'token-events' && typeof event === 'object' && event !== null) {
      events.push({ at: timeline.now(), event: { ...event } });
    }
  });
  const alerts = watchAlerts(redisServer.keyspace, timeline.now, (instant, work) => {
    timeline.at(instant, work);
  });
  const log: LogLine[] = [];
  const logListeners: ((line: LogLine) => void)[] = [];
  const logOf = (by: string): Log => {
    const line =
      (level: LogLine['level']) =>
      (fields: Readonly<Record<string, unknown>>, message: string): void => {
        const said = { at: timeline.now(), by, level, fields, message };
        log.push(said);
        for (const listener of logListeners) listener(said);
        if (log.length > 2 * KEPT_LINES) log.splice(0, KEPT_LINES);
      };
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  };

  const notes: { at: number; line: string }[] = [];
  const note = (line: string): void => {
    notes.push({ at: timeline.now(), line });
    if (notes.length > 2 * KEPT_LINES) notes.splice(0, KEPT_LINES);
  };
  callListeners.push((call, what) => {
    const { n, broker, operation, username, by, fault, answer } = call;
    const status = what === 'arrived' ? (fault ?? '') : `${answer?.status ?? ''} ${fault ?? ''}`;
    note(`${by}: call ${n} ${broker} ${operation} ${username ?? ''} ${what} ${status}`.trimEnd());
  });

  const folder = mkdtempSync(join(tmpdir(), 'token-refresher-simulation-'));
  const credentialsFile = join(folder, 'credentials.json');
  const holidaysFile = join(folder, 'holidays.txt');
  let entries = options.entries;
  const writeEntries = (next: readonly RawEntry[]): void => {
    entries = next;
    writeFileSync(credentialsFile, JSON.stringify(next));
  };
  writeEntries(entries);

  /** How often something has changed that a sweep looks at; see `ReplicaParts.revision`. */
  let changes = 0;
  const disturb = (): void => void (changes += 1);
  const revisionOf = (disk: SimulatedDisk): string =>
    `${changes} ${redisServer.keyspace.ended()} ${disk.revision()}`;
  /** What never may happen, until the step ends in which it did. */
  const defects: string[] = [];
  const reported = new Map<string, number>();
  const seal = remembering(makeSeal([SECRET_KEY]));
  let calm = false;
  const replicas = new Set<Replica>();
  let started = 0;
  /**
   * Each process shows every 5 s that it lives, and only a sweep asks who does. So what they would have
   * written by then is written when it is about to be read.
   */
  function beatAll(): void {
    if (!redisNet.isUp()) return;
    for (const { life, running } of replicas) {
      if (!running() || life.isPaused()) continue;
      redisServer.keyspace.make(keys.instances, 'zset').scores.set(life.name, life.clock.now());
    }
  }
  const disks: SimulatedDisk[] = [];
  const newDisk = (): SimulatedDisk => {
    const [first] = disks;
    if (first && options.sharesDisk) return first;
    const disk = makeDisk(timeline, dice.fork());
    disks.push(disk);
    return disk;
  };
  async function start(
    settings: Readonly<Record<string, string>> = {},
    disk: SimulatedDisk = newDisk(),
  ): Promise<Replica> {
    const life = makeLife(`replica-${++started}`, timeline);
    const env = {
      REDIS_URL: 'redis://redis.simulated:6379',
      CREDENTIALS_FILE: credentialsFile,
      STATE_DIR: folder,
      SIMULATE: '1',
      ...(options.holidays !== undefined && { HOLIDAYS_FILE: holidaysFile }),
      ...options.settings,
      ...settings,
    };
    const config = readConfig({
      env,
      folder,
      readText: (path) => {
        if (path === holidaysFile && options.holidays !== undefined) return options.holidays;
        throw Object.assign(new Error(path), { code: 'ENOENT' });
      },
    });
    const replica = await startReplica({
      life,
      config,
      setting: (variable) => brokerNet.settings[variable] ?? config.setting(variable),
      seal,
      log: logOf(life.name),
      dice: dice.fork(),
      timeline,
      redisNet,
      redisServer,
      brokerNet,
      jobs,
      sweepEveryMs: options.sweepEveryMs ?? 30_000,
      beatAll,
      revision: () => revisionOf(disk),
      defect: (what) => void defects.push(what),
      disk,
      reported: (outcome, times) => void reported.set(outcome, (reported.get(outcome) ?? 0) + times),
    });
    disturb();
    replicas.add(replica);
    life.onDeath(() => {
      replicas.delete(replica);
      disturb();
      // The others take it for gone when it has not shown itself for so long.
      timeline.after(GONE_MS, disturb);
      for (const other of replicas) other.running()?.schedule.alarm();
    });
    return replica;
  }

  /**
   * Takes a webhook to whichever process the proxy picks; it may be sent again where none took it, or none
   * answered in the time that its sender waits.
   */
  function carry(url: string, body: unknown, delivery: Delivery, times: number): void {
    timeline.after(netDice.whole(...latencyMs), () => {
      const sent: { at: number; url: string; outcome?: string } = { at: timeline.now(), url };
      deliveries.push(sent);
      let isOver = false;
      const hear = (outcome?: string): void => {
        if (isOver) return;
        isOver = true;
        if (outcome !== undefined) sent.outcome = outcome;
        if (outcome !== 'taken' && times > 1) carry(url, body, delivery, times - 1);
      };
      const [, , broker = '', secret = ''] = new URL(url).pathname.split('/');
      const [first, ...rest] = [...replicas].filter(({ life }) => !life.isPaused());
      if (!first) return hear('nobody');
      if (delivery.timeoutMs !== undefined) timeline.after(delivery.timeoutMs, hear);
      const { life, running } = netDice.pick([first, ...rest]);
      life.deliver(() => {
        running()
          ?.webhooks.takeNotice(broker, secret, body)
          .then(
            ({ outcome }) => hear(outcome),
            () => hear('failed'),
          );
      });
    });
  }

  function afterStep(): void {
    const [defect] = defects;
    if (defect !== undefined) throw new Error(defect);
    const changed = redisServer.keyspace.takeChanged();
    if (redisServer.keyspace.takeRewritten().some((key) => !STAMPS.test(key))) disturb();
    if (changed.some((key) => /^refresher:(?:due:|queued:|rearm$)/.test(key))) {
      for (const replica of replicas) replica.running()?.schedule.replan();
    }
    if (changed.includes('token-reports')) for (const replica of replicas) replica.running()?.hear();
    if (changed.includes(BOOK)) alerts.look();
    for (const check of checks) check(changed);
  }

  const hash = (key: string): Readonly<Record<string, string>> =>
    Object.fromEntries(
      redisServer.keyspace.typeOf(key) === 'hash'
        ? (redisServer.keyspace.find(key, 'hash')?.fields ?? [])
        : [],
    );
  /** A living process that has started, the oldest one. */
  const alive = (): Replica & { readonly parts: Running } => {
    for (const replica of replicas) {
      const parts = replica.running();
      if (parts) return { ...replica, parts };
    }
    throw new Error('no process runs: let some time pass first');
  };
  const brokerOf = (name: string): string => {
    const entry = entries.find((each) => (each.name ?? each.username) === name);
    return typeof entry?.broker === 'string' ? entry.broker : (brokers[0]?.name ?? '');
  };

  /** Which button of the broker's page is this account's user: of an app with several, by the id. */
  const userOf = (name: string): string => {
    const entry = entries.find((each) => (each.name ?? each.username) === name);
    const isShared = entries.some((each) => each !== entry && each.clientId === entry?.clientId);
    return isShared && typeof entry?.userId === 'string' ? entry.userId : '1';
  };

  const world: World = {
    timeline,
    dice,
    now: timeline.now,
    runFor: (durationMs) => timeline.runUntil(timeline.now() + durationMs),
    async runUntil(what, condition, limitMs) {
      const limit = timeline.now() + limitMs;
      while (!condition()) {
        if (timeline.now() >= limit) throw new Error(`waited ${limitMs} simulated ms for ${what}`);
        await timeline.runUntil(timeline.now() + 1_000);
      }
    },
    redis,
    redisServer,
    redisNet,
    jobs,
    token: (name) => {
      const key = `token:${name}`;
      return redisServer.keyspace.typeOf(key) === 'string'
        ? redisServer.keyspace.find(key, 'string')?.text
        : undefined;
    },
    state: (name) => hash(`state:${name}`),
    meta: (name) => hash(`meta:${name}`),
    dueAt: (name) => redisServer.keyspace.find(keys.due(brokerOf(name)), 'zset')?.scores.get(name),
    setting: (variable) => brokerNet.settings[variable],
    visit: brokerNet.visit,
    calls: brokerNet.calls,
    fault: brokerNet.fault,
    clearFaults: brokerNet.clearFaults,
    setSwitch: brokerNet.bench.setSwitch,
    setPassword: brokerNet.bench.setPassword,
    accepts: brokerNet.accepts,
    command: brokerNet.command,
    clock: brokerNet.clock,
    posts: () => posts,
    deliveries: () => deliveries,
    alerts: alerts.news,
    heard: alerts.heard,
    openIncidents: alerts.open,
    events,
    reported: () => reported,
    log,
    setCalm: () => {
      calm = true;
    },
    isCalm: () => calm,
    loseData(change) {
      change();
      disturb();
      redisServer.keyspace.takeChanged();
      alerts.resume();
      for (const replica of replicas) replica.running()?.schedule.replan();
    },
    note,
    trace: (count) =>
      [
        ...notes,
        ...log.map(({ at, by, level, fields, message }) => ({
          at,
          line: `${by}: ${level} ${String(fields['event'])} ${message}`,
        })),
      ]
        .sort((a, b) => a.at - b.at)
        .slice(-count)
        .map(({ at, line }) => `${new Date(at).toISOString()} ${line}`),
    replicas: () => [...replicas],
    disks: () => disks,
    startReplica: start,
    writeEntries,
    entries: () => entries,
    async reload(replica) {
      for (const each of replica ? [replica] : replicas) await each.reload();
      disturb();
    },
    requestRefresh: (name, rearm) => requestRefresh(redis, name, brokerOf(name), rearm, timeline.now()),
    webhookUrl(name) {
      const [replica] = replicas;
      const account = replica?.account(name);
      const path = account && webhookPath(account, seal.signatures);
      return path === undefined ? undefined : `http://service.simulated${path}`;
    },
    async logIn(name, as = 'user') {
      const { consents } = alive().parts;
      const url = await consents.beginConsent(brokerOf(name), name);
      if (!url) return 'there is no link';
      url.searchParams.set('auto', as === 'user' ? userOf(name) : as);
      const back = arrivalOf(await brokerNet.visit(url.href));
      if (!back) return 'the browser did not come back';
      const { state, ...arrival } = back;
      const outcome = await consents.finishConsent(state, arrival);
      return outcome.message;
    },
    onPost: (listener) => void postListeners.push(listener),
    onLog: (listener) => void logListeners.push(listener),
    onCall: (listener) => void callListeners.push(listener),
    onStep: (check) => void checks.push(check),
    stop() {
      for (const replica of replicas) replica.life.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let i = 0; i < (options.replicas ?? 1); i++) await start();
  return world;
}

/** The same seal, which opens no text twice: a simulation looks at the same records all day long. */
function remembering(seal: Seal): Seal {
  const memo = <T>(make: (first: string, second: string) => T): ((first: string, second: string) => T) => {
    const known = new Map<string, T>();
    return (first, second) => {
      const key = `${second}\n${first}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      if (known.size > KEPT_LINES) known.clear();
      const made = make(first, second);
      known.set(key, made);
      return made;
    };
  };
  const fingerprints = memo((parts) => seal.fingerprints(strings.parse(JSON.parse(parts))));
  return {
    ...seal,
    seal: memo(seal.seal),
    open: memo(seal.open),
    fingerprints: (parts) => fingerprints(JSON.stringify(parts), ''),
  };
}

const strings = z.array(z.string());

/** A webhook, in the shape of a call, for those who look for tokens. */
function postedBy(broker: string, url: string, body: unknown, at: number): BrokerCall {
  return {
    n: 0,
    broker,
    operation: 'webhook',
    egress: broker,
    startedAt: at,
    effect: true,
    by: broker,
    request: {
      method: 'POST',
      path: url,
      query: new URLSearchParams(),
      headers: {},
      body: '',
      egress: broker,
    },
    answer: { status: 200, body },
  };
}

/** Where the broker's dialog sends the browser. */
function arrivalOf(
  answer: DialectAnswer,
): { readonly state: string | undefined; readonly code?: string; readonly error?: string } | undefined {
  const location = answer.headers?.['location'];
  if (answer.status !== 302 || location === undefined) return undefined;
  const { searchParams } = new URL(location);
  const [state, code, error] = ['state', 'code', 'error'].map((name) => searchParams.get(name) ?? undefined);
  return { state, ...(code !== undefined && { code }), ...(error !== undefined && { error }) };
}
