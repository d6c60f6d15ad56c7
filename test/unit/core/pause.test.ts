import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import type { Decision, Situation } from '../../../src/core/decision.ts';
import { laterPause, pauseAt, type Pause } from '../../../src/core/pause.ts';
import { emptyRecord, loggedOut, type AccountRecord, type Session } from '../../../src/core/session.ts';

const NOW = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const unused = (): never => {
  throw new Error('a rule makes no call');
};
const session: Session = {
  generation: 7,
  grant: {
    token: 'made-up',
    headers: {},
    renewal: { refreshToken: 'made-up-refresh' },
    issuedAt: NOW - HOUR_MS,
    expiresAt: NOW + HOUR_MS,
    tokenType: 'Bearer',
    baseUrl: 'http://127.0.0.1',
    companions: [{ suffix: 'extended', token: 'made-up-long', expiresAt: NOW + 24 * HOUR_MS }],
  },
  source: 'sign-in',
  identity: 'login',
  renewAt: NOW - MINUTE_MS,
  renewalSpent: false,
};
const paused: Pause = { at: NOW - MINUTE_MS };

const decided = (
  record: Partial<AccountRecord>,
  changes: Partial<Omit<Situation, 'account'>> & {
    readonly enabled?: boolean;
    readonly fits?: 'withdraw';
  } = {},
): Decision => {
  const { enabled = true, fits = 'fits', ...rest } = changes;
  return decide(
    {
      account: {
        enabled,
        identity: 'login',
        connection: { signIn: unused, renew: unused, probe: unused, fits: () => fits },
        hours: undefined,
      },
      fingerprints: ['present'],
      seedFingerprints: [],
      record: { ...emptyRecord, ...record },
      silence: { until: 0, because: 'broker_silence' },
      isClaimed: false,
      isHoliday: () => false,
      ...rest,
    },
    NOW,
  );
};

const resting = (because: string, nextAt: number): Decision => ({
  do: 'rest',
  state: 'paused',
  because,
  nextAt,
});

describe('an account that a person has rest', () => {
  it.each<[string, Partial<AccountRecord>]>([
    ['without a token', {}],
    ['whose renewal is due', { session }],
    ['whose token is to be proved', { session, proofDueAt: NOW - 1 }],
    ['with a grant in hand', { pending: [{ grant: session.grant, source: 'consent', identity: 'login' }] }],
    ['that somebody wants refreshed', { request: { at: NOW, rearm: true } }],
    ['whose password was refused', { refused: ['present'] }],
    ['that the broker has throttled', { retryAt: NOW + HOUR_MS }],
  ])('%s is left alone, and looked at within the hour', (_, record) => {
    expect(decided({ ...record, paused })).toEqual(resting('paused', NOW + HOUR_MS));
  });

  it('is looked at when its pause ends', () => {
    const until = NOW + 5 * MINUTE_MS;
    expect(decided({ session, paused: { ...paused, until } })).toEqual(resting('paused', until));
  });

  it.each<[string, Pause]>([
    ['has ended by itself', { at: NOW - HOUR_MS, until: NOW }],
    ['was taken back', { at: NOW - MINUTE_MS, until: NOW - MINUTE_MS }],
  ])('goes on where the pause %s', (_, over) => {
    expect(decided({ session, paused: over })).toEqual({ do: 'renew', because: 'due' });
  });

  it('is disabled where the file says so', () => {
    expect(decided({ paused }, { enabled: false })).toMatchObject({ state: 'disabled' });
  });

  it('loses a token that acts on what its entry no longer names all the same', () => {
    expect(decided({ session, paused }, { fits: 'withdraw' })).toMatchObject({ do: 'withdraw' });
  });
});

describe('a logout', () => {
  const asked: Pause = { at: NOW - 5, signOut: true };

  it('is made first of all, whatever else is due, and once', () => {
    const busy = { session, proofDueAt: NOW - 1, request: { at: NOW, rearm: true } };
    expect(decided({ ...busy, paused: asked })).toEqual({ do: 'sign-out', because: 'logged_out' });
    const done = { ...busy, paused: asked, signedOut: { at: asked.at, how: 'ended' } as const };
    expect(decided(done)).toEqual(resting('logged_out', NOW + HOUR_MS));
  });

  it('is made again for whoever asks again', () => {
    const before = { at: asked.at - 1, how: 'ended' } as const;
    expect(decided({ session, paused: asked, signedOut: before })).toMatchObject({ do: 'sign-out' });
  });

  it('leaves nothing that could be used: not what renews it, nor what waits for its proof', () => {
    const pending = [{ grant: session.grant, source: 'consent', identity: 'login' }] as const;
    const after = loggedOut({ ...emptyRecord, session, pending, proofDueAt: NOW }, NOW, 9);
    expect(after).toMatchObject({ pending: [], proofDueAt: 0, expiredSaid: 7 });
    expect(after.session?.grant).toMatchObject({ expiresAt: NOW });
    expect(after.session?.grant).not.toHaveProperty('renewal');
    expect(after.session?.grant).not.toHaveProperty('companions');
  });

  it('is followed by a sign-in once it is resumed, which says nothing of renewals', () => {
    const over = loggedOut({ ...emptyRecord, session }, NOW, 9);
    const resumed = {
      ...over,
      paused: { at: NOW, until: NOW },
      signedOut: { at: NOW, how: 'ended' } as const,
    };
    expect(decided(resumed)).toEqual({ do: 'sign-in', because: 'expired' });
    expect(over.session?.renewalSpent).toBe(false);
  });
});

describe('the later of two words', () => {
  it('is the one that counts', () => {
    const resumed: Pause = { at: NOW, until: NOW };
    expect(laterPause(paused, resumed)).toBe(resumed);
    expect(laterPause(resumed, paused)).toBe(resumed);
    expect(laterPause(undefined, paused)).toBe(paused);
    expect(pauseAt({ paused: resumed }, NOW)).toBeUndefined();
  });
});
