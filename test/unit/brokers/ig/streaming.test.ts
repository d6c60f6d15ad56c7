import { describe, expect, it } from 'vitest';
import type { Connection, Grant } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { answerOf, call, makeBench, type Bench } from './harness.ts';
import { codeOf, withPair } from './raw.ts';

const STEP_MS = 36_000;
const unknownOutcome = new BrokerError('no answer', { kind: 'outcome-unknown', code: 'timeout' });

interface Published {
  readonly CST: string;
  readonly 'X-SECURITY-TOKEN': string;
  readonly lightstreamerEndpoint: string;
  readonly password: string;
  readonly accountId: string;
}
const publishedIn = (grant: Grant): Published | undefined =>
  grant.meta?.streaming === undefined ? undefined : (JSON.parse(grant.meta.streaming) as Published);

async function begun(bench: Bench): Promise<{ connection: Connection; grant: Grant }> {
  const connection = bench.connect({ streaming: true });
  const grant = await connection.signIn?.(call);
  if (!grant) throw new Error('this connection cannot sign in');
  return { connection, grant };
}

/** Renews in time, so many times; after each, the calls that it made and whether IG honours what is served. */
async function renewed(
  bench: Bench,
  connection: Connection,
  from: Grant,
  times: number,
): Promise<{ readonly grant: Grant; readonly costs: readonly number[]; readonly served: readonly string[] }> {
  let grant = from;
  const costs: number[] = [];
  const served: string[] = [];
  for (let done = 0; done < times; done++) {
    bench.clock.at += STEP_MS;
    const before = bench.sent.length;
    grant = (await connection.renew?.(grant, call)) ?? grant;
    costs.push(bench.sent.length - before);
    served.push(await honoured(bench, grant));
  }
  return { grant, costs, served };
}

/** Asks the simulated IG itself, beside the adapter; that use extends a pair, as a stream's does. */
async function honoured(bench: Bench, grant: Grant): Promise<string> {
  const tokens = publishedIn(grant);
  if (!tokens) return 'none';
  return codeOf(await withPair(bench, { cst: tokens.CST, 'x-security-token': tokens['X-SECURITY-TOKEN'] }));
}

describe('streaming tokens', () => {
  it('come with a sign-in, as bots need them', async () => {
    const bench = makeBench();
    const { grant } = await begun(bench);
    const tokens = publishedIn(grant);
    expect(tokens).toEqual({
      CST: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'X-SECURITY-TOKEN': expect.stringMatching(/^[0-9a-f-]{36}$/),
      lightstreamerEndpoint: 'https://push.example',
      password: `CST-${tokens?.CST}|XST-${tokens?.['X-SECURITY-TOKEN']}`,
      accountId: grant.accountId,
      // No longer than the access token, until it is known.
      expiresAt: new Date(grant.expiresAt).toISOString(),
    });
    expect(bench.sent.map(({ url }) => new URL(url).search)).toEqual(['', '?fetchSessionTokens=true']);
    expect(bench.sent[1]?.headers).toMatchObject({
      Authorization: `Bearer ${grant.token}`,
      'IG-ACCOUNT-ID': grant.accountId,
    });
  });

  it('are carried once they are known to outlive their access token: three calls find that out', async () => {
    const bench = makeBench({ fetchedTokensOutliveAccess: 'yes' });
    const { connection, grant } = await begun(bench);
    const run = await renewed(bench, connection, grant, 20);
    expect(run.costs).toEqual([2, 2, ...Array.from({ length: 18 }, () => 1)]);
    expect(new Set(run.served)).toEqual(new Set(['200']));
  });

  it('are fetched anew at every renewal where they do not', async () => {
    const bench = makeBench({ fetchedTokensOutliveAccess: 'no' });
    const { connection, grant } = await begun(bench);
    const run = await renewed(bench, connection, grant, 20);
    expect(run.costs).toEqual([2, 3, ...Array.from({ length: 18 }, () => 2)]);
    expect(new Set(run.served)).toEqual(new Set(['200']));
  });

  it('are good at any moment of a day, and fetched anew before six hours are over', async () => {
    const bench = makeBench({ fetchedTokensOutliveAccess: 'yes', v2Lifetime: '6h-72h' });
    const { connection, grant } = await begun(bench);
    const run = await renewed(bench, connection, grant, 2_400);
    expect(new Set(run.served)).toEqual(new Set(['200']));
    // Each fetch but the first two stands for 4.8 h; each look for half an hour.
    const extra = run.costs.reduce((sum, cost) => sum + cost - 1, 0);
    expect(extra).toBeGreaterThan(45);
    expect(extra).toBeLessThan(60);
  });

  it('that died early are noticed within half an hour, and replaced', async () => {
    const bench = makeBench();
    const { connection, grant } = await begun(bench);
    const first = await renewed(bench, connection, grant, 10);
    const tokens = publishedIn(first.grant);
    await withPair(
      bench,
      { cst: tokens?.CST ?? '', 'x-security-token': tokens?.['X-SECURITY-TOKEN'] ?? '' },
      'DELETE',
    );
    const second = await renewed(bench, connection, first.grant, 50);
    expect(second.served.at(-1)).toBe('200');
  });

  it('follow a changed accountId', async () => {
    const bench = makeBench();
    const { connection, grant } = await begun(bench);
    const run = await renewed(bench, connection, grant, 3);
    const moved = await bench.connect({ streaming: true, accountId: 'ZZ9X8' }).renew?.(run.grant, call);
    expect(moved && publishedIn(moved)?.accountId).toBe('ZZ9X8');
  });

  it('stay sealed but for meta, and are no tokens of the renewal', async () => {
    const { grant } = await begun(makeBench());
    const tokens = publishedIn(grant);
    expect(Object.values(grant.headers).join()).not.toContain(tokens?.CST);
    expect(grant.renewal?.streaming).toContain(tokens?.CST);
  });
});

