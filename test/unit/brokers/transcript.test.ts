import { describe, expect, it } from 'vitest';
import { makeTranscript } from '../../../src/brokers/transcript.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/core/broker.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import type { TranscribedCall } from '../../../src/core/transcript.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const call = { signal: new AbortController().signal };
const request: HttpRequest = { method: 'POST', url: 'https://broker.example/v1/session' };

const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status: 200,
  headers,
  body: JSON.stringify(body),
  json: body,
});

const base64 = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const jwt = (header: unknown, claims: unknown): string => `${base64(header)}.${base64(claims)}.c2lnbmF0dXJl`;

/** What is written down of one call. */
async function transcribed(
  answer: HttpAnswer,
  asked: Partial<HttpRequest> = {},
  hide: readonly string[] = [],
): Promise<TranscribedCall> {
  const transcript = makeTranscript({ clock: { now: () => now }, hide });
  await transcript.wrap(() => Promise.resolve(answer))({ ...request, ...asked }, call);
  const [first] = transcript.calls();
  if (!first) throw new Error('nothing was written down');
  return first;
}

const fieldsOf = async (body: unknown) => (await transcribed(json(body))).fields;

describe('a transcribed call', () => {
  it('says what was called, what came back, and how long it took', async () => {
    let at = now;
    const clock = { now: () => at };
    const transcript = makeTranscript({ clock, hide: [] });
    const http = transcript.wrap(async () => {
      at += 250;
      return json({ s: 'ok' }, { 'x-request-id': 'made-up', 'content-type': 'application/json' });
    });
    await http({ ...request, body: JSON.stringify({ name: 'made-up', password: 'made-up' }) }, call);
    expect(transcript.calls()).toEqual([
      {
        method: 'POST',
        path: '/v1/session',
        sent: ['name', 'password'],
        status: 200,
        tookMs: 250,
        headers: ['content-type', 'x-request-id'],
        fields: { s: { type: 'string', length: 2 } },
        body: 'json',
      },
    ]);
  });

  it('hands the answer on as it is', async () => {
    const answer = json({ s: 'ok' });
    const http = makeTranscript({ clock: { now: () => now }, hide: [] }).wrap(() => Promise.resolve(answer));
    expect(await http(request, call)).toBe(answer);
  });

  it('stands for a call without an answer, too, and the error goes on', async () => {
    const error = new BrokerError('late', { kind: 'outcome-unknown', code: 'timeout' });
    const transcript = makeTranscript({ clock: { now: () => now }, hide: [] });
    await expect(transcript.wrap(() => Promise.reject(error))(request, call)).rejects.toBe(error);
    expect(transcript.calls()).toEqual([
      expect.objectContaining({
        status: undefined,
        error: 'timeout',
        headers: [],
        fields: {},
        body: 'empty',
      }),
    ]);
  });

  it.each<readonly [TranscribedCall['body'], string, string]>([
    ['empty', '', ''],
    ['empty', ' \r\n', 'text/html'],
    ['html', '<!doctype html><p>made up', ''],
    ['html', 'made up', 'text/html; charset=utf-8'],
    ['text', 'made up', 'text/plain'],
    ['text', '{"half', 'application/json'],
  ])('calls a body %s', async (kind, body, type) => {
    const answer = { status: 502, headers: { 'content-type': type }, body, json: undefined };
    expect(await transcribed(answer)).toMatchObject({ status: 502, body: kind, fields: {} });
  });
});

describe('a watched connection', () => {
  const refused = new BrokerError('refused', { kind: 'needs-human', code: 'bad_credentials' });
  const open = () => {
    const transcript = makeTranscript({ clock: { now: () => now }, hide: [] });
    const http = transcript.wrap(() => Promise.resolve(json({ errmsg: 'x' })));
    return { transcript, http };
  };

  it('has the code of an error noted at the call that it came of', async () => {
    const { transcript, http } = open();
    const { signIn } = transcript.watch({
      async signIn(each) {
        await http(request, each);
        await http(request, each);
        throw refused;
      },
    });
    await expect(signIn?.(call)).rejects.toBe(refused);
    expect(transcript.calls().map(({ error }) => error)).toEqual([undefined, 'bad_credentials']);
  });

  it('leaves earlier calls alone where the error came of none', async () => {
    const { transcript, http } = open();
    await http(request, call);
    const { consent } = transcript.watch({
      consent: {
        url: () => '',
        redirectUri: '',
        receive: () => Promise.reject(refused),
        askAt: (at) => at,
        deadline: (at) => at,
      },
    });
    await expect(consent?.receive({}, call)).rejects.toBe(refused);
    expect(transcript.calls().map(({ error }) => error)).toEqual([undefined]);
  });

  it('has the methods that it had, and no others', () => {
    const { transcript } = open();
    const probe = () => Promise.resolve('alive' as const);
    const renewableUntil = () => 7;
    expect(Object.keys(transcript.watch({ probe, renewableUntil }))).toEqual(['probe', 'renewableUntil']);
    expect(transcript.watch({})).toEqual({});
  });
});

