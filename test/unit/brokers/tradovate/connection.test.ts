import { describe, expect, test } from 'vitest';
import { tradovate } from '../../../../src/brokers/tradovate/index.ts';
import type { Connection, HttpAnswer, HttpRequest } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';

const now = Date.UTC(2026, 0, 15, 8);
const password = 'made up & + % # = @ /';
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
function connect(answers: (HttpAnswer | BrokerError)[], settings: Record<string, string> = {}): Tried {
  const read = tradovate.login({ username: 'USER_000000', password });
  if ('faults' in read) throw new Error('the entry is refused');
  const requests: HttpRequest[] = [];
  const connection = read.login.connect({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    baseUrl: (purpose) => `https://${purpose}.example/`,
    setting: (variable) => settings[variable],
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

  test('answers a penalty with its ticket, once', async () => {
    const tried = connect([penalty, ok(), ok()]);
    await expect(signIn(tried)).rejects.toMatchObject({ code: 'time_penalty', retryAfterMs: 15_000 });
    await signIn(tried);
    await signIn(tried);
    const plain = { locale: 'en', login: 'USER_000000', password };
    expect(tried.requests.map(formOf)).toEqual([plain, { ...plain, 'p-ticket': 'T1' }, plain]);
  });

  test('falls silent for an hour where the ticket is not taken', async () => {
    const tried = connect([penalty, penalty]);
    await expect(signIn(tried)).rejects.toMatchObject({ retryAfterMs: 15_000 });
    await expect(signIn(tried)).rejects.toMatchObject({ scope: 'egress', retryAfterMs: 3_600_000 });
  });

  test.each([
    [false, 'T1'],
    [true, undefined],
  ])('keeps a ticket only where the call never left (sent: %s)', async (sent, kept) => {
    const lost = new BrokerError('made up', { kind: 'transient', code: 'unreachable', sent });
    const tried = connect([penalty, lost, ok()]);
    await expect(signIn(tried)).rejects.toThrow();
    await expect(signIn(tried)).rejects.toThrow();
    await signIn(tried);
    expect(new URLSearchParams(tried.requests[2]?.body).get('p-ticket') ?? undefined).toBe(kept);
  });

  test('is tried again after a text that the settings name', async () => {
    const tried = connect([answering({ s: 'error', errmsg: 'We are busy.' })], {
      TRADOVATE_TRANSIENT_TEXTS: 'try later| Busy ',
    });
    await expect(signIn(tried)).rejects.toMatchObject({ kind: 'transient' });
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
