import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Broker } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { MakeDialect } from '../../../src/core/dialect.ts';
import { startSimulator, type FaultKind, type Simulator } from '../../../src/simulator/index.ts';
import { until } from '../../support/poll.ts';

const SECRET = 'made-up-secret';

/** A broker with one call: `POST /login` with `username password`, or a `code` that it spends. */
const dialect: MakeDialect = (host) => ({
  sample: { entry: {}, wrong: {}, secrets: [] },
  identify: ({ method, path, body }) => {
    if (`${method} ${path}` !== 'POST /v9/login') return undefined;
    const [username = '', password = ''] = body.split(' ');
    return { name: 'login', username, spends: password };
  },
  answer: ({ body, egress }) => {
    const [username = '', password = ''] = body.split(' ');
    if (username === 'broken') throw new Error(password);
    const accepted = host.accepts(username, password);
    return {
      status: accepted ? 200 : 401,
      body: { accepted, egress, at: host.clock.now(), mood: host.switch('mood', 'good') },
    };
  },
  refuse: () => ({ status: 401, body: { refused: true } }),
  throttle: () => ({ status: 429 }),
  command: (name, argument) => (name === 'greet' ? { greeted: argument } : undefined),
});

const broker: Broker = {
  name: 'nine',
  title: 'Nine',
  policy: { dueAtShare: 0.8, jitterShare: 0, timeoutMs: 1_000, renewalIsSingleUse: false },
  limits: [],
  questions: [],
  baseUrls: { api: { variable: 'NINE_URL', hosts: { live: 'https://nine.example/v9' } } },
  fields: {},
  notYet: () => [],
  login: () => ({ faults: [] }),
  dialect: () => Promise.resolve(dialect),
};

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ brokers: [broker] });
});
afterEach(() => simulator.stop());