describe('the way of a call', () => {
  it.each([
    ['/v1/auth/accesstokenrequest', '/v1/auth/accesstokenrequest'],
    ['/gateway/deal/session/encryptionKey?x=SECRET', '/gateway/deal/session/encryptionKey'],
    [
      '/v3/login/auth/token/request/00000000-0000-4000-8000-000000000001',
      '/v3/login/auth/token/request/{id}',
    ],
    ['/v2/users/AB0001/', '/v2/users/{id}/'],
    ['/v2/users/alice', '/v2/users/{id}'],
    ['/v2/users/ALICE', '/v2/users/{id}'],
    ['/v2/users/a%20b', '/v2/users/{id}'],
    ['/v2/averyverylongwordthatmaywellbeatokenofletters', '/v2/{id}'],
    ['/', '/'],
  ])('%s is written as %s', async (path, expected) => {
    const { path: written } = await transcribed(json({}), { url: `https://broker.example${path}` }, [
      'Alice',
    ]);
    expect(written).toBe(expected);
  });

  it.each<readonly [string, readonly string[]]>([
    ['', []],
    ['{"identifier":"x","password":"y"}', ['identifier', 'password']],
    ['grant_type=authorization_code&code=x', ['grant_type', 'code']],
    ['locale=en&login=x%26password%3Dy', ['locale', 'login']],
    ['["x"]', ['{id}']],
    ['a-secret-by-itself', []],
    ['"a-secret-by-itself"', []],
  ])('of the body %j only the names of fields are kept', async (body, names) => {
    expect((await transcribed(json({}), { body })).sent).toEqual(names);
  });
});

describe('the fields of an answer', () => {
  it('are told by path and kind', async () => {
    expect(
      await fieldsOf({
        s: 'ok',
        d: { expiration: 1_795_267_200, access_token: 'x'.repeat(30) },
        errorCode: null,
        hasLiveAccounts: true,
        balance: 12.5,
      }),
    ).toEqual({
      s: { type: 'string', length: 2 },
      d: { type: 'object' },
      'd.expiration': { type: 'number', instant: { written: 'seconds', inSeconds: 4800 } },
      'd.access_token': { type: 'string', length: 30 },
      errorCode: { type: 'null' },
      hasLiveAccounts: { type: 'boolean' },
      balance: { type: 'number' },
    });
  });

  it('of the elements of an array share one path', async () => {
    expect(
      await fieldsOf({ accounts: [{ accountId: null }, { accountId: 'X', preferred: true }], names: ['a'] }),
    ).toEqual({
      accounts: { type: 'array', length: 2 },
      'accounts[]': { type: 'object' },
      'accounts[].accountId': { type: 'string', length: 1 },
      'accounts[].preferred': { type: 'boolean' },
      names: { type: 'array', length: 1 },
      'names[]': { type: 'string', length: 1 },
    });
  });

  it('of a body that is no object hang on $', async () => {
    expect(await fieldsOf([{ name: 'x' }])).toEqual({
      $: { type: 'array', length: 1 },
      '$[]': { type: 'object' },
      '$[].name': { type: 'string', length: 1 },
    });
    expect(await fieldsOf('x')).toEqual({ $: { type: 'string', length: 1 } });
  });

  it('tell instants only near now, and durations only where the name says so', async () => {
    const fields = await fieldsOf({
      expirationTime: '2026-11-21T13:20:00.000Z',
      expiry: '2026-11-21T13:20:00+00:00',
      until: now + 4_800_000,
      'p-time': 15,
      expiration: 4800,
      expires_in: '60',
      retryAfter: 3600,
      timezoneOffset: 1,
      userId: 1_795_267_200,
      pin: '1234',
      age: 45,
      birthDate: 19_800_101,
      born: '1980-01-01T00:00:00Z',
      day: '2026-11-21',
    });
    expect(fields).toEqual({
      expirationTime: {
        type: 'string',
        length: 24,
        instant: { written: 'iso-fraction', inSeconds: 4800 },
      },
      expiry: { type: 'string', length: 25, instant: { written: 'iso', inSeconds: 4800 } },
      until: { type: 'number', instant: { written: 'milliseconds', inSeconds: 4800 } },
      'p-time': { type: 'number', seconds: 15 },
      expiration: { type: 'number', seconds: 4800 },
      expires_in: { type: 'string', length: 2, seconds: 60 },
      retryAfter: { type: 'number', seconds: 3600 },
      timezoneOffset: { type: 'number' },
      userId: { type: 'number' },
      pin: { type: 'string', length: 4 },
      age: { type: 'number' },
      birthDate: { type: 'number' },
      born: { type: 'string', length: 20 },
      day: { type: 'string', length: 10 },
    });
  });

  it('tell the claims of a JWT by name, and its life', async () => {
    const token = jwt({ typ: 'JWT', kid: '7' }, { sub: '42', exp: now / 1000 + 4800, AB0001: 1 });
    expect(await fieldsOf({ token, other: `${base64('x')}.${base64('y')}.z` })).toEqual({
      token: {
        type: 'string',
        length: token.length,
        jwt: { header: ['kid', 'typ'], claims: ['exp', 'sub', '{id}'], expiresInSeconds: 4800 },
      },
      other: { type: 'string', length: 11 },
    });
  });

  it('are names, not values in their place', async () => {
    const names = ['AB0001', 'DEMO', 'Z3ABC', 'PAAPEX0000000000001', 'a.b', 'me@desk.example', '42', ''];
    const fields = await fieldsOf({ ...Object.fromEntries(names.map((name) => [name, 1])), address1: 1 });
    expect(Object.keys(fields)).toEqual(['{id}', 'address1']);
  });

  it('are many at most, and deep at most', async () => {
    const letters = (n: number): string =>
      [...n.toString(26)].map((digit) => String.fromCharCode(97 + parseInt(digit, 26))).join('');
    const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [letters(i), i]));
    expect(Object.keys(await fieldsOf(wide))).toHaveLength(400);
    let deep: unknown = 'x';
    for (let i = 0; i < 1000; i++) deep = { d: deep };
    expect(Object.keys(await fieldsOf(deep)).length).toBeLessThan(12);
  });
});

