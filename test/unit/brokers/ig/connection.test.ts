import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { answerOf, call, failureOf, makeBench, START, type Bench } from './harness.ts';

const unknownOutcome = new BrokerError('no answer', { kind: 'outcome-unknown', code: 'timeout' });

async function signedIn(bench: Bench, changes = {}): Promise<Grant> {
  const grant = await bench.connect(changes).signIn?.(call);
  if (!grant) throw new Error('this connection cannot sign in');
  return grant;
}

const goodPair = {
  access_token: 'a-1',
  refresh_token: 'r-1',
  token_type: 'Bearer',
  scope: 'profile',
  expires_in: '60',
};

describe('a sign-in', () => {
  it('is one POST with VERSION 3, the key, and no header of an earlier session', async () => {
    const bench = makeBench();
    await signedIn(bench);
    expect(bench.sent).toEqual([
      {
        method: 'POST',
        url: 'http://127.0.0.1:9/gateway/deal/session',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json; charset=UTF-8',
          VERSION: '3',
          'X-IG-API-KEY': 'key-demo-1',
        },
        body: JSON.stringify({ identifier: 'desk_one', password: 'made-up' }),
      },
    ]);
  });

  it('brings the token, whose it is, and all headers a call needs', async () => {
    const grant = await signedIn(makeBench());
    expect(grant).toMatchObject({
      issuedAt: START,
      expiresAt: START + 60_000,
      tokenType: 'Bearer',
      scope: 'profile',
      baseUrl: 'http://127.0.0.1:9/gateway/deal',
    });
    expect(grant.owner).toMatch(/^\d{9}$/);
    expect(grant.headers).toEqual({
      'Content-Type': 'application/json',
      Accept: 'application/json; charset=UTF-8',
      'X-IG-API-KEY': 'key-demo-1',
      Authorization: `Bearer ${grant.token}`,
      'IG-ACCOUNT-ID': grant.accountId,
    });
  });

  it('uses the configured account instead of the default one', async () => {
    const grant = await signedIn(makeBench(), { accountId: 'ZZ9X8' });
    expect(grant.accountId).toBe('ZZ9X8');
    expect(grant.headers['IG-ACCOUNT-ID']).toBe('ZZ9X8');
  });

  it('asks the session for the account where the login does not name it, so that no header lacks it', async () => {
    const bench = makeBench();
    bench.scripted.push(
      answerOf(200, { clientId: '1', oauthToken: goodPair }),
      answerOf(200, { clientId: '1', accountId: 'ZZ1A2' }),
    );
    const grant = await signedIn(bench);
    expect(bench.sent[1]).toMatchObject({ method: 'GET', headers: { Authorization: 'Bearer a-1' } });
    expect(grant.headers['IG-ACCOUNT-ID']).toBe('ZZ1A2');
  });

  it.each([
    ['fails', unknownOutcome],
    ['does not name it either', answerOf(200, { clientId: '1' })],
  ])('brings nothing without an account, where the session %s', async (_what, said) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, { clientId: '1', oauthToken: goodPair }), said);
    expect(await failureOf(bench.connect().signIn?.(call))).toMatchObject({
      kind: 'outcome-unknown',
      code: 'account_unnamed',
      doubtsPassword: false,
    });
  });

  it.each([
    ['a string', '60', 60_000],
    ['a number', 45, 45_000],
  ])('obeys an expires_in that is %s', async (_what, expires_in, lifeMs) => {
    const bench = makeBench();
    bench.scripted.push(
      answerOf(200, { clientId: 1, accountId: 'ZZ1A2', oauthToken: { ...goodPair, expires_in } }),
    );
    const grant = await signedIn(bench);
    expect(grant.expiresAt - grant.issuedAt).toBe(lifeMs);
  });

  it.each([
    ['HTML', '<html></html>'],
    ['no tokens', { clientId: '1', accountId: 'ZZ1A2' }],
    ['an empty token', { oauthToken: { ...goodPair, access_token: '' } }],
    [
      'a token that could break out of its header',
      { oauthToken: { ...goodPair, access_token: 'a\r\nX: 1' } },
    ],
    ['no refresh token', { oauthToken: { ...goodPair, refresh_token: undefined } }],
    ['no life', { oauthToken: { ...goodPair, expires_in: undefined } }],
    ['a life of nothing', { oauthToken: { ...goodPair, expires_in: '0' } }],
    ['a negative life', { oauthToken: { ...goodPair, expires_in: -60 } }],
    ['a life in milliseconds', { oauthToken: { ...goodPair, expires_in: '60000' } }],
    ['a life in words', { oauthToken: { ...goodPair, expires_in: 'a minute' } }],
  ])('is no success with a 200 that holds %s', async (_what, body) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, body));
    const error = await failureOf(bench.connect().signIn?.(call));
    expect(error).toMatchObject({ kind: 'outcome-unknown', code: 'unreadable_answer' });
  });

  it('takes an error code in a 200 for the error it is, tokens or not', async () => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, { errorCode: 'error.security.invalid-details', oauthToken: goodPair }));
    expect(await failureOf(bench.connect().signIn?.(call))).toMatchObject({ code: 'bad_credentials' });
  });

  it.each([
    ['a wrong password', { password: 'wrong-one' }, 'bad_credentials'],
    ['a live key on demo', { apiKey: 'key-live-1' }, 'key_refused'],
  ])('needs a human after %s, and says so without the secret', async (_what, changes, code) => {
    const error = await failureOf(makeBench().connect(changes).signIn?.(call));
    expect(error).toMatchObject({ kind: 'needs-human', code });
    expect(error.message).not.toMatch(/wrong-one|key-live-1|made-up/);
  });

  it('passes on that nobody answered', async () => {
    const bench = makeBench();
    bench.scripted.push(unknownOutcome);
    expect(await failureOf(bench.connect().signIn?.(call))).toBe(unknownOutcome);
    expect(bench.sent).toHaveLength(1);
  });
});

