import { describe, expect, it } from 'vitest';
import { arrivedAt, makeConsents, type ConsentParts } from '../../../src/app/consents.ts';
import type { Session } from '../../../src/core/session.ts';
import type { Tended } from '../../../src/tending/parts.ts';
import { fakeClock } from '../../support/clock.ts';

const now = Date.UTC(2026, 0, 13, 6);
const session: Session = {
  generation: 2,
  grant: {
    token: 'made-up-token',
    headers: {},
    issuedAt: 0,
    expiresAt: Date.UTC(2026, 0, 13, 22),
    tokenType: 'Bearer',
    baseUrl: 'x',
  },
  source: 'consent',
  identity: 'x',
  renewAt: 0,
  renewalSpent: false,
};

describe('the page at the end of a browser login', () => {
  it('says where the broker handed out the same token again, and only there', () => {
    const at = (same: boolean) => arrivedAt('DESK', { outcome: 'committed', session, same }, now);
    const message = 'DESK is logged in; its token is good until Tue 13 Jan 22:00 UTC.';
    expect(at(false)).toEqual({ outcome: 'done', name: 'DESK', message });
    expect(at(true)).toEqual({
      outcome: 'done',
      name: 'DESK',
      message: `${message} The broker handed out the same token as before.`,
    });
  });

  it('says until when a limit held the login back, and that nothing was sent', () => {
    const decision = {
      do: 'rest',
      state: 'awaiting_approval',
      because: 'budget_spent',
      nextAt: now + 42_300,
    } as const;
    expect(arrivedAt('DESK', { outcome: 'rested', decision }, now)).toEqual({
      outcome: 'not-now',
      name: 'DESK',
      message:
        'A limit of the broker (its calls for this user) leaves no room for this login before 06:00:43 UTC. ' +
        'The broker was not called and the code of this login was not sent; it is thrown away. Start again from the link after that, in 43 s.',
      retryAfterMs: 42_300,
    });
  });

  it.each<[string, Tended, RegExp]>([
    ['the account is looked at all the while', { outcome: 'held' }, /is busy .* was not sent.* in a minute/],
    ['other first logins are under way', { outcome: 'ramped' }, /is busy .* was not sent.* in a minute/],
    [
      'something else has it wait',
      {
        outcome: 'rested',
        decision: { do: 'rest', state: 'due', because: 'broker_down', nextAt: undefined },
      },
      /has to wait \(broker_down\).* was not sent.* in a minute/,
    ],
  ])('blames no broker where %s', (_, tended, message) => {
    expect(arrivedAt('DESK', tended, now)).toEqual({
      outcome: 'not-now',
      name: 'DESK',
      message: expect.stringMatching(message) as unknown,
      retryAfterMs: 60_000,
    });
  });

  it('says of a paused account that nothing was sent', () => {
    expect(arrivedAt('DESK', { outcome: 'refused', reason: 'paused' }, now)).toMatchObject({
      outcome: 'not-served',
      message: expect.stringMatching(/^DESK is paused.*was not sent/) as unknown,
    });
  });

  it.each(['lost', 'abandoned'] as const)('says nothing of a code whose look was %s', (outcome) => {
    expect(arrivedAt('DESK', { outcome }, now)).toMatchObject({
      outcome: 'broker-failed',
      message: 'The login of DESK could not be finished. Start again from the link.',
    });
  });
});

describe('a browser login that comes back', () => {
  const over = (nextAt: number): Tended => ({
    outcome: 'rested',
    decision: { do: 'rest', state: 'awaiting_approval', because: 'budget_spent', nextAt },
  });

  /** Consents whose keeper answers with these, in order, and then with the last. */
  const receiving = (...answers: readonly Tended[]) => {
    const clock = fakeClock(now);
    let tries = 0;
    const consents = makeConsents({
      redis: { getdel: () => Promise.resolve('DESK') },
      keeper: { receive: () => Promise.resolve(answers[Math.min(tries++, answers.length - 1)]) },
      account: () => ({ name: 'DESK', broker: 'some-broker', enabled: true }),
      tickets: { issue: () => 'made-up-ticket' },
      clock,
    } as unknown as ConsentParts);
    return { clock, consents, tries: () => tries };
  };

  it('waits for room that comes within ten seconds, and is exchanged then', async () => {
    const { clock, consents, tries } = receiving(over(now + 9_000), { outcome: 'committed', session });
    const finishing = consents.finishConsent('state', { code: 'made-up' });
    await clock.asleep();
    await clock.advance(8_999);
    expect(tries()).toBe(1);
    await clock.advance(1);
    expect(await finishing).toMatchObject({ outcome: 'done' });
    expect(tries()).toBe(2);
  });

  it('does not wait for room that comes later', async () => {
    const { consents, tries } = receiving(over(now + 10_001));
    expect(await consents.finishConsent('state', { code: 'made-up' })).toMatchObject({
      outcome: 'not-now',
      retryAfterMs: 10_001,
      again: expect.stringContaining('ticket=') as unknown,
    });
    expect(tries()).toBe(1);
  });

  it('waits ten seconds in all, however often it is turned away', async () => {
    const { clock, consents, tries } = receiving({ outcome: 'held' });
    const finishing = consents.finishConsent('state', { code: 'made-up' });
    await clock.asleep();
    await clock.advance(10_000);
    expect(await finishing).toMatchObject({ outcome: 'not-now', retryAfterMs: 60_000 });
    expect(tries()).toBe(41);
  });

  it('holds up no process that ends, and is told to load the page again by one that does', async () => {
    const { clock, consents, tries } = receiving(over(now + 9_000));
    const finishing = consents.finishConsent('state', { code: 'made-up' });
    await clock.asleep();
    await consents.close();
    expect(await finishing).toMatchObject({ outcome: 'not-now' });
    expect([tries(), clock.now()]).toEqual([1, now]);
    const late = await consents.finishConsent('state', { code: 'made-up' });
    expect(late).toEqual({
      outcome: 'not-now',
      message: 'The service is restarting. Load this page again in a few seconds.',
      retryAfterMs: 5_000,
      reload: true,
    });
    expect(tries()).toBe(1);
  });
});
