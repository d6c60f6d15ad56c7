import { describe, it } from 'vitest';
import { approving, mondayAt, withApproval, type ApprovalBench } from '../support/approval.ts';
import { until } from '../support/poll.ts';

const ADMIN_TOKEN = 'made-up-admin-token-of-32-letters';
const env = { ADMIN_TOKEN };

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(bench: ApprovalBench, name = 'UP', act = 'ask'): Promise<Answer> {
  const url = new URL(`/api/accounts/${name}/${act}`, bench.service.url);
  const reply = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  return { status: reply.status, body: (await reply.json()) as Answer['body'] };
}

/** Before the hour at which anybody is asked. */
const early = { at: mondayAt(7), env };

const waits = (bench: ApprovalBench): Promise<unknown> =>
  until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'asked_later', {
    what: 'the account to wait for its hour',
  });

describe.concurrent('a question that a person wants put now', () => {
  it('goes out once a window, however often it is wanted, and is kept with who wanted it', ({ expect }) =>
    withApproval(early, async (bench) => {
      await waits(bench);
      expect(bench.calls('request')).toHaveLength(0);
      const first = await ask(bench);
      expect([first.status, first.body]).toEqual([
        200,
        {
          status: 'success',
          name: 'UP',
          asked: 'now',
          until: expect.stringMatching(/T22:00:00\.000Z$/),
          message: expect.stringContaining('Upstox asks the person of UP now: approve it in its app by '),
        },
      ]);
      const again = await Promise.all([ask(bench), ask(bench)]);
      expect(again.map(({ status, body }) => [status, body['asked']])).toEqual(
        Array(2).fill([200, 'before']),
      );
      expect(bench.calls('request')).toHaveLength(1);
      bench.person('approve');
      await bench.state('UP', 'fresh');
      const answered = await ask(bench);
      expect([answered.status, answered.body['code']]).toEqual([409, 'NOBODY_ASKED']);
      expect(answered.body['message']).toContain('the answer came');
      expect(answered.body['retry_at']).toBe(first.body['until']);
      expect(bench.calls('request')).toHaveLength(1);
      expect(bench.logged('audit')).toMatchObject(
        Array(4).fill({ what: 'ask', account: 'UP', who: 'token' }),
      );
    }));

  it('that the broker refuses is said in words, and is not put a third time that day', ({ expect }) =>
    withApproval(
      { ...early, simulator: { switches: { upstox: { refuseWith: 'UDAPI1124' } } } },
      async (bench) => {
        await waits(bench);
        bench.simulator.fault({ broker: 'upstox', operation: 'request', kind: 'refuse' });
        for (const count of [1, 2]) {
          const { status, body } = await ask(bench);
          expect([status, body['code']]).toEqual([409, 'NOBODY_ASKED']);
          expect(body['message']).toContain('Nobody was asked for UP: ');
          expect(bench.calls('request')).toHaveLength(count);
        }
        const third = await ask(bench);
        expect([third.status, third.body['message']]).toEqual([
          409,
          expect.stringContaining('only so often a day'),
        ]);
        expect(bench.calls('request')).toHaveLength(2);
      },
    ));

  it('that nobody answers is said, and is not put again by itself', ({ expect }) =>
    withApproval(early, async (bench) => {
      await waits(bench);
      bench.simulator.fault({ broker: 'upstox', operation: 'request', kind: 'drop-after', times: 1 });
      const { status, body } = await ask(bench);
      expect([status, body['asked']]).toEqual([200, 'now']);
      expect(body['message']).toContain('may have been asked: they are not asked again today');
      expect((await ask(bench)).body['asked']).toBe('before');
      expect(bench.calls('request')).toHaveLength(1);
    }));

  it('is not put for one that rests, or whose broker asks nobody', ({ expect }) =>
    withApproval(
      {
        ...early,
        entries: [
          approving,
          { ...approving, name: 'LINK', userId: 'ZZ0001', clientId: 'b', approval: 'browser' },
        ],
      },
      async (bench) => {
        await waits(bench);
        const link = await ask(bench, 'LINK');
        expect([link.status, link.body['code']]).toEqual([404, 'NO_APPROVAL']);
        expect((await ask(bench, 'NOBODY')).body['code']).toBe('UNKNOWN_ACCOUNT');
        await ask(bench, 'UP', 'pause');
        const paused = await ask(bench);
        expect([paused.status, paused.body['code']]).toEqual([409, 'ACCOUNT_PAUSED']);
        expect(bench.calls('request')).toHaveLength(0);
      },
    ));
});
