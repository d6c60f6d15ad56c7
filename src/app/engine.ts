import { createHash, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import { startAlerts, type Alerts } from '../alerts/alerts.ts';
import type { Channel } from '../alerts/channel.ts';
import { discordChannel } from '../alerts/discord.ts';
import { mailChannel } from '../alerts/mail.ts';
import { simulatedChannel } from '../alerts/simulated.ts';
import { webhookChannel } from '../alerts/webhook.ts';
import { brokers } from '../brokers/index.ts';
import type { Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { wayOf } from '../core/way.ts';
import type { TokenStore } from '../core/store.ts';
import { makeDueIndex, type DueIndex } from '../redis/due.ts';
import { makeEntries, type Entries } from '../redis/entries.ts';
import { makeInstances, type Instances } from '../redis/instances.ts';
import { makeRoster, type Roster } from '../redis/roster.ts';
import type { Seal } from '../redis/seal.ts';
import { makeStore } from '../redis/store.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Mirror } from '../mirror/index.ts';
import { makeKeeper } from '../tending/keeper.ts';
import { policyOf, type Keeper } from '../tending/parts.ts';
import { makeVainReports, type VainReports } from '../tending/vain-reports.ts';
import type { Accounts } from './accounts.ts';
import { makeKeepsake } from './keepsake.ts';
import { makeListener } from './listener.ts';
import type { Releases } from './releases.ts';
import { makeTickets, type Tickets } from './tickets.ts';
import { leadsToWebhook } from './webhooks.ts';

export interface EngineParts {
  readonly config: Config;
  readonly redis: Redis;
  readonly seal: Seal;
  readonly accounts: Accounts;
  /** Ways to people beside those of the configuration. */
  readonly channels?: readonly Channel[] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly instance: string;
  readonly publicUrl: string;
  /** What links to the page begin with. */
  readonly alertUrl: string;
  readonly mirror: Mirror;
  readonly metrics: Pick<Metrics, 'attempted'>;
  readonly limits: (broker: string) => readonly Limit[];
  readonly isHoliday: (day: string, zone: string) => boolean;
  /** Accounts of this broker became due just now. */
  readonly woken: (broker: string) => void;
}

/** What looks after accounts, wired; the schedule and the listeners come on top. */
export interface Engine {
  readonly store: TokenStore;
  readonly roster: Roster;
  readonly due: DueIndex;
  readonly instances: Instances;
  readonly entries: Entries;
  readonly alerts: Alerts;
  readonly keeper: Keeper;
  readonly tickets: Tickets;
  readonly vainReports: VainReports;
  /** Longest TTL of an account's keys, ms; undefined: to the token's expiry. */
  readonly ttlCapMs: (account: Account) => number | undefined;
}

export function makeEngine(parts: EngineParts, releases: Releases): Engine {
  const { config, redis, seal, accounts, clock, log, instance } = parts;
  const store = makeStore(redis, seal, log, parts.mirror);
  const tickets = makeTickets((text) => seal.sign(text), isSame);
  const { discord, webhook, mail } = config.alerts;
  const channels = [
    ...(parts.channels ?? []),
    ...(discord ? [discordChannel({ ...discord, api: discord.apiUrl })] : []),
    ...(webhook ? [webhookChannel(webhook)] : []),
    ...(mail ? [mailChannel(mail)] : []),
  ];
  const alerts = startAlerts({
    redis,
    clock,
    log,
    instance,
    reader: { zone: config.alertTimes.zone, home: `${parts.alertUrl}/dashboard` },
    channels: config.simulate ? channels.map(simulatedChannel) : channels,
  });
  releases.add(() => alerts.stop());
  const listener = makeListener({
    alerts,
    tickets,
    clock,
    log,
    publicUrl: parts.publicUrl,
    alertUrl: parts.alertUrl,
    isHoliday: parts.isHoliday,
    metrics: parts.metrics,
    titleOf: (name) => brokerNamed(name).title,
    woken: parts.woken,
  });
  releases.add(() => listener.settled());
  const ttlCapMs = ttlCapOf(config);
  const vainReports = makeVainReports(log, clock);
  const instances = makeInstances(redis, instance);
  const entries = makeEntries({
    redis,
    instance,
    living: async () => new Set(await instances.living()),
    fingerprint: (secrets) => seal.fingerprint(secrets),
  });
  const keeper = makeKeeper({
    store,
    account: (name) => accounts.get(name),
    broker: brokerNamed,
    limits: parts.limits,
    fingerprints: (secrets) => seal.fingerprints(secrets),
    isWebhook: (account, address) => leadsToWebhook(account, address, seal.signatures),
    isHoliday: parts.isHoliday,
    keepsake: makeKeepsake({
      mirror: parts.mirror,
      store,
      fingerprints: (secrets) => seal.fingerprints(secrets),
      clock,
    }),
    clock,
    random: parts.random,
    log,
    listener,
    vainReports,
    isSuperseded: entries.isSuperseded,
    egress: config.egressId,
    instance,
    ttlCapMs,
  });
  return {
    store,
    roster: makeRoster(redis, (account) =>
      wayOf(
        account.connection,
        policyOf({ broker: brokerNamed }, account),
        account.key === undefined ? undefined : seal.fingerprint(['key', account.key]),
        account.verify,
      ),
    ),
    due: makeDueIndex(redis),
    instances,
    entries,
    alerts,
    keeper,
    tickets,
    vainReports,
    ttlCapMs,
  };
}

/** Longest TTL of an account's keys, ms; undefined: to the token's expiry. */
export function ttlCapOf({
  tokenTtlSeconds,
}: Pick<Config, 'tokenTtlSeconds'>): (account: Account) => number | undefined {
  return (account) => {
    const capped = brokerNamed(account.broker).ttlIsCapped ? tokenTtlSeconds : undefined;
    const seconds = account.ttlSeconds ?? capped;
    return seconds === undefined ? undefined : seconds * 1000;
  };
}

/** The broker of that name; accounts name no other. */
export function brokerNamed(name: string): Broker {
  const broker = brokers.find((each) => each.name === name);
  if (!broker) throw new Error(`no broker is named ${name}`);
  return broker;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Compares in constant time, whatever the lengths. */
export const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
