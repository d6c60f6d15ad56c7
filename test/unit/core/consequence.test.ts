import { describe, expect, it } from 'vitest';
import { BARRED_MS, consequence, type Consequence, type Failed } from '../../../src/core/consequence.ts';
import { afterProbe } from '../../../src/core/proof.ts';
import { BrokerError, type BrokerErrorFields } from '../../../src/core/errors.ts';
import { emptyRecord, type AccountRecord, type Session } from '../../../src/core/session.ts';

const NOW = 1_790_000_000_000;
const live: Session = {
  generation: 1,
  grant: {
    token: 't',
    headers: {},
    issuedAt: NOW - 36_000,
    expiresAt: NOW + 24_000,
    tokenType: 'Bearer',
    baseUrl: '',
  },
  source: 'sign-in',
  identity: 'login',
  renewAt: NOW,
  renewalSpent: false,
};

function after(
  fields: Omit<BrokerErrorFields, 'code'>,
  during: Failed['during'],
  before: Partial<AccountRecord> = {},
  renewalIsSingleUse = true,
  sentAt?: number,
): Consequence {
  const policy = { dueAtShare: 0.6, jitterShare: 0, timeoutMs: 6_000, renewalIsSingleUse };
  const error = new BrokerError('what happened', { code: 'code', ...fields });
  return consequence({
    error,
    during,
    before: { ...emptyRecord, ...before },
    fingerprint: 'present',
    policy,
    deadline: NOW + 3_600_000,
    now: NOW,
    sentAt,
    latest: NOW,
    random: () => 0.5,
  });
}

describe('a failed sign-in', () => {
  it('that needs a person stops these credentials', () => {
    const { record } = after({ kind: 'needs-human' }, 'sign-in', { refused: ['older'] });
    expect(record).toMatchObject({ refused: ['older', 'present'], failures: 1, retryAt: 0 });
  });
  it('that was refused in any other way is not repeated either', () => {
    expect(after({ kind: 'refused' }, 'sign-in').record.refused).toEqual(['present']);
  });
  it('that failed in passing is tried again and stops nothing', () => {
    const { record } = after({ kind: 'transient' }, 'sign-in');
    expect(record.refused).toEqual([]);
    expect(record.retryAt).toBeGreaterThan(NOW);
  });
  it('that nobody answered is remembered for a day and waits', () => {
    const dayAgo = NOW - 24 * 3_600_000;
    const { record } = after({ kind: 'outcome-unknown' }, 'sign-in', {
      unknownSignIns: [dayAgo, NOW - 1_000],
    });
    expect(record.unknownSignIns).toEqual([NOW - 1_000, NOW]);
    expect(record.retryAt).toBeGreaterThanOrEqual(NOW + 5_000);
  });
  it('that nobody answered counts once, though whoever found it open and whoever made it both say so', () => {
    const sentAt = NOW - 40_000;
    const unknown = { kind: 'outcome-unknown' } as const;
    const found = after(unknown, 'sign-in', { attempt: undefined }, true, sentAt).record;
    expect(found.unknownSignIns).toEqual([sentAt]);
    expect(after(unknown, 'sign-in', found, true, sentAt).record.unknownSignIns).toEqual([sentAt]);
    // By a clock that is ahead: dated now.
    expect(after(unknown, 'sign-in', found, true, NOW + 60_000).record.unknownSignIns).toEqual([sentAt, NOW]);
  });
  it('that nobody answered beside a live token, twice: the token is proved, and the next waits for its last safe start', () => {
    const before = { session: live, unknownSignIns: [live.grant.issuedAt - 1] };
    const once = after({ kind: 'outcome-unknown' }, 'sign-in', before).record;
    expect(once.proofDueAt).toBe(0);
    expect(once.retryAt).toBeLessThan(NOW + 9_000);
    const twice = after({ kind: 'outcome-unknown' }, 'sign-in', { ...before, unknownSignIns: [NOW - 9_000] });
    expect(twice.record).toMatchObject({ proofDueAt: NOW, retryAt: live.grant.expiresAt - 15_000 });
    const dead = { ...live, grant: { ...live.grant, expiresAt: NOW } };
    expect(after({ kind: 'outcome-unknown' }, 'sign-in', { session: dead }).record.proofDueAt).toBe(0);
  });
  it('that the broker answered with its own failure is tried again within half a minute; after forty in a day no sooner', () => {
    const waitAfter = (sent: number, wasSent = true): number => {
      const answeredSignIns = Array.from({ length: sent }, (_, i) => NOW - 1_000 * (i + 1));
      return (
        after({ kind: 'transient', sent: wasSent }, 'sign-in', { answeredSignIns, failures: sent }).record
          .retryAt - NOW
      );
    };
    expect(Math.max(...[0, 1, 2, 3, 4, 5, 6, 38].map((sent) => waitAfter(sent)))).toBeLessThanOrEqual(30_000);
    expect([39, 40, 41, 60].map((sent) => waitAfter(sent))).toEqual([30_000, 30_000, 30_000, 30_000]);
    expect(waitAfter(20, false)).toBeLessThanOrEqual(30_000);
  });
  it('that nobody answered amid such failures is the first of its kind', () => {
    const answeredSignIns = Array.from({ length: 20 }, (_, i) => NOW - 1_000 * (i + 1));
    const { record } = after({ kind: 'outcome-unknown' }, 'sign-in', { answeredSignIns, failures: 20 });
    expect(record.retryAt).toBeLessThanOrEqual(NOW + 30_000);
    expect(record).toMatchObject({ unknownSignIns: [NOW], answeredSignIns });
    const beside = after({ kind: 'outcome-unknown' }, 'sign-in', { session: live, answeredSignIns }).record;
    expect(beside.proofDueAt).toBe(0);
  });
  it('that the broker throttled for this account waits as long as it said', () => {
    const { record, silence } = after({ kind: 'throttled', retryAfterMs: 10_000 }, 'sign-in');
    expect(record.retryAt).toBeGreaterThanOrEqual(NOW + 10_000);
    expect(silence).toBeUndefined();
  });
  it('that the broker throttled for the whole egress silences everybody there', () => {
    const { silence } = after({ kind: 'throttled', retryAfterMs: 3_600_000, scope: 'egress' }, 'sign-in');
    expect(silence).toEqual({
      scope: 'egress',
      until: NOW + 3_600_000,
      code: 'code',
      message: 'what happened',
    });
  });
});

