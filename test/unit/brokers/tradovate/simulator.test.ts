import { describe, expect, test } from 'vitest';
import { readJwt } from '../../../../src/brokers/jwt.ts';
import { tradovateDialect } from '../../../../src/brokers/tradovate/simulator.ts';
import type { DialectAnswer, DialectRequest } from '../../../../src/core/dialect.ts';

const startAt = Date.UTC(2026, 0, 15, 8);
const HOUR_MS = 3_600_000;

/** The dialect on a host whose clock and switches a test sets. */
function simulated(switches: Record<string, unknown> = {}) {
  const host = { now: startAt, switches };
  let draws = 0;
  const dialect = tradovateDialect({
    clock: { now: () => host.now },
    random: () => (draws++ % 97) / 97,
    accepts: (_, password) => !password.includes('wrong'),
    switch: <T>(name: string, byDefault: T) => (host.switches[name] ?? byDefault) as T,
    baseUrl: () => 'http://127.0.0.1/tradovate',
    post: () => undefined,
  });
  const send = async (request: Partial<DialectRequest>): Promise<DialectAnswer> => {
    const whole = {
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: '',
      egress: 'one',
      ...request,
    };
    const operation = dialect.identify(whole);
    return operation ? dialect.answer(whole, operation) : { status: 404 };
  };
  const login = async (password = 'right', more: Record<string, string> = {}, egress = 'one') => {
    const body = new URLSearchParams({ locale: 'en', login: 'USER', password, ...more }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return send({ method: 'POST', path: '/authorize', headers, body, egress });
  };
  const token = async (): Promise<string> => {
    const { body } = await login();
    return (body as { d: { access_token: string } }).d.access_token;
  };
  const me = (bearer: string): Promise<DialectAnswer> =>
    send({ path: '/v1/auth/me', headers: { authorization: `Bearer ${bearer}` } });
  const fail = async (times: number, egress = 'one'): Promise<void> => {
    for (let n = 0; n < times; n += 1) await login('wrong', {}, egress);
  };
  return { host, dialect, send, login, token, me, fail };
}

describe('a token', () => {
  test('is shaped as captured ones are, and different each time', async () => {
    const { token } = simulated();
    const [first, second] = [await token(), await token()];
    expect(second).not.toBe(first);
    const [header = '', payload = ''] = first.split('.');
    const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decoded(header)).toEqual({ kid: '7', alg: 'EdDSA' });
    expect(Object.keys(decoded(payload) as object)).toEqual(['sub', 'exp', 'jti', 'phs']);
    expect(readJwt(first)).toEqual({ sub: expect.stringMatching(/^\d{10}$/), exp: startAt + 4_800_000 });
    expect(first.length).toBeGreaterThan(200);
    expect(first.length).toBeLessThan(256);
  });

  test('lives as long as it says, on bridge and native calls alike', async () => {
    const { host, token, me, send } = simulated({ lifetimeSeconds: 60 });
    const bearer = await token();
    expect(await me(bearer)).toMatchObject({ status: 200, body: { name: 'USER' } });
    const list = { path: '/v1/Account/List', headers: { authorization: `Bearer ${bearer}` } };
    expect(await send(list)).toMatchObject({
      status: 200,
      body: [{ name: expect.stringMatching(/^SIM/) }, {}, {}],
    });
    host.now += 60_000;
    expect(await me(bearer)).toEqual({ status: 401 });
  });

  test.each<[string, unknown]>([
    ['s', (startAt + 4_800_000) / 1_000],
    ['ms', startAt + 4_800_000],
    ['string', String((startAt + 4_800_000) / 1_000)],
    ['absent', undefined],
  ])('switch bridge.expiration: %s', async (unit, expected) => {
    const { body } = await simulated({ 'bridge.expiration': unit }).login();
    expect((body as { d: { expiration?: unknown } }).d.expiration).toBe(expected);
  });
});

