import { describe, expect, it } from 'vitest';
import type { AskAnswer, Desk, InterventionAnswer } from '../../../src/http/desk.ts';
import { account, bearer, fakeDesk, serve, without } from './support.ts';

const done: InterventionAnswer = { outcome: 'done', message: 'Done.', state: 'paused', until: null };

async function post(what: string, payload?: object, answer: InterventionAnswer = done, headers = bearer) {
  const asked: unknown[] = [];
  const desk = fakeDesk([account('one')], {
    intervene: async (...args) => {
      asked.push(args);
      return answer;
    },
  });
  const { app } = await serve(desk);
  const url = `/api/accounts/one/${what}`;
  const reply = await app.inject({ method: 'POST', url, headers, ...(payload && { payload }) });
  return { status: reply.statusCode, body: reply.json<Record<string, unknown>>(), asked };
}

describe.each(['pause', 'resume', 'logout'])('POST /api/accounts/:name/%s', (what) => {
  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ for: '2h' }, 7_200_000],
  ])('takes %j', async (payload, forMs) => {
    const { status, body, asked } = await post(what, payload);
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'success', message: 'Done.', name: 'one', state: 'paused', until: null });
    expect(asked).toEqual([[what, 'one', forMs]]);
  });

  it.each([{ for: 'soon' }, { for: '0h' }, { for: 2 }, { for: null }, { fro: '2h' }, ['2h']])(
    'refuses %j, and says what it takes',
    async (payload) => {
      const { status, body, asked } = await post(what, payload);
      expect(status).toBe(400);
      expect(body).toMatchObject({ status: 'error', code: 'INVALID_BODY' });
      expect(body['message']).toContain('2h');
      expect(asked).toEqual([]);
    },
  );

  it('is for whoever is signed in', async () => {
    const { status, asked } = await post(what, undefined, done, { authorization: 'Bearer made-up-wrong' });
    expect([status, asked]).toEqual([401, []]);
  });

  it('answers 404 for a name nobody has, and 409 for one that is disabled', async () => {
    const unknown = await post(what, undefined, { outcome: 'unknown-name', message: 'Nobody.' });
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { status: 'error', code: 'UNKNOWN_ACCOUNT', message: 'Nobody.' },
    ]);
    const disabled = await post(what, undefined, { outcome: 'disabled', message: 'Off.' });
    expect([disabled.status, disabled.body['code']]).toEqual([409, 'ACCOUNT_DISABLED']);
  });
});

describe('POST /api/accounts/:name/ask', () => {
  const until = '2026-11-20T22:00:00.000Z';
  async function ask(answer: AskAnswer, payload?: object, headers = bearer) {
    const desk = fakeDesk([account('one')], { ask: async () => answer });
    const { app } = await serve(desk);
    const url = '/api/accounts/one/ask';
    const reply = await app.inject({ method: 'POST', url, headers, ...(payload && { payload }) });
    return { status: reply.statusCode, body: reply.json<Record<string, unknown>>() };
  }
  const asked: AskAnswer = { outcome: 'asked', message: 'Asked.', until };

  it.each([
    [asked, 200, 'now', until],
    [{ outcome: 'asked-before', message: 'Asked.', until }, 200, 'before', until],
    [{ outcome: 'under-way', message: 'Asked.' }, 202, null, null],
  ] as const)('says of %j when it was, and for how long', async (answer, status, when, end) => {
    expect(await ask(answer)).toEqual({
      status,
      body: { status: 'success', message: 'Asked.', name: 'one', asked: when, until: end },
    });
  });

  it.each([
    ['unknown-name', 404, 'UNKNOWN_ACCOUNT'],
    ['no-approval', 404, 'NO_APPROVAL'],
    ['nobody-asked', 409, 'NOBODY_ASKED'],
    ['stopped', 409, 'ACCOUNT_STOPPED'],
    ['paused', 409, 'ACCOUNT_PAUSED'],
    ['silent', 409, 'BROKER_SILENT'],
  ] as const)('says no where it is %s', async (outcome, status, code) => {
    const retryAt = outcome === 'nobody-asked' ? until : null;
    const answer = await ask({ outcome, message: 'No.', retryAt });
    expect([answer.status, answer.body['code'], answer.body['message']]).toEqual([status, code, 'No.']);
    if (status === 409) expect(answer.body['retry_at']).toBe(retryAt);
  });

  it('takes nothing, from whoever is signed in', async () => {
    expect((await ask(asked, {})).status).toBe(200);
    expect((await ask(asked, { for: '2h' })).body['code']).toBe('INVALID_BODY');
    expect((await ask(asked, undefined, { authorization: 'Bearer made-up-wrong' })).status).toBe(401);
  });
});

describe('a logout', () => {
  it('says what became of the session', async () => {
    const session = { ended: false, reason: 'The broker is away.', valid_until: '2026-11-20T11:00:00.000Z' };
    const { status, body } = await post('logout', undefined, { ...done, session });
    expect([status, body['session']]).toEqual([200, session]);
  });

  it('that is not over yet is accepted', async () => {
    expect((await post('logout', undefined, { ...done, outcome: 'under-way' })).status).toBe(202);
  });
});

describe('what a paused account answers', () => {
  it('to a browser login: 409, and no link', async () => {
    const paused = without('one', 'paused', { person_needed: true });
    const { app } = await serve(fakeDesk([paused]));
    const reply = await app.inject({
      url: '/oauth/alpha/one',
      headers: { ...bearer, accept: 'application/json' },
    });
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([409, 'ACCOUNT_PAUSED']);
  });
});

describe('who did what', () => {
  const acts = async (headers: object, payload: object, url: string, answers: Partial<Desk> = {}) => {
    const noted: unknown[] = [];
    const desk = fakeDesk([account('one')], {
      ...answers,
      noteAct: async (act) => void noted.push(act),
    });
    const { app, cookie } = await serve(desk);
    const who = Object.keys(headers).length > 0 ? headers : cookie();
    await app.inject({ method: 'POST', url, headers: { ...who }, payload, remoteAddress: '192.0.2.7' });
    return noted;
  };

  it('is kept of each step, with from where and what came of it', async () => {
    const act = { who: 'token', what: 'pause', account: 'one', from: '192.0.2.7', outcome: '200' };
    expect(await acts(bearer, {}, '/api/accounts/one/pause')).toEqual([act]);
    expect(await acts({}, {}, '/api/accounts/one/logout')).toEqual([
      { ...act, who: 'cookie', what: 'logout' },
    ]);
    expect(await acts(bearer, { username: 'one' }, '/api/token/force-refresh')).toEqual([
      { ...act, what: 'refresh', outcome: '202' },
    ]);
    expect(await acts(bearer, { all: true }, '/api/token/force-refresh')).toMatchObject([{ account: '*' }]);
    expect(await acts(bearer, {}, '/api/accounts/two/pause')).toMatchObject([{ outcome: '404' }]);
  });

  it('is nothing where somebody was turned away', async () => {
    expect(await acts({ authorization: 'Bearer made-up-wrong' }, {}, '/api/accounts/one/pause')).toEqual([]);
  });
});

describe('GET /api/accounts/:name/explain', () => {
  it('answers 404 for a name nobody has', async () => {
    const { app } = await serve(fakeDesk([]));
    const reply = await app.inject({ url: '/api/accounts/two/explain', headers: bearer });
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([404, 'UNKNOWN_ACCOUNT']);
    expect((await app.inject({ url: '/api/accounts/two/explain' })).statusCode).toBe(401);
  });
});
