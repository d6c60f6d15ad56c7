import { inspect } from 'node:util';
import type { Dispatcher } from 'undici';
import { expect } from 'vitest';
import { makeHttp } from '../../src/brokers/http.ts';
import { brokers } from '../../src/brokers/index.ts';
import type { Broker, Call, Connection, Grant, Http, RawEntry } from '../../src/core/broker.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Sample } from '../../src/core/dialect.ts';
import { BrokerError } from '../../src/core/errors.ts';
import { startSimulator, type LedgerEntry, type Simulator } from '../../src/simulator/index.ts';
import { consentOfPerson } from './person.ts';

/** One broker beside its simulator, and what every test of the suite does with them. */
export interface Rig {
  readonly simulator: Simulator;
  readonly sample: Sample;
  /** The sample's login, or another entry of it; `baseUrl` leads elsewhere than to the simulator. */
  connect(entry?: RawEntry, baseUrl?: string): Connection;
  /**
   * Everything that comes before the one call that gets a grant (for a consent: the person's part),
   * and then that call.
   */
  prepared(connection: Connection): Promise<(call: Call) => Promise<Grant>>;
  grant(connection: Connection): Promise<Grant>;
  /** Fails the test where a grant cannot be true. */
  expectSane(grant: Grant): void;
  /** What an attempt fails with, and the calls it made: a BrokerError that shows no secret. */
  failure(attempt: () => Promise<unknown>): Promise<Broken>;
  /** A call whose deadline passes once a stalled call has arrived, or an answer has begun to trickle. */
  untilStalled(): Call;
  /**
   * The broker goes, and every connection to it: a call after this needs a new one. On one that is kept, a call
   * and its closing may meet, and nobody knows what became of it.
   */
  goAway(): Promise<void>;
  stop(): Promise<void>;
}

/** A failed attempt. */
export interface Broken {
  readonly error: BrokerError;
  readonly calls: readonly LedgerEntry[];
}

/** No broker's token is believed to live longer. */
const LONGEST_LIFE_MS = 25 * 86_400_000;

export const unhurried = (): Call => ({ signal: AbortSignal.timeout(5_000) });

/** What a broker allows, as its sample's connection shows; nothing where it has no dialect to show it with. */
async function offersOf(broker: Broker): Promise<ReadonlySet<keyof Connection>> {
  if (!broker.dialect) return new Set();
  const rig = await makeRig(broker);
  const connection = rig.connect();
  await rig.stop();
  const optional = ['renew', 'probe', 'adopt', 'consent'] as const;
  return new Set(optional.filter((part) => connection[part] !== undefined));
}

/** The way to a thing that `offersOf` has shown to be there. */
export function offered<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the broker does not offer this');
  return part;
}

export async function makeRig(broker: Broker, wire: { readonly dispatcher?: Dispatcher } = {}): Promise<Rig> {
  const simulator = await startSimulator({ brokers: [broker] });
  let pool = makeHttp(wire);
  const http: Http = (request, call) => pool(request, call);
  const sample = simulator.sample(broker.name);
  const issued: string[] = [];

  const connect = (entry: RawEntry = sample.entry, baseUrl?: string): Connection => {
    const read = broker.login({ broker: broker.name, ...entry });
    if ('faults' in read) throw new Error(`the sample is refused: ${JSON.stringify(read.faults)}`);
    return read.login.connect({
      clock: { now: simulator.clock.now, sleep: systemClock.sleep },
      http,
      setting: () => undefined,
      isHoliday: () => false,
      baseUrl: (purpose) => {
        const variable = broker.baseUrls[purpose]?.variable ?? '';
        return baseUrl ?? simulator.setting(variable) ?? `http://no-base-url-for.${purpose}.invalid`;
      },
    });
  };

  const prepared = async (connection: Connection): Promise<(call: Call) => Promise<Grant>> => {
    const { consent } = connection;
    if (connection.signIn) return connection.signIn.bind(connection);
    if (!consent) throw new Error('there is no way to a grant');
    const arrival = await consentOfPerson(consent.url('made-up-state'), consent.redirectUri);
    return (call) => consent.receive(arrival, call);
  };

  return {
    simulator,
    sample,
    connect,
    prepared,
    grant: async (connection) => {
      const grant = await (await prepared(connection))(unhurried());
      issued.push(grant.token, ...Object.values(grant.renewal ?? {}).filter((value) => value.length > 20));
      return grant;
    },
    expectSane: (grant) => {
      const now = simulator.clock.now();
      expect(grant.token).toMatch(/^[\x21-\x7e]+$/);
      expect(grant.issuedAt).toBeLessThanOrEqual(now);
      expect(grant.issuedAt).toBeGreaterThan(now - 60_000);
      expect(grant.expiresAt).toBeGreaterThan(now);
      expect(grant.expiresAt).toBeLessThan(now + LONGEST_LIFE_MS);
      expect(grant.baseUrl.startsWith(`${simulator.url}/${broker.name}`)).toBe(true);
      expect(Object.values(grant.headers).join('\n')).toContain(grant.token);
      expect(Object.values(grant.headers).every((value) => /^[\x20-\x7e]+$/.test(value))).toBe(true);
      expect(grant.tokenType).toMatch(/^\w+$/);
    },
    failure: async (attempt) => {
      const before = simulator.calls().length;
      const error: unknown = await attempt().then(
        () => new Error('it succeeded'),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof BrokerError)) throw error;
      expectHarmless(error, [...sample.secrets, ...issued]);
      return { error, calls: simulator.calls({ after: before }) };
    },
    untilStalled: () => {
      const deadline = new AbortController();
      const pass = (): void => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError'));
      const waits = [{ fault: 'stall' }, { fault: 'trickle', effect: true }].map((filter) =>
        simulator.waitForCalls(filter, 1, 5_000),
      );
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

/** Errors end up in logs and alerts: whatever one shows, in whatever encoding, is no secret. */
function expectHarmless(error: BrokerError, secrets: readonly string[]): void {
  const shown = inspect(error, { depth: 10, showHidden: true });
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
  ]);
  expect(forms.filter((form) => shown.includes(form))).toEqual([]);
  expect(error.code).toMatch(/^[a-z][a-z0-9_]*$/);
  expect(error.message).toMatch(/^[^{}<>]{20,600}$/s);
}

/** What the suite runs over: each broker's name, the broker, and what it offers. */
export const subjects = await Promise.all(
  brokers.map(async (broker) => [broker.name, broker, await offersOf(broker)] as const),
);