// github tradingview/rest_integrations_docs, data_tests/auth*.rst: the nearest thing to a check that others wrote.
test("the bridge passes TradingView's conformance tests", async () => {
  const { login } = simulated();
  const tokens = new Set<string>();
  for (let n = 0; n < 10; n += 1) {
    const { status, body } = await login();
    const { s, d } = body as { s: string; d: { access_token: string; expiration: number } };
    expect([status, s, Number.isInteger(d.expiration)]).toEqual([200, 'ok', true]);
    expect(d.expiration).toBeGreaterThan(startAt / 1_000);
    expect(d.access_token).not.toBe('');
    tokens.add(d.access_token);
  }
  expect(tokens.size).toBe(10);
  expect(await login('wrong')).toMatchObject({
    status: 200,
    body: { s: 'error', errmsg: expect.any(String) },
  });
});

describe('sessions', () => {
  test('a third login closes the oldest', async () => {
    const { token, me } = simulated();
    const tokens = [await token(), await token(), await token()];
    expect((await Promise.all(tokens.map(me))).map(({ status }) => status)).toEqual([401, 200, 200]);
  });

  test('switch bridge.countsAsSession: off', async () => {
    const { token, me } = simulated({ 'bridge.countsAsSession': 'off' });
    const tokens = [await token(), await token(), await token()];
    expect((await Promise.all(tokens.map(me))).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('switch orphanAnswer, and the command that orphans everybody', async () => {
    const { token, me, dialect } = simulated({ orphanAnswer: 408 });
    const bearer = await token();
    expect(dialect.command?.('expire-all', 'OTHER')).toEqual({ closed: 0 });
    expect(dialect.command?.('expire-all', undefined)).toEqual({ closed: 1 });
    expect(await me(bearer)).toEqual({ status: 408, body: 'Request Timeout' });
    expect(dialect.command?.('sing', undefined)).toBeUndefined();
  });
});

describe('a wrong password', () => {
  test('is answered with 200 and a text', async () => {
    expect(await simulated().login('wrong')).toMatchObject({
      status: 200,
      body: { s: 'error', errmsg: /Incorrect/ },
    });
  });

  test('switches bridge.errorStatus and bridge.errmsg', async () => {
    const { login } = simulated({ 'bridge.errorStatus': 403, 'bridge.errmsg': 'No.' });
    expect(await login('wrong')).toEqual({ status: 403, body: { s: 'error', errmsg: 'No.' } });
  });
});

describe('penalties', () => {
  const ticketOf = ({ body }: DialectAnswer): string => (body as { 'p-ticket': string })['p-ticket'];

  test('five failures put one on the network, and on no other', async () => {
    const { login, fail } = simulated();
    await fail(5);
    expect(await login()).toEqual({ status: 200, body: { 'p-ticket': expect.any(String), 'p-time': 15 } });
    expect(await login('right', {}, 'two')).toMatchObject({ body: { s: 'ok' } });
  });

  test('logins that succeed are not counted', async () => {
    const { login } = simulated();
    for (let n = 0; n < 20; n += 1) expect(await login()).toMatchObject({ body: { s: 'ok' } });
  });

  test('a failure is forgotten after an hour', async () => {
    const { host, login, fail } = simulated();
    await fail(5);
    host.now += HOUR_MS;
    expect(await login()).toMatchObject({ body: { s: 'ok' } });
  });

  test('the ticket lets the same body in, once, after its time', async () => {
    const { host, login, fail } = simulated();
    await fail(5);
    const early = ticketOf(await login());
    expect(await login('right', { 'p-ticket': early })).toHaveProperty(['body', 'p-ticket']);
    const ticket = ticketOf(await login());
    host.now += 15_000;
    expect(await login('right', { 'p-ticket': ticket }, 'two')).toMatchObject({ body: { s: 'ok' } });
    expect(await login('right', { 'p-ticket': ticket })).toMatchObject({ body: { s: 'ok' } });
    expect(await login('right', { 'p-ticket': ticket })).toHaveProperty(['body', 'p-ticket']);
    const another = ticketOf(await login());
    host.now += 15_000;
    expect(await login('another', { 'p-ticket': another })).toHaveProperty(['body', 'p-ticket']);
  });

  test('twice as many failures bring a captcha: silence for an hour, begun anew by each call', async () => {
    const { host, login, fail } = simulated({ 'bridge.penalties': 'off' });
    await fail(10);
    host.switches = {};
    expect(await login()).toMatchObject({ body: { 'p-captcha': true } });
    host.now += HOUR_MS - 1;
    expect(await login()).toMatchObject({ body: { 'p-captcha': true } });
    host.now += HOUR_MS;
    expect(await login()).toMatchObject({ body: { s: 'ok' } });
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['captchaOnLoginPenalty: always', { captchaOnLoginPenalty: 'always' }, { 'p-captcha': true }],
    ['bridge.countsForLimits: off', { 'bridge.countsForLimits': 'off' }, { s: 'ok' }],
    ['bridge.penalties: off', { 'bridge.penalties': 'off' }, { s: 'ok' }],
    ['limits.login: 6', { 'limits.login': 6 }, { s: 'ok' }],
  ])('switch %s', async (_, switches, expected) => {
    const { login, fail } = simulated(switches);
    await fail(5);
    expect(await login()).toMatchObject({ body: expected });
  });

  test('count by /24', async () => {
    const { login } = simulated();
    for (let n = 1; n <= 5; n += 1) await login('wrong', {}, `10.0.0.${n}`);
    expect(await login('right', {}, '10.0.0.9')).toHaveProperty(['body', 'p-ticket']);
    expect(await login('right', {}, '10.0.1.9')).toMatchObject({ body: { s: 'ok' } });
  });

  test('are forgotten on command', async () => {
    const { login, fail, dialect } = simulated();
    await fail(5);
    dialect.command?.('forget-penalties', undefined);
    expect(await login()).toMatchObject({ body: { s: 'ok' } });
  });

  test.each<[string, DialectAnswer]>([
    ['ticket', { status: 200, body: { 'p-ticket': 'T0', 'p-time': 15 } }],
    ['captcha', { status: 200, body: { 'p-ticket': 'T0', 'p-time': 15, 'p-captcha': true } }],
    ['423', { status: 423 }],
    ['429', { status: 429 }],
  ])('switch throttleWith: %s', (way, expected) => {
    expect(simulated({ throttleWith: way }).dialect.throttle({ name: 'authorize' })).toEqual(expected);
  });
});

describe('a native login', () => {
  const body = { name: 'USER', password: 'right', appId: 'App', deviceId: 'made-up', cid: 1, sec: 'made-up' };
  const post = (
    { send }: ReturnType<typeof simulated>,
    more: object = {},
    path = '/v1/auth/accesstokenrequest',
  ): Promise<DialectAnswer> => {
    const headers = { 'content-type': 'application/json' };
    return send({ method: 'POST', path, headers, body: JSON.stringify({ ...body, ...more }) });
  };
  const tokenOf = ({ body }: DialectAnswer): string => (body as { accessToken: string }).accessToken;

  test('answers as documented, at either writing of its path', async () => {
    const world = simulated();
    const answer = await post(world, {}, '/v1/auth/accessTokenRequest');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        accessToken: expect.any(String),
        mdAccessToken: expect.any(String),
        expirationTime: '2026-01-15T09:20:00.000Z',
        userStatus: 'Active',
        userId: expect.any(Number),
        name: 'USER',
      },
    });
    expect(tokenOf(answer)).not.toBe(tokenOf(await post(world)));
  });

  test('shares users, sessions and tokens with the bridge', async () => {
    const world = simulated();
    const bearer = tokenOf(await post(world));
    const headers = { authorization: `Bearer ${bearer}` };
    expect(await world.send({ path: '/accounts', headers })).toMatchObject({
      body: { s: 'ok', d: [{}, {}, {}] },
    });
    await world.token();
    await world.token();
    expect(await world.me(bearer)).toMatchObject({ status: 401 });
  });

  test.each(['GET', 'POST'])('is renewed by %s, before its expiry only', async (method) => {
    const world = simulated();
    const bearer = tokenOf(await post(world));
    const renew = (token: string): Promise<DialectAnswer> =>
      world.send({
        method,
        path: '/v1/auth/renewAccessToken',
        headers: { authorization: `Bearer ${token}` },
        body: method === 'POST' ? '{}' : '',
      });
    const renewed = await renew(bearer);
    expect(tokenOf(renewed)).not.toBe(bearer);
    expect(renewed.body).not.toHaveProperty('mdAccessToken');
    expect(world.dialect.command?.('sessions', 'USER')).toEqual({ alive: 1 });
    world.host.now += 4_800_000;
    expect(await renew(tokenOf(renewed))).toEqual({ status: 401 });
  });

  test('counts against its network where it fails, each renewal always, and `me` where it fails', async () => {
    const world = simulated({ 'limits.login': 1, 'limits.renew': 1, 'limits.me': 1 });
    const headers = { authorization: `Bearer ${tokenOf(await post(world))}` };
    const renew = (): Promise<DialectAnswer> => world.send({ path: '/v1/auth/renewaccesstoken', headers });
    const me = (bearer: object): Promise<DialectAnswer> =>
      world.send({ path: '/v1/auth/me', headers: { ...bearer } });
    const penalty = (seconds: number): object => ({
      status: 200,
      body: { 'p-ticket': expect.any(String), 'p-time': seconds },
    });
    expect(await post(world)).toHaveProperty(['body', 'accessToken']);
    expect(await renew()).toHaveProperty(['body', 'accessToken']);
    expect(await renew()).toEqual(penalty(15));
    expect(await me(headers)).toHaveProperty(['body', 'userId']);
    expect(await me({})).toMatchObject({ status: 401 });
    expect(await me(headers)).toEqual(penalty(30));
    await post(world, { password: 'wrong' });
    expect(await post(world)).toEqual(penalty(15));
  });

  test('wants the key of a subscription by switch apiKeyNeeded', async () => {
    const world = simulated({ apiKeyNeeded: 'on' });
    expect(await post(world, { sec: '' })).toMatchObject({ body: { errorText: expect.any(String) } });
    expect(await post(world)).toHaveProperty(['body', 'accessToken']);
  });

  test('needs a name and a password', async () => {
    expect(await post(simulated(), { name: undefined })).toEqual({ status: 400 });
  });
});

