import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import sdk from 'upstox-js-sdk';
import { upstox } from '../../../src/brokers/upstox/index.ts';
import { upstoxEntry } from '../../support/rows/upstox.ts';
import { consentOfPerson } from '../person.ts';
import { makeRig, offered, unhurried, type Rig } from '../rig.ts';
import { called, field, upstoxClient, type Answered } from './upstox-client.ts';

/**
 * Upstox' own client (npm upstox-js-sdk 2.31.0, generated from its OpenAPI) against our simulator.
 *
 * Known faults of the client, so that nobody looks for them here:
 * - `new ApiClient()` replaces the global `ApiClient.instance`: every API gets its client by hand.
 * - Its models drop fields that they do not know (`ddpi`, `expires_in`).
 * - It cannot send `refresh_extended_token`; nor does our adapter.
 * - `authorize()` omits `response_type` and follows the redirect: of no use for the link, not called.
 * - It never times out before a minute: a test's own deadline and `timeout` bound it (`upstox-client.ts`).
 */
let rig: Rig;
beforeEach(async () => {
  rig = await makeRig(upstox);
});
afterEach(() => rig.stop());

const clientWith = (token?: string): sdk.ApiClient => upstoxClient(`${rig.simulator.url}/upstox`, token);

const { clientId, clientSecret, redirectUri } = {
  ...upstoxEntry,
  // A space, which the client writes as %20 and our adapter as +.
  redirectUri: 'https://app.example/call back',
};

async function newCode(): Promise<string> {
  const link = new URL(`${rig.simulator.url}/upstox/v2/login/authorization/dialog`);
  link.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: 'made-up-state',
  }).toString();
  return (await consentOfPerson(link.href, redirectUri)).code ?? '';
}
const exchange = (code: string, secret = clientSecret): Promise<Answered> =>
  called((done) =>
    new sdk.LoginApi(clientWith()).token(
      '2.0',
      { code, clientId, clientSecret: secret, redirectUri, grantType: 'authorization_code' },
      done,
    ),
  );
const profile = (token: string): Promise<Answered> =>
  called((done) => new sdk.UserApi(clientWith(token)).getProfile('2.0', done));
const logout = (token: string): Promise<Answered> =>
  called((done) => new sdk.LoginApi(clientWith(token)).logout('2.0', done));

/** What the client has for logins, and what is not called here, with the reason. */
const leftOut: Readonly<Record<string, string>> = {
  authorize: 'omits response_type',
  mapToInitTokenRequestForIndieUser: 'a part of initTokenRequestForIndieUser',
};

describe("Upstox' own client", () => {
  test('has no login call that is not made here', () => {
    const own = Object.getOwnPropertyNames(sdk.LoginApi.prototype).filter((name) => name !== 'constructor');
    const made = ['initTokenRequestForIndieUser', 'logout', 'token'];
    expect(own.toSorted()).toEqual([...made, ...Object.keys(leftOut)].toSorted());
  });

  test('exchanges a code, uses the token, and logs out', async () => {
    const { data } = await exchange(await newCode());
    const token = String(field(data, 'accessToken'));
    expect(token.split('.')).toHaveLength(3);
    expect(field(data, 'extendedToken')).toEqual(expect.any(String));

    const seen = await profile(token);
    expect(field(field(seen.data, 'data'), 'userId')).toBe(field(data, 'userId'));

    expect((await logout(token)).data).toMatchObject({ status: 'success', data: true });
    expect(await profile(token)).toMatchObject({
      status: 401,
      text: expect.stringContaining('UDAPI100050'),
    });
    // The Java exception of the second logout reaches the caller as it is.
    expect(await logout(token)).toMatchObject({ status: 401, text: expect.stringContaining('stackTrace') });
  });

  test('changes the static IP, which ends every token of the user', async () => {
    const tokens = [await exchange(await newCode()), await exchange(await newCode())].map(({ data }) =>
      String(field(data, 'accessToken')),
    );
    const body = { primaryIp: '192.0.2.1', secondaryIp: '192.0.2.2' };
    const { data } = await called((done) => new sdk.UserApi(clientWith(tokens[0])).updateUserIp(body, done));
    expect(data).toMatchObject({ status: 'success' });
    for (const token of tokens) expect(await profile(token)).toMatchObject({ status: 401 });
  });

  test('sends a code twice: the second time it is refused', async () => {
    const code = await newCode();
    await exchange(code);
    expect(await exchange(code)).toMatchObject({ status: 401, text: expect.stringContaining('UDAPI100057') });
    const spent = rig.simulator.calls({ operation: 'exchange' }).map((call) => call.spent);
    expect([spent.length, new Set(spent).size]).toEqual([2, 1]);
  });

  test('with a wrong secret is refused', async () => {
    expect(await exchange(await newCode(), 'wrong')).toMatchObject({
      status: 401,
      text: expect.stringContaining('UDAPI100069'),
    });
  });

  test('asks for approval, and reads the window as text', async () => {
    const ask = (secret: string): Promise<Answered> =>
      called((done) =>
        new sdk.LoginApi(clientWith()).initTokenRequestForIndieUser({ clientSecret: secret }, clientId, done),
      );
    rig.simulator.setSwitch('upstox', 'notifierUrl', 'http://127.0.0.1:9/never-called');
    const { data } = await ask(clientSecret);
    const window = field(data, 'data');
    expect(field(window, 'authorizationExpiry')).toMatch(/^\d{13}$/);
    expect(field(window, 'notifierUrl')).toBe('http://127.0.0.1:9/never-called');
    expect(await ask('wrong')).toMatchObject({ status: 401, text: expect.stringContaining('UDAPI100069') });
  });

  test('works with the token that our adapter got, and ends it for our adapter too', async () => {
    const connection = rig.connect();
    const grant = await rig.grant(connection);
    const seen = await profile(grant.token);
    expect(field(field(seen.data, 'data'), 'userId')).toBe(grant.owner);
    expect((await logout(grant.token)).data).toMatchObject({ data: true });
    expect(await offered(connection.probe)(grant, unhurried())).toBe('dead');
  });

  test('finds a token dead that our adapter ended', async () => {
    const connection = rig.connect();
    const grant = await rig.grant(connection);
    await offered(connection.signOut)(grant, unhurried());
    expect(await profile(grant.token)).toMatchObject({ status: 401 });
  });
});
