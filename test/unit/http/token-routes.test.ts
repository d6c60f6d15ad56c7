import { describe, expect, it } from 'vitest';
import type { RefreshAnswer } from '../../../src/http/desk.ts';
import { account, bearer, fakeDesk, serve, without } from './support.ts';

const refresh = '/api/token/force-refresh';

const answering = (answer: RefreshAnswer) =>
  fakeDesk([account('one')], { requestRefresh: async () => answer });

describe('GET /api/token/status', () => {
  it('gives the seven fields of the account that is worst off, all accounts, and counts', async () => {
    const stopped = without('broken', 'stopped', { broker: 'beta', message: 'The password was refused.' });
    const { app } = await serve(fakeDesk([account('well'), stopped, without('off', 'disabled')]));
    const answer = await app.inject({ url: '/api/token/status', headers: bearer });
    expect(answer.statusCode).toBe(200);
    const body = answer.json<{ accounts: { name: string }[]; summary: object }>();
    expect(body).toMatchObject({
      valid: false,
      time_remaining_seconds: 0,
      time_remaining_hours: 0,
      expiry_time: null,
      needs_refresh: false,
      message: 'The password was refused.',
      api_validated: null,
    });
    expect(body.accounts.map((one) => one.name)).toEqual(['well', 'broken', 'off']);
    expect(body).toMatchObject({ silences: [] });
    expect(body.summary).toMatchObject({
      total: 3,
      valid: 1,
      by_state: { fresh: 1, stopped: 1, disabled: 1, expired: 0 },
      by_broker: { alpha: { total: 2, valid: 1 }, beta: { total: 1, valid: 0, by_state: { stopped: 1 } } },
    });
  });

  it('gives one account by name, and 404 for a name nobody has', async () => {
    const { app } = await serve(fakeDesk([account('a.b-c_d@e')]));
    const known = await app.inject({ url: '/api/token/status/a.b-c_d%40e', headers: bearer });
    expect(known.statusCode).toBe(200);
    expect(known.json()).toEqual(account('a.b-c_d@e'));
    const unknown = await app.inject({ url: '/api/token/status/nobody', headers: bearer });
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json()).toMatchObject({ status: 'error', code: 'UNKNOWN_ACCOUNT' });
  });

  it('serves the longest name there can be', async () => {
    const name = '@'.repeat(64);
    const { app } = await serve(fakeDesk([account(name)]));
    const url = `/api/token/status/${encodeURIComponent(name)}`;
    expect((await app.inject({ url, headers: bearer })).statusCode).toBe(200);
  });
});

describe('POST /api/token/force-refresh', () => {
  const post = async (answer: RefreshAnswer, payload: object = { username: 'one' }) => {
    const { app } = await serve(answering(answer));
    return app.inject({ method: 'POST', url: refresh, headers: bearer, payload });
  };

  it('answers 202 where a refresh starts', async () => {
    const answer = await post({ outcome: 'started', message: 'It starts.' });
    expect([answer.statusCode, answer.json()]).toEqual([202, { status: 'success', message: 'It starts.' }]);
  });

  it('answers 200 and a link where only a person can', async () => {
    const url = 'http://localhost:8000/oauth/alpha/one';
    const answer = await post({ outcome: 'action-required', message: 'Log in.', url });
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { status: 'action_required', message: 'Log in.', url },
    ]);
  });

  it.each([
    ['stopped', 'ACCOUNT_STOPPED', null],
    ['disabled', 'ACCOUNT_DISABLED', null],
    ['paused', 'ACCOUNT_PAUSED', null],
    ['silent', 'BROKER_SILENT', '2026-11-20T11:00:00.000Z'],
    ['held-back', 'BUDGET_SPENT', '2026-11-20T11:00:00.000Z'],
  ] as const)('answers 409 and when to try again where it is %s', async (outcome, code, retryAt) => {
    const answer = await post({ outcome, message: 'Not now.', retryAt });
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toEqual({ status: 'error', code, message: 'Not now.', retry_at: retryAt });
  });

  it('answers 404 for a name nobody has', async () => {
    const answer = await post({ outcome: 'unknown-name', message: 'There is no account two.' });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'UNKNOWN_ACCOUNT']);
  });

  it.each([
    [{ username: 'one' }, false],
    [{ username: 'one', rearm: true }, true],
    [{ rearm: true }, true],
    [undefined, false],
  ])('takes %j', async (payload, rearm) => {
    const asked: unknown[] = [];
    const desk = fakeDesk([account('one')], {
      requestRefresh: async (name, options) => {
        asked.push([name, options]);
        return { outcome: 'started', message: '' };
      },
    });
    const { app } = await serve(desk);
    const answer = await app.inject({
      method: 'POST',
      url: refresh,
      headers: bearer,
      ...(payload && { payload }),
    });
    expect(answer.statusCode).toBe(202);
    expect(asked).toEqual([['one', { rearm }]]);
  });

  it('takes an empty body that is called JSON for none', async () => {
    const { app } = await serve(fakeDesk([account('one')]));
    const headers = { ...bearer, 'content-type': 'application/json' };
    expect((await app.inject({ method: 'POST', url: refresh, headers, payload: '' })).statusCode).toBe(202);
  });

  it('wants a name where there are several accounts', async () => {
    const { app } = await serve(fakeDesk([account('one'), account('two')]));
    const answer = await app.inject({ method: 'POST', url: refresh, headers: bearer });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'INVALID_BODY']);
  });

  it.each([
    { username: 7 },
    { username: '' },
    { all: false },
    { all: true, rearm: true },
    { all: true, username: 'one' },
    { usernme: 'one' },
    ['one'],
  ])('refuses %j', async (payload) => {
    const answer = await post({ outcome: 'started', message: '' }, payload);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'INVALID_BODY']);
  });
});