test('the reads of the bridge answer without a token that they want one', async () => {
  const { send, token } = simulated();
  for (const path of ['/accounts', '/accounts/D0000001/state', '/accounts/D0000001/orders', '/quotes']) {
    expect(await send({ path })).toEqual({ status: 401, body: { s: 'error', errmsg: 'Unauthorized' } });
    const headers = { authorization: `Bearer ${await token()}` };
    expect(await send({ path, headers })).toMatchObject({ status: 200, body: { s: 'ok' } });
  }
});

test('too many calls are answered by 429 with an empty body: 100 a second, 1,000 an hour', async () => {
  const { host, send } = simulated();
  const statusAfter = async (calls: number): Promise<number> => {
    let status = 0;
    for (let n = 0; n < calls; n += 1) ({ status } = await send({ path: '/accounts' }));
    return status;
  };
  expect(await statusAfter(100)).toBe(401);
  expect(await send({ path: '/accounts' })).toEqual({ status: 429 });
  for (let burst = 0; burst < 9; burst += 1) {
    host.now += 1_000;
    await statusAfter(100);
  }
  host.now += 1_000;
  expect(await send({ path: '/accounts' })).toEqual({ status: 429 });
  host.now += HOUR_MS;
  expect(await send({ path: '/accounts' })).toMatchObject({ status: 401 });
});

describe('the bridge takes', () => {
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ locale: 'en', login: 'USER', password: 'right' });
  const post = { method: 'POST', path: '/authorize' };

  test('JSON as well as a form, unless switch bridge.accept says: form', async () => {
    expect(await simulated().send({ ...post, headers: json, body })).toMatchObject({ body: { s: 'ok' } });
    expect(await simulated({ 'bridge.accept': 'form' }).send({ ...post, headers: json, body })).toEqual({
      status: 400,
    });
  });

  test.each(['{', '[]', '{}', ''])('not %j', async (text) => {
    expect(await simulated().send({ ...post, headers: json, body: text })).toEqual({ status: 400 });
  });

  test('any caller, unless switch bridge.browserHeaders says: needed', async () => {
    expect(await simulated({ 'bridge.browserHeaders': 'needed' }).login()).toEqual({ status: 403 });
  });
});