describe('a failed renewal', () => {
  it('that was refused spends the pair and asks for one sign-in, now', () => {
    const { record } = after({ kind: 'refused' }, 'renewal', { session: live });
    expect(record).toMatchObject({ session: { renewalSpent: true }, retryAt: NOW, refused: [] });
  });
  it('without an answer is never sent again where it is single-use', () => {
    const { record } = after({ kind: 'outcome-unknown' }, 'renewal', { session: live });
    expect(record).toMatchObject({ session: { renewalSpent: true }, retryAt: NOW });
  });
  it('without an answer has the token proved that it may have taken away', () => {
    const { record } = after({ kind: 'outcome-unknown' }, 'renewal', { session: live });
    expect(record.proofDueAt).toBe(NOW);
    expect(after({ kind: 'refused' }, 'renewal', { session: live }).record.proofDueAt).toBe(0);
  });
  it('without an answer may be repeated where the broker allows it', () => {
    const { record } = after({ kind: 'outcome-unknown' }, 'renewal', { session: live }, false);
    expect(record.session?.renewalSpent).toBe(false);
    expect(record.retryAt).toBeGreaterThan(NOW);
  });
  it('in passing keeps the pair and comes again within the time left', () => {
    const { record } = after({ kind: 'transient', sent: false }, 'renewal', { session: live, failures: 5 });
    expect(record.session?.renewalSpent).toBe(false);
    expect(record.retryAt - NOW).toBeLessThanOrEqual(6_000);
  });
  it('answered with an error page spends a single-use pair: it may have been rotated', () => {
    const { record } = after({ kind: 'transient' }, 'renewal', { session: live });
    expect(record.session?.renewalSpent).toBe(true);
    expect(record.retryAt).toBeGreaterThan(NOW);
    expect(
      after({ kind: 'transient' }, 'renewal', { session: live }, false).record.session?.renewalSpent,
    ).toBe(false);
  });
  it('that the broker turned away for its limits keeps the pair', () => {
    const { record } = after({ kind: 'throttled', retryAfterMs: 5_000 }, 'renewal', { session: live });
    expect(record.session?.renewalSpent).toBe(false);
  });
  it('that needs a person stops the account, the pair included', () => {
    const { record } = after({ kind: 'needs-human' }, 'renewal', { session: live });
    expect(record).toMatchObject({ session: { renewalSpent: true }, refused: ['present'] });
  });
});

