import { describe, expect, it } from 'vitest';
import type { RefreshAnswer } from '../../../src/http/desk.ts';
import { account, fakeDesk, serve, without } from './support.ts';

const stopped = without('STUCK', 'stopped', { detail: 'The password was refused.' });
const person = without('UP', 'awaiting_approval', { person_needed: true });
const accounts = [account('DESK', { sub_accounts: ['SUB'] }), stopped, person];
const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** A page whose service answers refreshes like this, and what it was asked for. */
async function open(answer: RefreshAnswer = { outcome: 'started', message: 'It has been started.' }) {
  const asked: (readonly [string, boolean])[] = [];
  const desk = fakeDesk(accounts, {
    async requestRefresh(name, { rearm }) {
      asked.push([name, rearm]);
      return answer;
    },
  });
  const { app, cookie } = await serve(desk);
  return {
    asked,
    get: async (url: string) => (await app.inject({ url, headers: cookie() })).body,
    post: (name: string, fields: Record<string, string> = {}, headers: object = {}) =>
      app.inject({
        method: 'POST',
        url: `/accounts/${name}/refresh`,
        headers: { ...cookie(), ...form, ...headers },
        payload: new URLSearchParams(fields).toString(),
      }),
  };
}

describe('a button of the page', () => {
  it('asks for a refresh, leads back to the view it was on, and what came of it is said there', async () => {
    const { asked, get, post } = await open();
    const answer = await post('DESK', { back: '/dashboard?q=desk&account=DESK' });
    expect(answer.statusCode).toBe(303);
    const location = String(answer.headers.location);
    expect(location).toMatch(/^\/dashboard\?q=desk&account=DESK&said=[\w-]{12}$/);
    expect(asked).toEqual([['DESK', false]]);
    expect(await get(location)).toMatch(/class="said good" role="status"[^>]*>\s*It has been started/);
    expect(await get('/dashboard?said=made-up')).not.toContain('class="said');
  });

  it('tries a stopped account once more where the password was changed', async () => {
    const { asked, get, post } = await open();
    expect(await get('/dashboard')).toContain('I have changed the password: try again');
    expect(await get('/dashboard')).toContain('one more failed login of the network');
    await post('STUCK', { rearm: '1' });
    expect(asked).toEqual([['STUCK', true]]);
  });

  it('says why nothing was started', async () => {
    const { get, post } = await open({ outcome: 'silent', message: 'Silence until noon.', retryAt: null });
    const location = String((await post('DESK')).headers.location);
    expect(await get(location)).toMatch(/class="said waiting"[^>]*>\s*Silence until noon/);
  });

  it('leads to no other site and carries no text of its own', async () => {
    const { post } = await open();
    for (const back of [
      'https://evil.example/',
      '//evil.example',
      '/oauth/alpha/UP',
      'javascript:alert(1)',
    ]) {
      expect((await post('DESK', { back })).headers.location).toMatch(/^\/dashboard\?said=[\w-]+$/);
    }
  });

  it('does nothing for another site, for nobody, or for an account that is not there', async () => {
    const { asked, post } = await open();
    expect((await post('DESK', {}, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await post('DESK', {}, { origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await post('DESK', {}, { cookie: '' })).statusCode).toBe(401);
    expect(asked).toEqual([]);
    const { post: miss } = await open({ outcome: 'unknown-name', message: 'There is no account X.' });
    expect((await miss('X')).statusCode).toBe(404);
  });
});

describe('the button that has a broker ask', () => {
  const asks = without('RING', 'awaiting_approval', { person_needed: true, can_be_asked: true });
  const isOffered = async (one: typeof asks): Promise<readonly boolean[]> => {
    const { app, cookie } = await serve(fakeDesk([one]));
    const { body } = await app.inject({ url: `/dashboard?account=${one.name}`, headers: cookie() });
    return ['call', 'ask'].map((id) => body.includes(`id="${id}-alpha-${one.name}"`));
  };

  it('stands in the banner and in the details, beside the login', async () => {
    expect(await isOffered(asks)).toEqual([true, true]);
    // One whose token lives has no banner.
    expect(await isOffered(account('RING', { person_needed: true, can_be_asked: true }))).toEqual([
      false,
      true,
    ]);
  });

  it.each([
    ['asks nobody', { can_be_asked: false }],
    ['has asked, and may be answered', { reason: 'asked' }],
    ['is stopped', { state: 'stopped' }],
    ['rests', { state: 'paused' }],
  ] as const)('is not there where it %s', async (_, changes) => {
    expect(await isOffered({ ...asks, ...changes })).toEqual([false, false]);
  });

  it.each([
    ['asked', 'good'],
    ['asked-before', 'waiting'],
  ] as const)('says what came of it: %s', async (outcome, tone) => {
    const named: string[] = [];
    const { app, cookie } = await serve(
      fakeDesk([asks], {
        async ask(name) {
          named.push(name);
          return { outcome, message: 'Approve it in its app.', until: '2026-11-20T22:00:00.000Z' };
        },
      }),
    );
    const post = (headers: object = {}) =>
      app.inject({
        method: 'POST',
        url: '/accounts/RING/ask',
        headers: { ...cookie(), ...form, ...headers },
        payload: 'back=%2Fdashboard',
      });
    const answer = await post();
    expect([answer.statusCode, named]).toEqual([303, ['RING']]);
    const { body } = await app.inject({ url: String(answer.headers.location), headers: cookie() });
    expect(body).toMatch(new RegExp(`class="said ${tone}"[^>]*>\\s*Approve it in its app`));
    expect((await post({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await post({ cookie: '' })).statusCode).toBe(401);
    expect(named).toEqual(['RING']);
  });
});

describe('the rest of an account', () => {
  it.each([
    ['pause', { for: '2h' }, ['pause', 'DESK', 7_200_000]],
    ['pause', { for: '' }, ['pause', 'DESK', undefined]],
    ['resume', {}, ['resume', 'DESK', undefined]],
    ['logout', {}, ['logout', 'DESK', undefined]],
  ] as const)('is ordered by a button: %s %o', async (what, fields, expected) => {
    const ordered: unknown[] = [];
    const { app, cookie } = await serve(
      fakeDesk(accounts, {
        async intervene(...all) {
          ordered.push(all);
          return { outcome: 'done', message: 'It rests.', state: 'paused', until: null };
        },
      }),
    );
    const post = (payload: object, headers: object = {}) =>
      app.inject({
        method: 'POST',
        url: `/accounts/DESK/${what}`,
        headers: { ...cookie(), ...form, ...headers },
        payload: new URLSearchParams({ ...payload }).toString(),
      });
    const answer = await post({ ...fields, back: '/dashboard?account=DESK' });
    expect(answer.statusCode).toBe(303);
    const { body } = await app.inject({ url: String(answer.headers.location), headers: cookie() });
    expect(body).toContain('It rests.');
    expect((await post(fields, { 'sec-fetch-site': 'same-site' })).statusCode).toBe(403);
    expect((await post({ for: 'a while' })).statusCode).toBe(400);
    expect(ordered).toEqual([expected]);
  });

  it('is offered by what there is to do', async () => {
    const paused = without('RESTS', 'paused');
    const off = without('OFF', 'disabled');
    const { app, cookie } = await serve(fakeDesk([account('DESK'), paused, off]));
    const buttons = async (name: string) => {
      const { body } = await app.inject({ url: `/dashboard?account=${name}`, headers: cookie() });
      return [...body.matchAll(/action="\/accounts\/\w+\/(\w+)"/g)].map((match) => match[1]);
    };
    expect(await buttons('DESK')).toEqual(['refresh', 'pause', 'logout']);
    expect(await buttons('RESTS')).toEqual(['resume', 'logout']);
    expect(await buttons('OFF')).toEqual([]);
  });
});

describe('the details of an account', () => {
  it('stand open in the page that names it, with what a person can do', async () => {
    const { get } = await open();
    const details = async (name: string): Promise<string> =>
      /<dialog id="panel".*<\/dialog>/s.exec(await get(`/dashboard?account=${name}`))?.[0] ?? '';
    const desk = await details('DESK');
    expect(desk).toContain('<dialog id="panel" open aria-labelledby="panel-title">');
    for (const text of ['token:DESK', 'token:SUB', 'Fri 20 Nov 10:42 UTC', '30 min 0 s ago', 'Refresh now']) {
      expect(desk).toContain(text);
    }
    expect(desk).not.toContain('I have changed the password');
    const stuck = await details('STUCK');
    expect(stuck).toContain('name="rearm" value="1"');
    expect(stuck).not.toContain('Refresh now');
    expect(await details('UP')).toContain('href="/oauth/alpha/UP"');
    expect(await details('UP')).not.toContain('/refresh"');
    expect(await details('GONE')).toContain('There is no account GONE');
    expect(await get('/dashboard')).toContain('<dialog id="panel"></dialog>');
  });
});