describe('a renewal', () => {
  it('is one POST with VERSION 1, the refresh token and the key, and keeps the account and the owner', async () => {
    const bench = makeBench();
    const first = await signedIn(bench);
    bench.clock.at += 36_000;
    const second = await bench.connect().renew?.(first, call);
    expect(bench.sent[1]).toEqual({
      method: 'POST',
      url: 'http://127.0.0.1:9/gateway/deal/session/refresh-token',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json; charset=UTF-8',
        VERSION: '1',
        'X-IG-API-KEY': 'key-demo-1',
      },
      body: JSON.stringify({ refresh_token: first.renewal?.refreshToken }),
    });
    expect(bench.sent).toHaveLength(2);
    expect(second).toMatchObject({
      owner: first.owner,
      accountId: first.accountId,
      issuedAt: START + 36_000,
      expiresAt: START + 96_000,
    });
    expect(second?.token).not.toBe(first.token);
    expect(second?.headers.Authorization).toBe(`Bearer ${second?.token}`);
    expect(second?.headers['IG-ACCOUNT-ID']).toBe(first.accountId);
  });

  it('follows a changed accountId at once', async () => {
    const bench = makeBench();
    const second = await bench.connect({ accountId: 'ZZ9X8' }).renew?.(await signedIn(bench), call);
    expect(second?.headers['IG-ACCOUNT-ID']).toBe('ZZ9X8');
  });

  it('works after the access token has expired, while the refresh token lives', async () => {
    const bench = makeBench();
    const first = await signedIn(bench);
    bench.clock.at += 8 * 60_000;
    expect(await bench.connect().renew?.(first, call)).toMatchObject({ issuedAt: bench.clock.at });
  });

  it('may be tried for nine minutes from issue, and not at all without a refresh token', async () => {
    const bench = makeBench();
    const { renewableUntil } = bench.connect();
    const { renewal, ...bare } = await signedIn(bench);
    expect(renewal).toBeDefined();
    expect(renewableUntil?.({ ...bare, ...(renewal && { renewal }) })).toBe(START + 9 * 60_000);
    expect(renewableUntil?.(bare)).toBe(0);
  });

  it.each(['oauth-token-invalid', 'invalid-details', '400', '403'])(
    'of a dead pair is refused, whatever IG answers (%s)',
    async (deadRefreshAnswer) => {
      const bench = makeBench({ deadRefreshAnswer });
      const grant = await signedIn(bench);
      bench.command('expire-all');
      const error = await failureOf(bench.connect().renew?.(grant, call));
      expect(error).toMatchObject({ kind: 'refused', code: 'refresh_token_dead' });
    },
  );

  it('that brought half a pair counts as spent, never as success', async () => {
    const bench = makeBench();
    const grant = await signedIn(bench);
    bench.scripted.push(answerOf(200, { ...goodPair, refresh_token: undefined }));
    expect(await failureOf(bench.connect().renew?.(grant, call))).toMatchObject({ kind: 'outcome-unknown' });
  });

  it('without a refresh token sends nothing', async () => {
    const bench = makeBench();
    const { renewal: _renewal, ...bare } = await signedIn(bench);
    expect(await failureOf(bench.connect().renew?.(bare, call))).toMatchObject({
      kind: 'refused',
      sent: false,
    });
    expect(bench.sent).toHaveLength(1);
  });
});

