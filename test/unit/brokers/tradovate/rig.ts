import { makeHttp } from '../../../../src/brokers/http.ts';
import { tradovate } from '../../../../src/brokers/tradovate/index.ts';
import type { Call, Connection, Grant, Http, RawEntry } from '../../../../src/core/broker.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { startSimulator, type LedgerEntry, type Simulator } from '../../../../src/simulator/index.ts';

export type Step = 'sign-in' | 'renewal' | 'proof' | 'discovery' | 'reach';

/** The adapter beside its simulator. */
export interface Rig {
  readonly simulator: Simulator;
  connect(entry: RawEntry, settings?: Readonly<Record<string, string>>): Connection;
  /** Makes the step's call, with what an error before it gave along. */
  take(connection: Connection, step: Step, grant?: Grant, carry?: BrokerError['carry']): Promise<unknown>;
  signIn(connection: Connection, carry?: BrokerError['carry']): Promise<Grant>;
  renew(connection: Connection, grant: Grant, carry?: BrokerError['carry']): Promise<Grant>;
  /** What an attempt fails with, and the calls it made. */
  failure(
    attempt: () => Promise<unknown>,
  ): Promise<{ readonly error: BrokerError; readonly calls: readonly LedgerEntry[] }>;
  /** A call whose deadline passes once a stalled call has arrived. */
  untilStalled(): Call;
  /**
   * The broker goes, and every connection to it: a call after this needs a new one. On one that is kept, a call
   * and its closing may meet, and nobody knows what became of it.
   */
  goAway(): Promise<void>;
  stop(): Promise<void>;
}

export async function makeRig(switches: Readonly<Record<string, unknown>> = {}): Promise<Rig> {
  const simulator = await startSimulator({ brokers: [tradovate], switches: { tradovate: switches } });
  let pool = makeHttp();
  const http: Http = (request, call) => pool(request, call);
  const call = (carry: BrokerError['carry']): Call => ({
    signal: AbortSignal.timeout(5_000),
    ...(carry && { carry }),
  });
  const take: Rig['take'] = (connection, step, grant, carry) =>
    makeCall(connection, step, grant, call(carry));

  return {
    simulator,
    take,
    connect: (entry, settings = {}) => {
      const read = tradovate.login(entry);
      if ('faults' in read) throw new Error(JSON.stringify(read.faults));
      return read.login.connect({
        clock: { now: simulator.clock.now, sleep: systemClock.sleep },
        http,
        setting: (variable) => settings[variable],
        isHoliday: () => false,
        baseUrl: (purpose) => simulator.setting(tradovate.baseUrls[purpose]?.variable ?? '') ?? '',
      });
    },
    signIn: async (connection, carry) => connection.signIn!(call(carry)),
    renew: async (connection, grant, carry) => connection.renew!(grant, call(carry)),
    failure: async (attempt) => {
      const after = simulator.calls().length;
      const error: unknown = await attempt().then(
        (value: unknown) => new Error(`it succeeded: ${JSON.stringify(value)}`),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof BrokerError)) throw error;
      return { error, calls: simulator.calls({ after }) };
    },
    untilStalled: () => {
      const deadline = new AbortController();
      const pass = (): void => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError'));
      // What hangs in the end has begun by then to be answered, or to take effect.
      const waits = [
        { fault: 'stall' },
        ...['slow', 'trickle'].map((fault) => ({ fault, effect: true })),
      ].map((filter) => simulator.waitForCalls(filter, 1, 5_000));
      void Promise.any(waits).then(pass, pass);
      return { signal: deadline.signal };
    },
    goAway: async () => {
      await simulator.stop();
      await pool.close();
      pool = makeHttp();
    },
    stop: async () => {
      await simulator.stop();
      await pool.close();
    },
  };
}

/** The one call of a step. */
export async function makeCall(
  connection: Connection,
  step: Step,
  grant: Grant | undefined,
  call: Call,
): Promise<unknown> {
  if (step === 'sign-in') return connection.signIn!(call);
  if (step === 'reach') return connection.reach!(call);
  if (!grant) throw new Error(`a ${step} needs a grant`);
  if (step === 'renewal') return connection.renew!(grant, call);
  return step === 'proof' ? connection.probe!(grant, call) : connection.discover!(grant, call);
}
