import { expect } from 'vitest';
import type { Grant } from '../../../../src/core/broker.ts';
import { api, apiWith, bridge, renewing, tell } from '../../../support/rows/tradovate.ts';
import type { Rig } from './rig.ts';

/** One value of a switch, and what the adapter makes of it. */
export interface SwitchRow {
  readonly name: string;
  /** Absent: the simulator's default. */
  readonly value: unknown;
  readonly check: (rig: Rig) => Promise<void>;
}

const MINUTE_MS = 60_000;
const wrong = { password: 'made-up wrong secret' };
type Check = SwitchRow['check'];

const lives =
  (seconds: number): Check =>
  async (rig) => {
    for (const entry of [bridge, api]) {
      const { expiresAt, issuedAt } = await rig.signIn(rig.connect(entry));
      expect(Math.abs(expiresAt - issuedAt - seconds * 1_000)).toBeLessThan(2_000);
    }
  };

/** The unit of an expiry must not matter. */
const livesTheSame: Check = lives(4_800);

const fails =
  (entry: Parameters<Rig['connect']>[0], code: string): Check =>
  async (rig) => {
    const { error, calls } = await rig.failure(() => rig.signIn(rig.connect(entry)));
    expect(error.code).toBe(code);
    expect(calls).toHaveLength(1);
  };

/** A user's three logins, and which of their tokens live. */
const survivors =
  (entry: Parameters<Rig['connect']>[0], expected: readonly string[]): Check =>
  async (rig) => {
    const connection = rig.connect(entry);
    const grants = [await rig.signIn(connection), await rig.signIn(connection), await rig.signIn(connection)];
    const proofs = await Promise.all(grants.map((grant) => rig.take(connection, 'proof', grant)));
    expect(proofs).toEqual(expected);
  };

const renewed = async (rig: Rig, entry = api): Promise<{ old: Grant; fresh: Grant }> => {
  const connection = rig.connect(entry);
  const old = await rig.signIn(connection);
  return { old, fresh: await rig.renew(connection, old) };
};

const oldTokenIs =
  (proof: string, afterMs = 0): Check =>
  async (rig) => {
    const { old, fresh } = await renewed(rig);
    rig.simulator.clock.shift(afterMs);
    expect(await rig.take(rig.connect(api), 'proof', old)).toBe(proof);
    expect(await rig.take(rig.connect(api), 'proof', fresh)).toBe('alive');
  };

const marketData =
  (atLogin: boolean, ownAtRenewal: boolean): Check =>
  async (rig) => {
    const { old, fresh } = await renewed(rig);
    expect(old.meta?.['mdAccessToken'] !== undefined).toBe(atLogin);
    // A renewal without one leaves the login's in place while that says it is good.
    expect(fresh.meta?.['mdAccessToken'] !== undefined).toBe(atLogin);
    expect(fresh.meta?.['mdAccessToken'] !== old.meta?.['mdAccessToken']).toBe(ownAtRenewal);
    if (atLogin) expect(Date.parse(old.meta?.['mdExpiresAt'] ?? '')).toBe(old.expiresAt);
  };

const orphanGives =
  (code: string): Check =>
  async (rig) => {
    const connection = rig.connect(api);
    const oldest = await rig.signIn(connection);
    await rig.signIn(connection);
    await rig.signIn(connection);
    expect((await rig.failure(() => rig.renew(connection, oldest))).error.code).toBe(code);
  };

