import { describe, expect, it } from 'vitest';
import { makeBuckets } from '../../../src/http/buckets.ts';
import { publicApp } from '../../../src/http/app.ts';
import { makeAccess } from '../../../src/http/access.ts';
import { addressOf, rates } from '../../../src/http/rate-limits.ts';
import {
  account,
  ADMIN_TOKEN,
  bearer,
  contextOf,
  fakeClock,
  fakeDesk,
  fakeLog,
  serve,
  type Served,
} from './support.ts';

const desk = fakeDesk([account('one')]);
const wrong = { authorization: 'Bearer made-up-and-wrong' };
const minute = 60_000;

const signIn = async ({ app }: Served, token: string, from = '192.0.2.1') =>
  app.inject({
    method: 'POST',
    url: '/sign-in',
    remoteAddress: from,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    payload: `token=${token}`,
  });
const read = async ({ app }: Served, headers: Record<string, string>, from = '192.0.2.1') =>
  app.inject({ url: '/api/token/status', headers, remoteAddress: from });

describe('guesses of the admin token', () => {
  it('are few as bearer tokens, and a right one is not told from a wrong one after them', async () => {
    const served = await serve(desk);
    for (let i = 0; i < rates.bearer.burst; i += 1) expect((await read(served, wrong)).statusCode).toBe(401);
    const answer = await read(served, wrong);
    expect(answer.statusCode).toBe(429);
    expect(Object.keys(answer.json<object>())).toEqual(['status', 'code', 'message']);
    expect(answer.json()).toMatchObject({ status: 'error', code: 'TOO_MANY_REQUESTS' });
    expect(answer.headers['retry-after']).toBe('3');
    expect((await read(served, bearer)).statusCode).toBe(429);
    expect((await read(served, bearer, '192.0.2.2')).statusCode).toBe(200);
    expect((await read(served, served.cookie())).statusCode).toBe(200);
    served.clock.move(3_000);
    expect((await read(served, bearer)).statusCode).toBe(200);
  });

  it('count on every path that would tell a right token, and an open one tells nothing', async () => {
    const served = await serve(desk);
    const paths = ['/api/nothing', '/dashboard', '/oauth/alpha/one', '/sign-in'];
    for (let i = 0; i < rates.bearer.burst; i += 1)
      await served.app.inject({ url: paths[i % paths.length] ?? '', headers: wrong });
    for (const url of paths) expect((await served.app.inject({ url, headers: bearer })).statusCode).toBe(429);
    for (const url of ['/livez', '/readyz', '/metrics'])
      expect((await served.app.inject({ url, headers: wrong })).statusCode).toBe(200);
  });

  it('do not count against whoever knows it', async () => {
    const served = await serve(desk);
    for (let i = 0; i < 3 * rates.bearer.burst; i += 1)
      expect((await read(served, bearer)).statusCode).toBe(200);
    for (let i = 0; i < 3 * rates['sign-in'].burst; i += 1)
      expect((await signIn(served, ADMIN_TOKEN)).statusCode).toBe(303);
  });

  it('are few in the form, also many at once', async () => {
    const served = await serve(desk);
    const tries = Array.from({ length: 3 * rates['sign-in'].burst }, () => signIn(served, 'guess'));
    const answers = (await Promise.all(tries)).map(({ statusCode }) => statusCode);
    expect(answers.filter((status) => status === 401)).toHaveLength(rates['sign-in'].burst);
    expect(answers.filter((status) => status === 429)).toHaveLength(2 * rates['sign-in'].burst);
    expect((await signIn(served, ADMIN_TOKEN)).statusCode).toBe(429);
    expect((await signIn(served, ADMIN_TOKEN, '192.0.2.2')).statusCode).toBe(303);
    served.clock.move(minute / rates['sign-in'].perMinute);
    expect((await signIn(served, ADMIN_TOKEN)).statusCode).toBe(303);
  });

  it('are said once in the log, with the address and without the guess', async () => {
    const served = await serve(desk);
    for (let i = 0; i < rates.bearer.burst + 5; i += 1) await read(served, wrong);
    const said = served.log.lines.filter(({ fields }) => fields['event'] === 'http.limit_reached');
    expect(said.map(({ level, fields }) => [level, fields['limit'], fields['from']])).toEqual([
      ['warn', 'bearer', '192.0.2.1'],
    ]);
    expect(served.log.text()).not.toContain('made-up-and-wrong');
  });
});

