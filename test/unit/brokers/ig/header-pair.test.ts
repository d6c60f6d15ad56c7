import { describe, expect, it } from 'vitest';
import type { Grant, HttpAnswer } from '../../../../src/core/broker.ts';
import { BrokerError, ConfigurationError } from '../../../../src/core/errors.ts';
import { answerOf, call, failureOf, makeBench, START, type Bench } from './harness.ts';

const v2 = { session: 'v2' };
const HOUR_MS = 3_600_000;

async function signedIn(bench: Bench, changes = {}): Promise<Grant> {
  const grant = await bench.connect({ ...v2, ...changes }).signIn?.(call);
  if (!grant) throw new Error('this connection cannot sign in');
  return grant;
}

const made = ({ sent }: Bench): readonly string[] =>
  sent.map(({ method, url }) => `${method} ${url.replace('http://127.0.0.1:9/gateway/deal', '')}`);

/** A login's answer, with what is asked to be different. */
const answered = (headers: Record<string, string>, body: object = {}) =>
  answerOf(200, { clientId: '1', currentAccountId: 'ZZ1A2', reroutingEnvironment: null, ...body }, headers);
const tokens = { cst: 'cst-1', 'x-security-token': 'xst-1' };
const refusedWith = (status: number, errorCode: string) => answerOf(status, { errorCode });
const noAnswer = new BrokerError('No answer.', { kind: 'outcome-unknown', code: 'no_answer' });

describe('a v2 sign-in', () => {
  it('is one POST with VERSION 2, the key, and no header of an earlier session', async () => {
    const bench = makeBench();
    await signedIn(bench);
    expect(bench.sent).toEqual([
      {
        method: 'POST',
        url: 'http://127.0.0.1:9/gateway/deal/session',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json; charset=UTF-8',
          VERSION: '2',
          'X-IG-API-KEY': 'key-demo-1',
        },
        body: JSON.stringify({ identifier: 'desk_one', password: 'made-up', encryptedPassword: false }),
      },
    ]);
  });

  it('publishes the CST, and all headers that a call needs', async () => {
    const bench = makeBench();
    bench.scripted.push(answered(tokens));
    const grant = await signedIn(bench);
    expect(grant).toEqual({
      token: 'cst-1',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json; charset=UTF-8',
        'X-IG-API-KEY': 'key-demo-1',
        CST: 'cst-1',
        'X-SECURITY-TOKEN': 'xst-1',
      },
      renewal: { defaultAccountId: 'ZZ1A2' },
      issuedAt: START,
      expiresAt: START + 6 * HOUR_MS,
      lifeMs: 6 * HOUR_MS,
      tokenType: 'CST',
      baseUrl: 'http://127.0.0.1:9/gateway/deal',
      owner: '1',
      accountId: 'ZZ1A2',
    });
  });

  it('lives as long as IG_V2_LIFETIME_SECONDS says, and is signed in anew before that', async () => {
    const bench = makeBench({}, { IG_V2_LIFETIME_SECONDS: '43200' });
    const grant = await signedIn(bench);
    expect(grant.expiresAt).toBe(START + 12 * HOUR_MS);
    const { policy, renew } = bench.connect(v2);
    expect(renew).toBeUndefined();
    expect(policy?.dueAtShare).toBe(0.8);
  });

  it.each(['', '0', '1e9', '599', '259201', 'six hours'])('refuses %j as that setting', (value) => {
    const bench = makeBench({}, { IG_V2_LIFETIME_SECONDS: value });
    expect(() => bench.connect(v2)).toThrow(ConfigurationError);
  });
});

