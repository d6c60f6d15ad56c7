import { describe, expect, it } from 'vitest';
import { account, bearer, fakeDesk, serve } from './support.ts';

const desk = fakeDesk([account('one')]);
const post = { method: 'POST', url: '/api/token/force-refresh' } as const;

describe('the error shape', () => {
  it.each([
    ['404 for an unknown path', { url: '/nothing' }, 404, 'NOT_FOUND'],
    ['404 under /api for whoever is signed in', { url: '/api/nothing', headers: bearer }, 404, 'NOT_FOUND'],
    [
      '405 for a method',
      { method: 'DELETE', url: '/api/token/status/one', headers: bearer },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['405 for a GET', { url: '/api/token/force-refresh', headers: bearer }, 405, 'METHOD_NOT_ALLOWED'],
    ['413', { ...post, headers: bearer, payload: { username: 'x'.repeat(20_000) } }, 413, 'BODY_TOO_LARGE'],
    [
      '415 for text',
      { ...post, headers: { ...bearer, 'content-type': 'text/plain' }, payload: 'one' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      '415 for a form',
      {
        ...post,
        headers: { ...bearer, 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'username=one',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      '404 for a name longer than any',
      { url: `/api/token/status/${'x'.repeat(300)}`, headers: bearer },
      404,
      'NOT_FOUND',
    ],
    ['400 for a URL that is none', { url: '/api/token/status/%zz', headers: bearer }, 400, 'BAD_REQUEST'],
  ] as const)('holds for %s', async (_what, request, status, code) => {
    const { app } = await serve(desk);
    const answer = await app.inject(request);
    expect(answer.statusCode).toBe(status);
    const body = answer.json<object>();
    expect(Object.keys(body)).toEqual(['status', 'code', 'message']);
    expect(body).toMatchObject({ status: 'error', code });
  });

  it('names the methods that go', async () => {
    const { app } = await serve(desk);
    const answer = await app.inject({ method: 'PUT', url: '/oauth/alpha/one' });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, POST']);
  });

  it('repeats nothing of a body that is no JSON', async () => {
    const { app, log } = await serve(desk);
    const headers = { ...bearer, 'content-type': 'application/json' };
    const answer = await app.inject({ ...post, headers, payload: '{"password": hunter2}' });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'BAD_REQUEST']);
    expect(answer.body + log.text()).not.toContain('hunter2');
  });

  it('hides what failed from the caller and tells the log', async () => {
    const { app, log } = await serve(
      fakeDesk([], { accounts: () => Promise.reject(new Error('a made-up failure')) }),
    );
    const answer = await app.inject({ url: '/api/token/status', headers: bearer });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toContain('made-up failure');
    expect(log.lines).toContainEqual({
      level: 'error',
      message: 'A request failed.',
      fields: expect.objectContaining({
        event: 'http.failed',
        route: '/api/token/status',
        error: 'a made-up failure',
      }),
    });
  });

  it('says that Redis is away, where that is why', async () => {
    const away = Object.assign(new Error('Command timed out'), { name: 'Error' });
    const { app } = await serve(fakeDesk([], { accounts: () => Promise.reject(away) }));
    const answer = await app.inject({ url: '/api/token/status', headers: bearer });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([503, 'NOT_READY']);
  });
});

describe('security headers', () => {
  it.each(['/livez', '/nothing', '/sign-in', '/dashboard', '/callback', '/assets/base.css'])(
    'stand on %s',
    async (url) => {
      const { app } = await serve(desk);
      const { headers } = await app.inject({ url });
      const csp = String(headers['content-security-policy']);
      expect(csp).toContain("default-src 'none'");
      expect(csp).toContain("frame-ancestors 'none'");
      expect(csp).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      });
      if (!url.startsWith('/assets')) expect(headers['cache-control']).toBe('no-store');
    },
  );
});

describe('the request log', () => {
  it('knows routes and no URLs', async () => {
    const { app, log } = await serve(desk);
    await app.inject({ url: '/api/token/status/one?why=because', headers: bearer });
    await app.inject({ url: '/oauth/alpha/one?ticket=t1cket' });
    await app.inject({ url: '/where/is/it?secret=s3cret' });
    expect(log.lines.map(({ fields }) => fields['route']).filter(Boolean)).toEqual([
      '/api/token/status/:name',
      '/oauth/:broker/:name',
      'unknown',
    ]);
    expect(log.text()).not.toMatch(/because|t1cket|s3cret/);
  });
});
