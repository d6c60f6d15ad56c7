import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../../src/core/broker.ts';
import { answerOf, call, failureOf, makeBench, type Bench } from './harness.ts';
import { codeOf, refresh } from './raw.ts';

async function signedIn(bench: Bench): Promise<Grant> {
  const grant = await bench.connect().signIn?.(call);
  if (!grant) throw new Error('this connection cannot sign in');
  return grant;
}
const last = ({ sent }: Bench) => sent.at(-1);

describe('the list of accounts', () => {
  it("is the broker's own, by one GET", async () => {
    const bench = makeBench();
    const grant = await signedIn(bench);
    const names = await bench.connect().discover?.(grant, call);
    expect(names).toHaveLength(3);
    expect(names?.[0]).toBe(grant.accountId);
    expect(last(bench)).toMatchObject({
      method: 'GET',
      url: 'http://127.0.0.1:9/gateway/deal/accounts',
      headers: { VERSION: '1', Authorization: `Bearer ${grant.token}` },
    });
    expect(bench.sent).toHaveLength(2);
  });

  it('is not to be had in v2, where a session acts on one account', () => {
    const { discover, headersFor } = makeBench().connect({ session: 'v2' });
    expect([discover, headersFor]).toEqual([undefined, undefined]);
  });
});

describe('signing out', () => {
  it.each([200, 204])('takes any 2xx (%d) for done', async (status) => {
    const bench = makeBench();
    const grant = await signedIn(bench);
    bench.scripted.push(answerOf(status, ''));
    await bench.connect().signOut?.(grant, call);
    expect(last(bench)).toMatchObject({ method: 'DELETE', headers: { VERSION: '1' } });
    expect(last(bench)).not.toHaveProperty('body');
  });

  it.each<[string, string]>([
    ['access', '200'],
    ['pair', '401 error.security.oauth-token-invalid'],
    ['all', '401 error.security.oauth-token-invalid'],
  ])('works with deleteKills %s', async (deleteKills, afterwards) => {
    const bench = makeBench({ deleteKills });
    const connection = bench.connect();
    const grant = await signedIn(bench);
    await connection.signOut?.(grant, call);
    expect(await connection.probe?.(grant, call)).toBe('dead');
    expect(codeOf(await refresh(bench, grant.renewal?.refreshToken ?? ''))).toBe(afterwards);
  });

  it('of a session that is over already is done, of one that IG cannot end is not', async () => {
    const bench = makeBench();
    const connection = bench.connect();
    const grant = await signedIn(bench);
    bench.command('expire-all');
    await connection.signOut?.(grant, call);
    bench.scripted.push(answerOf(500, { errorCode: 'system.error' }));
    expect(await failureOf(connection.signOut?.(grant, call))).toMatchObject({ kind: 'transient' });
  });
});

describe('reaching IG', () => {
  it('asks for the encryption key, without a session', async () => {
    const bench = makeBench();
    await bench.connect().reach?.(call);
    expect(bench.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'GET /gateway/deal/session/encryptionKey',
    ]);
    expect(bench.sent[0]?.headers).not.toHaveProperty('Authorization');
  });

  it.each([
    ['a refused key', 403, { errorCode: 'error.security.api-key-invalid' }],
    ['a spent quota', 403, { errorCode: 'error.public-api.exceeded-api-key-allowance' }],
    ['a code that is not known', 400, { errorCode: 'error.security.something-new' }],
  ])('is done with %s: IG answers as itself', async (_what, status, body) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(status, body));
    await bench.connect().reach?.(call);
    expect(bench.sent).toHaveLength(1);
  });

  it.each([
    ['a page', 503, '<html></html>', 'transient'],
    ['a page with 200', 200, '<html></html>', 'transient'],
    ['an error of its own', 500, { errorCode: 'system.error' }, 'transient'],
    ['a server error with 401', 401, { errorCode: 'error.security.generic' }, 'transient'],
    ['a gateway that asks for silence', 429, '', 'throttled'],
    ['a 200 with something else', 200, {}, 'transient'],
  ])('is not done with %s', async (_what, status, body, kind) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(status, body));
    expect(await failureOf(bench.connect().reach?.(call))).toMatchObject({ kind });
  });
});