describe('a failed fetch', () => {
  const failures = [
    ['nobody answers', unknownOutcome],
    ['the quota is spent', answerOf(403, { errorCode: 'error.public-api.exceeded-api-key-allowance' })],
    ['a page comes', answerOf(503, '<html></html>')],
    ['no tokens come', answerOf(200, { accountId: 'ZZ1A2', clientId: '1' })],
    ['one token comes', answerOf(200, { accountId: 'ZZ1A2' }, { cst: 'cst-1' })],
    ['a token comes that breaks a header', answerOf(200, {}, { cst: 'a b', 'x-security-token': 'x' })],
  ] as const;

  it.each(failures)('at a sign-in (%s) loses no pair; the next renewal fetches', async (_what, answer) => {
    const bench = makeBench();
    const connection = bench.connect({ streaming: true });
    bench.scripted.push('real', answer);
    const grant = await connection.signIn?.(call);
    if (!grant) throw new Error('this connection cannot sign in');
    expect(grant.meta).toBeUndefined();
    expect(await connection.probe?.(grant, call)).toBe('alive');
    const run = await renewed(bench, connection, grant, 3);
    expect(run.served).toEqual(['200', '200', '200']);
  });

  it.each(failures)(
    'at a renewal (%s) loses no pair, and keeps what may still live',
    async (_what, answer) => {
      const bench = makeBench();
      const { connection, grant } = await begun(bench);
      bench.clock.at += STEP_MS;
      bench.scripted.push('real', answer);
      const next = await connection.renew?.(grant, call);
      if (!next) throw new Error('no pair');
      expect(publishedIn(next)).toEqual(publishedIn(grant));
      expect(await connection.probe?.(next, call)).toBe('alive');
      const run = await renewed(bench, connection, next, 3);
      expect(run.served).toEqual(['200', '200', '200']);
    },
  );

  it('for longer than the tokens are believed to live takes them out of meta', async () => {
    const bench = makeBench({ fetchedTokensOutliveAccess: 'no' });
    const { connection, grant } = await begun(bench);
    bench.clock.at += 61_000;
    bench.scripted.push('real', unknownOutcome);
    const next = await connection.renew?.(grant, call);
    expect(next?.meta).toBeUndefined();
  });

  it('of what was stored by another version starts over', async () => {
    const bench = makeBench();
    const { connection, grant } = await begun(bench);
    for (const streaming of ['', '{', '{"outlives":"maybe"}']) {
      const odd = { ...grant, renewal: { ...grant.renewal, streaming } };
      const fresh = await bench.connect({ streaming: true }).signIn?.(call);
      const next = await connection.renew?.({ ...odd, renewal: { ...fresh?.renewal, streaming } }, call);
      expect(next && (await honoured(bench, next))).toBe('200');
    }
  });
});

it('signing out ends the streaming session too', async () => {
  const bench = makeBench();
  const { connection, grant } = await begun(bench);
  await connection.signOut?.(grant, call);
  expect(await connection.probe?.(grant, call)).toBe('dead');
  expect(await honoured(bench, grant)).toBe('401 error.security.client-token-invalid');
});