describe('a pair to start from', () => {
  const oauthTokenOf = (grant: Grant): unknown => ({
    access_token: grant.token,
    refresh_token: grant.renewal?.refreshToken,
    token_type: 'Bearer',
    expires_in: '60',
    scope: 'profile',
  });

  it('is dead to readers, renewable at once, and the same at every start', async () => {
    const bench = makeBench();
    const oauthToken = oauthTokenOf(await signedIn(bench));
    const connection = bench.connect({ oauthToken });
    const { seed } = connection;
    expect(seed).toMatchObject({ issuedAt: 0, expiresAt: 0 });
    expect(seed && connection.renewableUntil?.(seed)).toBe(Number.POSITIVE_INFINITY);
    bench.clock.at += 3_600_000;
    expect(bench.connect({ oauthToken }).seed).toEqual(seed);
  });

  it('is renewed, and the session says whose it is', async () => {
    const bench = makeBench();
    const first = await signedIn(bench);
    const connection = bench.connect({ oauthToken: oauthTokenOf(first) });
    const grant = connection.seed && (await connection.renew?.(connection.seed, call));
    expect(bench.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'POST /gateway/deal/session',
      'POST /gateway/deal/session/refresh-token',
      'GET /gateway/deal/session',
    ]);
    expect(grant).toMatchObject({ owner: first.owner, accountId: first.accountId });
    expect(grant?.headers['IG-ACCOUNT-ID']).toBe(first.accountId);
  });

  it('keeps its new pair where the session cannot be read and the entry names the account', async () => {
    const bench = makeBench();
    const oauthToken = oauthTokenOf(await signedIn(bench));
    const connection = bench.connect({ oauthToken, accountId: 'ZZ9X8' });
    bench.scripted.push(answerOf(200, goodPair), unknownOutcome);
    const grant = connection.seed && (await connection.renew?.(connection.seed, call));
    expect(grant).toMatchObject({ token: 'a-1', headers: { 'IG-ACCOUNT-ID': 'ZZ9X8' } });
  });

  it('is given up for a login, which names it, where nothing names the account', async () => {
    const bench = makeBench();
    const connection = bench.connect({ oauthToken: oauthTokenOf(await signedIn(bench)) });
    bench.scripted.push(answerOf(200, goodPair), unknownOutcome);
    const { seed } = connection;
    expect(await failureOf(seed && connection.renew?.(seed, call))).toMatchObject({
      kind: 'refused',
      code: 'account_unnamed',
    });
  });
});

describe('a probe', () => {
  it('proves no token where the answer does not name the client that is expected', async () => {
    const bench = makeBench();
    const connection = bench.connect();
    const grant = await signedIn(bench);
    const nameless = answerOf(200, { accountId: grant.accountId });
    bench.scripted.push(nameless, nameless);
    expect(await failureOf(connection.probe?.(grant, call))).toMatchObject({
      kind: 'transient',
      code: 'unreadable_answer',
      scope: 'account',
    });
    // A pair that came with the configuration: nobody is expected.
    const { owner, ...anybody } = grant;
    expect(owner).toBeDefined();
    expect(await connection.probe?.(anybody, call)).toBe('alive');
  });

  it("takes the entry's account and the default one, and no third", async () => {
    const bench = makeBench();
    const entry = { accountId: 'ZZ9X8' };
    const connection = bench.connect(entry);
    const grant = await signedIn(bench, entry);
    const answers = ['ZZ9X8', grant.renewal?.defaultAccountId, 'ZZ7TH', undefined];
    bench.scripted.push(...answers.map((accountId) => answerOf(200, { clientId: grant.owner, accountId })));
    const proofs: unknown[] = [];
    for (const _ of answers) proofs.push(await connection.probe?.(grant, call));
    expect(proofs).toEqual(['alive', 'alive', 'dead', 'alive']);
  });

  it('finds a living token alive, a dead one dead, and a stranger out', async () => {
    const bench = makeBench();
    const connection = bench.connect();
    const grant = await signedIn(bench);
    expect(await connection.probe?.(grant, call)).toBe('alive');
    expect(await connection.probe?.({ ...grant, owner: '1' }, call)).toBe('someone-else');
    bench.clock.at += 60_000;
    expect(await connection.probe?.(grant, call)).toBe('dead');
    expect(bench.sent.at(-1)?.headers?.VERSION).toBe('1');
  });

  it.each([
    ['a server error', answerOf(500, { errorCode: 'system.error' }), 'transient'],
    [
      'a spent quota',
      answerOf(403, { errorCode: 'error.public-api.exceeded-api-key-allowance' }),
      'throttled',
    ],
    ['a page', answerOf(503, '<html></html>'), 'transient'],
    ['a 200 that names nobody', answerOf(200, {}), 'transient'],
  ])('does not judge the token by %s', async (_what, answer, kind) => {
    const bench = makeBench();
    const grant = await signedIn(bench);
    bench.scripted.push(answer);
    expect(await failureOf(bench.connect().probe?.(grant, call))).toMatchObject({ kind });
  });
});

it('a sub-account has the headers of the login, with its own account', async () => {
  const bench = makeBench();
  const grant = await signedIn(bench);
  const headers = bench.connect().headersFor?.(grant, 'ZZ3C4');
  expect(headers).toEqual({ ...grant.headers, 'IG-ACCOUNT-ID': 'ZZ3C4' });
});
