import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { login } from '../../../../src/brokers/upstox/account.ts';
import { openDesk, type Desk } from './desk.ts';
import { entry, ist } from './harness.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
});

interface Seen {
  readonly status: number;
  readonly body: string;
  readonly json: Record<string, unknown>;
  readonly location: string | null;
}
const visit = async (path: string, init: RequestInit = {}): Promise<Seen> => {
  const answer = await fetch(`${desk.simulator.url}/upstox${path}`, { redirect: 'manual', ...init });
  const body = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return {
    status: answer.status,
    body,
    json: isJson ? JSON.parse(body) : {},
    location: answer.headers.get('location'),
  };
};
const dialog = (changes: Readonly<Record<string, string>> = {}): string => {
  const query = {
    response_type: 'code',
    client_id: entry.clientId,
    redirect_uri: entry.redirectUri,
    state: 's-1',
    ...changes,
  };
  return `/v2/login/authorization/dialog?${new URLSearchParams(query).toString()}`;
};
const press = (as: string): RequestInit => ({ method: 'POST', body: new URLSearchParams({ as }) });
const newCode = async (changes: Readonly<Record<string, string>> = {}): Promise<string> =>
  new URL((await visit(dialog({ auto: '1', ...changes }))).location ?? '').searchParams.get('code') ?? '';
const exchange = (fields: Readonly<Record<string, string>>): Promise<Seen> =>
  visit('/v2/login/authorization/token', {
    method: 'POST',
    body: new URLSearchParams({
      client_id: entry.clientId,
      client_secret: entry.clientSecret,
      redirect_uri: entry.redirectUri,
      grant_type: 'authorization_code',
      ...fields,
    }),
  });
const errorOf = ({ json }: Seen): string => String(JSON.stringify(json).match(/UDAPI\d+/)?.[0]);
const token = async (fields: Readonly<Record<string, string>> = {}): Promise<string> =>
  String((await exchange({ code: await newCode(), ...fields })).json['access_token']);
const withToken = (value: string, method = 'GET'): RequestInit => ({
  method,
  headers: { authorization: `Bearer ${value}` },
});

describe('the dialog', () => {
  it('shows a person whose login it is, and three buttons', async () => {
    const { status, body } = await visit(dialog());
    expect(status).toBe(200);
    expect(body).toContain('Log in as AB0001 (simulated)');
    expect(body).toContain('Log in as somebody else');
    expect(body).toContain('Cancel');
  });

  it('lets each login of a file in as itself, where several come through one app', async () => {
    for (const userId of ['AB0001', 'AB0002', 'AB0003']) {
      const read = login({ ...entry, clientId: 'app-of-all', userId });
      if (!('login' in read)) throw new Error('no login');
      desk.simulator.introduce('upstox', read.login);
    }
    const shared = { client_id: 'app-of-all' };
    const { body } = await visit(dialog(shared));
    expect(body.match(/Log in as AB000\d/g)).toHaveLength(3);
    for (const userId of ['AB0001', 'AB0002', 'AB0003']) {
      const { json } = await exchange({ ...shared, code: await newCode({ ...shared, auto: userId }) });
      expect(json['user_id']).toBe(userId);
    }
    expect(desk.simulator.calls({ operation: 'exchange' }).map(({ username }) => username)).toEqual([
      'AB0001',
      'AB0002',
      'AB0003',
    ]);
  });

  it('shows what it was given as text, never as markup', async () => {
    const { body } = await visit(dialog({ client_id: '<script>alert(1)</script>' }));
    expect(body).not.toContain('<script>');
    expect(body).toContain('&#60;script&#62;');
  });

  it('sends the browser back with a code and the state', async () => {
    const { status, location } = await visit(dialog(), press('1'));
    expect(status).toBe(302);
    expect(location).toMatch(/^https:\/\/app\.example\/callback\?code=[A-Za-z0-9]{6}&state=s-1$/);
  });

  it.each([
    ['no code', 'https://app.example/callback?state=s-1'],
    ['error=access_denied', 'https://app.example/callback?error=access_denied&state=s-1'],
    ['no redirect', null],
  ])('cancelled: %s', async (cancel, location) => {
    desk.simulator.setSwitch('upstox', 'cancel', cancel);
    expect((await visit(dialog(), press('cancel'))).location).toBe(location);
  });

  it('registers an unknown client at its first visit, with a user id that stays', async () => {
    const first = await visit(dialog({ client_id: 'new-client' }));
    expect(first.body).toMatch(/Log in as [A-Z]{2}\d{4} \(simulated\)/);
    expect((await visit(dialog({ client_id: 'new-client' }))).body).toBe(first.body);
  });

  it.each([
    ['a slash more', { redirect_uri: `${entry.redirectUri}/` }, 401, 'UDAPI100068'],
    ['no client', { client_id: '' }, 400, 'UDAPI1017'],
    ['no redirect', { redirect_uri: '' }, 400, 'UDAPI1018'],
    ['another response type', { response_type: 'token' }, 400, 'UDAPI100036'],
  ])('answers in JSON, not by redirect: %s', async (_name, changes, status, code) => {
    await visit(dialog());
    const seen = await visit(dialog(changes));
    expect(seen).toMatchObject({ status, location: null });
    expect(errorOf(seen)).toBe(code);
  });

  it('may refuse plain http on this machine', async () => {
    desk.simulator.setSwitch('upstox', 'localhostRedirect', 'UDAPI100068');
    const local = dialog({ client_id: 'local', redirect_uri: 'http://127.0.0.1:5001/cb' });
    expect(errorOf(await visit(local))).toBe('UDAPI100068');
  });
});

