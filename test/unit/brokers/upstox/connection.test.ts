import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Arrival, Connection, Grant, RawEntry } from '../../../../src/core/broker.ts';
import { ConfigurationError } from '../../../../src/core/errors.ts';
import { openDesk, type Desk } from './desk.ts';
import { entry, failureOf, ist, jwt, patient } from './harness.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
});

const iso = (at: number): string => new Date(at).toISOString();
const receive = async (connection: Connection, arrival: Arrival | undefined): Promise<Grant> => {
  if (!connection.consent || !arrival) throw new Error('this connection has no browser login');
  return connection.consent.receive(arrival, patient());
};
const logIn = async (changes: RawEntry = {}): Promise<{ connection: Connection; grant: Grant }> => {
  const connection = desk.connect(changes);
  return { connection, grant: await receive(connection, await desk.login(connection)) };
};

describe('the way in', () => {
  it('is a person: no sign-in, no renewal', () => {
    expect(Object.keys(desk.connect()).toSorted()).toEqual([
      'adopt',
      'consent',
      'inherit',
      'probe',
      'signOut',
    ]);
  });

  it.each([
    ['browser', false],
    ['request', true],
  ])('%s: always by the link; asked through Upstox: %s', (approval, asked) => {
    const { consent } = desk.connect({ approval });
    expect(consent?.url('s')).toContain('/v2/login/authorization/dialog?');
    expect([consent?.request !== undefined, consent?.read !== undefined]).toEqual([asked, asked]);
  });

  it('is the dialog with the redirect exactly as configured, and the state', () => {
    const link = new URL(
      desk.connect({ redirectUri: 'http://LOCALHOST:5001/cb?a=b%20c' }).consent?.url('s t') ?? '',
    );
    expect(`${link.origin}${link.pathname}`).toBe(
      `${desk.simulator.url}/upstox/v2/login/authorization/dialog`,
    );
    expect(Object.fromEntries(link.searchParams)).toEqual({
      response_type: 'code',
      client_id: entry.clientId,
      redirect_uri: 'http://LOCALHOST:5001/cb?a=b%20c',
      state: 's t',
    });
    expect(link.href).not.toContain(entry.clientSecret);
  });

  it('asks at the configured time', () => {
    const early = ist('2026-01-13T06:00:00');
    expect(desk.connect().consent?.askAt(early)).toBe(ist('2026-01-13T08:00:00'));
    const later = desk.connect({}, { UPSTOX_APPROVAL_TIME: '08:45' });
    expect(later.consent?.askAt(early)).toBe(ist('2026-01-13T08:45:00'));
  });

  it('asks at any hour of any day where that is wanted', () => {
    const { consent } = desk.connect({}, { UPSTOX_APPROVAL_TIME: 'always' });
    for (const at of ['2026-01-13T01:00:00', '2026-01-13T06:00:00', '2026-01-17T23:00:00'].map(ist)) {
      expect(consent?.askAt(at)).toBe(at);
    }
  });

  it('is open until the next 03:30', () => {
    expect(desk.connect().consent?.deadline(ist('2026-01-13T10:00:00'))).toBe(ist('2026-01-14T03:30:00'));
    expect(desk.connect().consent?.deadline(ist('2026-01-14T01:00:00'))).toBe(ist('2026-01-14T03:30:00'));
  });

  it('is a fault of the configuration where that time is none', () => {
    const connect = () => desk.connect({}, { UPSTOX_APPROVAL_TIME: '25:00' });
    expect(connect).toThrow(ConfigurationError);
    expect(connect).toThrow(/UPSTOX_APPROVAL_TIME: must be a time in India/);
  });
});