describe('a renewal that may be repeated', () => {
  const again = (before: Partial<AccountRecord>, fields: Omit<BrokerErrorFields, 'code'>): AccountRecord =>
    after(fields, 'renewal', { session: live, ...before }, false).record;

  it('is repeated once without an answer, then signs in', () => {
    const first = again({}, { kind: 'outcome-unknown' });
    expect(first.session?.renewalSpent).toBe(false);
    const second = again(first, { kind: 'outcome-unknown' });
    expect(second).toMatchObject({ session: { renewalSpent: true }, retryAt: NOW });
  });
  it('that was answered as no living token is has the token proved first', () => {
    const doubted = again({}, { kind: 'outcome-unknown', status: 500, doubtsSession: true });
    expect(doubted).toMatchObject({ proofDueAt: NOW, session: { renewalSpent: false } });
  });
});

describe('a request to the person that failed', () => {
  it('is not made again in its window, for it may have rung', () => {
    for (const kind of ['outcome-unknown', 'refused', 'needs-human'] as const) {
      expect(after({ kind }, 'request').record).toMatchObject({
        asked: { at: NOW, until: NOW + 3_600_000 },
        refused: [],
      });
    }
  });
  it('in passing is made again, a minute later', () => {
    expect(after({ kind: 'transient' }, 'request').record).toMatchObject({
      asked: undefined,
      retryAt: NOW + 60_000,
    });
  });
});

describe('a penalty with a ticket', () => {
  it('keeps it for the next call, and lets that account go first', () => {
    const carry = { 'p-ticket': 'made-up' };
    const { record, silence } = after(
      { kind: 'throttled', scope: 'egress', retryAfterMs: 15_000, carry },
      'sign-in',
    );
    expect(record).toMatchObject({ carry, retryAt: NOW + 15_000 });
    expect(silence?.until).toBe(NOW + 15_000);
  });
  it('is forgotten after any other failure', () => {
    expect(after({ kind: 'transient' }, 'sign-in', { carry: { a: 'b' } }).record.carry).toBeUndefined();
  });
});

describe('a limit that all accounts on an API key share', () => {
  it('silences the key', () => {
    expect(after({ kind: 'throttled', scope: 'key', retryAfterMs: 10_000 }, 'renewal').silence).toMatchObject(
      {
        scope: 'key',
        until: NOW + 10_000,
      },
    );
  });
});

describe('a broker that turns the whole network away until a person acts', () => {
  const barred = { kind: 'needs-human', scope: 'egress', status: 403 } as const;
  it.each(['sign-in', 'renewal', 'request', 'consent'] as const)(
    'is left alone by everybody (%s)',
    (during) => {
      const { silence } = after(barred, during);
      expect(silence).toMatchObject({ scope: 'egress', until: NOW + BARRED_MS, message: 'what happened' });
    },
  );
  it.each(['sign-in', 'renewal'] as const)('stops no credentials (%s)', (during) => {
    const { record } = after(barred, during, { session: live });
    expect(record).toMatchObject({ refused: [], session: live, trouble: { kind: 'needs-human' } });
    expect(record.retryAt).toBeGreaterThanOrEqual(NOW + BARRED_MS);
  });
  it('stops a login of which it says as much as well, and no other', () => {
    const { record, silence } = after(
      { ...barred, doubtsPassword: true, retryAfterMs: 3_600_000 },
      'sign-in',
    );
    expect(record.refused).toEqual(['present']);
    expect(silence).toEqual({ scope: 'egress', until: NOW + 3_600_000, code: 'code' });
  });
  it('leaves the others alone where it is one account or key', () => {
    for (const scope of ['account', 'key'] as const) {
      expect(after({ ...barred, scope }, 'sign-in').silence).toBeUndefined();
    }
  });
  it('is not meant by a call that never left', () => {
    expect(after({ ...barred, sent: false }, 'sign-in').silence).toBeUndefined();
  });
});

