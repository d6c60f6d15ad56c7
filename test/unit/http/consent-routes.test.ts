import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../../src/core/broker.ts';
import type { ConsentOutcome } from '../../../src/http/desk.ts';
import { account, bearer, fakeDesk, serve } from './support.ts';

const person = account('one', { person_needed: true });
const desk = fakeDesk([person, account('two')]);
const dialog = 'https://broker.example/dialog?client_id=made-up&state=one-time';
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('GET /oauth/:broker/:name', () => {
  it('sends whoever is signed in to the dialog, also where the token is fresh', async () => {
    const { app, cookie } = await serve(desk);
    for (const headers of [bearer, cookie()]) {
      const answer = await app.inject({ url: '/oauth/alpha/one', headers });
      expect([answer.statusCode, answer.headers.location]).toEqual([302, dialog]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('knows no login of an account that has none, or of another broker', async () => {
    const { app } = await serve(desk);
    for (const url of ['/oauth/alpha/two', '/oauth/beta/one', '/oauth/alpha/nobody']) {
      const answer = await app.inject({ url, headers: { ...bearer, accept: 'application/json' } });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'NO_BROWSER_LOGIN']);
    }
  });

  it('asks anybody else to sign in, and leads there afterwards', async () => {
    const { app } = await serve(desk);
    const answer = await app.inject({ url: '/oauth/alpha/one' });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('name="next" value="/oauth/alpha/one"');
    const json = await app.inject({ url: '/oauth/alpha/one', headers: { accept: 'application/json' } });
    expect([json.statusCode, json.json<{ code: string }>().code]).toEqual([401, 'UNAUTHORIZED']);
  });

  it('is never run by a HEAD', async () => {
    const { app } = await serve(desk);
    expect((await app.inject({ method: 'HEAD', url: '/oauth/alpha/one', headers: bearer })).statusCode).toBe(
      405,
    );
    expect((await app.inject({ method: 'HEAD', url: '/callback?code=c&state=s' })).statusCode).toBe(405);
  });
});

describe('a ticket', () => {
  const counting = () => {
    let begun = 0;
    const beginConsent: typeof desk.beginConsent = async () => {
      begun += 1;
      return new URL(dialog);
    };
    return { desk: fakeDesk([person], { beginConsent }), begun: () => begun };
  };

  it('shows a page with one button, and a preview of it spends nothing', async () => {
    const { desk: counted, begun } = counting();
    const { app } = await serve(counted);
    const page = await app.inject({ url: '/oauth/alpha/one?ticket=good-ticket' });
    expect(page.statusCode).toBe(200);
    expect(page.body.match(/<button/g)).toHaveLength(1);
    expect(page.body).toContain('<form method="post">');
    expect(page.headers['content-security-policy']).not.toContain('form-action');
    expect(begun()).toBe(0);

    const payload = 'ticket=good-ticket';
    const post = await app.inject({ method: 'POST', url: '/oauth/alpha/one', headers: form, payload });
    expect([post.statusCode, post.headers.location, begun()]).toEqual([302, dialog, 1]);
  });

  it('opens nothing when it is bad or missing', async () => {
    const { desk: counted, begun } = counting();
    const { app } = await serve(counted);
    const page = await app.inject({ url: '/oauth/alpha/one?ticket=bad' });
    expect(page.statusCode).toBe(401);
    expect(page.body).toContain('This link has expired');
    for (const payload of ['ticket=bad', '', 'ticket=good-ticket&ticket=good-ticket']) {
      const post = await app.inject({ method: 'POST', url: '/oauth/alpha/one', headers: form, payload });
      expect(post.statusCode).toBe(401);
    }
    expect(begun()).toBe(0);
  });
});

describe('GET /callback', () => {
  const arrive = async (outcome: ConsentOutcome, query: string, headers: Record<string, string> = {}) => {
    const seen: [string | undefined, Arrival][] = [];
    const finishConsent: typeof desk.finishConsent = async (state, arrival) => {
      seen.push([state, arrival]);
      return outcome;
    };
    const served = await serve(fakeDesk([person], { finishConsent }));
    return { answer: await served.app.inject({ url: `/callback${query}`, headers }), seen, log: served.log };
  };

  it.each([
    [200, { outcome: 'done', name: 'one', message: 'The token is in Redis.' }],
    [200, { outcome: 'handed-over', name: 'one', message: 'The command has it.' }],
    [400, { outcome: 'unknown-state', message: 'Ask for a new link.' }],
    [409, { outcome: 'someone-else', name: 'one', message: 'Another user logged in.' }],
    [409, { outcome: 'not-served', name: 'one', message: 'It is paused.' }],
    [502, { outcome: 'broker-failed', name: 'one', message: 'The broker did not answer.' }],
    [503, { outcome: 'not-now', name: 'one', message: 'There is no room.', retryAfterMs: 42_300 }],
  ] as const)('answers %i and says what happened on a page', async (status, outcome) => {
    const { answer } = await arrive(outcome, '?code=c0de&state=st4te');
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.body).toContain(outcome.message);
    expect(answer.body.includes('data-closes')).toBe(status === 200);
    // Whose login it is may be known elsewhere: the address is then what has to be copied.
    expect(answer.body.includes('data-keeps-address')).toBe(status === 400);
  });

  it.each([
    [200, undefined, { outcome: 'done', name: 'one', message: 'The token is in Redis.' }],
    [200, undefined, { outcome: 'handed-over', name: 'one', message: 'The command has it.' }],
    [400, 'UNKNOWN_STATE', { outcome: 'unknown-state', message: 'Ask for a new link.' }],
    [409, 'ANOTHER_USER', { outcome: 'someone-else', name: 'one', message: 'Another user logged in.' }],
    [409, 'NOT_SERVED', { outcome: 'not-served', name: 'one', message: 'It is paused.' }],
    [502, 'BROKER_FAILED', { outcome: 'broker-failed', name: 'one', message: 'No answer.' }],
    [503, 'NOT_NOW', { outcome: 'not-now', name: 'one', message: 'No room.', retryAfterMs: 42_300 }],
  ] as const)('answers %i with %s in JSON to whoever asks for that', async (status, code, outcome) => {
    const { answer } = await arrive(outcome, '?code=c0de&state=st4te', { accept: 'application/json' });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['retry-after']).toBe(status === 503 ? '43' : undefined);
    const said = code === undefined ? { status: 'success' } : { status: 'error', code };
    expect(answer.json<object>()).toEqual({ ...said, message: outcome.message });
  });

  it('says when to come back where nothing was sent, and keeps an address that works once more', async () => {
    const wait = { outcome: 'not-now', message: 'Wait.', retryAfterMs: 42_300 } as const;
    const { answer } = await arrive({ ...wait, name: 'one', again: '/again' }, '?code=c&state=s');
    expect(answer.headers['retry-after']).toBe('43');
    expect(answer.body).toContain('one: Not now');
    expect(answer.body).toContain('Start again');
    expect(answer.body).not.toContain('data-keeps-address');
    const { answer: restarting } = await arrive({ ...wait, reload: true }, '?code=c&state=s');
    expect(restarting.body).toContain('<h1>Not now</h1>');
    expect(restarting.body).toContain('data-keeps-address');
  });

  it('leads whose login did not work out to the next one, without a sign-in', async () => {
    const again = '/oauth/upstox/one?ticket=1.made-up';
    for (const outcome of ['broker-failed', 'someone-else'] as const) {
      const { answer } = await arrive({ outcome, name: 'one', message: 'No.', again }, '?code=c&state=s');
      expect(answer.body).toMatch(/href="http[^"]*\/oauth\/upstox\/one\?ticket=1\.made-up">Start again</);
    }
    const { answer } = await arrive({ outcome: 'done', name: 'one', message: 'Yes.' }, '?code=c&state=s');
    expect(answer.body).not.toContain('Start again');
  });

  it('hands over what came, and nothing that came twice', async () => {
    const unknown: ConsentOutcome = { outcome: 'unknown-state', message: '' };
    expect((await arrive(unknown, '?code=c0de&state=st4te')).seen).toEqual([['st4te', { code: 'c0de' }]]);
    expect((await arrive(unknown, '?error=access_denied&state=st4te')).seen).toEqual([
      ['st4te', { error: 'access_denied' }],
    ]);
    expect((await arrive(unknown, '?code=a&code=b&state=s&state=t')).seen).toEqual([[undefined, {}]]);
    expect((await arrive(unknown, '')).seen).toEqual([[undefined, {}]]);
  });

  it('keeps code and state out of the log and off the page, also when something breaks', async () => {
    const { answer, log } = await arrive(
      { outcome: 'done', name: 'one', message: 'Done.' },
      '?code=c0de&state=st4te',
    );
    const { app, log: other } = await serve(
      fakeDesk([person], { finishConsent: async () => Promise.reject(new Error('Redis went away')) }),
    );
    const broken = await app.inject({ url: '/callback?code=c0de&state=st4te' });
    expect(broken.statusCode).toBe(500);
    const bad = await app.inject({ url: '/callback/%zz?code=c0de&state=st4te' });
    expect(bad.statusCode).toBe(400);
    for (const text of [answer.body, broken.body, bad.body, log.text(), other.text()]) {
      expect(text).not.toMatch(/c0de|st4te/);
    }
    expect(other.text()).toContain('Redis went away');
    expect(log.lines.map(({ fields }) => fields['route'])).toContain('/callback');
  });

  it('is answered on the path of a redirect URI that leads to the main port', async () => {
    const done: ConsentOutcome = { outcome: 'done', name: 'one', message: 'Done.' };
    const { app } = await serve(fakeDesk([person], { finishConsent: async () => done }), {
      callbackPaths: ['/login/back', '/'],
    });
    expect((await app.inject({ url: '/login/back?code=c&state=s' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/?code=c&state=s' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/login/other?code=c&state=s' })).statusCode).toBe(404);
  });
});