describe('the exchange', () => {
  it('turns a code into a grant with all that a call needs', async () => {
    desk.simulator.setSwitch('upstox', 'extendedToken', 'absent');
    const { grant } = await logIn();
    expect(grant).toEqual({
      token: grant.token,
      headers: { Authorization: `Bearer ${grant.token}`, Accept: 'application/json' },
      issuedAt: ist('2026-01-13T10:00:00'),
      expiresAt: ist('2026-01-14T03:30:00'),
      tokenType: 'Bearer',
      baseUrl: `${desk.simulator.url}/upstox`,
      owner: 'AB0001',
    });
  });

  it.each([
    ['Tuesday 20:00', '2026-01-13T20:00:00', '2026-01-14T03:30:00'],
    ['Wednesday 02:30', '2026-01-14T02:30:00', '2026-01-14T03:30:00'],
    ['exactly 03:30', '2026-01-14T03:30:00', '2026-01-15T03:30:00'],
  ])('lasts to the next 03:30, issued %s', async (_name, at, dies) => {
    desk.simulator.clock.set(ist(at));
    expect(iso((await logIn()).grant.expiresAt)).toBe(iso(ist(dies)));
  });

  it('takes no life from expires_in, and no refresh token', async () => {
    desk.simulator.setSwitch('upstox', 'oauthExtras', 'on');
    const { grant } = await logIn();
    expect(iso(grant.expiresAt)).toBe(iso(ist('2026-01-14T03:30:00')));
    expect(Object.keys(grant.renewal ?? {})).toEqual(['extendedToken', 'extendedUntil']);
    expect(grant).not.toHaveProperty('scope');
  });

  it.each(['present', 'absent', 'null'])('works with extended_token %s', async (value) => {
    desk.simulator.setSwitch('upstox', 'extendedToken', value);
    expect((await logIn()).grant.owner).toBe('AB0001');
  });

  it('takes a user id in small letters as the same person', async () => {
    expect((await logIn({ userId: 'ab0001' })).grant.owner).toBe('AB0001');
  });

  it('takes anybody where no user is configured, and says who it was', async () => {
    const connection = desk.connect({ userId: undefined });
    const grant = await receive(connection, await desk.login(connection, 'other'));
    expect(grant.owner).toMatch(/^[A-Z]{2}\d{4}$/);
    expect(grant.owner).not.toBe('AB0001');
  });

  it("turns away somebody else's login", async () => {
    const connection = desk.connect();
    const error = await failureOf(receive(connection, await desk.login(connection, 'other')));
    expect(error).toMatchObject({ kind: 'refused', code: 'someone_else' });
    expect(error.message).toMatch(/another Upstox user.*log in again/i);
  });

  it('does not hand out a token that died on the way', async () => {
    desk.simulator.clock.set(ist('2026-01-14T03:29:59.990'));
    const connection = desk.connect();
    const arrival = await desk.login(connection);
    const arrived = desk.simulator.waitForCalls({ operation: 'exchange' }, 1, 5_000);
    const answer = failureOf(receive(connection, arrival));
    await arrived;
    desk.simulator.clock.shift(20);
    expect(await answer).toMatchObject({ kind: 'refused', code: 'token_expired' });
  });
});

describe('a login that was not finished', () => {
  it.each([
    ['no code', { kind: 'refused', code: 'login_cancelled' }],
    ['error=access_denied', { kind: 'refused', code: 'login_cancelled' }],
  ])('cancelled, told by %s: no call', async (cancel, expected) => {
    desk.simulator.setSwitch('upstox', 'cancel', cancel);
    const connection = desk.connect();
    const arrival = await desk.login(connection, 'cancel');
    expect(await failureOf(receive(connection, arrival))).toMatchObject(expected);
    expect(desk.codesSent()).toEqual([]);
  });

  it.each<[string, Arrival, string]>([
    ['an error of the broker', { error: 'server_error' }, 'login_failed'],
    ['an error beside a code', { error: 'server_error', code: 'ab12cd' }, 'login_failed'],
    ['an empty code', { code: '' }, 'login_cancelled'],
    ['a code that is far too long', { code: 'x'.repeat(600) }, 'login_cancelled'],
  ])('%s: no call', async (_name, arrival, code) => {
    expect(await failureOf(receive(desk.connect(), arrival))).toMatchObject({ kind: 'refused', code });
    expect(desk.simulator.calls({ operation: 'exchange' })).toEqual([]);
  });
});