describe('a refresh of all accounts', () => {
  const all = async (answers: Readonly<Record<string, RefreshAnswer>>) => {
    const accounts = [...Object.keys(answers).map((name) => account(name)), without('off', 'disabled')];
    const desk = fakeDesk(accounts, {
      requestRefresh: async (name) => answers[name] ?? { outcome: 'unknown-name', message: '' },
    });
    const { app } = await serve(desk);
    return app.inject({ method: 'POST', url: refresh, headers: bearer, payload: { all: true } });
  };

  it('counts what starts and says when the rest fits', async () => {
    const answer = await all({
      one: { outcome: 'started', message: '' },
      two: { outcome: 'silent', message: 'Silence.', retryAt: '2026-11-20T11:00:00.000Z' },
      three: { outcome: 'action-required', message: 'Log in.', url: 'http://localhost/oauth/alpha/three' },
    });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({
      status: 'success',
      message:
        '1 of 3 refreshes start now; 1 needs a person, 1 cannot start, the last of them not before Fri 20 Nov 11:00 UTC.',
      started: 1,
      action_required: [{ name: 'three', message: 'Log in.', url: 'http://localhost/oauth/alpha/three' }],
      refused: [{ name: 'two', message: 'Silence.', retry_at: '2026-11-20T11:00:00.000Z' }],
      retry_at: '2026-11-20T11:00:00.000Z',
    });
  });

  it('tells the service who finds no room in the limits, and asks for each of the others', async () => {
    const budget = {
      ...{ limit: 'renewals', subject: 'desk', max: 15, routine: 12, windowMs: 3_600_000 },
      counts: 'every-call',
    } as const;
    const room = { until: 1, budget };
    const asked: unknown[] = [];
    const desk = fakeDesk([account('one'), account('two')], {
      lackingRoom: async () => new Map([['two', room]]),
      requestRefresh: async (name, options) => {
        asked.push([name, options.room]);
        return options.room
          ? { outcome: 'held-back', message: 'No room.', retryAt: '2026-11-20T11:00:00.000Z' }
          : { outcome: 'started', message: '' };
      },
    });
    const { app } = await serve(desk);
    const answer = await app.inject({
      method: 'POST',
      url: refresh,
      headers: bearer,
      payload: { all: true },
    });
    expect(asked).toEqual([
      ['one', undefined],
      ['two', room],
    ]);
    expect(answer.json()).toMatchObject({
      started: 1,
      refused: [{ name: 'two', message: 'No room.', retry_at: '2026-11-20T11:00:00.000Z' }],
      retry_at: '2026-11-20T11:00:00.000Z',
    });
  });

  it('answers 409 where nothing can start, and 200 where only persons can start something', async () => {
    const nothing = await all({ one: { outcome: 'stopped', message: 'Stopped.', retryAt: null } });
    expect([nothing.statusCode, nothing.json<{ code: string }>().code]).toEqual([409, 'NOTHING_STARTS']);
    const person = await all({ one: { outcome: 'action-required', message: 'Log in.', url: 'http://x/' } });
    expect([person.statusCode, person.json<{ status: string }>().status]).toEqual([200, 'action_required']);
  });
});
