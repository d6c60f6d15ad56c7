import { describe, it } from 'vitest';
import { requestRefresh } from '../../src/app/wishes.ts';
import { approving, withApproval, type ApprovalBench, type Notice } from '../support/approval.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';

const MINUTE_MS = 60_000;

/** The notices that went over the wire, oldest first. */
const notices = (bench: ApprovalBench): readonly Notice[] =>
  bench.arrivals.map(({ sent }) => JSON.parse(sent) as Notice);
const published = (bench: ApprovalBench): Promise<string | null> => bench.redis.get('token:UP');
const eventsOf = (bench: ApprovalBench): readonly unknown[] => bench.events.map(({ event }) => event);

/** Waits until the person was asked, lets them approve, and waits for the token. */
async function approved(bench: ApprovalBench): Promise<string> {
  await bench.state('UP', 'awaiting_approval');
  await bench.simulator.waitForCalls({ operation: 'request', status: 200 }, 1, 5_000);
  await until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'asked', {
    what: 'the account to wait for its person',
  });
  bench.person('approve');
  await bench.keys(['token:UP', 'auth:UP', 'meta:UP']);
  await bench.state('UP', 'fresh');
  return (await published(bench)) ?? '';
}

/** Another token of the same user, as a late approval makes it; the way it was answered. */
async function another(
  bench: ApprovalBench,
  clientId?: string,
): Promise<Notice & { readonly status: string }> {
  const before = bench.arrivals.length;
  bench.person('approve-late', clientId);
  await until(() => bench.arrivals.length > before, { what: 'the notice to arrive' });
  const { sent = '{}', status = 0 } = bench.arrivals[before] ?? {};
  return { ...(JSON.parse(sent) as Notice), status: String(status) };
}

