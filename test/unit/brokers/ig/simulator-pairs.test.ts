import { describe, expect, it } from 'vitest';
import { makeBench } from './harness.ts';
import { codeOf, fetchTokens, key, login, pairOf, refresh, session, tokensOf, withPair } from './raw.ts';

const HOUR_MS = 3_600_000;
const dead = '401 error.security.client-token-invalid';

const v2 = { version: '2' };

describe('a login with VERSION 1 or 2', () => {
  it.each<[string, Record<string, string>]>([
    ['none, which is 1', { version: '1' }],
    ['2', v2],
  ])('%s answers with tokens in the headers and the account as currentAccountId', async (_what, changes) => {
    const bench = makeBench();
    const answer = await login(bench, changes);
    expect(answer.json).toMatchObject({ reroutingEnvironment: null, accountType: 'CFD' });
    expect(answer.json).toHaveProperty('currentAccountId');
    expect(answer.json).not.toHaveProperty('oauthToken');
    const read = await withPair(bench, tokensOf(answer));
    expect(read.status).toBe(200);
  });

  it('without a VERSION is one of version 1', async () => {
    const bench = makeBench();
    const { version: _version, ...headers } = { ...key, version: '' };
    const body = JSON.stringify({ identifier: 'desk_one', password: 'made-up' });
    const answer = await bench.raw({ method: 'POST', path: '/session', headers, body });
    expect(tokensOf(answer).cst).not.toBe('');
  });

  it('cannot serve a site that needs encryption in version 1', async () => {
    const bench = makeBench({ encryptionRequired: 'yes' });
    expect(codeOf(await login(bench, { version: '1', encryptedPassword: true }))).toBe(
      '400 error.public-api.failure.encryption.required',
    );
  });

  it.each(['DEMO', 'LIVE', 'TEST', 'UAT'])(
    'that is rerouted to %s has no X-SECURITY-TOKEN',
    async (rerouting) => {
      const answer = await login(makeBench({ rerouting }), v2);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ reroutingEnvironment: rerouting });
      expect(answer.headers).toHaveProperty('cst');
      expect(answer.headers).not.toHaveProperty('x-security-token');
    },
  );
});

describe('the life of a header pair', () => {
  it.each<[string | number, readonly number[], string]>([
    ['6h-72h', [5.9], '200'],
    ['6h-72h', [6], dead],
    ['6h-72h', [5, 5, 5], '200'],
    ['6h-72h', Array.from({ length: 15 }, () => 5), dead],
    ['12h-rolling', [11.9], '200'],
    ['12h-rolling', [12], dead],
    ['12h-rolling', Array.from({ length: 15 }, () => 11), '200'],
    [7_200, [1, 0.9], '200'],
    [7_200, [1, 1], dead],
  ])('%s, used after %j hours', async (v2Lifetime, pauses, expected) => {
    const bench = makeBench({ v2Lifetime });
    const tokens = tokensOf(await login(bench, v2));
    let last = '';
    for (const hours of pauses) {
      bench.clock.at += hours * HOUR_MS;
      last = codeOf(await withPair(bench, tokens));
    }
    expect(last).toBe(expected);
  });

  it('ends with DELETE, plain or as a POST', async () => {
    const bench = makeBench();
    for (const [method, headers] of [['DELETE', {}] as const, ['POST', { _method: 'DELETE' }] as const]) {
      const tokens = tokensOf(await login(bench, v2));
      expect((await withPair(bench, { ...tokens, ...headers }, method)).status).toBe(204);
      expect(codeOf(await withPair(bench, tokens))).toBe(dead);
    }
  });
});

describe('another account', () => {
  it('brings a new X-SECURITY-TOKEN, and the old one is dead', async () => {
    const bench = makeBench();
    const before = tokensOf(await login(bench, v2));
    const answer = await withPair(bench, before, 'PUT', { accountId: 'ZZ9X8' });
    expect(answer.json).toMatchObject({ dealingEnabled: true });
    const after = tokensOf(answer);
    expect(after.cst).toBe(before.cst);
    expect(codeOf(await withPair(bench, before))).toBe('401 error.security.account-token-invalid');
    expect((await withPair(bench, after)).json).toMatchObject({ accountId: 'ZZ9X8' });
  });

  it('that is none of the login is refused', async () => {
    const bench = makeBench();
    const answer = await withPair(bench, tokensOf(await login(bench, v2)), 'PUT', { accountId: 'WRONG' });
    expect(codeOf(answer)).toBe('400 error.switch.invalid-accountId');
    expect(answer.headers).not.toHaveProperty('x-security-token');
  });

  it.each([412, 400])(
    'that is the present one is refused with sameAccountStatus %d',
    async (sameAccountStatus) => {
      const bench = makeBench({ sameAccountStatus });
      const answer = await login(bench, v2);
      const { currentAccountId } = answer.json as { currentAccountId: string };
      const same = await withPair(bench, tokensOf(answer), 'PUT', { accountId: currentAccountId });
      expect(codeOf(same)).toBe(`${sameAccountStatus} error.switch.accountId-must-be-different`);
    },
  );

  it.each([
    ['refused', '401 error.security.client-token-missing'],
    ['works', '200'],
  ])('with an access token: putWithBearer %s', async (putWithBearer, expected) => {
    const bench = makeBench({ putWithBearer });
    const { access_token } = pairOf(await login(bench));
    const headers = { authorization: `Bearer ${access_token}` };
    expect(codeOf(await withPair(bench, headers, 'PUT', { accountId: 'ZZ9X8' }))).toBe(expected);
  });
});

