import type { Broker, Login } from '../core/broker.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { DemoPart, Sample } from '../core/dialect.ts';
import type { Switches } from './bench.ts';
import type { MovableClock } from './clock.ts';
import type { FaultRule } from './faults.ts';
import type { Ledger } from './ledger.ts';

export interface SimulatorOptions {
  /** Default: every broker there is. One without a dialect is an error. */
  readonly brokers?: readonly Broker[];
  /** Default 0: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Real time, for latency; the brokers' clock runs with it and can be moved. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long each call takes, ms; the switch `latencyMs` of a broker overrides it. */
  readonly latencyMs?: number;
  readonly switches?: Switches;
  /** False: each call that ends is a line of JSON on standard output. */
  readonly quiet?: boolean;
}

/** Simulated brokers behind real HTTP, each mounted at `/<broker>`. */
export interface Simulator extends Omit<Ledger, 'open'> {
  readonly url: string;
  /** The brokers' time; moving it moves what they think of tokens, windows and days. */
  readonly clock: MovableClock;
  /** The value that points a broker's base URL setting here; undefined: none of ours. */
  setting(variable: string): string | undefined;
  /** Every setting that points a broker here, by variable. */
  readonly settings: Readonly<Record<string, string>>;
  /** Breaks the calls that fit, from now on. */
  fault(rule: FaultRule): { remove(): void };
  clearFaults(): void;
  setSwitch(broker: string, name: string, value: unknown): void;
  setPassword(broker: string, username: string, password: string | undefined): void;
  /** Tells a broker something only it knows (`expire-all` …); throws where it does not. */
  command(broker: string, name: string, argument?: string): unknown;
  /** Tells a broker of a login that will come, so that it knows whose it is. */
  introduce(broker: string, login: Login): void;
  /** A made-up entry that this broker lets in, and one it refuses. */
  sample(broker: string): Sample;
  /** A broker's part of the demo; undefined where it has none. */
  demo(broker: string, callbackUrl: string): DemoPart | undefined;
  /** Ends it; calls under way are cut off. */
  stop(): Promise<void>;
}
