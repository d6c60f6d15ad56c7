import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeBench } from './harness.ts';
import { codeOf, key, login, pairOf, refresh, session } from './raw.ts';

describe('the simulated session service', () => {
  it('answers a login with tokens in the body, nested, and a refresh at the top level', async () => {
    const bench = makeBench();
    const answer = await login(bench);
    expect(answer.json).toMatchObject({
      clientId: expect.stringMatching(/^\d{9}$/),
      accountId: expect.stringMatching(/^Z[0-9A-F]{4}$/),
      oauthToken: { token_type: 'Bearer', scope: 'profile', expires_in: '60' },
    });
    const { access_token, refresh_token } = pairOf(answer);
    expect(access_token).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const next = (await refresh(bench, refresh_token)).json;
    expect(next).toMatchObject({ token_type: 'Bearer', expires_in: '60' });
    expect(next).not.toMatchObject({ access_token });
  });

  it.each<[string, string, string, string]>([
    ['another version of a login', 'POST', '/session', '4'],
    ['another version of the refresh', 'POST', '/session/refresh-token', '2'],
    ['another path', 'GET', '/positions', '1'],
  ])('does not know %s', async (_what, method, path, version) => {
    expect((await makeBench().raw({ method, path, headers: { ...key, version } })).status).toBe(404);
  });

  it('numbers its answers', async () => {
    const bench = makeBench();
    await login(bench);
    expect((await login(bench)).headers['x-request-id']).toBe('made-up-2');
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['no key', { 'x-ig-api-key': '' }, 'made-up', '400 error.security.api-key-missing'],
    ['a live key on demo', { 'x-ig-api-key': 'a-live-key' }, 'made-up', '403 error.security.api-key-invalid'],
    [
      'no content type',
      { 'content-type': '' },
      'made-up',
      '400 validation.null-not-allowed.authenticationRequest',
    ],
    ['no Accept', { accept: '' }, 'made-up', '400 invalid.input'],
    ['no password', {}, '', '400 validation.null-not-allowed.authenticationRequest'],
    ['a wrong password', {}, 'wrong', '401 error.security.invalid-details'],
  ])('refuses a login with %s', async (_what, headers, password, expected) => {
    expect(codeOf(await login(makeBench(), { headers, password }))).toBe(expected);
  });

  it.each([
    ['an e-mail address for an identifier', { user: 'desk@made-up.example' }],
    ['an identifier of 31 characters', { user: 'a'.repeat(31) }],
    ['a password of 351 characters', { password: 'p'.repeat(351) }],
    ['a password with a line break', { password: 'made\nup' }],
  ])("refuses %s as IG's patterns do, and counts it", async (_what, sent) => {
    const bench = makeBench({ lockoutTries: 1 });
    expect(codeOf(await login(bench, sent))).toBe('401 error.security.invalid-details');
    expect(codeOf(await login(bench, sent))).toBe('401 error.security.too-many-failed-attempts');
  });

  it('takes a demo key for a stranger when it plays live', async () => {
    expect(codeOf(await login(makeBench({ environment: 'live' })))).toBe(
      '403 error.security.api-key-invalid',
    );
  });

  it('answers GET with the default account, or the one the header names', async () => {
    const bench = makeBench();
    const signedIn = await login(bench);
    const { access_token } = pairOf(signedIn);
    const { accountId, clientId } = signedIn.json as { accountId: string; clientId: string };
    expect((await session(bench, access_token)).json).toMatchObject({ accountId, clientId });
    expect((await session(bench, access_token, { 'ig-account-id': 'ZZ3C4' })).json).toMatchObject({
      accountId: 'ZZ3C4',
      clientId,
    });
    expect(codeOf(await session(bench, 'no-such-token'))).toBe('401 error.security.oauth-token-invalid');
    expect(codeOf(await bench.raw({ path: '/session', headers: key }))).toBe(
      '401 error.security.client-token-missing',
    );
  });

  it.each([
    ['DELETE', {}, 'access', '200'],
    ['POST', { _method: 'DELETE' }, 'pair', '401 error.security.oauth-token-invalid'],
  ])('%s with %j ends the %s', async (method, headers, deleteKills, afterwards) => {
    const bench = makeBench({ deleteKills });
    const { access_token, refresh_token } = pairOf(await login(bench));
    expect((await session(bench, access_token, headers, method)).status).toBe(204);
    expect(codeOf(await session(bench, access_token))).toBe('401 error.security.oauth-token-invalid');
    expect(codeOf(await refresh(bench, refresh_token))).toBe(afterwards);
  });
});

