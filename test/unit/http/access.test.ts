import { describe, expect, it } from 'vitest';
import { makeAccess } from '../../../src/http/access.ts';
import { account, ADMIN_TOKEN, bearer, fakeClock, fakeDesk, serve } from './support.ts';

const desk = fakeDesk([account('one')]);
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const day = 24 * 60 * 60_000;

describe('the admin token', () => {
  it.each([
    ['no header', undefined],
    ['a wrong token', 'Bearer made-up-admin-tokem'],
    ['a longer one', `Bearer ${ADMIN_TOKEN}x`],
    ['an empty one', 'Bearer '],
    ['another scheme', `Basic ${ADMIN_TOKEN}`],
  ])('is asked for: %s', async (_what, authorization) => {
    const { app } = await serve(desk);
    for (const url of ['/api/token/status', '/api/token/status/one', '/api/nothing']) {
      const answer = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toMatchObject({ status: 'error', code: 'UNAUTHORIZED' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('opens nothing where none is configured', () => {
    expect(makeAccess('', fakeClock()).tokenIsGood('')).toBe(false);
  });

  it('is asked for before a body is read', async () => {
    const { app } = await serve(desk);
    const payload = 'x'.repeat(100_000);
    const answer = await app.inject({ method: 'POST', url: '/api/token/force-refresh', payload });
    expect(answer.statusCode).toBe(401);
  });

  it('outranks a good cookie when it is wrong', async () => {
    const { app, cookie } = await serve(desk);
    const headers = { ...cookie(), authorization: 'Bearer wrong' };
    expect((await app.inject({ url: '/api/token/status', headers })).statusCode).toBe(401);
  });
});

describe('signing in', () => {
  it('gives a cookie that works, is kept from scripts and other sites, and is not the token', async () => {
    const { app } = await serve(desk);
    const payload = `token=${ADMIN_TOKEN}`;
    const answer = await app.inject({ method: 'POST', url: '/sign-in', headers: form, payload });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/dashboard']);
    const [cookie] = answer.cookies;
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    expect(cookie?.secure).toBeUndefined();
    expect(cookie?.value).not.toContain(ADMIN_TOKEN);
    const headers = { cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}` };
    expect((await app.inject({ url: '/api/token/status', headers })).statusCode).toBe(200);
  });

  it('marks the cookie secure behind TLS', async () => {
    const { app } = await serve(desk, { publicUrl: 'https://refresher.example' });
    const headers = { ...form, host: 'refresher.example' };
    const payload = `token=${ADMIN_TOKEN}`;
    const answer = await app.inject({ method: 'POST', url: '/sign-in', headers, payload });
    expect(answer.cookies[0]?.secure).toBe(true);
  });

  it('refuses a wrong token, says so on the page and in the log, and repeats it nowhere', async () => {
    const { app, log } = await serve(desk);
    const payload = 'token=guess-guess-guess';
    const answer = await app.inject({ method: 'POST', url: '/sign-in', headers: form, payload });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('That is not the admin token.');
    expect(answer.cookies).toEqual([]);
    expect(log.lines.map(({ fields }) => fields['event'])).toContain('page.sign_in_refused');
    expect(answer.body + log.text()).not.toContain('guess-guess-guess');
  });

  it('ends after a week, with another admin token, and with any change to the cookie', async () => {
    const { app, cookie, clock } = await serve(desk);
    const status = async (headers: { cookie: string }) =>
      (await app.inject({ url: '/api/token/status', headers })).statusCode;
    const good = cookie();
    expect(await status(good)).toBe(200);
    expect(await status({ cookie: good.cookie.replace('=1', '=2') })).toBe(401);
    expect(await status({ cookie: `${good.cookie}.x` })).toBe(401);
    const other = makeAccess('another-made-up-token', clock).openSession().value;
    expect(await status({ cookie: good.cookie.replace(/=.*/, `=${other}`) })).toBe(401);
    clock.move(7 * day);
    expect(await status(good)).toBe(401);
  });

  it('goes on to the login that was asked for, over a page of ours, and to no foreign place', async () => {
    const { app } = await serve(desk);
    const go = (next: string) =>
      app.inject({
        method: 'POST',
        url: '/sign-in',
        headers: form,
        payload: new URLSearchParams({ token: ADMIN_TOKEN, next }).toString(),
      });
    const wanted = await go('/oauth/alpha/one');
    expect(wanted.statusCode).toBe(200);
    expect(wanted.body).toContain('content="0; url=/oauth/alpha/one"');
    for (const next of [
      '//evil.example/x',
      'https://evil.example/',
      '/\\evil.example',
      '/oauth/a/b?c',
      '/api/x',
    ]) {
      expect((await go(next)).headers.location).toBe('/dashboard');
    }
  });

  it('works once with a link from the start, for twelve hours', async () => {
    const { app, access, clock } = await serve(desk);
    const follow = async (link: string) =>
      (await app.inject({ method: 'POST', url: '/sign-in', headers: form, payload: `link=${link}` }))
        .statusCode;
    const link = access.makeLink();
    expect([await follow(link), await follow(link), await follow('made-up')]).toEqual([303, 401, 401]);
    const late = access.makeLink();
    clock.move(day / 2);
    expect(await follow(late)).toBe(401);
  });

  it('ends with the cookie taken away', async () => {
    const { app, cookie, access } = await serve(desk);
    const answer = await app.inject({ method: 'POST', url: '/sign-out', headers: cookie() });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/sign-in']);
    expect(answer.cookies[0]).toMatchObject({ name: access.cookieName, value: '' });
  });

  it('leads whoever is signed in past the form', async () => {
    const { app, cookie } = await serve(desk);
    expect((await app.inject({ url: '/sign-in' })).statusCode).toBe(200);
    const answer = await app.inject({ url: '/sign-in', headers: cookie() });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/dashboard']);
  });
});

describe('another site', () => {
  const post = async (headers: Readonly<Record<string, string>>, withCookie = true) => {
    const { app, cookie } = await serve(desk, { publicUrl: 'https://refresher.example' });
    const answer = await app.inject({
      method: 'POST',
      url: '/api/token/force-refresh',
      headers: { host: 'localhost:8000', ...(withCookie && cookie()), ...headers },
    });
    return answer.statusCode;
  };

  it.each([
    ['by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['on another port of the same host', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' }],
    ['by Origin, in an older browser', { origin: 'http://localhost:3000' }],
    ['without a name', { origin: 'null' }],
  ])('starts nothing with our cookie: %s', async (_how, headers) => {
    expect(await post(headers)).toBe(403);
  });

  it.each([
    ['our own page', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8000' }],
    ['our own page, in an older browser', { origin: 'http://localhost:8000' }],
    ['our page behind a proxy', { origin: 'https://refresher.example' }],
    ['a program', {}],
  ])('is not %s', async (_who, headers) => {
    expect(await post(headers)).toBe(202);
  });

  it('does not matter to whoever holds the token', async () => {
    expect(await post({ ...bearer, origin: 'https://tool.example' }, false)).toBe(202);
  });
});