describe('a 200 that is no session', () => {
  it.each<[string, Record<string, string>, object, string]>([
    ['no X-SECURITY-TOKEN', { cst: 'cst-1' }, { reroutingEnvironment: 'LIVE' }, 'rerouted'],
    ['neither token, but an account', {}, { currentAccountId: 'ZZ1A2' }, 'rerouted'],
    ['a rerouting with both', tokens, { reroutingEnvironment: 'UAT' }, 'rerouted'],
    ['CHANGE_ENVIRONMENT', { cst: 'c' }, { authenticationStatus: 'CHANGE_ENVIRONMENT' }, 'rerouted'],
    ['a status nobody knows', { cst: 'c' }, { authenticationStatus: 'SOMETHING_NEW' }, 'rerouted'],
    ...['AUTHENTICATED_MISSING_CREDENTIALS', 'DISABLED_PREFERRED_ACCOUNT', 'MISSING_PREFERRED_ACCOUNT'].map(
      (authenticationStatus): [string, Record<string, string>, object, string] => [
        authenticationStatus,
        { cst: 'c' },
        { authenticationStatus },
        'platform_action_needed',
      ],
    ),
    [
      'REJECTED_INVALID_CLIENT_VERSION',
      { cst: 'c' },
      { authenticationStatus: 'REJECTED_INVALID_CLIENT_VERSION' },
      'client_refused',
    ],
  ])('with %s needs a person', async (_what, headers, body, code) => {
    const bench = makeBench();
    bench.scripted.push(answered(headers, body));
    const error = await failureOf(bench.connect(v2).signIn?.(call));
    expect(error).toMatchObject({ kind: 'needs-human', code, status: 200 });
  });

  it.each([
    ['a page', '<html></html>'],
    ['nothing', ''],
  ])('but %s leaves open whether the login counted', async (_what, body) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, body, tokens));
    expect(await failureOf(bench.connect(v2).signIn?.(call))).toMatchObject({
      kind: 'outcome-unknown',
      code: 'unreadable_answer',
    });
  });
});

describe('a 200 that speaks of no login', () => {
  it('leaves open whether the login counted, and stops nobody', async () => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, { status: 'ok' }));
    const error = await failureOf(bench.connect(v2).signIn?.(call));
    expect(error).toMatchObject({ kind: 'outcome-unknown', code: 'unreadable_answer' });
  });
});

