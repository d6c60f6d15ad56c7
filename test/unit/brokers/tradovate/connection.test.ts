import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tradovate } from '../../../../src/brokers/tradovate/index.ts';
import type {
  Call,
  Connection,
  Grant,
  HttpAnswer,
  HttpRequest,
  RawEntry,
} from '../../../../src/core/broker.ts';
import { BrokerError, ConfigurationError } from '../../../../src/core/errors.ts';

const now = Date.UTC(2026, 0, 15, 8);
const password = 'made up & + % # = @ / ü €';
const call = { signal: new AbortController().signal };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object): string => `${part({ alg: 'EdDSA' })}.${part(claims)}.c2ln`;
const token = jwt({ sub: '12345', exp: (now + 4_800_000) / 1_000 });

const answering = (body: unknown, status = 200): HttpAnswer => ({
  status,
  headers: {},
  body: JSON.stringify(body),
  json: body,
});

interface Tried {
  readonly connection: Connection;
  readonly requests: HttpRequest[];
}

/** A connection whose calls get these answers, in order. */
function connect(
  answers: (HttpAnswer | BrokerError)[],
  settings: Record<string, string> = {},
  entry: RawEntry = {},
): Tried {
  const read = tradovate.login({ username: 'USER_000000', password, ...entry });
  if ('faults' in read) throw new Error('the entry is refused');
  const requests: HttpRequest[] = [];
  const connection = read.login.connect({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    baseUrl: (purpose) => `https://${purpose}.example/`,
    setting: (variable) => settings[variable],
    isHoliday: () => false,
    http: (request) => {
      requests.push(request);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('one call too many');
      return answer instanceof BrokerError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  return { connection, requests };
}

const formOf = (request: HttpRequest | undefined): object =>
  Object.fromEntries(new URLSearchParams(request?.body ?? ''));
const signIn = ({ connection }: Tried): Promise<unknown> =>
  connection.signIn?.(call) ?? Promise.reject(new Error('no sign-in'));
const ok = (expiration?: unknown): HttpAnswer =>
  answering({ s: 'ok', d: { access_token: token, expiration } });
const penalty = answering({ 'p-ticket': 'T1', 'p-time': 15 });
const penaltyOf = async (attempt: Promise<unknown>): Promise<BrokerError> => {
  const error: unknown = await attempt.catch((thrown: unknown) => thrown);
  if (error instanceof BrokerError) return error;
  throw new Error('it was not penalised');
};
const carryOf = ({ carry }: BrokerError): Partial<Pick<Call, 'carry'>> => (carry ? { carry } : {});

const login = {
  login: 'api',
  api: { appId: 'Desk', appVersion: '1.0', deviceId: 'made-up-device', cid: '1234', sec: 'made-up-sec' },
};

describe('a bridge login', () => {
  test('is one form, with the password intact', async () => {
    const tried = connect([ok()]);
    await signIn(tried);
    expect(tried.requests).toHaveLength(1);
    expect(tried.requests[0]).toMatchObject({
      method: 'POST',
      url: 'https://bridge.example/authorize?locale=en',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        origin: 'https://www.tradingview.com',
        referer: 'https://www.tradingview.com/',
        'accept-language': 'en',
      },
    });
    expect(formOf(tried.requests[0])).toEqual({ locale: 'en', login: 'USER_000000', password });
    expect(tried.requests[0]?.headers).not.toHaveProperty('user-agent');
  });

  test('says who we are as the settings want', async () => {
    const tried = connect([ok()], { TRADOVATE_USER_AGENT: 'desk/1', TRADOVATE_BRIDGE_ORIGIN: 'none' });
    await signIn(tried);
    expect(tried.requests[0]?.headers).toMatchObject({ 'user-agent': 'desk/1' });
    expect(tried.requests[0]?.headers).not.toHaveProperty('origin');
    expect(tried.requests[0]?.headers).not.toHaveProperty('referer');
  });

  test('sends the further headers that a setting names, with each call to the bridge', async () => {
    const tried = connect([ok()], {
      TRADOVATE_BRIDGE_HEADERS: 'Sec-Fetch-Mode: cors | accept-language: en-GB,en;q=0.9',
    });
    await signIn(tried);
    expect(tried.requests[0]?.headers).toMatchObject({
      'sec-fetch-mode': 'cors',
      'accept-language': 'en-GB,en;q=0.9',
      accept: 'application/json',
    });
  });

  test.each([
    ['a word', 'must be'],
    ['sec-fetch-mode:', 'must be'],
    ['two words: x', 'must be'],
    ['x: a\u0007b', 'must be'],
    ['Authorization: Bearer x', 'may not name authorization'],
    ['user-agent: x', 'TRADOVATE_USER_AGENT'],
    ['origin: x', 'TRADOVATE_BRIDGE_ORIGIN'],
  ])('wants its further headers to be headers: %j', (value, said) => {
    const connecting = () => connect([ok()], { TRADOVATE_BRIDGE_HEADERS: value });
    expect(connecting).toThrow(ConfigurationError);
    expect(connecting).toThrow(said);
    expect(connecting).not.toThrow('Bearer x');
  });

  test('gives a grant', async () => {
    expect(await signIn(connect([ok((now + 4_700_000) / 1_000)]))).toEqual({
      token,
      headers: { Authorization: `Bearer ${token}` },
      issuedAt: now,
      expiresAt: now + 4_700_000,
      tokenType: 'Bearer',
      baseUrl: 'https://api.example',
      owner: '12345',
    });
  });

  test('gives a grant where the login is active', async () => {
    const answer = answering({ s: 'ok', userStatus: 'Active', d: { access_token: token } });
    expect(await signIn(connect([answer]))).toMatchObject({ expiresAt: now + 4_800_000 });
  });

  test.each<[string, HttpAnswer, string]>([
    [
      'a token beside a penalty',
      answering({ s: 'ok', 'p-ticket': 'T', d: { access_token: token } }),
      'time_penalty',
    ],
    [
      'a token of a closed login',
      answering({ s: 'ok', userStatus: 'Closed', d: { access_token: token } }),
      'account_unavailable',
    ],
    ['a token without "ok"', answering({ d: { access_token: token } }), 'unreadable_answer'],
    ['a token with HTTP 500', answering({ s: 'ok', d: { access_token: token } }, 500), 'server_fault'],
    [
      'a token that could break a header',
      answering({ s: 'ok', d: { access_token: 'a\r\nb: c' } }),
      'unreadable_answer',
    ],
    ['an expired token', ok((now - 1_000) / 1_000), 'token_expired'],
    ['a token that is no text', answering({ s: 'ok', d: { access_token: 1 } }), 'unreadable_answer'],
  ])('does not take %s for success', async (_, answer, code) => {
    await expect(signIn(connect([answer]))).rejects.toMatchObject({ name: 'BrokerError', code });
  });

  test('gives the ticket of a penalty along, and sends the identical body with it', async () => {
    const tried = connect([penalty, ok()]);
    const error = await penaltyOf(signIn(tried));
    expect(error).toMatchObject({
      code: 'time_penalty',
      retryAfterMs: 15_000,
      carry: { call: 'sign-in', 'p-ticket': 'T1' },
    });
    // Whoever prints an error prints no ticket.
    expect(inspect(error)).not.toContain('T1');
    await tried.connection.signIn?.({ ...call, ...carryOf(error) });
    expect(tried.requests[1]?.body).toBe(`${tried.requests[0]?.body ?? ''}&p-ticket=T1`);
  });

  test.each([
    [false, { call: 'sign-in', 'p-ticket': 'T1' }],
    [true, undefined],
  ])('keeps a ticket only where the call never left (sent: %s)', async (sent, kept) => {
    const lost = new BrokerError('made up', {
      kind: 'transient',
      code: 'unreachable',
      scope: 'broker',
      sent,
    });
    const carry = { call: 'sign-in', 'p-ticket': 'T1' };
    const error: unknown = await connect([lost])
      .connection.signIn?.({ ...call, carry })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unreachable', kind: 'transient', scope: 'broker', sent });
    expect(error).toHaveProperty('carry', kept);
  });

  test.each<[string, RawEntry]>([
    ['another password', { password: 'made-up, changed' }],
    ['another API key', { login: 'api', api: { ...login.api, sec: 'made-up-other-sec' } }],
  ])('drops the ticket that was given for %s, and is penalised for itself', async (_, changed) => {
    const entry = changed.login === 'api' ? login : {};
    const error = await penaltyOf(signIn(connect([penalty], {}, entry)));
    const tried = connect([penalty], {}, changed);
    const second = await penaltyOf(
      tried.connection.signIn?.({ ...call, ...carryOf(error) }) ?? Promise.resolve(),
    );
    expect(tried.requests[0]?.body).not.toContain('p-ticket');
    // Its own penalty, not an hour for an answer that was none.
    expect(second).toMatchObject({ code: 'time_penalty', retryAfterMs: 15_000 });
  });

  test('is paced like a login without an answer after a text that the settings name', async () => {
    const tried = connect([answering({ s: 'error', errmsg: 'We are busy.' })], {
      TRADOVATE_TRANSIENT_TEXTS: 'try later| Busy ',
    });
    await expect(signIn(tried)).rejects.toMatchObject({ kind: 'outcome-unknown', code: 'server_fault' });
  });
});

const native = (more: object = {}): HttpAnswer =>
  answering({
    accessToken: token,
    expirationTime: new Date(now + 4_700_000).toISOString(),
    passwordExpirationTime: new Date(now + 60_000).toISOString(),
    hibpHint: 'EmailAndPasswordCompromised',
    userStatus: 'Active',
    userId: 12_345,
    name: 'USER_000000',
    ...more,
  });
const connectApi = (answers: (HttpAnswer | BrokerError)[], settings: Record<string, string> = {}): Tried =>
  connect(answers, settings, login);
const grant: Grant = {
  token,
  headers: { Authorization: `Bearer ${token}` },
  issuedAt: now - 3_900_000,
  expiresAt: now + 900_000,
  tokenType: 'Bearer',
  baseUrl: 'https://api.example',
  owner: '12345',
};

describe('a native login', () => {
  test('is one JSON body without Authorization, the cid a number', async () => {
    const tried = connectApi([native()], { TRADOVATE_USER_AGENT: 'desk/1' });
    await signIn(tried);
    expect(tried.requests).toEqual([
      {
        method: 'POST',
        url: 'https://api.example/auth/accesstokenrequest',
        headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'desk/1' },
        body: JSON.stringify({ name: 'USER_000000', password, ...login.api, cid: 1_234 }),
      },
    ]);
  });

  test('gives a grant, whatever else the answer says of the password', async () => {
    expect(await signIn(connectApi([native({ apiHosts: { demo: 'x' }, showKIDs: false })]))).toEqual({
      ...grant,
      issuedAt: now,
      expiresAt: now + 4_700_000,
    });
  });

  test('puts a ticket behind the identical fields', async () => {
    const tried = connectApi([penalty, native()]);
    const error = await penaltyOf(signIn(tried));
    await tried.connection.signIn?.({ ...call, ...carryOf(error) });
    const body: unknown = JSON.parse(tried.requests[1]?.body ?? '');
    expect(body).toEqual({ name: 'USER_000000', password, ...login.api, cid: 1_234, 'p-ticket': 'T1' });
  });

  test('takes the owner from `userId` where the token does not tell', async () => {
    const opaque = native({ accessToken: 'made-up-opaque' });
    expect(await signIn(connectApi([opaque]))).toMatchObject({ token: 'made-up-opaque', owner: '12345' });
  });

  test.each<[string, object, object | undefined]>([
    [
      'until its own end',
      { mdAccessToken: token },
      { mdAccessToken: token, mdExpiresAt: '2026-01-15T09:20:00.000Z' },
    ],
    ['without one where it does not tell', { mdAccessToken: 'made-up' }, { mdAccessToken: 'made-up' }],
    ['not where it has ended', { mdAccessToken: jwt({ exp: now / 1_000 }) }, undefined],
    ['not where it could break a header', { mdAccessToken: 'a\nb' }, undefined],
    ['not where there is none', {}, undefined],
  ])('hands the market data token on: %s', async (_, more, meta) => {
    expect(((await signIn(connectApi([native(more)]))) as Grant).meta).toEqual(meta);
  });

  test.each<[string, HttpAnswer, string]>([
    ['a token beside an error text', native({ errorText: 'Incorrect password' }), 'bad_credentials'],
    ['a token beside a penalty', native({ 'p-ticket': 'T' }), 'time_penalty'],
    ['a token of a locked login', native({ userStatus: 'TemporaryLocked' }), 'locked_out'],
    ['the answer of the bridge', ok(), 'unreadable_answer'],
    ['an expired token', native({ expirationTime: '2026-01-15T07:59:59Z' }), 'token_expired'],
  ])('does not take %s for success', async (_, answer, code) => {
    await expect(signIn(connectApi([answer]))).rejects.toMatchObject({ code });
  });
});

describe('a renewal', () => {
  const other = jwt({ sub: '12345', exp: (now + 4_800_000) / 1_000, jti: 'two' });

  test('is offered to a native login, and to a bridge login that asks for it', () => {
    expect(connect([]).connection.renew).toBeUndefined();
    for (const { connection } of [connectApi([]), connect([], {}, { renew: true })]) {
      expect(connection.renew).toBeDefined();
      expect(connection.renewableUntil?.(grant)).toBe(grant.expiresAt);
      // About 15 minutes before the end of 80, and less than four minutes of spread.
      expect(connection.policy).toEqual({ dueAtShare: 65 / 80, jitterShare: 0.04 });
    }
  });

  test('is a GET with the living token', async () => {
    const tried = connect([native({ accessToken: other })], {}, { renew: true });
    const renewed = await tried.connection.renew?.(grant, call);
    expect(tried.requests).toEqual([
      {
        method: 'GET',
        url: 'https://api.example/auth/renewaccesstoken',
        headers: { accept: 'application/json', authorization: `Bearer ${token}` },
      },
    ]);
    expect(renewed).toMatchObject({
      token: other,
      issuedAt: now,
      expiresAt: now + 4_700_000,
      owner: '12345',
    });
  });

  test.each([
    ['none', 'https://api.example/auth/renewaccesstoken', undefined],
    ['query', 'https://api.example/auth/renewaccesstoken?p-ticket=T%2F1', undefined],
    ['header', 'https://api.example/auth/renewaccesstoken', 'T/1'],
  ])('brings a ticket where TRADOVATE_RENEWAL_TICKET says: %s', async (place, url, header) => {
    const penalised = answering({ 'p-ticket': 'T/1', 'p-time': 15 });
    const tried = connectApi([penalised, native()], { TRADOVATE_RENEWAL_TICKET: place });
    const error = await penaltyOf(tried.connection.renew?.(grant, call) ?? Promise.resolve());
    await tried.connection.renew?.(grant, { ...call, ...carryOf(error) });
    expect(tried.requests[1]?.url).toBe(url);
    expect(tried.requests[1]?.headers?.['p-ticket']).toBe(header);
  });

  test('shows the text of a refusal, but not where it repeats the token', async () => {
    const said = async (errorText: string): Promise<unknown> =>
      connectApi([answering({ errorText })])
        .connection.renew?.(grant, call)
        .catch((error: unknown) => String(error));
    expect(await said('Not today.')).toContain('"Not today"');
    expect(await said(`No session ${token}`)).not.toContain('No session');
  });

  test.each([423, 429])(
    'by a %i that bars the login as well stops it, and silences the network for an hour',
    async (status) => {
      const tried = connectApi([answering({ userStatus: 'TemporaryLocked' }, status)]);
      await expect(tried.connection.renew?.(grant, call)).rejects.toMatchObject({
        kind: 'needs-human',
        code: 'locked_out',
        scope: 'egress',
        retryAfterMs: 3_600_000,
      });
    },
  );

  test('keeps the market data token of the login while that is good', async () => {
    const kept = { mdAccessToken: 'made-up', mdExpiresAt: new Date(now + 1).toISOString() };
    const ended = { mdAccessToken: 'made-up', mdExpiresAt: new Date(now).toISOString() };
    const metaAfter = async (meta: Record<string, string>): Promise<unknown> =>
      (await connectApi([native()]).connection.renew?.({ ...grant, meta }, call))?.meta;
    expect(await metaAfter(kept)).toEqual(kept);
    expect(await metaAfter(ended)).toBeUndefined();
    expect(await metaAfter({ mdAccessToken: 'made-up' })).toBeUndefined();
  });
});

describe('a proof', () => {
  const proof = (answer: HttpAnswer, of: Grant = grant): Promise<unknown> =>
    connect([answer]).connection.probe?.(of, call) ?? Promise.reject(new Error('no probe'));
  const nobody: Grant = { ...grant };
  Reflect.deleteProperty(nobody, 'owner');

  test.each<[string, unknown, Grant, string]>([
    ['alive by its user', { userId: 12_345, name: 'another name' }, grant, 'alive'],
    ['alive by its user as a text', { userId: '12345' }, grant, 'alive'],
    ["another user's", { userId: 54_321, name: 'USER_000000' }, grant, 'someone-else'],
    ['alive by its name', { name: 'user_000000' }, grant, 'alive'],
    ['alive by its name where the owner is not known', { userId: 1, name: 'USER_000000' }, nobody, 'alive'],
    ["another's by its name", { userId: 1, name: 'USER_9' }, nobody, 'someone-else'],
  ])('says: %s', async (_, body, of, expected) => {
    expect(await proof(answering(body), of)).toBe(expected);
  });

  test('says: dead', async () => {
    expect(await proof(answering(undefined, 401))).toBe('dead');
  });
});

describe('reaching the broker', () => {
  const reach = (answer: HttpAnswer | BrokerError): Promise<unknown> =>
    connect([answer]).connection.reach?.(call) ?? Promise.reject(new Error('no reach'));

  test.each([
    [
      'the bridge',
      {},
      'https://bridge.example/accounts?locale=en',
      {
        origin: 'https://www.tradingview.com',
        referer: 'https://www.tradingview.com/',
        'accept-language': 'en',
      },
    ],
    ['the API', login, 'https://api.example/account/list', {}],
  ])('asks %s for a list without a token', async (_, entry, url, more) => {
    const tried = connect([answering({}, 401)], {}, entry);
    await tried.connection.reach?.(call);
    expect(tried.requests).toEqual([
      { method: 'GET', url, headers: { accept: 'application/json', ...more } },
    ]);
  });

  test.each<[string, HttpAnswer]>([
    ['401 with JSON', answering({ s: 'error', errmsg: 'Unauthorized' }, 401)],
    ['401, empty', { status: 401, headers: {}, body: '', json: undefined }],
    ['JSON', answering({ s: 'error' })],
    ['403, empty', { status: 403, headers: {}, body: '', json: undefined }],
    ['a redirect', { status: 302, headers: {}, body: '', json: undefined }],
    ['404, a text', { status: 404, headers: {}, body: 'Not Found', json: undefined }],
    ['a text', { status: 200, headers: {}, body: 'OK', json: undefined }],
  ])('%s is the broker itself', async (_, answer) => {
    await reach(answer);
  });

  test.each<[string, HttpAnswer | BrokerError, object]>([
    [
      'a page',
      { status: 401, headers: { 'content-type': 'text/html' }, body: '<html>', json: undefined },
      { code: 'server_fault' },
    ],
    ['500', answering({}, 500), { code: 'server_fault' }],
    [
      'no answer',
      new BrokerError('made up', { kind: 'outcome-unknown', code: 'timeout' }),
      { code: 'timeout' },
    ],
  ])('%s is not', async (_, answer, expected) => {
    await expect(reach(answer)).rejects.toMatchObject({ ...expected, kind: 'transient', scope: 'broker' });
  });

  test.each<[string, HttpAnswer, string]>([
    ['423', answering(undefined, 423), 'lockout_near'],
    ['429', answering(undefined, 429), 'rate_limited'],
    ['a penalty', penalty, 'time_penalty'],
  ])('%s asks for silence', async (_, answer, code) => {
    await expect(reach(answer)).rejects.toMatchObject({ kind: 'throttled', scope: 'egress', code });
  });
});

describe('a token that somebody else wrote', () => {
  const adopt = (text: string): unknown => connect([]).connection.adopt?.(text, now);

  test('is taken over until its own expiry', () => {
    expect(adopt(token)).toMatchObject({ token, issuedAt: now, expiresAt: now + 4_800_000, owner: '12345' });
  });

  test.each([
    ['is no JWT', 'made-up'],
    ['does not say when it ends', jwt({ sub: '1' })],
    ['has ended', jwt({ exp: now / 1_000 })],
    ['claims a month', jwt({ exp: now / 1_000 + 30 * 86_400 })],
    ['has a line break', `${token}\n`],
  ])('is not judged where it %s', (_, text) => {
    expect(adopt(text)).toBeUndefined();
  });
});