describe('tokens fetched in a v3 session', () => {
  it.each([
    ['yes', '200'],
    ['no', dead],
  ])('once their access token is dead: fetchedTokensOutliveAccess %s', async (switched, expected) => {
    const bench = makeBench({ fetchedTokensOutliveAccess: switched });
    const { access_token } = pairOf(await login(bench));
    const tokens = tokensOf(await fetchTokens(bench, { authorization: `Bearer ${access_token}` }));
    expect((await withPair(bench, tokens)).status).toBe(200);
    bench.clock.at += 60_000;
    expect(codeOf(await withPair(bench, tokens))).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['access', '200', '200'],
    ['pair', '401 error.security.oauth-token-invalid', '200'],
    ['all', '401 error.security.oauth-token-invalid', dead],
  ])('deleteKills %s: the refresh token and they', async (deleteKills, refreshed, fetched) => {
    const bench = makeBench({ deleteKills });
    const { access_token, refresh_token } = pairOf(await login(bench));
    const tokens = tokensOf(await fetchTokens(bench, { authorization: `Bearer ${access_token}` }));
    await session(bench, access_token, {}, 'DELETE');
    expect(codeOf(await refresh(bench, refresh_token))).toBe(refreshed);
    expect(codeOf(await withPair(bench, tokens))).toBe(fetched);
  });

  it('with a header pair are the pair itself', async () => {
    const bench = makeBench();
    const tokens = tokensOf(await login(bench, v2));
    expect(tokensOf(await fetchTokens(bench, tokens))).toEqual(tokens);
  });
});

describe('both kinds of token in one call', () => {
  it.each([
    ['bearer', '200'],
    ['refused', '400 invalid.input'],
  ])('bothAuthStyles %s', async (bothAuthStyles, expected) => {
    const bench = makeBench({ bothAuthStyles });
    const { access_token } = pairOf(await login(bench));
    const tokens = tokensOf(await login(bench, v2));
    expect(codeOf(await session(bench, access_token, tokens))).toBe(expected);
  });
});

describe('a session goes on by refreshing', () => {
  it.each<[string | number, string]>([
    ['none', '200'],
    [300, '401 error.security.oauth-token-invalid'],
  ])('sessionMax %s', async (sessionMax, expected) => {
    const bench = makeBench({ sessionMax });
    let answer = await login(bench);
    for (let times = 0; times < 10 && answer.status === 200; times++) {
      bench.clock.at += 40_000;
      answer = await refresh(bench, pairOf(answer).refresh_token);
    }
    expect(codeOf(answer)).toBe(expected);
  });
});

it('accounts and allowances are there for a session of either kind', async () => {
  const bench = makeBench();
  const tokens = tokensOf(await login(bench, v2));
  const accounts = await bench.raw({ path: '/accounts', headers: { ...key, ...tokens } });
  expect(accounts.json).toMatchObject({ accounts: [{ preferred: true }, { preferred: false }, {}] });
  const application = await bench.raw({ path: '/operations/application', headers: { ...key, ...tokens } });
  expect(application.json).toMatchObject([{ status: 'ENABLED', allowanceApplicationOverall: 60 }]);
});

describe('maintenance', () => {
  it.each([
    ['page', 503, 503],
    ['errors', 500, 401],
  ])(
    'with maintenanceAnswer %s answers logins and dead tokens in its own way, and ends',
    async (kind, atLogin, atCall) => {
      const bench = makeBench({ maintenanceAnswer: kind });
      const { access_token } = pairOf(await login(bench));
      await login(bench, v2);
      expect(bench.command('maintenance', 'on')).toEqual({ ended: 2 });
      expect((await login(bench)).status).toBe(atLogin);
      expect((await session(bench, access_token)).status).toBe(atCall);
      bench.command('maintenance', 'off');
      expect((await login(bench)).status).toBe(200);
      expect((await session(bench, access_token)).status).toBe(401);
    },
  );
});

describe('an ordered answer', () => {
  it('comes as often as ordered, to the calls that fit, with or without their effect', async () => {
    const bench = makeBench();
    const order = { operation: 'refresh-token', status: 504, times: 1, effect: true };
    bench.command('answer', JSON.stringify(order));
    const { refresh_token } = pairOf(await login(bench));
    expect((await refresh(bench, refresh_token)).status).toBe(504);
    expect((await refresh(bench, refresh_token)).status).toBe(401);
    bench.command('answer', JSON.stringify({ username: 'desk_two', status: 500, errorCode: 'system.error' }));
    expect((await login(bench)).status).toBe(200);
    expect(codeOf(await login(bench, { user: 'desk_two' }))).toBe('500 system.error');
    bench.command('clear-answers');
    expect((await login(bench, { user: 'desk_two' })).status).toBe(200);
  });
});