describe('the switches', () => {
  it.each<[string, Record<string, unknown>, number, string]>([
    ['dead at once', {}, 0, '401 error.security.oauth-token-invalid'],
    ['alive within its grace', { oldRefreshToken: 5 }, 4_999, '200'],
    ['dead after its grace', { oldRefreshToken: 5 }, 5_000, '401 error.security.oauth-token-invalid'],
    ['alive to its expiry', { oldRefreshToken: 'valid' }, 599_999, '200'],
    [
      'dead after its expiry',
      { oldRefreshToken: 'valid' },
      600_000,
      '401 error.security.oauth-token-invalid',
    ],
  ])('an old refresh token is %s (%j)', async (_what, switches, laterMs, expected) => {
    const bench = makeBench(switches);
    const { refresh_token } = pairOf(await login(bench));
    await refresh(bench, refresh_token);
    bench.clock.at += laterMs;
    expect(codeOf(await refresh(bench, refresh_token))).toBe(expected);
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, '200'],
    [{ oldAccessToken: 'dead' }, '401 error.security.oauth-token-invalid'],
  ])('an old access token after a refresh (%j): %s', async (switches, expected) => {
    const bench = makeBench(switches);
    const { access_token, refresh_token } = pairOf(await login(bench));
    await refresh(bench, refresh_token);
    expect(codeOf(await session(bench, access_token))).toBe(expected);
  });

  it.each<[Record<string, unknown>, number, string]>([
    [{}, 599_999, '200'],
    [{}, 600_000, '401 error.security.oauth-token-invalid'],
    [{ refreshTtlFrom: 'access-expiry' }, 659_999, '200'],
    [{ refreshTtl: 120 }, 120_000, '401 error.security.oauth-token-invalid'],
  ])('a refresh token (%j) after %d ms: %s', async (switches, laterMs, expected) => {
    const bench = makeBench(switches);
    const { refresh_token } = pairOf(await login(bench));
    bench.clock.at += laterMs;
    expect(codeOf(await refresh(bench, refresh_token))).toBe(expected);
  });

  it('accessTtl and expiresInType shape the life', async () => {
    const bench = makeBench({ accessTtl: 30, expiresInType: 'number' });
    const { access_token, expires_in } = pairOf(await login(bench));
    expect(expires_in).toBe(30);
    bench.clock.at += 30_000;
    expect((await session(bench, access_token)).status).toBe(401);
  });

  it.each<[Record<string, unknown>, number]>([
    [{}, 200],
    [{ secondLogin: 'kills-first' }, 401],
  ])('a second login (%j) leaves the first at %d', async (switches, status) => {
    const bench = makeBench(switches);
    const { access_token } = pairOf(await login(bench));
    await login(bench);
    expect((await session(bench, access_token)).status).toBe(status);
  });

  it('three wrong passwords lock the login for 15 minutes, the right one too', async () => {
    const bench = makeBench();
    for (let tries = 0; tries < 3; tries++) {
      expect(codeOf(await login(bench, { password: 'wrong' }))).toBe('401 error.security.invalid-details');
    }
    expect(codeOf(await login(bench))).toBe('401 error.security.too-many-failed-attempts');
    expect((await login(bench, { user: 'desk_two' })).status).toBe(200);
    bench.clock.at += 15 * 60_000;
    expect((await login(bench)).status).toBe(200);
  });

  it.each<[Record<string, unknown>, number]>([
    [{ lockoutScope: 'ip', lockoutTries: 1 }, 401],
    [{ lockoutScope: 'key', lockoutTries: 1 }, 401],
    [{ lockoutScope: 'login', lockoutTries: 1 }, 200],
  ])('a lock (%j) answers another login of the same key and network with %d', async (switches, status) => {
    const bench = makeBench(switches);
    await login(bench, { password: 'wrong' });
    expect((await login(bench, { user: 'desk_two' })).status).toBe(status);
  });

  it('tries prolong a lock where that is switched on; a person may lift it', async () => {
    const bench = makeBench({ lockoutTries: 1, lockoutProlonged: 'yes' });
    await login(bench, { password: 'wrong' });
    bench.clock.at += 10 * 60_000;
    await login(bench);
    bench.clock.at += 10 * 60_000;
    expect((await login(bench)).status).toBe(401);
    bench.command('unlock');
    expect((await login(bench)).status).toBe(200);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ keyQuota: 2 }, '403 error.public-api.exceeded-api-key-allowance'],
    [{ accountQuota: 2, authCountsAgainst: 'account' }, '403 error.public-api.exceeded-account-allowance'],
    [{ accountQuota: 2 }, '200'],
    [{ keyQuota: 2, authCountsAgainst: 'none' }, '200'],
  ])('a third login within a minute (%j): %s', async (switches, expected) => {
    const bench = makeBench(switches);
    await login(bench);
    bench.clock.at += 59_000;
    await login(bench);
    expect(codeOf(await login(bench))).toBe(expected);
    bench.clock.at += 1_001;
    expect((await login(bench)).status).toBe(200);
  });
});