describe('the exchange', () => {
  it('answers a bare object with a token of the right shape', async () => {
    const { status, json } = await exchange({ code: await newCode() });
    expect(status).toBe(200);
    expect(json).toMatchObject({ user_id: 'AB0001', broker: 'UPSTOX', ddpi: false, is_active: true });
    const claims: unknown = JSON.parse(
      Buffer.from(String(json['access_token']).split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims).toMatchObject({
      sub: 'AB0001',
      isExtended: false,
      iat: ist('2026-01-13T10:00:00') / 1000,
      exp: ist('2026-01-14T03:30:00') / 1000,
      iss: 'udapi-gateway-service',
    });
  });

  it.each([
    [
      'a code twice',
      async () => {
        const code = await newCode();
        await exchange({ code });
        return exchange({ code });
      },
      'UDAPI100057',
    ],
    [
      'a code that a failure burnt',
      async () => {
        const code = await newCode();
        await exchange({ code, client_secret: 'wrong' });
        return exchange({ code });
      },
      'UDAPI100057',
    ],
    [
      "another client's code",
      async () => exchange({ code: await newCode({ client_id: 'another' }) }),
      'UDAPI100057',
    ],
    [
      'a wrong secret',
      async () => exchange({ code: await newCode(), client_secret: 'wrong' }),
      'UDAPI100069',
    ],
    [
      'another redirect',
      async () => exchange({ code: await newCode(), redirect_uri: 'https://x.example' }),
      'UDAPI100070',
    ],
    [
      'another grant type',
      async () => exchange({ code: await newCode(), grant_type: 'password' }),
      'UDAPI1023',
    ],
  ])('refuses %s', async (_name, play, code) => {
    expect(errorOf(await play())).toBe(code);
  });

  it.each([
    [60, 59_999, 200],
    [60, 60_000, 401],
    [2, 2_000, 401],
  ])('honours a code for %i s: after %i ms it answers %i', async (codeTtl, waitMs, status) => {
    desk.simulator.setSwitch('upstox', 'codeTtl', codeTtl);
    const code = await newCode();
    desk.simulator.clock.shift(waitMs);
    expect((await exchange({ code })).status).toBe(status);
  });

  it('names every field that is missing', async () => {
    const { status, json } = await exchange({ client_id: '', client_secret: '' });
    expect(status).toBe(400);
    expect(JSON.stringify(json).match(/(?<="error_code":")UDAPI\d+/g)).toEqual([
      'UDAPI1017',
      'UDAPI1022',
      'UDAPI1024',
    ]);
  });

  it('reads a form only, whatever its order and its spaces', async () => {
    const asJson = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"code":"ab12cd"}',
    };
    expect((await visit('/v2/login/authorization/token', asJson)).status).toBe(400);
    const code = await newCode({ client_id: 'spaced', redirect_uri: 'https://app.example/a%20b' });
    const fields = `grant_type=authorization_code&redirect_uri=https://app.example/a%2520b&client_secret=a+b%20c&code=${code}&client_id=spaced`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(
      (await visit('/v2/login/authorization/token', { method: 'POST', headers, body: fields })).status,
    ).toBe(200);
  });

  it.each([
    ['both', true, true],
    ['errorCode', true, false],
    ['error_code', false, true],
  ])('spells errors as told: %s', async (spelling, old, present) => {
    desk.simulator.setSwitch('upstox', 'errorSpelling', spelling);
    const { body } = await exchange({ code: 'never1' });
    expect([body.includes('"errorCode"'), body.includes('"error_code"')]).toEqual([old, present]);
  });

  it.each([401, 400, 403])('answers the login errors with status %i as told', async (status) => {
    desk.simulator.setSwitch('upstox', 'authErrorStatus', status);
    expect((await exchange({ code: 'never1' })).status).toBe(status);
  });

  it('keeps the extended token unless a new one is asked for', async () => {
    const extended = async (fields = {}): Promise<unknown> =>
      (await exchange({ code: await newCode(), ...fields })).json['extended_token'];
    const first = await extended();
    expect(await extended()).toBe(first);
    expect(await extended({ refresh_extended_token: 'true' })).not.toBe(first);
  });

  it('leaves one fingerprint a code in the ledger', async () => {
    const code = await newCode();
    await exchange({ code });
    await exchange({ code });
    expect(desk.codesSent()).toEqual([2]);
    expect(JSON.stringify(desk.simulator.calls())).not.toContain(code);
  });
});