describe.concurrent('an approval', () => {
  it('is asked for once, and its token is proved and published', ({ expect }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      const [notice] = notices(bench);
      expect(bench.arrivals).toMatchObject([{ status: 200 }]);
      expect(token).toBe(notice?.['access_token']);
      expect(await bench.redis.hgetall('meta:UP')).toMatchObject({ userId: 'AB0001', source: 'consent' });
      const { provenAt = '0' } = await bench.redis.hgetall('refresher:account:UP');
      expect(Number(provenAt)).toBeGreaterThan(0);
      expect(eventsOf(bench)).toEqual(['refreshed']);
      await bench.restart();
      await bench.redis.zadd('refresher:due:upstox', bench.simulator.clock.now(), 'UP');
      await until(
        async () =>
          Number(await bench.redis.zscore('refresher:due:upstox', 'UP')) >
          bench.simulator.clock.now() + MINUTE_MS,
        { what: 'the account to rest' },
      );
      expect([bench.calls('request').length, bench.calls('profile').length]).toEqual([1, 1]);
      expect(await published(bench)).toBe(token);
    }));

  it('that is wished for again while the question is open rings nobody in the night, when it ends', ({
    expect,
  }) =>
    withApproval({}, async (bench) => {
      const isAsked = async (): Promise<boolean> =>
        (await bench.redis.hget('state:UP', 'reason')) === 'asked';
      await until(isAsked, { what: 'the request' });
      await requestRefresh(bench.redis, 'UP', 'upstox', false, bench.simulator.clock.now());
      await until(async () => (await bench.redis.hexists('refresher:account:UP', 'request')) === 0, {
        what: 'the wish to be answered',
      });
      // 04:00 of the next day in India.
      bench.simulator.clock.shift(18 * 60 * MINUTE_MS);
      await until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'approval_lapsed', {
        what: 'the question to lapse',
      });
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('that never comes leaves the account waiting, with a deadline, and is not asked for again by a restart', ({
    expect,
  }) =>
    withApproval({}, async (bench) => {
      const said = await until(
        async () => {
          const state = await bench.redis.hgetall('state:UP');
          return state['reason'] === 'asked' && state;
        },
        { what: 'the request' },
      );
      expect(said).toMatchObject({ state: 'awaiting_approval' });
      // 03:30 in India is 22:00 UTC.
      expect(said['expiresAt']).toMatch(/T22:00:00\.000Z$/);
      bench.person('reject');
      await bench.restart();
      await bench.redis.zadd('refresher:due:upstox', bench.simulator.clock.now(), 'UP');
      await until(
        async () =>
          Number(await bench.redis.zscore('refresher:due:upstox', 'UP')) >
          bench.simulator.clock.now() + MINUTE_MS,
        { what: 'the account to rest' },
      );
      expect(bench.calls('request')).toHaveLength(1);
      expect(await bench.redis.exists('token:UP')).toBe(0);
    }));

  it('forged in its fields is refused without a call', ({ expect }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      const tomorrow = String(bench.simulator.clock.now() + 24 * 60 * MINUTE_MS);
      const posts: readonly (readonly [number, unknown, string?])[] = [
        [404, bench.forged(), '/webhooks/upstox/not-the-secret'],
        [404, bench.forged(), bench.path.replace('upstox', 'tradovate')],
        [404, bench.forged(), bench.path.slice(0, -1)],
        [400, bench.forged({ client_id: 'another-app' })],
        [400, bench.forged({ user_id: 'ZZ9999' })],
        [400, bench.forged({ expires_at: tomorrow })],
        [400, bench.forged({ issued_at: tomorrow })],
        [400, bench.forged({ message_type: 'order' })],
        [400, bench.forged({ access_token: 'two words' })],
        [400, {}],
        [400, []],
        [400, ''],
        [400, '{"client_id":'],
        [413, bench.forged({ access_token: 'x'.repeat(20_000) })],
      ];
      for (const [status, body, path] of posts) {
        expect([(await bench.post(body, path)).status, body]).toEqual([status, body]);
      }
      const form = await fetch(new URL(bench.path, bench.service.url), {
        method: 'POST',
        body: new URLSearchParams(bench.forged()),
      });
      expect(form.status).toBe(415);
      expect((await fetch(new URL(bench.path, bench.service.url))).status).toBe(405);
      expect([bench.calls('profile').length, await published(bench)]).toEqual([1, token]);
      expect(await bench.redis.hgetall('state:UP')).toMatchObject({ state: 'fresh', reason: '' });
    }));

  it('forged in its token costs one call and is dropped; the right one is then taken', ({ expect }) =>
    withApproval({}, async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'request' }, 1, 5_000);
      expect((await bench.post(bench.forged())).status).toBe(200);
      await bench.simulator.waitForCalls({ operation: 'profile', status: 401 }, 1, 5_000);
      await until(() => bench.logged('refresh.failed').length > 0, { what: 'the verdict' });
      expect(bench.logged('refresh.failed')).toMatchObject([{ code: 'dead_on_arrival' }]);
      expect(await bench.redis.exists('token:UP', 'meta:UP')).toBe(0);
      bench.person('approve');
      await bench.keys(['token:UP']);
      expect(await published(bench)).toBe(notices(bench).at(-1)?.['access_token']);
      expect([bench.calls('request').length, bench.calls('profile').length]).toEqual([1, 2]);
    }));

  it('forged in its token does not touch a live one, which is proved in its time as before', ({ expect }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      const reader = hammer(async () => [
        await published(bench),
        await bench.redis.hget('state:UP', 'state'),
      ]);
      const proofDueAt = (): Promise<string | null> => bench.redis.hget('refresher:account:UP', 'proofDueAt');
      const before = await proofDueAt();
      bench.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'slow', ms: 300, times: 1 });
      expect((await bench.post(bench.forged())).status).toBe(200);
      await bench.simulator.waitForCalls({ operation: 'profile', status: 401 }, 1, 5_000);
      await until(() => bench.logged('arrival.dropped').length > 0, { what: 'the verdict' });
      expect(await proofDueAt()).toBe(before);
      bench.simulator.clock.shift(31 * MINUTE_MS);
      await bench.simulator.waitForCalls({ operation: 'profile', status: 200 }, 2, 5_000);
      await until(async () => Number(await proofDueAt()) > Number(before), { what: 'the proof' });
      await reader.stop();
      expect([...new Set(reader.seen.map(({ value }) => value.join()))]).toEqual([`${token},fresh`]);
    }));

  it('of another user is refused without a call, also where no user is configured', ({ expect }) =>
    withApproval({ entries: [{ ...approving, userId: undefined }] }, async (bench) => {
      const token = await approved(bench);
      expect(bench.logged('owner.pinned')).toHaveLength(1);
      // A real token of another user, through our own app as the notice says.
      bench.person('register', `other-app ZZ0001 ${approving.redirectUri}`);
      bench.person('notifier', `other-app ${bench.arrivalsUrl}/not-a-webhook`);
      const stranger = await another(bench, 'other-app');
      const { status: _, ...notice }: Notice = { ...stranger, client_id: approving.clientId };
      expect(notice['user_id']).toBe('ZZ0001');
      expect((await bench.post(notice)).status).toBe(400);
      expect((await bench.post({ ...notice, user_id: approving.userId })).status).toBe(400);
      expect(bench.logged('webhook.arrived').slice(-2)).toMatchObject(
        Array(2).fill({ outcome: 'refused', reason: 'wrong_user' }),
      );
      expect([bench.calls('profile').length, await published(bench)]).toEqual([1, token]);
    }));

  it('that is posted again and again is taken once', ({ expect }) =>
    withApproval({ simulator: { switches: { upstox: { webhookDuplicates: 'on' } } } }, async (bench) => {
      const token = await approved(bench);
      await until(() => bench.arrivals.length === 2, { what: 'the second copy' });
      const [notice] = notices(bench);
      const again = await Promise.all([1, 2, 3].map(() => bench.post(notice)));
      expect([...bench.arrivals, ...again].map(({ status }) => status)).toEqual(Array(5).fill(200));
      expect([bench.calls('profile').length, eventsOf(bench)]).toEqual([1, ['refreshed']]);
      expect(await published(bench)).toBe(token);
    }));

  it('posted more often than six times a minute is refused without calls, and the account goes on', ({
    expect,
  }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      // One of the six was the real one.
      const statuses: number[] = [];
      for (let post = 0; post < 8; post++) statuses.push((await bench.post(bench.forged())).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 400, 400, 400]);
      expect(bench.logged('webhook.arrived').slice(-3)).toMatchObject(
        Array(3).fill({ outcome: 'refused', reason: 'too_many' }),
      );
      await until(async () => (await bench.redis.hexists('refresher:account:UP', 'pending')) === 0, {
        what: 'all of them to be judged',
      });
      expect(bench.calls('profile').length).toBeLessThanOrEqual(6);
      expect(await published(bench)).toBe(token);
      expect(await bench.redis.hgetall('state:UP')).toMatchObject({ state: 'fresh' });
      bench.simulator.clock.shift(MINUTE_MS + 1_000);
      const later = await another(bench);
      expect(later.status).toBe('200');
      await until(async () => (await published(bench)) === later['access_token'], { what: 'the new token' });
    }));

  it('whose proof fails waits sealed, the old token untouched, and is published once Upstox answers', ({
    expect,
  }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      bench.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'status', status: 503 });
      const before = await bench.redis.hgetall('meta:UP');
      const notice = await another(bench);
      expect(notice.status).toBe('200');
      await bench.simulator.waitForCalls({ operation: 'profile', status: 503 }, 2, 15_000);
      expect(await published(bench)).toBe(token);
      expect(await bench.redis.hgetall('meta:UP')).toEqual(before);
      expect(await bench.redis.hgetall('state:UP')).toMatchObject({
        state: 'fresh',
        reason: 'proof_pending',
        expiresAt: before['expiresAt'],
      });
      const record = await bench.redis.hgetall('refresher:account:UP');
      expect(JSON.stringify(record)).not.toContain(notice['access_token']);
      bench.simulator.clearFaults();
      await until(async () => (await published(bench)) === notice['access_token'], {
        what: 'the new token',
        timeoutMs: 15_000,
      });
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('that arrived is not lost by a restart before its proof', ({ expect }) =>
    withApproval({}, async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'request' }, 1, 5_000);
      bench.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'html', status: 502 });
      bench.person('approve');
      await bench.simulator.waitForCalls({ operation: 'profile', status: 502 }, 1, 5_000);
      await bench.restart();
      bench.simulator.clearFaults();
      await bench.keys(['token:UP'], 15_000);
      expect(await published(bench)).toBe(notices(bench)[0]?.['access_token']);
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('that arrived is not lost with Redis before its proof', ({ expect }) =>
    withApproval({}, async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'request' }, 1, 5_000);
      bench.simulator.fault({ broker: 'upstox', operation: 'profile', kind: 'html', status: 502 });
      bench.person('approve');
      await bench.simulator.waitForCalls({ operation: 'profile', status: 502 }, 1, 5_000);
      await bench.redis.flushall();
      bench.simulator.clearFaults();
      await bench.keys(['token:UP'], 20_000);
      expect(await published(bench)).toBe(notices(bench)[0]?.['access_token']);
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('that was answered is asked for anew the next day, and not called lapsed', ({ expect }) =>
    withApproval({}, async (bench) => {
      await approved(bench);
      // 04:00 of the next day in India.
      bench.simulator.clock.shift(18 * 60 * MINUTE_MS);
      const said = await bench.state('UP', 'awaiting_approval');
      expect(said).toMatchObject({ reason: 'asked_later' });
      bench.simulator.clock.shift(4 * 60 * MINUTE_MS);
      await bench.simulator.waitForCalls({ operation: 'request', status: 200 }, 2, 5_000);
      expect(eventsOf(bench)).toEqual(['refreshed', 'expired']);
    }));

  it('whose token dies early is not said to be asked for still: it was answered', ({ expect }) =>
    withApproval({}, async (bench) => {
      await approved(bench);
      bench.person('expire-all');
      bench.simulator.clock.shift(31 * MINUTE_MS);
      const said = await bench.state('UP', 'awaiting_approval');
      await until(async () => (await bench.redis.exists('token:UP')) === 0, { what: 'the key to go' });
      expect(bench.logged('token.died_early')).toHaveLength(1);
      expect(said['reason']).not.toBe('asked');
      expect(bench.calls('request')).toHaveLength(1);
    }));

  // A service that is stopped while Redis is away takes its grace.
  it('that arrives while Redis is away outlives its process', { timeout: 60_000 }, ({ expect }) =>
    withApproval({ server: { durable: true, own: true } }, async (bench, { server }) => {
      await until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'asked', {
        what: 'the request',
      });
      await server.kill();
      bench.person('approve');
      await until(() => bench.arrivals.length > 0, { what: 'the answer to the notice' });
      expect(bench.arrivals).toMatchObject([{ status: 503 }]);
      await bench.service.stop();
      await server.restart();
      await bench.restart();
      await bench.keys(['token:UP'], 15_000);
      expect(await published(bench)).toBe(notices(bench)[0]?.['access_token']);
      expect(bench.calls('request')).toHaveLength(1);
      expect(bench.calls('profile')).toHaveLength(1);
    }),
  );

  it('that arrives while Redis is away is taken once it is back', ({ expect }) =>
    withApproval({ server: { durable: true, own: true } }, async (bench, { server }) => {
      await until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'asked', {
        what: 'the request',
      });
      await server.kill();
      bench.person('approve');
      await until(() => bench.arrivals.length > 0, { what: 'the answer to the notice' });
      // It may be posted again; it need not be.
      expect(bench.arrivals).toMatchObject([{ status: 503 }]);
      await server.restart();
      await bench.keys(['token:UP'], 15_000);
      expect(await published(bench)).toBe(notices(bench)[0]?.['access_token']);
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('shows the path of its webhook in no log', ({ expect }) =>
    withApproval({}, async (bench) => {
      const token = await approved(bench);
      await bench.post(bench.forged({ client_id: 'another' }));
      await bench.post('{"client_id":');
      await bench.post(bench.forged(), `${bench.path}x`);
      await bench.post(bench.forged({ access_token: 'x'.repeat(20_000) }));
      await fetch(new URL(`${bench.path}?a=b`, bench.service.url));
      await until(() => bench.logged('http.answered').length >= 6, { what: 'the log' });
      const text = bench.log.map((line) => JSON.stringify(line)).join('\n');
      for (const secret of [bench.secret, token, approving.clientSecret]) expect(text).not.toContain(secret);
    }));
});
