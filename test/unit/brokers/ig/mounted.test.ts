import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeHttp, type PooledHttp } from '../../../../src/brokers/http.ts';
import { ig } from '../../../../src/brokers/ig/index.ts';
import type { Connection } from '../../../../src/core/broker.ts';
import type { ErrorKind } from '../../../../src/core/errors.ts';
import { startSimulator, type FaultKind, type Simulator } from '../../../../src/simulator/index.ts';
import { call, entry, failureOf } from './harness.ts';

// The adapter over the real HTTP layer, against its dialect behind a real socket.
let simulator: Simulator;
let http: PooledHttp;
beforeAll(async () => {
  simulator = await startSimulator({ brokers: [ig] });
  http = makeHttp();
});
afterEach(() => simulator.clearFaults());
afterAll(async () => {
  await http.close();
  await simulator.stop();
});

function connect(username: string): Connection {
  const read = ig.login({ ...entry, username });
  if ('faults' in read) throw new Error('refused');
  const { now } = simulator.clock;
  return read.login.connect({
    clock: { now, sleep: () => Promise.resolve() },
    baseUrl: () => simulator.setting('IG_API_URL') ?? '',
    http,
    setting: () => undefined,
    isHoliday: () => false,
  });
}

describe('what a broken answer is taken for', () => {
  const rows: readonly (readonly [FaultKind, number | undefined, ErrorKind, ErrorKind])[] = [
    ['refuse', undefined, 'needs-human', 'refused'],
    ['throttle', undefined, 'throttled', 'throttled'],
    ['status', 500, 'outcome-unknown', 'transient'],
    ['status', 503, 'transient', 'transient'],
    ['status', 504, 'outcome-unknown', 'outcome-unknown'],
    ['status', 302, 'outcome-unknown', 'transient'],
    ['html', 200, 'outcome-unknown', 'outcome-unknown'],
    ['html', 502, 'outcome-unknown', 'outcome-unknown'],
    ['drop', undefined, 'outcome-unknown', 'outcome-unknown'],
    ['drop-after', undefined, 'outcome-unknown', 'outcome-unknown'],
    ['half', undefined, 'outcome-unknown', 'outcome-unknown'],
    ['garbage', undefined, 'outcome-unknown', 'outcome-unknown'],
    ['empty', undefined, 'outcome-unknown', 'outcome-unknown'],
  ];
  for (const [kind, status, atLogin, atRefresh] of rows) {
    const fault = { broker: 'ig', kind, ...(status === undefined ? {} : { status }), times: 1 };
    const username = `${kind}-${status ?? 0}`;
    it(`${kind} ${status ?? ''} on a login is ${atLogin}, on a refresh ${atRefresh}`, async () => {
      const { signIn, renew } = connect(username);
      simulator.fault({ ...fault, operation: 'login' });
      expect((await failureOf(signIn?.(call))).kind).toBe(atLogin);
      const grant = await signIn?.(call);
      if (!grant) throw new Error('no grant');
      simulator.fault({ ...fault, operation: 'refresh-token' });
      expect((await failureOf(renew?.(grant, call))).kind).toBe(atRefresh);
      expect(simulator.calls({ broker: 'ig', username, operation: 'login' })).toHaveLength(2);
    });
  }

  it('a stalled refresh ends with the deadline, its outcome unknown', async () => {
    const { signIn, renew } = connect('stalled');
    const grant = await signIn?.(call);
    if (!grant) throw new Error('no grant');
    simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'stall' });
    const deadline = new AbortController();
    const failure = failureOf(renew?.(grant, { signal: deadline.signal }));
    await simulator.waitForCalls({ operation: 'refresh-token', username: 'stalled' }, 1, 2_000);
    deadline.abort(new DOMException('too late', 'TimeoutError'));
    expect(await failure).toMatchObject({ kind: 'outcome-unknown', code: 'timeout' });
  });
});

it('a session goes on for an hour on one login, and the ledger sees no refresh token twice', async () => {
  const connection = connect('steady');
  let grant = await connection.signIn?.(call);
  for (let times = 0; grant && times < 100; times++) {
    simulator.clock.shift(36_000);
    grant = await connection.renew?.(grant, call);
  }
  expect(grant && (await connection.probe?.(grant, call))).toBe('alive');
  const calls = simulator.calls({ username: 'steady' });
  const renewals = Array.from({ length: 100 }, () => 'refresh-token');
  expect(calls.map(({ operation }) => operation)).toEqual(['login', ...renewals, 'session']);
  expect(new Set(calls.flatMap(({ spent }) => spent ?? [])).size).toBe(100);
});