/** Five wrong passwords, as another program on the network sends them, and then ours. */
const afterFailures =
  (entry: Parameters<Rig['connect']>[0], outcome: string): Check =>
  async (rig) => {
    for (let n = 0; n < 5; n += 1) {
      await rig.failure(() => rig.signIn(rig.connect({ ...entry, ...wrong })));
    }
    const tried = await rig.signIn(rig.connect(entry)).then(
      () => 'a token',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
    expect(tried).toBe(outcome);
  };

const renewsTimes =
  (atLeast: number, atMost: number): Check =>
  async (rig) => {
    const connection = rig.connect(api);
    let grant = await rig.signIn(connection);
    let times = 0;
    for (; times < 30; times += 1) {
      const next = await rig.renew(connection, grant).catch(() => undefined);
      if (!next) break;
      grant = next;
    }
    expect(times).toBeGreaterThanOrEqual(atLeast);
    expect(times).toBeLessThanOrEqual(atMost);
  };

const renewalsOfBridge =
  (outcome: string): Check =>
  async (rig) => {
    const connection = rig.connect(renewing);
    const grant = await rig.signIn(connection);
    const tried = await rig.renew(connection, grant).then(
      ({ token }) => (token === grant.token ? 'the same token' : 'another token'),
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
    expect(tried).toBe(outcome);
  };

/** A raw login: what our own adapter never sends. */
const posts =
  (
    type: string,
    body: string,
    status: number,
    path = '/authorize',
    more: Readonly<Record<string, string>> = {},
  ): Check =>
  async (rig) => {
    const base = rig.simulator.setting('TRADOVATE_BRIDGE_URL') ?? '';
    const headers = { 'content-type': type, ...more };
    const answer = await fetch(`${base}${path}`, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
  };

type Settings = Readonly<Record<string, string>>;

/** A bridge login with these settings works, and with the others is refused, with a hint at what may be wanted. */
const letsInOnly =
  (right: Settings, wrongOnes: Settings): Check =>
  async (rig) => {
    await rig.signIn(rig.connect(bridge, right));
    const { error } = await rig.failure(() => rig.signIn(rig.connect(bridge, wrongOnes)));
    expect(error.code).toBe('login_refused');
    expect(error.message).toContain('TRADOVATE_BRIDGE_HEADERS');
  };
const TRADING_VIEW = 'https://www.tradingview.com';
/** What a browser adds by itself to a call of a page to another site. */
export const secFetch: Settings = {
  TRADOVATE_BRIDGE_HEADERS: 'sec-fetch-site: cross-site | sec-fetch-mode: cors | sec-fetch-dest: empty',
};
const JSON_LOGIN = JSON.stringify({ locale: 'en', login: 'USER', password: 'made-up' });
const FORM_LOGIN = 'locale=en&login=USER&password=made-up';
const STRING_CID = JSON.stringify({ name: 'USER', password: 'made-up', cid: '1234', sec: 'made-up' });
const FORM = 'application/x-www-form-urlencoded';
const NATIVE = '/v1/auth/accesstokenrequest';

const discovers =
  (entry: Parameters<Rig['connect']>[0], expected: unknown): Check =>
  async (rig) => {
    const connection = rig.connect(entry);
    const grant = await rig.signIn(connection);
    const found = await rig
      .take(connection, 'discovery', grant)
      .catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));
    expect(found).toEqual(expected);
    // Whatever a data call says, the token itself lives.
    expect(await rig.take(connection, 'proof', grant)).toBe('alive');
  };
const threeNames = [1, 2, 3].map(() => expect.stringMatching(/^SIM\d{17}$/) as unknown);

/** A proof is penalised, and made again after the wait. */
const proofAfterPenalty =
  (outcome: string): Check =>
  async (rig) => {
    const connection = rig.connect(bridge);
    const grant = await rig.signIn(connection);
    rig.simulator.setSwitch('tradovate', 'limits.me', 0);
    await rig.failure(() => rig.take(connection, 'proof', grant));
    rig.simulator.clock.shift(30_000);
    const second = await rig
      .take(connection, 'proof', grant)
      .catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));
    expect(second).toBe(outcome);
  };

const approvesDevice: Check = async (rig) => {
  const connection = rig.connect(api);
  const { error } = await rig.failure(() => rig.signIn(connection));
  expect(error).toMatchObject({ code: 'device_unapproved', kind: 'needs-human' });
  tell('approve-devices', 'USER_API')(rig.simulator);
  await rig.signIn(connection);
};

const row = (name: string, value: unknown, check: Check): SwitchRow => ({ name, value, check });

