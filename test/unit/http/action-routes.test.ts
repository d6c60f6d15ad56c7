import { describe, expect, it } from 'vitest';
import type { Desk, RefreshAnswer } from '../../../src/http/desk.ts';
import { busyPlan } from '../../support/desks.ts';
import { account, fakeDesk, NOW, serve, without } from './support.ts';

const refusedAt = '2026-11-20T09:58:00.000Z';
const stopped = without('STUCK', 'stopped', {
  detail: 'The password was refused.',
  last_error: { code: 'bad_credentials', message: 'The password was refused.', at: refusedAt },
});
const person = without('UP', 'awaiting_approval', { person_needed: true });
const accounts = [account('DESK', { sub_accounts: ['SUB'] }), stopped, person];
const form = { 'content-type': 'application/x-www-form-urlencoded' };

const textOf = (page: string): string => page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

/** A page whose service answers refreshes like this, and what it was asked for. */
async function open(
  answer: RefreshAnswer = { outcome: 'started', message: 'It has been started.' },
  changes: Partial<Desk> = {},
) {
  const asked: (readonly [string, boolean])[] = [];
  const desk = fakeDesk(accounts, {
    async requestRefresh(name, { rearm }) {
      asked.push([name, rearm]);
      return answer;
    },
    ...changes,
  });
  const { app, cookie } = await serve(desk);
  return {
    asked,
    answer: (url: string, headers: object = {}) => app.inject({ url, headers: { ...cookie(), ...headers } }),
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

  it('asks first what a stopped account would be tried with once more, and what that costs', async () => {
    const { asked, get } = await open(undefined, { plan: async () => busyPlan(NOW) });
    const dashboard = await get('/dashboard');
    expect(dashboard).toMatch(/<form method="get" action="\/accounts\/STUCK\/try-again">/);
    expect(dashboard).toContain('I have changed the password: try again');
    expect(dashboard).not.toContain('rearm');
    const page = textOf(await get('/accounts/STUCK/try-again?back=%2Fdashboard%3Fq%3Dstuck'));
    for (const text of [
      'Send the same password of STUCK again?',
      'it still has the password that Alpha refused ( 2 min 0 s ago ).',
      'A changed one is taken up and tried by itself within seconds',
      '3 of 5 failed logins of this network in 60 min are used: 3 refused (ALPHA_ONE, ALPHA_TWO, ALPHA_THREE).',
      '2 are left. A further wrong one is the last that may fail',
      'Mended at the broker: allow one more try',
    ]) {
      expect(page).toContain(text);
    }
    expect(await get('/accounts/STUCK/try-again?back=%2Fdashboard%3Fq%3Dstuck')).toContain(
      'href="/dashboard?q=stuck"',
    );
    expect(asked).toEqual([]);
  });

  it('sends it by the second press, once for each refusal that somebody read of', async () => {
    const { asked, get, post } = await open();
    const page = await get('/accounts/STUCK/try-again');
    const fields: Readonly<Record<string, string>> = Object.fromEntries(
      [...page.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value] as const,
      ),
    );
    expect(fields).toEqual({ back: '/dashboard', rearm: '1', refusal: refusedAt });
    const before = { ...fields, refusal: '2026-11-20T09:00:00.000Z' };
    for (const stale of [before, { rearm: '1' }]) {
      const location = String((await post('STUCK', stale)).headers.location);
      expect(await get(location)).toMatch(/class="said waiting"[^>]*>\s*STUCK has been refused since/);
    }
    expect(asked).toEqual([]);
    await post('STUCK', fields);
    expect(asked).toEqual([['STUCK', true]]);
  });

  it('sends nothing where the account goes on by itself meanwhile', async () => {
    const { asked, answer, get, post } = await open();
    const said = [
      (await answer('/accounts/DESK/try-again?back=%2Fdashboard%3Fq%3Ddesk')).headers.location,
      (await post('DESK', { rearm: '1', refusal: refusedAt })).headers.location,
    ];
    expect(said[0]).toMatch(/^\/dashboard\?q=desk&said=/);
    for (const location of said) {
      expect(await get(String(location))).toMatch(
        /class="said waiting"[^>]*>\s*DESK is not stopped any more/,
      );
    }
    expect(asked).toEqual([]);
  });

  it('asks also where the failed logins cannot be read, or nobody counts them', async () => {
    const broken = await open(undefined, { plan: () => Promise.reject(new Error('Redis is away')) });
    expect(await broken.get('/accounts/STUCK/try-again')).toContain('cannot be read now');
    const uncounted = await (await open()).get('/accounts/STUCK/try-again');
    expect(uncounted).toContain('Where it is refused once more, the account is stopped again.');
    expect(uncounted).toContain('id="try-now"');
  });

  it('puts the question to nobody else, and about no account that is not there', async () => {
    const { answer } = await open();
    const url = '/accounts/STUCK/try-again';
    expect((await answer(url, { cookie: '' })).statusCode).toBe(401);
    expect((await answer('/accounts/GONE/try-again')).statusCode).toBe(404);
    expect((await answer(url)).headers['content-security-policy']).toContain("form-action 'self'");
    const elsewhere = '/accounts/STUCK/try-again?back=https%3A%2F%2Fevil.example%2F';
    expect((await answer(elsewhere)).body).not.toContain('evil.example');
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
    const until = '2026-11-20T10:51:00.000Z';
    const silent = account('SILENT', { no_refresh_before: until });
    const { app, cookie } = await serve(fakeDesk([account('DESK'), paused, off, silent]));
    const buttons = async (name: string) => {
      const { body } = await app.inject({ url: `/dashboard?account=${name}`, headers: cookie() });
      return [...body.matchAll(/action="\/accounts\/\w+\/(\w+)"/g)].map((match) => match[1]);
    };
    expect(await buttons('DESK')).toEqual(['refresh', 'pause', 'logout']);
    expect(await buttons('RESTS')).toEqual(['resume', 'logout']);
    expect(await buttons('OFF')).toEqual([]);
    // What would be answered by a refusal.
    expect(await buttons('SILENT')).toEqual(['pause', 'logout']);
    const { body } = await app.inject({ url: '/dashboard?account=SILENT', headers: cookie() });
    expect(body.replaceAll(/<[^>]*>/g, '')).toContain('No refresh is taken before Fri 20 Nov 10:51 UTC.');
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
    expect(stuck).toContain('action="/accounts/STUCK/try-again"');
    expect(stuck).not.toContain('Refresh now');
    expect(await details('UP')).toContain('href="/oauth/alpha/UP"');
    expect(await details('UP')).not.toContain('/refresh"');
    expect(await details('GONE')).toContain('There is no account GONE');
    expect(await get('/dashboard')).toContain('<dialog id="panel"></dialog>');
  });
});