describe('what one address asks for', () => {
  const many = async (served: Served, request: object, count: number): Promise<readonly number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) statuses.push((await served.app.inject(request)).statusCode);
    return statuses;
  };
  const of = (statuses: readonly number[], status: number): number =>
    statuses.filter((each) => each === status).length;

  it.each([
    ['reads', { url: '/api/token/status', headers: bearer }, 200, rates.read],
    ['actions', { method: 'POST', url: '/api/token/force-refresh', headers: bearer }, 202, rates.action],
    ['logins that come back', { url: '/callback?state=made-up' }, 400, rates.callback],
    ['posts of brokers', { method: 'POST', url: '/webhooks/alpha/good' }, 200, rates.webhook],
    ['paths that nobody serves', { url: '/nothing' }, 404, rates.read],
  ])('has an end: %s', async (_what, request, status, rate) => {
    const served = await serve(desk);
    const statuses = await many(served, request, rate.burst + 3);
    expect([of(statuses, status), of(statuses, 429)]).toEqual([rate.burst, 3]);
  });

  it('is bounded for each kind by itself', async () => {
    const served = await serve(desk);
    await many(served, { url: '/callback' }, rates.callback.burst + 1);
    const post = { method: 'POST', url: '/webhooks/alpha/good' } as const;
    expect((await served.app.inject(post)).statusCode).toBe(200);
    expect((await read(served, bearer, '127.0.0.1')).statusCode).toBe(200);
  });

  it('never ends for probes and scrapes', async () => {
    const served = await serve(desk);
    const statuses = await many(served, { url: '/livez' }, rates.read.burst + 50);
    expect(of(statuses, 200)).toBe(rates.read.burst + 50);
    await many(served, { url: '/nothing' }, rates.read.burst + 1);
    for (const url of ['/livez', '/readyz', '/metrics'])
      expect((await served.app.inject({ url })).statusCode).toBe(200);
  });

  it('is the caller’s behind a proxy that is trusted, and the proxy’s behind one that is not', async () => {
    const statusOf = async (trust: boolean): Promise<number> => {
      const clock = fakeClock();
      const parts = { clock, log: fakeLog(), access: makeAccess(ADMIN_TOKEN, clock) };
      const app = await publicApp(await contextOf(desk, parts), trust && 'loopback', () => new Set());
      const from = (caller: string) =>
        app.inject({ url: '/callback', headers: { 'x-forwarded-for': caller } });
      for (let i = 0; i < rates.callback.burst; i += 1) await from('192.0.2.1');
      return (await from('192.0.2.2')).statusCode;
    };
    expect([await statusOf(true), await statusOf(false)]).toEqual([400, 429]);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:1:2::9', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts as %s', (ip, key) => {
    expect(addressOf({ ip })).toBe(key);
  });
});

describe('the buckets', () => {
  it('fill again with time, and no further than they hold', () => {
    const buckets = makeBuckets({ burst: 2, perMinute: 60 });
    const at = (now: number): number => buckets.take('a', now).retryMs;
    expect([at(0), at(0), at(0), at(400), at(1_000), at(1_000)]).toEqual([0, 0, 1_000, 600, 0, 1_000]);
    expect([at(99_000), at(99_000), at(99_000)]).toEqual([0, 0, 1_000]);
  });

  it('say the first refusal of a row', () => {
    const buckets = makeBuckets({ burst: 1, perMinute: 60 });
    const at = (now: number): boolean => buckets.take('a', now).first;
    expect([at(0), at(0), at(0), at(1_000), at(1_000)]).toEqual([false, true, false, false, true]);
  });

  it('stay bounded whoever comes', () => {
    const buckets = makeBuckets({ burst: 1, perMinute: 1 });
    for (let i = 0; i < 20_000; i += 1) buckets.take(String(i), 0);
    expect(buckets.size).toBe(10_000);
  });

  it('forget the one that was not heard of for longest', () => {
    const buckets = makeBuckets({ burst: 1, perMinute: 1 });
    buckets.take('often', 0);
    for (let i = 0; i < 20_000; i += 1) {
      buckets.take(String(i), 0);
      buckets.take('often', 0);
    }
    expect([buckets.wait('often', 0), buckets.wait('1', 0)]).toEqual([minute, 0]);
  });
});
