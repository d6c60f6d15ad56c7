import { expect } from 'vitest';
import type { Call, Connection, Grant } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { ist, operationOf, upstoxEntry, type Row } from '../../../support/rows/upstox.ts';
import type { Desk } from './desk.ts';
import { patient } from './harness.ts';
import { startReceiver } from './receiver.ts';

/** What a row came to: the same shape as its expectation, and what it cost. */
export interface Played {
  readonly end: unknown;
  readonly calls: number;
  readonly grant?: Grant;
}

/** Plays one row through the real adapter against the simulated Upstox. */
export async function play(desk: Desk, row: Row): Promise<Played> {
  const connection = desk.connect(row.entry);
  switch (row.during) {
    case 'consent':
      return playConsent(desk, connection, row);
    case 'request':
      return playRequest(desk, connection, row);
    case 'proof':
      return playHeld(desk, connection, row, async (grant, call) => ({
        outcome: await offered(connection.probe)(grant, call),
      }));
    case 'sign-out':
      return playHeld(desk, connection, row, async (grant, call) => {
        await offered(connection.signOut)(grant, call);
        return { outcome: 'signed-out' };
      });
    case 'arrival':
      return playArrival(desk, connection, row);
  }
}

async function playConsent(desk: Desk, connection: Connection, row: Row): Promise<Played> {
  row.arrange(desk.simulator);
  const before = desk.simulator.calls().length;
  const arrival = await desk.login(connection, row.button);
  const consent = offered(connection.consent);
  if (arrival === undefined) return { end: { outcome: 'browser-never-returns' }, calls: 0 };
  row.meanwhile?.(desk.simulator);
  let grant: Grant | undefined;
  const end = await ending(async () => {
    grant = await consent.receive(arrival, callOf(desk, row));
    return { outcome: 'granted' };
  });
  if (grant) expect(new Date(grant.expiresAt)).toEqual(new Date(ist('2026-01-14T03:30:00')));
  return { end, calls: callsOf(desk, row, before), ...(grant && { grant }) };
}

async function playRequest(desk: Desk, connection: Connection, row: Row): Promise<Played> {
  const ask = offered(connection.consent?.request);
  desk.simulator.command('upstox', 'notifier', `${upstoxEntry.clientId} http://127.0.0.1:9/none`);
  row.arrange(desk.simulator);
  for (let made = 1; made < (row.repeat ?? 1); made++) await ask(patient());
  const before = desk.simulator.calls().length;
  const end = await ending(async () => {
    const { until } = await ask(callOf(desk, row));
    expect(new Date(until)).toEqual(new Date(ist('2026-01-14T03:30:00')));
    return { outcome: 'asked' };
  });
  return { end, calls: callsOf(desk, row, before) };
}

async function playHeld(
  desk: Desk,
  connection: Connection,
  row: Row,
  step: (grant: Grant, call: Call) => Promise<unknown>,
): Promise<Played> {
  const arrival = offered(await desk.login(connection));
  const grant = await offered(connection.consent).receive(arrival, patient());
  row.arrange(desk.simulator);
  const before = desk.simulator.calls().length;
  const end = await ending(() => step(grant, callOf(desk, row)));
  return { end, calls: callsOf(desk, row, before) };
}

async function playArrival(desk: Desk, connection: Connection, row: Row): Promise<Played> {
  const { simulator } = desk;
  const consent = offered(connection.consent);
  const expected = 'arrivals' in row.expect ? row.expect.arrivals.length : 0;
  const receiver = await startReceiver();
  try {
    simulator.command('upstox', 'notifier', `${upstoxEntry.clientId} ${receiver.url}`);
    await offered(consent.request)(patient());
    row.arrange(simulator);
    const before = simulator.calls().length;
    simulator.command('upstox', row.answer ?? 'approve', upstoxEntry.clientId);
    const arrivals: string[] = [];
    for (const { notice } of await receiver.wait(expected)) {
      arrivals.push(await arrivalOf(desk, connection, row, notice));
    }
    const calls = callsOf(desk, row, before);
    // Ends when no webhook is under way any more: nothing else may come.
    await simulator.stop();
    expect(receiver.posts).toHaveLength(expected);
    return { end: { arrivals: arrivals.toSorted() }, calls };
  } finally {
    await receiver.stop();
  }
}

async function arrivalOf(desk: Desk, connection: Connection, row: Row, notice: unknown): Promise<string> {
  const read = offered(connection.consent?.read)(notice, desk.simulator.clock.now());
  if ('refused' in read) return `refused:${read.refused}`;
  const proved = await ending(() => offered(connection.probe)(read.grant, callOf(desk, row)));
  return typeof proved === 'string' ? proved : `${proved.kind}:${proved.code}:${proved.scope}`;
}

/** What the work resolves with, or the kind, code and scope it fails with. */
async function ending<T>(work: () => Promise<T>): Promise<T | Pick<BrokerError, 'kind' | 'code' | 'scope'>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { kind: error.kind, code: error.code, scope: error.scope };
  }
}

/** A call; where it hangs, its deadline passes as soon as the broker has it. */
function callOf(desk: Desk, row: Row): Call {
  if (row.hangs !== true) return patient();
  const deadline = new AbortController();
  const pass = (): void => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError'));
  const isHanging = async (): Promise<void> => {
    const kinds = ['stall', 'slow', 'trickle'].map((fault) =>
      desk.simulator.waitForCalls({ fault }, 1, 5_000),
    );
    await Promise.any(kinds);
  };
  void isHanging().then(pass, pass);
  return { signal: deadline.signal };
}

const callsOf = (desk: Desk, row: Row, after: number): number =>
  desk.simulator.calls({ operation: operationOf[row.during], after }).length;

/** The part of a connection that this row is about. */
export function offered<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the connection does not offer this');
  return part;
}