/** Every switch of the simulator, each value. */
export const switchRows: readonly SwitchRow[] = [
  row('lifetimeSeconds', 4_800, lives(4_800)),
  row('lifetimeSeconds', 5_400, lives(5_400)),
  row('lifetimeSeconds', 60, lives(60)),
  row('badCredentials', '200-errorText', fails({ ...api, ...wrong }, 'bad_credentials')),
  row('badCredentials', '401', fails({ ...api, ...wrong }, 'bad_credentials')),
  ...['s', 'ms', 'absent', 'string'].map((value) => row('bridge.expiration', value, livesTheSame)),
  ...[200, 401, 403].map((value) =>
    row('bridge.errorStatus', value, fails({ ...bridge, ...wrong }, 'bad_credentials')),
  ),
  row('bridge.errmsg', 'as the API', fails({ ...bridge, ...wrong }, 'bad_credentials')),
  row('bridge.errmsg', 'Invalid credentials', fails({ ...bridge, ...wrong }, 'bad_credentials')),
  row('bridge.errmsg', 'Second factor needed', fails({ ...bridge, ...wrong }, 'login_refused')),
  ...['TemporaryLocked', 'TemporarilyLocked'].map((value) =>
    row('lockedStatus', value, async (rig) => {
      tell('user-status', 'USER_API')(rig.simulator);
      await fails(api, 'locked_out')(rig);
    }),
  ),
  row('bridge.countsAsSession', 'on', survivors(bridge, ['dead', 'alive', 'alive'])),
  row('bridge.countsAsSession', 'off', survivors(bridge, ['alive', 'alive', 'alive'])),
  row('bridge.countsForLimits', 'on', afterFailures(bridge, 'time_penalty')),
  row('bridge.countsForLimits', 'off', afterFailures(bridge, 'a token')),
  row('bridge.penalties', 'on', afterFailures(bridge, 'time_penalty')),
  row('bridge.penalties', 'off', afterFailures(bridge, 'a token')),
  row('bridge.accept', 'form or json', posts('application/json', JSON_LOGIN, 200)),
  row('bridge.accept', 'form', posts('application/json', JSON_LOGIN, 400)),
  row('bridge.browserHeaders', 'not needed', posts(FORM, FORM_LOGIN, 200)),
  row('bridge.browserHeaders', 'needed', async (rig) => {
    await posts(FORM, FORM_LOGIN, 403)(rig);
    await posts(FORM, FORM_LOGIN, 403, '/authorize', { origin: TRADING_VIEW })(rig);
    await posts(FORM, FORM_LOGIN, 403, '/authorize', { referer: `${TRADING_VIEW}/` })(rig);
    // Ours are sent, unless a setting leaves them out.
    await letsInOnly({}, { TRADOVATE_BRIDGE_ORIGIN: 'none' })(rig);
  }),
  row('bridge.browserHeaders', 'accept-language', async (rig) => {
    await posts(FORM, FORM_LOGIN, 403, '/authorize', { 'accept-language': '' })(rig);
    await rig.signIn(rig.connect(bridge));
  }),
  // Who we are is said truly, and what only browsers send is not made up, unless a person wants it.
  row(
    'bridge.browserHeaders',
    'user-agent',
    letsInOnly({ TRADOVATE_USER_AGENT: 'Mozilla/5.0 (made up)' }, {}),
  ),
  row('bridge.browserHeaders', 'sec-fetch', letsInOnly(secFetch, {})),
  ...['errmsg', 'errorText'].map((value) =>
    row('bridge.errorField', value, fails({ ...bridge, ...wrong }, 'bad_credentials')),
  ),
  ...[401, 403, 404].map((value) =>
    row('bridge.unauthorized', value, async (rig) => {
      expect(await rig.take(rig.connect(bridge), 'reach')).toBeUndefined();
    }),
  ),
  row('bridge.unauthorized', 'page', async (rig) => {
    const { error } = await rig.failure(() => rig.take(rig.connect(bridge), 'reach'));
    expect(error).toMatchObject({ kind: 'transient', code: 'server_fault', scope: 'broker' });
  }),
  row('mePenalty', 'wait only', proofAfterPenalty('alive')),
  row('mePenalty', 'ticket', proofAfterPenalty('time_penalty')),
  row('bridge.renewable', 'on', renewalsOfBridge('another token')),
  row('bridge.renewable', 'off', renewalsOfBridge('session_dead')),
  row('oldTokenAfterRenew', 'valid', oldTokenIs('alive', 79 * MINUTE_MS)),
  row('oldTokenAfterRenew', 'dead', oldTokenIs('dead')),
  row('oldTokenAfterRenew', 60, oldTokenIs('alive', 50_000)),
  row('oldTokenAfterRenew', 30, oldTokenIs('dead', 31_000)),
  row('mdAccessToken', 'login only', marketData(true, false)),
  row('mdAccessToken', 'login+renew', marketData(true, true)),
  row('mdAccessToken', 'never', marketData(false, false)),
  ...['wait only', 'query', 'header'].map((value) => row('renewPenalty', value, renewsTimes(15, 15))),
  row('captchaOnLoginPenalty', 'conditional', afterFailures(api, 'time_penalty')),
  row('captchaOnLoginPenalty', 'always', afterFailures(api, 'captcha')),
  row('orphanAnswer', 401, orphanGives('session_dead')),
  ...[408, 429, 500].map((value) => row('orphanAnswer', value, orphanGives('orphan_suspected'))),
  row('orphanAnswer', '429-empty', orphanGives('rate_limited')),
  row('orphanAnswer', '500-error-id', orphanGives('server_fault')),
  row('expirationFraction', 'present', livesTheSame),
  row('expirationFraction', 'absent', livesTheSame),
  row('cidAsString', 'accepted', posts('application/json', STRING_CID, 200, NATIVE)),
  row('cidAsString', 'refused', async (rig) => {
    await posts('application/json', STRING_CID, 400, NATIVE)(rig);
    // However the file writes it, it is sent as a number.
    await rig.signIn(rig.connect(apiWith({ cid: '1234' })));
  }),
  row('apiKeyNeeded', 'off', posts('application/json', '{"name":"U","password":"p"}', 200, NATIVE)),
  row('apiKeyNeeded', 'on', async (rig) => {
    // Without a key it says what it says of a wrong password; ours is sent with every login.
    const base = rig.simulator.setting('TRADOVATE_BRIDGE_URL') ?? '';
    const answer = await fetch(`${base}${NATIVE}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"U","password":"p"}',
    });
    expect(await answer.json()).toHaveProperty('errorText');
    await rig.signIn(rig.connect(api));
  }),
  row('deviceIdEnforced', 'off', discovers(apiWith({ deviceId: 'wrong-device' }), threeNames)),
  row('deviceIdEnforced', 'on', discovers(apiWith({ deviceId: 'wrong-device' }), 'access_denied')),
  row('deviceApproval', 'off', async (rig) => void (await rig.signIn(rig.connect(api)))),
  row('deviceApproval', 'on', approvesDevice),
  row('apiHosts', 'off', livesTheSame),
  row('apiHosts', 'on', livesTheSame),
  row('accountNames', undefined, discovers(bridge, threeNames)),
  row('accountNames', ['APEX_1', 'no key: a b', 'x'.repeat(65), '', 'APEX_1'], discovers(bridge, ['APEX_1'])),
  row('limits', 'documented', renewsTimes(15, 15)),
  row('limits', 'random', renewsTimes(9, 21)),
  row('limits.login', 6, afterFailures(api, 'a token')),
  row('limits.renew', 3, renewsTimes(3, 3)),
  row('limits.me', 0, async (rig) => {
    const connection = rig.connect(api);
    const grant = await rig.signIn(connection);
    const { error } = await rig.failure(() => rig.take(connection, 'proof', grant));
    expect(error).toMatchObject({ code: 'time_penalty', retryAfterMs: 30_000 });
  }),
  row('penaltySeconds', 2, async (rig) => {
    tell('fail-logins')(rig.simulator);
    const { error } = await rig.failure(() => rig.signIn(rig.connect(api)));
    expect(error).toMatchObject({ code: 'time_penalty', retryAfterMs: 2_000 });
  }),
  row('limits.anonymous', 1, async (rig) => {
    await rig.signIn(rig.connect(api));
    expect((await rig.failure(() => rig.signIn(rig.connect(api)))).error.code).toBe('rate_limited');
  }),
  row('limits.user', 1, renewsTimes(1, 1)),
  row('limits.perMinute', 'off', renewsTimes(15, 15)),
  row('limits.perMinute', 10, renewsTimes(9, 9)),
  ...(
    [
      ['ticket', 'time_penalty'],
      ['captcha', 'captcha'],
      ['423', 'lockout_near'],
      ['429', 'rate_limited'],
    ] as const
  ).map(([value, code]) =>
    row('throttleWith', value, async (rig) => {
      rig.simulator.fault({ broker: 'tradovate', kind: 'throttle' });
      await fails(bridge, code)(rig);
      await fails(api, code)(rig);
    }),
  ),
];