describe('no value', () => {
  /** Every scalar of the sample, however short, is found in no transcript of it. */
  const token = jwt({ alg: 'MARKalg', kid: 'MARKkid' }, { sub: 'MARKsub', exp: now / 1000 + 4773, n: 'Qz' });
  const sample = {
    s: 'Qk',
    d: { access_token: token, refresh_token: 'MARKrefresh', expiration: now / 1000 + 4801 },
    userId: 918_273,
    name: 'MARK Person',
    email: 'mark@desk.example',
    pin: '8361',
    x: 'Zq',
    n: 7_391_846,
    balance: 10_293.47,
    accountInfo: { available: -88_123.5, MARKID7: { accountId: 'ZMARK' } },
    accounts: [
      { accountId: 'ABMARK1', accountName: 'Konto Ü', tags: ['VIPq', ['deepq']] },
      { accountId: 'ABMARK2', since: '2019-03-04T05:06:07Z' },
    ],
    'p-ticket': 'MARKticket',
    created: '2026-11-21T11:59:58.765Z',
    mark_secret_as_key: true,
    MARKSECRETASKEY: 60_513,
    'secret as key': 70_614,
  };
  const sentValues = ['qqUser', 'pp&Word=1', 'kk', '31-QQ'];
  const sent = JSON.stringify({ user: 'qqUser', password: 'pp&Word=1', key: 'kk', device: { id: '31-QQ' } });

  const scalars = (value: unknown): readonly string[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap(scalars) : [String(value)];

  it('of a rich answer, its headers, or the request is in the transcript', async () => {
    const headers = {
      cst: 'MARKcst',
      'x-security-token': 'MARKxst',
      'set-cookie': 'sid=MARKsid',
      etag: 'q1',
    };
    const written = await transcribed(
      json(sample, headers),
      {
        url: `https://MARKHOST.example/v1/users/${sample.userId}/qqUser/session?code=MARKcode`,
        headers: { authorization: 'Bearer MARKbearer', 'x-ig-api-key': 'MARKkey' },
        body: sent,
      },
      ['qqUser', 'mark_secret_as_key'],
    );
    const text = JSON.stringify(written);
    const values = [...scalars(sample), ...Object.values(headers), ...sentValues]
      // True and false are kinds of an answer, too, and stand for nobody.
      .filter((value) => value !== 'true' && value !== 'null');
    expect(values.length).toBeGreaterThan(25);
    expect(values.filter((value) => text.includes(value))).toEqual([]);
    expect(text).not.toMatch(/mark/i);
    expect(text).not.toContain('secret as key');
    for (const part of token.split('.')) expect(text).not.toContain(part);
  });

  it('of a body that is no JSON is in the transcript', async () => {
    const html = { status: 403, headers: {}, body: '<html>MARK</html>', json: undefined };
    expect(JSON.stringify(await transcribed(html, { body: 'login=MARK&MARK2=1' }))).not.toContain('MARK');
  });

  it('of an error is in the transcript', async () => {
    const transcript = makeTranscript({ clock: { now: () => now }, hide: [] });
    const http = transcript.wrap(() => Promise.reject(new Error('MARK')));
    await expect(http(request, call)).rejects.toThrow('MARK');
    expect(JSON.stringify(transcript.calls())).not.toContain('MARK');
  });
});