describe('a code is sent once, whatever comes of it', () => {
  const cases: readonly [string, () => void, { kind: string; code: string }][] = [
    [
      'it is refused',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'refuse' }),
      { kind: 'refused', code: 'code_refused' },
    ],
    [
      'too many requests',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'throttle' }),
      { kind: 'throttled', code: 'throttled' },
    ],
    [
      'the server breaks',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'status', status: 500 }),
      { kind: 'outcome-unknown', code: 'server_fault' },
    ],
    [
      'a page in HTML',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'html' }),
      { kind: 'outcome-unknown', code: 'server_fault' },
    ],
    [
      'a redirect',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'status', status: 302 }),
      { kind: 'outcome-unknown', code: 'unreadable_answer' },
    ],
    [
      'the connection breaks after it took effect',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'drop-after' }),
      { kind: 'outcome-unknown', code: 'no_answer' },
    ],
    [
      'half an answer',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'half' }),
      { kind: 'outcome-unknown', code: 'no_answer' },
    ],
    [
      'an answer that is no JSON',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'garbage' }),
      { kind: 'outcome-unknown', code: 'unreadable_answer' },
    ],
    [
      'an empty answer',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'empty' }),
      { kind: 'outcome-unknown', code: 'unreadable_answer' },
    ],
    [
      'Cloudflare blocks',
      () => desk.simulator.setSwitch('upstox', 'cloudflare', '1010'),
      { kind: 'needs-human', code: 'edge_blocked' },
    ],
    [
      'Cloudflare limits',
      () => desk.simulator.setSwitch('upstox', 'cloudflare', 'rate limit'),
      { kind: 'throttled', code: 'edge_throttled' },
    ],
    [
      'the code has expired',
      () => desk.simulator.clock.shift(60_000),
      { kind: 'refused', code: 'code_refused' },
    ],
  ];
  it.each(cases)('%s', async (_name, breakIt, expected) => {
    const connection = desk.connect();
    const arrival = await desk.login(connection);
    breakIt();
    expect(await failureOf(receive(connection, arrival))).toMatchObject(expected);
    expect(desk.codesSent()).toEqual([1]);
  });

  it('no answer before the deadline: the outcome is unknown and the code is gone', async () => {
    const connection = desk.connect();
    const arrival = (await desk.login(connection)) ?? {};
    desk.simulator.fault({ broker: 'upstox', operation: 'exchange', kind: 'stall', times: 1 });
    const deadline = new AbortController();
    const answer = failureOf(connection.consent?.receive(arrival, { signal: deadline.signal }));
    await desk.simulator.waitForCalls({ operation: 'exchange' }, 1, 5_000);
    deadline.abort(new DOMException('late', 'TimeoutError'));
    const error = await answer;
    expect(error).toMatchObject({ kind: 'outcome-unknown', code: 'timeout' });
    expect(error.message).toMatch(/counts as spent.*new link/);
    expect(desk.codesSent()).toEqual([1]);
  });

  it('a wrong secret is a matter of the configuration, and the code is gone', async () => {
    const connection = desk.connect({ clientSecret: 'wrong-secret' });
    const arrival = await desk.login(connection);
    expect(await failureOf(receive(connection, arrival))).toMatchObject({
      kind: 'needs-human',
      code: 'client_credentials_wrong',
    });
    expect(await failureOf(receive(desk.connect(), arrival))).toMatchObject({ code: 'code_refused' });
  });
});