const login = (body = `USER ${SECRET}`, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${simulator.setting('NINE_URL')}/login`, { method: 'POST', body, headers, redirect: 'manual' });

async function instantIn(response: Promise<Response>): Promise<number> {
  const { at, now } = (await (await response).json()) as { readonly at?: number; readonly now?: number };
  return at ?? now ?? Number.NaN;
}

async function saidBy(response: Promise<Response>): Promise<unknown> {
  return (await response).json();
}

async function control(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${simulator.url}/_simulator${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
}

describe('the simulator', () => {
  test('puts a broker under its mount, with the path its base URL has', async () => {
    expect(simulator.settings).toEqual({ NINE_URL: `${simulator.url}/nine/v9` });
    expect(simulator.setting('OTHER_URL')).toBeUndefined();
    expect(await saidBy(login())).toMatchObject({ accepted: true, egress: 'default' });
  });

  test('takes every password but wrong ones, until one is set', async () => {
    const accepted = async (password: string): Promise<number> => (await login(`USER ${password}`)).status;
    expect([await accepted('any'), await accepted('a-wrong-one')]).toEqual([200, 401]);
    simulator.setPassword('nine', 'USER', 'a-wrong-one');
    expect([await accepted('any'), await accepted('a-wrong-one')]).toEqual([401, 200]);
    simulator.setPassword('nine', 'USER', undefined);
    expect(await accepted('any')).toBe(200);
  });

  test('has a clock of its own that can be moved', async () => {
    simulator.clock.shift(3_600_000);
    expect((await instantIn(login())) - Date.now()).toBeGreaterThan(3_500_000);
    simulator.clock.set(5_000);
    expect(await instantIn(login())).toBeLessThan(65_000);
  });

  test('tells networks apart, and switches', async () => {
    simulator.setSwitch('nine', 'mood', 'bad');
    const said = await saidBy(login(undefined, { 'x-simulated-egress': 'second' }));
    expect(said).toMatchObject({ egress: 'second', mood: 'bad' });
    expect(simulator.calls({ egress: 'second' })).toHaveLength(1);
  });

  test('knows its commands only', () => {
    expect(simulator.command('nine', 'greet', 'you')).toEqual({ greeted: 'you' });
    expect(() => simulator.command('nine', 'sing')).toThrow('knows no command');
    expect(() => simulator.command('ten', 'greet')).toThrow('knows no command');
  });

  test('answers an unknown call with 404 and keeps it', async () => {
    expect((await fetch(`${simulator.url}/nine/v9/other`)).status).toBe(404);
    expect((await fetch(`${simulator.url}/ten/login`)).status).toBe(404);
    expect(simulator.calls()).toMatchObject([{ operation: 'unknown', status: 404, effect: false }]);
  });

  test('says so where a dialect is missing', async () => {
    const { dialect: _, ...without } = broker;
    await expect(startSimulator({ brokers: [without] })).rejects.toThrow('no dialect');
  });

  test('shows a broken dialect as such', async () => {
    expect((await login(`broken ${SECRET}`)).status).toBe(500);
    expect(simulator.calls()).toMatchObject([{ fault: 'dialect-error' }]);
  });

  test('takes its time where it is told to', async () => {
    const slow = await startSimulator({
      brokers: [broker],
      latencyMs: 60_000,
      clock: { now: () => Date.now(), sleep: (ms, signal) => systemClock.sleep(ms / 1_000, signal) },
    });
    await fetch(`${slow.setting('NINE_URL')}/login`, { method: 'POST', body: 'USER x' });
    expect(slow.peakInFlight('nine', 'login')).toBe(1);
    await slow.stop();
  });
});

describe('a fault on demand', () => {
  test.each<[FaultKind, { status: number; body: string | RegExp; effect: boolean }]>([
    ['refuse', { status: 401, body: '{"refused":true}', effect: false }],
    ['throttle', { status: 429, body: '', effect: false }],
    ['status', { status: 500, body: 'Internal Server Error', effect: false }],
    ['html', { status: 502, body: /^<!doctype html>/, effect: false }],
    ['slow', { status: 200, body: /"accepted":true/, effect: true }],
    ['garbage', { status: 200, body: '{"access_token": "made-up', effect: true }],
    ['empty', { status: 200, body: '', effect: true }],
  ])('%s', async (kind, { status, body, effect }) => {
    simulator.fault({ broker: 'nine', operation: 'login', kind, times: 1, ms: 5 });
    const response = await login();
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(body)]);
    expect(simulator.calls()).toMatchObject([{ fault: kind, status, effect }]);
    expect((await login()).status).toBe(200);
  });

  test.each<[FaultKind, boolean]>([
    ['drop', false],
    ['drop-after', true],
    ['half', true],
  ])('%s', async (kind, effect) => {
    simulator.fault({ broker: 'nine', kind, times: 1 });
    await expect(login().then((response) => response.text())).rejects.toThrow();
    await simulator.waitForCalls({ fault: kind, effect }, 1, 2_000);
  });

  test.each([
    ['text/plain', undefined],
    ['image/png', 'image/png'],
  ])('wrong-type: the right body as %s', async (said, type) => {
    simulator.fault({ broker: 'nine', kind: 'wrong-type', ...(type !== undefined && { type }) });
    const response = await login();
    expect([response.headers.get('content-type'), await response.text()]).toEqual([
      said,
      expect.stringMatching(/"accepted":true/),
    ]);
    expect(simulator.calls()).toMatchObject([{ fault: 'wrong-type', status: 200, effect: true }]);
  });

  test('gzip: the right body, compressed', async () => {
    simulator.fault({ broker: 'nine', kind: 'gzip' });
    const response = await login();
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toMatchObject({ accepted: true });
    expect(simulator.calls()).toMatchObject([{ fault: 'gzip', status: 200, effect: true }]);
  });

  test('large: the right body, and blanks to 10 MB', async () => {
    simulator.fault({ broker: 'nine', kind: 'large' });
    const text = await (await login()).text();
    expect(text).toHaveLength(10 * 1024 * 1024);
    expect(JSON.parse(text)).toMatchObject({ accepted: true });
    expect(simulator.calls()).toMatchObject([{ fault: 'large', status: 200, effect: true }]);
  });

  test('large, to a caller that leaves in the middle, ends there', async () => {
    simulator.fault({ broker: 'nine', kind: 'large' });
    const leaving = new AbortController();
    const response = await fetch(`${simulator.setting('NINE_URL')}/login`, {
      method: 'POST',
      body: 'USER x',
      signal: leaving.signal,
    });
    leaving.abort();
    await expect(response.text()).rejects.toThrow();
    await until(() => simulator.inFlight('nine') === 0, { what: 'the call to end' });
  });

  test('trickle: a byte now and then, as long as somebody listens', async () => {
    simulator.fault({ broker: 'nine', kind: 'trickle', ms: 5 });
    const response = await login();
    let text = '';
    // Past the end of the answer there is more, and still no end.
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (/\} {3}/.test(text)) break;
      expect(simulator.inFlight('nine')).toBe(1);
    }
    expect(text).toMatch(/"accepted":true.*\} {3}/);
    await until(() => simulator.inFlight('nine') === 0, { what: 'the call to end' });
    expect(simulator.calls()).toMatchObject([{ fault: 'trickle', status: 200, effect: true }]);
  });

  test('stall', async () => {
    simulator.fault({ broker: 'nine', kind: 'stall', times: 1 });
    const leaving = new AbortController();
    const stalled = fetch(`${simulator.setting('NINE_URL')}/login`, {
      method: 'POST',
      body: 'USER x',
      signal: leaving.signal,
    });
    await simulator.waitForCalls({ fault: 'stall' }, 1, 2_000);
    expect(simulator.inFlight('nine')).toBe(1);
    leaving.abort();
    await expect(stalled).rejects.toThrow();
  });

  test('a redirect leads where it would be seen', async () => {
    simulator.fault({ broker: 'nine', kind: 'status', status: 302 });
    const response = await login();
    expect([response.status, response.headers.get('location')]).toEqual([302, '/nine/elsewhere']);
  });

  test('a status of the operator', async () => {
    simulator.fault({ broker: 'nine', kind: 'status', status: 423 });
    expect([(await login()).status, await (await login()).text()]).toEqual([423, '']);
  });
});

describe('from outside its process', () => {
  test('everything can be told, and the calls can be read', async () => {
    await control('POST', '/faults', { broker: 'nine', kind: 'throttle', times: 1 });
    expect((await login()).status).toBe(429);
    await control('POST', '/faults', { broker: 'nine', kind: 'throttle' });
    await control('DELETE', '/faults');
    await control('POST', '/passwords', { broker: 'nine', username: 'USER', password: 'another' });
    expect((await login()).status).toBe(401);
    await control('POST', '/passwords', { broker: 'nine', username: 'USER', password: null });
    await control('POST', '/switches', { broker: 'nine', name: 'mood', value: 'bad' });
    await control('POST', '/clock', { at: 1_000_000 });
    await control('POST', '/clock', { shiftMs: 500_000 });
    expect(await saidBy(login())).toMatchObject({ accepted: true, mood: 'bad' });
    expect(await instantIn(control('GET', '/clock'))).toBeGreaterThanOrEqual(1_500_000);
    expect(
      await saidBy(control('POST', '/command', { broker: 'nine', name: 'greet', argument: 'you' })),
    ).toEqual({
      greeted: 'you',
    });
    expect(await saidBy(control('GET', '/settings'))).toEqual(simulator.settings);
    const calls = await (await control('GET', '/calls?broker=nine&status=200&effect=true&after=1')).text();
    expect(JSON.parse(calls)).toHaveLength(1);
    expect(calls).not.toContain(SECRET);
  });

  test.each<[string, string, string, unknown, number]>([
    ['an unknown kind of fault', 'POST', '/faults', { broker: 'nine', kind: 'nap' }, 400],
    ['an unknown field', 'POST', '/faults', { broker: 'nine', kind: 'drop', time: 1 }, 400],
    ['no content type', 'POST', '/faults', { broker: 'nine', kind: 'wrong-type', type: 'a\r\nb: c' }, 400],
    ['an unknown filter', 'GET', '/calls?user=x', undefined, 400],
    ['an unknown command', 'POST', '/command', { broker: 'nine', name: 'sing' }, 400],
    ['an unknown control', 'POST', '/nap', {}, 400],
  ])('%s is an error', async (_, method, path, body, status) => {
    const response = await control(method, path, body);
    expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String) }]);
  });

  test('a body that is no JSON is refused and not repeated', async () => {
    const response = await fetch(`${simulator.url}/_simulator/passwords`, {
      method: 'POST',
      body: SECRET,
      headers: { 'content-type': 'application/json' },
    });
    expect([response.status, await response.text()]).toEqual([400, '{"error":"The body is no JSON."}']);
  });

  test('a form, which any page in a browser could send, is refused', async () => {
    const response = await fetch(`${simulator.url}/_simulator/faults`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(415);
  });
});