describe('the proof of a live token', () => {
  const policy = { dueAtShare: 0.6, jitterShare: 0, timeoutMs: 6_000, renewalIsSingleUse: false };
  const before = { ...emptyRecord, session: live, proofDueAt: NOW };

  it('that finds it alive is due again as often as the broker asks for it', () => {
    expect(afterProbe(before, 'alive', policy, NOW, () => 0)).toMatchObject({ provenAt: NOW, proofDueAt: 0 });
    const often = { ...policy, proveEveryMs: 1_800_000 };
    expect(afterProbe(before, 'alive', often, NOW, () => 0).proofDueAt).toBe(NOW + 1_800_000);
  });
  it('that finds it dead ends it now, and nothing renews it', () => {
    expect(afterProbe(before, 'dead', policy, NOW, () => 0)).toMatchObject({
      session: { renewalSpent: true, grant: { expiresAt: NOW } },
      trouble: { code: 'died_early' },
    });
  });
  it('that finds it dead leaves one renewal where that outlives the token, and none that was spent', () => {
    const outlives = { ...policy, renewalOutlivesToken: true };
    const spentOf = (session: Session, proven: 'dead' | 'someone-else'): boolean | undefined =>
      afterProbe({ ...before, session }, proven, outlives, NOW, () => 0).session?.renewalSpent;
    expect(spentOf(live, 'dead')).toBe(false);
    expect(spentOf({ ...live, renewalSpent: true }, 'dead')).toBe(true);
    expect(spentOf(live, 'someone-else')).toBe(true);
  });
  it('that is answered as no living token leads to a sign-in, the token staying served', () => {
    const error = new BrokerError('odd', {
      kind: 'outcome-unknown',
      code: 'orphan_suspected',
      status: 429,
      doubtsSession: true,
    });
    expect(afterProbe(before, { error }, policy, NOW, () => 0)).toMatchObject({
      session: { renewalSpent: true, renewAt: NOW, grant: { expiresAt: live.grant.expiresAt } },
      proofDueAt: 0,
    });
  });
  it('that was not answered leaves it alone and comes again', () => {
    const error = new BrokerError('down', { kind: 'transient', code: 'server_fault' });
    const { session, proofDueAt } = afterProbe(before, { error }, policy, NOW, () => 0);
    expect(session).toBe(live);
    expect(proofDueAt).toBeGreaterThan(NOW);
  });
});

describe('any failure', () => {
  it('keeps the token that is still good', () => {
    for (const kind of ['transient', 'throttled', 'refused', 'needs-human', 'outcome-unknown'] as const) {
      for (const during of ['sign-in', 'renewal', 'consent'] as const) {
        expect(after({ kind }, during, { session: live }).record.session?.grant).toBe(live.grant);
      }
    }
  });
  it('closes the attempt and keeps what happened for people', () => {
    const attempt = { kind: 'sign-in', startedAt: NOW - 5, by: 'me', fingerprint: 'present' } as const;
    const { record } = after({ kind: 'transient' }, 'sign-in', { attempt });
    expect(record.attempt).toBeUndefined();
    expect(record.trouble).toEqual({ code: 'code', kind: 'transient', message: 'what happened', at: NOW });
  });
  it('of a person’s login starts no timer', () => {
    expect(after({ kind: 'refused' }, 'consent').record).toMatchObject({ retryAt: 0, refused: [] });
  });
});