describe('another account than the default one', () => {
  it('is switched to, and the new X-SECURITY-TOKEN replaces the old one', async () => {
    const bench = makeBench();
    const grant = await signedIn(bench, { accountId: 'ZZ9X8' });
    expect(made(bench)).toEqual(['POST /session', 'PUT /session']);
    expect(bench.sent[1]?.body).toBe('{"accountId":"ZZ9X8"}');
    expect(grant.headers['X-SECURITY-TOKEN']).not.toBe(bench.sent[1]?.headers?.['X-SECURITY-TOKEN']);
    expect(grant.accountId).toBe('ZZ9X8');
    expect(await bench.connect({ ...v2, accountId: 'ZZ9X8' }).probe?.(grant, call)).toBe('alive');
  });

  it('is not asked for where the session is there already', async () => {
    const bench = makeBench();
    const { accountId = '' } = await signedIn(bench);
    const again = makeBench();
    await signedIn(again, { accountId });
    expect(made(again)).toEqual(['POST /session']);
  });

  it.each([412, 400])('that is the present one (%d) is success, with the token there is', async (status) => {
    const bench = makeBench();
    const same = answerOf(status, { errorCode: 'error.switch.accountId-must-be-different' });
    bench.scripted.push(answered(tokens, { currentAccountId: undefined }), same);
    const grant = await signedIn(bench, { accountId: 'ZZ9X8' });
    expect(grant.headers['X-SECURITY-TOKEN']).toBe('xst-1');
  });

  it('without a new token is believed only where the session says so; the old token is never lost', async () => {
    const bench = makeBench();
    const session = answerOf(200, { accountId: 'ZZ9X8', clientId: '1' });
    bench.scripted.push(answered(tokens), answerOf(200, {}), session);
    const grant = await signedIn(bench, { accountId: 'ZZ9X8' });
    expect(made(bench)).toEqual(['POST /session', 'PUT /session', 'GET /session']);
    expect(grant.headers['X-SECURITY-TOKEN']).toBe('xst-1');
  });

  it('is never taken for granted', async () => {
    const bench = makeBench();
    const session = answerOf(200, { accountId: 'ZZ1A2', clientId: '1' });
    bench.scripted.push(answered(tokens), answerOf(200, {}), session);
    const error = await failureOf(bench.connect({ ...v2, accountId: 'ZZ9X8' }).signIn?.(call));
    expect(error).toMatchObject({ kind: 'transient', code: 'switch_unconfirmed' });
    // What each further try would leave open at IG.
    expect(made(bench).at(-1)).toBe('DELETE /session');
  });

  it.each<[string, HttpAnswer | BrokerError, string]>([
    ['is refused as dead', refusedWith(401, 'error.security.account-token-invalid'), 'switch_unconfirmed'],
    ['fails', refusedWith(500, 'system.error'), 'server_fault'],
    ['is to no account of the login', refusedWith(400, 'error.switch.invalid-accountId'), 'account_refused'],
    ['is not answered', noAnswer, 'no_answer'],
  ])('that %s ends the session that the login opened', async (_what, answer, code) => {
    const bench = makeBench();
    // What comes of the end changes nothing of what is said.
    bench.scripted.push(answered(tokens), answer, refusedWith(500, 'system.error'));
    const error = await failureOf(bench.connect({ ...v2, accountId: 'ZZ9X8' }).signIn?.(call));
    expect(error).toMatchObject({ code });
    expect(made(bench)).toEqual(['POST /session', 'PUT /session', 'DELETE /session']);
    expect(bench.sent[2]?.headers).toMatchObject({ CST: 'cst-1', 'X-SECURITY-TOKEN': 'xst-1' });
  });

  it.each([
    ['a spent quota', refusedWith(403, 'error.public-api.exceeded-account-allowance')],
    ['429', answerOf(429, '')],
  ])('that %s turns away is followed by no call', async (_what, answer) => {
    for (const before of [[], [answerOf(200, {})]]) {
      const bench = makeBench();
      bench.scripted.push(answered(tokens), ...before, answer);
      const error = await failureOf(bench.connect({ ...v2, accountId: 'ZZ9X8' }).signIn?.(call));
      expect(error).toMatchObject({ kind: 'throttled' });
      expect(bench.sent).toHaveLength(2 + before.length);
    }
  });
});

describe('a proof of a v2 pair', () => {
  it('finds a pair dead that somebody has switched to another account', async () => {
    const bench = makeBench();
    const connection = bench.connect(v2);
    const grant = await signedIn(bench);
    bench.scripted.push(answerOf(200, { clientId: grant.owner, accountId: 'ZZ0' }));
    expect(await connection.probe?.(grant, call)).toBe('dead');
    bench.scripted.push(answerOf(200, { clientId: '1', accountId: grant.accountId }));
    expect(await connection.probe?.(grant, call)).toBe('someone-else');
    expect(await connection.probe?.(grant, call)).toBe('alive');
  });

  it('names the client, else it proves nobody', async () => {
    const bench = makeBench();
    const connection = bench.connect(v2);
    const grant = await signedIn(bench);
    bench.scripted.push(answerOf(200, { accountId: grant.accountId }));
    const error = await failureOf(connection.probe?.(grant, call));
    expect(error).toMatchObject({ kind: 'transient', code: 'unreadable_answer', scope: 'account' });
  });

  it('finds it dead after it was signed out', async () => {
    const bench = makeBench();
    const connection = bench.connect(v2);
    const grant = await signedIn(bench);
    await connection.signOut?.(grant, call);
    expect(made(bench)).toEqual(['POST /session', 'DELETE /session']);
    expect(await connection.probe?.(grant, call)).toBe('dead');
    await connection.signOut?.(grant, call);
  });
});
