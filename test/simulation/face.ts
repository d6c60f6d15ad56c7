import type { Redis } from 'ioredis';
import type { RawEntry } from '../../src/core/broker.ts';
import type { DialectAnswer } from '../../src/core/dialect.ts';
import type { Switches } from '../../src/simulator/bench.ts';
import type { MovableClock } from '../../src/simulator/clock.ts';
import type { CallFilter } from '../../src/simulator/index.ts';
import type { AlertNews, OpenIncident } from './alerts.ts';
import type { BrokerCall, Visit } from './broker-net.ts';
import type { Heard } from './ear.ts';
import type { SimulatedDisk } from './disk.ts';
import type { JobBoard } from './jobs.ts';
import type { Dice } from './random.ts';
import type { RedisNet } from './redis-net.ts';
import type { RedisServer } from './redis/server.ts';
import type { Replica } from './replica.ts';
import type { Timeline } from './timeline.ts';
import type { BrokerFault } from './wire.ts';

export interface WorldOptions {
  /** The credentials file, as its entries stand in it. */
  readonly entries: readonly RawEntry[];
  /** Everything that is left to chance follows from it. Default 1. */
  readonly seed?: number;
  /** Of the simulated brokers. */
  readonly switches?: Switches;
  /** How many processes there are from the start. Default 1. */
  readonly replicas?: number;
  /** Ms since the epoch; default a Monday at 06:00 UTC. */
  readonly startAt?: number;
  /** The service's environment, beside what a simulation needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The text of HOLIDAYS_FILE. Default: there is no such file. */
  readonly holidays?: string;
  /** Shortest and longest time of a call to a broker, ms. Default 20 to 400. */
  readonly latencyMs?: readonly [number, number];
  /** Default 30 s, as in the service. */
  readonly sweepEveryMs?: number;
  /** True: all processes have one STATE_DIR. Default: each machine its own. */
  readonly sharesDisk?: boolean;
}

/** A line that a process logged. */
export interface LogLine {
  readonly at: number;
  readonly by: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** One sending of a webhook, and what its sender heard. */
export interface Delivered {
  readonly at: number;
  readonly url: string;
  /** How the service answered; undefined: not in the time that its sender waits. */
  readonly outcome?: string;
}

/** What happened to a broker call, for those who check every one. */
export type CallListener = (call: BrokerCall, what: 'arrived' | 'answered' | 'delivered') => void;

/** A desk, its brokers, its Redis and the processes of the service, in one thread and on one clock. */
export interface World {
  readonly timeline: Timeline;
  readonly dice: Dice;
  /** Ms since the epoch. */
  now(): number;
  /** Lets so much time pass. Rejects with what a check threw. */
  runFor(durationMs: number): Promise<void>;
  /** Lets time pass, second by second, until it comes true. Rejects where it has not after `limitMs`. */
  runUntil(what: string, condition: () => boolean, limitMs: number): Promise<void>;

  /** A client that is answered at once, without a network: what a test reads and breaks. */
  readonly redis: Redis;
  readonly redisServer: RedisServer;
  readonly redisNet: RedisNet;
  readonly jobs: JobBoard;
  token(name: string): string | undefined;
  /** `state:<name>`; empty where there is none. */
  state(name: string): Readonly<Record<string, string>>;
  meta(name: string): Readonly<Record<string, string>>;
  /** When an account is looked at next, ms. */
  dueAt(name: string): number | undefined;

  /** The value that points this base URL setting to the simulated brokers; undefined: none of theirs. */
  setting(variable: string): string | undefined;
  /** A call of somebody else's program, or browser, on the same network: answered at once, in no ledger. */
  visit(url: string, call?: Visit): Promise<DialectAnswer>;
  /** The calls of the service, as src/simulator's ledger shows them. */
  calls(filter?: CallFilter): readonly BrokerCall[];
  fault(rule: BrokerFault): { remove(): void };
  clearFaults(): void;
  setSwitch(broker: string, name: string, value: unknown): void;
  setPassword(broker: string, username: string, password: string | undefined): void;
  /** True where the broker takes this password now. */
  accepts(broker: string, username: string, password: string): boolean;
  command(broker: string, name: string, argument?: string): unknown;
  /** The brokers' clock. */
  readonly clock: MovableClock;
  /** What brokers posted to the outside, oldest first. */
  posts(): readonly { readonly at: number; readonly url: string; readonly body: unknown }[];
  /** Each time such a webhook was sent, the same one again included. */
  deliveries(): readonly Delivered[];

  /** What people were told: incidents opened and closed, oldest first. */
  readonly alerts: readonly AlertNews[];
  /** What a channel of alerts was given to say, oldest first: messages, their edits and reminders. */
  readonly heard: readonly Heard[];
  openIncidents(): readonly OpenIncident[];
  /** What became of the reports that were read: how many of each outcome. */
  reported(): ReadonlyMap<string, number>;
  /** PUBLISHes on `token-events`, oldest first. */
  readonly events: readonly { readonly at: number; readonly event: Readonly<Record<string, unknown>> }[];
  readonly log: readonly LogLine[];

  /** Tells the trace what a test does to the world. */
  note(what: string): void;
  /** The last `count` things that happened, oldest first, as lines. */
  trace(count: number): readonly string[];

  /** Nothing goes wrong any more from now on. */
  setCalm(): void;
  isCalm(): boolean;
  /** Takes Redis' data away, or puts older data back, behind everybody's back. */
  loseData(change: () => void): void;

  /** Living processes. */
  replicas(): readonly Replica[];
  /** On a machine of its own, or on one that another process left behind. */
  startReplica(settings?: Readonly<Record<string, string>>, disk?: SimulatedDisk): Promise<Replica>;
  /** The disks of all machines there ever were. */
  disks(): readonly SimulatedDisk[];
  /** Replaces the credentials file; nobody reads it before `reload`. */
  writeEntries(entries: readonly RawEntry[]): void;
  entries(): readonly RawEntry[];
  /** Makes a process read the file; all of them where none is named. */
  reload(replica?: Replica): Promise<void>;
  /** As `POST /api/token/force-refresh`. */
  requestRefresh(name: string, rearm: boolean): Promise<boolean>;
  /** Where the account's broker has to post; undefined where it has no webhook. */
  webhookUrl(name: string): string | undefined;
  /**
   * A person opens the account's link and logs in at the broker; what the page then says. `as`: `user` (default),
   * `other`, `cancel`, or the id of another user of the same app.
   */
  logIn(name: string, as?: string): Promise<string>;

  /** Hears of every webhook that a broker sends, as a call whose answer is what was posted. */
  onPost(listener: (post: BrokerCall) => void): void;
  /** Hears of every line that a process logs. What it throws, the process hears. */
  onLog(listener: (line: LogLine) => void): void;
  /** Hears of every call to a broker. */
  onCall(listener: CallListener): void;
  /** Runs after every step with the keys that it changed; throws where something does not hold. */
  onStep(check: (changed: readonly string[]) => void): void;
  stop(): void;
}