describe('a probe', () => {
  it('says alive for this user and someone-else for another', async () => {
    const { connection, grant } = await logIn();
    expect(await connection.probe?.(grant, patient())).toBe('alive');
    expect(await desk.connect({ userId: 'AB0002' }).probe?.(grant, patient())).toBe('someone-else');
  });

  it('compares with the owner at the exchange where no user is configured', async () => {
    const { connection, grant } = await logIn({ userId: undefined });
    expect(await connection.probe?.(grant, patient())).toBe('alive');
    expect(await connection.probe?.({ ...grant, owner: 'AB0009' }, patient())).toBe('someone-else');
  });

  it.each([
    ['the token was revoked', () => void desk.simulator.command('upstox', 'expire-all')],
    ['it is 03:30', () => desk.simulator.clock.set(ist('2026-01-14T03:30:00'))],
  ])('says dead once %s', async (_name, kill) => {
    const { connection, grant } = await logIn();
    kill();
    expect(await connection.probe?.(grant, patient())).toBe('dead');
  });

  const broken: readonly [string, () => void, { kind: string; code: string }][] = [
    [
      'a server error',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'status', status: 500 }),
      { kind: 'transient', code: 'server_fault' },
    ],
    [
      'too many requests',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'throttle' }),
      { kind: 'throttled', code: 'throttled' },
    ],
    [
      'a lost connection',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'drop' }),
      { kind: 'transient', code: 'no_answer' },
    ],
    [
      'a bare 401',
      () => desk.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'status', status: 401 }),
      { kind: 'transient', code: 'unreadable_answer' },
    ],
  ];
  it.each(broken)('is no logout after %s', async (_name, breakIt, expected) => {
    const { connection, grant } = await logIn();
    breakIt();
    expect(await failureOf(connection.probe?.(grant, patient()))).toMatchObject(expected);
  });

  it('is no logout outside the service hours', async () => {
    desk.simulator.clock.set(ist('2026-01-14T00:10:00'));
    const { connection, grant } = await logIn();
    desk.simulator.setSwitch('upstox', 'serviceHours', '05:30-24:00');
    expect(await failureOf(connection.probe?.(grant, patient()))).toMatchObject({
      kind: 'transient',
      code: 'service_hours',
    });
  });
});

describe("somebody else's token from Redis", () => {
  const now = ist('2026-01-13T10:00:00');
  const seconds = (at: number): number => at / 1000;
  const adopt = (claims: Readonly<Record<string, unknown>>, changes: RawEntry = {}) =>
    desk.connect(changes).adopt?.(jwt(claims), now);

  it.each([
    ['as long as it says', '2026-01-13T11:00:00', '2026-01-13T11:00:00'],
    ['to 03:30 where it says more', '2026-01-15T03:30:00', '2026-01-14T03:30:00'],
  ])('is taken %s', (_name, exp, expected) => {
    const grant = adopt({ sub: 'AB0001', exp: seconds(ist(exp)) });
    expect(iso(grant?.expiresAt ?? 0)).toBe(iso(ist(expected)));
    expect(grant?.owner).toBe('AB0001');
  });

  it('names no owner where its subject looks like no user id', () => {
    const grant = adopt({ sub: 'f81d4fae-7dec-11d0', exp: seconds(now) + 3600 }, { userId: undefined });
    expect(grant).toBeDefined();
    expect(grant?.owner).toBeUndefined();
  });

  it('brings the instant of its issue along', () => {
    const iat = ist('2026-01-13T09:00:00');
    expect(adopt({ iat: seconds(iat), exp: seconds(ist('2026-01-14T03:30:00')) })?.issuedAt).toBe(iat);
  });

  it.each([
    ['without an expiry', { sub: 'AB0001' }, {}],
    ['that has expired', { exp: seconds(now) }, {}],
    [
      'that was issued before the last 03:30',
      { iat: seconds(ist('2026-01-12T20:00:00')), exp: seconds(ist('2026-01-13T11:00:00')) },
      {},
    ],
    ['of another user', { sub: 'AB0002', exp: seconds(now) + 3600 }, {}],
    ['that lives a year (the read-only kind)', { iat: seconds(now), exp: seconds(now) + 365 * 86_400 }, {}],
  ])('is not taken %s', (_name, claims, changes) => {
    expect(adopt(claims, changes)).toBeUndefined();
  });

  it('is not taken where it is no JWT', () => {
    expect(desk.connect().adopt?.('made-up', now)).toBeUndefined();
  });
});