describe('the published quotas', () => {
  it('hold a key to 60 calls a minute where no switch is turned, until what was called is forgotten', async () => {
    const bench = makeBench();
    for (let i = 0; i < 60; i++) expect((await login(bench, { user: `desk_${i % 6}` })).status).toBe(200);
    expect(codeOf(await login(bench))).toBe('403 error.public-api.exceeded-api-key-allowance');
    bench.command('forget-calls');
    expect((await login(bench)).status).toBe(200);
  });

  it('hold an account to 30', async () => {
    const bench = makeBench();
    const { access_token } = pairOf(await login(bench));
    for (let i = 0; i < 30; i++) expect((await session(bench, access_token)).status).toBe(200);
    expect(codeOf(await session(bench, access_token))).toBe(
      '403 error.public-api.exceeded-account-allowance',
    );
  });

  it.each<[Record<string, unknown>, number | undefined, number | undefined]>([
    [{}, 60, 30],
    [{ demoQuota: 8, accountQuota: 12 }, 8, 12],
    [{ keyQuota: 0, accountQuota: 0 }, undefined, undefined],
    [{ accessTtl: 30 }, undefined, undefined],
    [{ accessTtl: 30, keyQuota: 60 }, 60, undefined],
  ])('are told as they are in force (%j): %s for the key, %s for the account', async (switches, ...told) => {
    const bench = makeBench(switches);
    const { access_token } = pairOf(await login(bench));
    const { json } = await bench.raw({
      method: 'GET',
      path: '/operations/application',
      headers: { ...key, authorization: `Bearer ${access_token}` },
    });
    const [one] = z
      .array(
        z.object({
          allowanceApplicationOverall: z.number().optional(),
          allowanceAccountOverall: z.number().optional(),
        }),
      )
      .parse(json);
    expect([one?.allowanceApplicationOverall, one?.allowanceAccountOverall]).toEqual(told);
  });
});

describe('commands and ledger', () => {
  it('expire-all ends every pair, or those of one login', async () => {
    const bench = makeBench();
    const one = pairOf(await login(bench));
    const two = pairOf(await login(bench, { user: 'desk_two' }));
    expect(bench.command('expire-all', 'desk_one')).toEqual({ ended: 1 });
    expect((await session(bench, one.access_token)).status).toBe(401);
    expect((await session(bench, two.access_token)).status).toBe(200);
    expect(bench.command('expire-all')).toEqual({ ended: 1 });
    expect((await refresh(bench, two.refresh_token)).status).toBe(401);
  });

  it('name what a refresh spends, dead or alive, so that the ledger can tell a token that came twice', async () => {
    const bench = makeBench();
    const { refresh_token } = pairOf(await login(bench));
    await refresh(bench, refresh_token);
    await refresh(bench, refresh_token);
    expect(bench.spent).toEqual([refresh_token, refresh_token]);
  });

  it('does not know any other', () => {
    expect(makeBench().command('dance')).toBeUndefined();
  });
});