describe('a token', () => {
  const profile = '/v2/user/profile';
  it('opens the profile until 03:30 in India', async () => {
    const value = await token();
    expect((await visit(profile, withToken(value))).json).toMatchObject({
      status: 'success',
      data: { user_id: 'AB0001' },
    });
    desk.simulator.clock.set(ist('2026-01-14T03:29:59.999'));
    expect((await visit(profile, withToken(value))).status).toBe(200);
    desk.simulator.clock.shift(1);
    expect(errorOf(await visit(profile, withToken(value)))).toBe('UDAPI100050');
  });

  it('that is the extended one opens nothing of this', async () => {
    const extended = String((await exchange({ code: await newCode() })).json['extended_token']);
    for (const [path, method] of [
      [profile, 'GET'],
      ['/v2/logout', 'DELETE'],
    ] as const) {
      const seen = await visit(path, withToken(extended, method));
      expect([seen.status, errorOf(seen)]).toEqual([403, 'UDAPI100067']);
    }
  });

  it('opens no path that there is not', async () => {
    const seen = await visit('/v2/user/profiles', withToken(await token()));
    expect([seen.status, errorOf(seen)]).toEqual([404, 'UDAPI100060']);
    expect(desk.simulator.calls().at(-1)).toMatchObject({ operation: 'unknown', status: 404 });
  });

  it('ends at logout, and a second logout answers an exception without errors', async () => {
    const value = await token();
    expect((await visit('/v2/logout', withToken(value, 'DELETE'))).json).toEqual({
      status: 'success',
      data: true,
    });
    expect((await visit(profile, withToken(value))).status).toBe(401);
    const again = await visit('/v2/logout', withToken(value, 'DELETE'));
    expect(again.status).toBe(401);
    expect(again.json).toHaveProperty('stackTrace');
    expect(again.json).not.toHaveProperty('errors');
  });

  it.each([
    ['off', 200],
    ['on', 401],
  ])('with newTokenKillsOld %s: the old one answers %i', async (value, status) => {
    desk.simulator.setSwitch('upstox', 'newTokenKillsOld', value);
    const old = await token();
    await token();
    expect((await visit(profile, withToken(old))).status).toBe(status);
  });
});

describe('the approval request', () => {
  it('is counted by the day that ends at 03:30 in India, not by the hour before', async () => {
    desk.simulator.setSwitch('upstox', 'v3RequestsPerDay', 1);
    desk.simulator.setSwitch('upstox', 'notifierUrl', 'http://127.0.0.1:9/never-called');
    const ask = (): Promise<Seen> =>
      visit(`/v3/login/auth/token/request/${entry.clientId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_secret: entry.clientSecret }),
      });
    desk.simulator.clock.set(ist('2026-01-13T20:00:00'));
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
    desk.simulator.clock.set(ist('2026-01-14T03:29:00'));
    expect((await ask()).status).toBe(429);
    desk.simulator.clock.set(ist('2026-01-14T08:00:00'));
    expect((await ask()).status).toBe(200);
  });
});
