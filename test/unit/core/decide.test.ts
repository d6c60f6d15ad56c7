import { describe, expect, it } from 'vitest';
import type { Connection, Grant } from '../../../src/core/broker.ts';
import { decide } from '../../../src/core/decide.ts';
import type { Decision, Situation } from '../../../src/core/decision.ts';
import { emptyRecord, type AccountRecord, type Session } from '../../../src/core/session.ts';

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const unused = (): never => {
  throw new Error('a rule makes no call');
};

const password: Connection = { signIn: unused };
const rotating: Connection = {
  signIn: unused,
  renew: unused,
  renewableUntil: (grant) => grant.issuedAt + 9 * MINUTE,
};
const personOnly = (askAt: (now: number) => number): Connection => ({
  consent: {
    url: unused,
    redirectUri: 'http://localhost/callback',
    receive: unused,
    askAt,
    deadline: (now) => now + 10 * MINUTE,
  },
});

const grant = (changes: Partial<Grant> = {}): Grant => ({
  token: 'made-up',
  headers: {},
  issuedAt: NOW - 10 * MINUTE,
  expiresAt: NOW + 50 * MINUTE,
  tokenType: 'Bearer',
  baseUrl: 'http://127.0.0.1',
  ...changes,
});

const session = (changes: Partial<Session> = {}, grantChanges: Partial<Grant> = {}): Session => ({
  generation: 7,
  grant: grant(grantChanges),
  source: 'sign-in',
  identity: 'login',
  renewAt: NOW + 30 * MINUTE,
  renewalSpent: false,
  ...changes,
});

function decided(
  record: Partial<AccountRecord>,
  changes: Partial<Situation> = {},
  connection = password,
): Decision {
  return decide(
    {
      account: { enabled: true, identity: 'login', connection, hours: undefined },
      fingerprints: ['present'],
      seedFingerprints: [],
      record: { ...emptyRecord, ...record },
      silence: { until: 0, because: 'broker_silence' },
      isClaimed: false,
      isHoliday: () => false,
      ...changes,
    },
    NOW,
  );
}

describe('a token that bots report', () => {
  const reported = { generation: 7, at: NOW };
  const provable: Connection = { ...rotating, probe: unused };
  it('is proved where the broker has a call for that, and not replaced on the bots’ word', () => {
    const record = { session: session(), reported };
    expect(decided({ ...record, proofDueAt: NOW }, {}, provable)).toEqual({
      do: 'probe',
      because: 'proof_due',
    });
    expect(decided({ ...record, proofDueAt: NOW + MINUTE }, {}, provable)).toMatchObject({
      do: 'rest',
      nextAt: NOW + MINUTE,
    });
    expect(decided({ ...record, provenAt: NOW }, {}, provable)).toMatchObject({ do: 'rest', state: 'fresh' });
  });
  it('is replaced where nothing proves it, at the report’s own time', () => {
    const record = { session: session({}, { issuedAt: NOW - 5 * MINUTE }), reported };
    expect(decided(record, {}, rotating)).toEqual({ do: 'renew', because: 'reported' });
    expect(decided(record)).toEqual({ do: 'sign-in', because: 'reported' });
    expect(decided({ ...record, reported: { ...reported, at: NOW + MINUTE } })).toMatchObject({
      do: 'rest',
      state: 'fresh',
      nextAt: NOW + MINUTE,
    });
  });
  it('is not replaced a second time once a newer one is out', () => {
    const newer = session({ generation: 8 });
    expect(decided({ session: newer, reported })).toMatchObject({ do: 'rest', state: 'fresh' });
  });
  it('waits for what the broker asked for, for a pause, and for the time after a failure', () => {
    const record = { session: session(), reported };
    const silence = { until: NOW + MINUTE, because: 'broker_silence' } as const;
    expect(decided(record, { silence })).toMatchObject({ do: 'rest', because: 'broker_silence' });
    // Mended since: it waits for the silence, and its old trouble is no reason any more.
    const trouble = { kind: 'needs-human', code: 'bad_credentials', message: 'A reason.', at: NOW } as const;
    const mended = { ...record, trouble, refused: ['another fingerprint'] };
    expect(decided(mended, { silence })).toMatchObject({ do: 'rest', because: 'broker_silence' });
    expect(decided({ ...record, paused: { at: NOW } })).toMatchObject({ do: 'rest', state: 'paused' });
    expect(decided({ ...record, failures: 1, retryAt: NOW + MINUTE })).toMatchObject({
      do: 'rest',
      nextAt: NOW + MINUTE,
    });
  });
  it('stays where only a person gets the next one', () => {
    const record = { session: session(), reported };
    expect(
      decided(
        record,
        {},
        personOnly((now) => now),
      ),
    ).toMatchObject({ do: 'rest', state: 'fresh' });
  });
});

describe('an account with a password', () => {
  it('that has no token signs in at once', () => {
    expect(decided({})).toEqual({ do: 'sign-in', because: 'no_token' });
  });
  it.each([
    ['fits', { do: 'rest', state: 'fresh' }],
    ['replace', { do: 'sign-in', because: 'due' }],
    ['withdraw', { do: 'withdraw', because: 'entry_changed' }],
  ] as const)(
    'whose fresh token is no longer what the entry asks for (%s) does not rest on it',
    (fit, next) => {
      expect(decided({ session: session() }, {}, { ...password, fits: () => fit })).toMatchObject(next);
    },
  );
  it('whose token is over needs no withdrawal', () => {
    const over = session({}, { expiresAt: NOW });
    const connection: Connection = { ...password, fits: () => 'withdraw' };
    expect(decided({ session: over }, {}, connection)).toEqual({ do: 'sign-in', because: 'expired' });
  });
  it('whose token was withdrawn has none, also where the clock stands before its end', () => {
    const dead = session({ withdrawn: true });
    expect(decided({ session: dead, expiredSaid: 7 })).toEqual({ do: 'sign-in', because: 'expired' });
    expect(
      decided(
        { session: dead, expiredSaid: 7 },
        {},
        personOnly((at) => at),
      ),
    ).toMatchObject({
      do: 'rest',
      state: 'awaiting_approval',
    });
  });
  it('does not prove a grant in hand that the entry asks for no longer', () => {
    const pending = [{ grant: grant(), source: 'sign-in', identity: 'login' }] as const;
    const connection: Connection = { ...password, fits: () => 'replace' };
    expect(decided({ pending }, {}, connection)).toEqual({ do: 'sign-in', because: 'no_token' });
    expect(decided({ pending })).toMatchObject({ do: 'prove' });
  });
  it('whose API key was refused stops without a call, a renewal included, until a person asks', () => {
    const refusedKey = { code: 'key_refused', kind: 'needs-human', message: 'No.', at: NOW } as const;
    const due = session({ renewAt: NOW });
    const stopped = { do: 'rest', state: 'stopped', because: 'key_refused' };
    expect(decided({}, { refusedKey })).toMatchObject(stopped);
    expect(decided({ session: due }, { refusedKey }, rotating)).toMatchObject(stopped);
    const request = { at: NOW, rearm: true };
    expect(decided({ request }, { refusedKey })).toMatchObject({ do: 'sign-in' });
  });
  it('with a fresh token rests until it is due', () => {
    expect(decided({ session: session() })).toEqual({
      do: 'rest',
      state: 'fresh',
      because: 'fresh',
      nextAt: NOW + 30 * MINUTE,
    });
  });
  it('whose token is due signs in while the old one lives', () => {
    expect(decided({ session: session({ renewAt: NOW }) })).toEqual({ do: 'sign-in', because: 'due' });
  });
  it('whose session was made for another login signs in', () => {
    expect(decided({ session: session({ identity: 'other' }) })).toEqual({
      do: 'sign-in',
      because: 'no_token',
    });
  });
  it('that failed waits for its retry, as backing_off while the token lives', () => {
    const record = { session: session({ renewAt: NOW - 1 }), retryAt: NOW + 5_000 };
    expect(decided(record)).toMatchObject({ do: 'rest', state: 'backing_off', nextAt: NOW + 5_000 });
  });
  it('that failed waits as expired once the token is dead', () => {
    const record = { session: session({ renewAt: 1 }, { expiresAt: NOW }), retryAt: NOW + 5_000 };
    expect(decided(record)).toMatchObject({ do: 'rest', state: 'expired', nextAt: NOW + 5_000 });
  });
  it('whose credentials were refused is stopped, for good', () => {
    expect(decided({ refused: ['older', 'present'] })).toEqual({
      do: 'rest',
      state: 'stopped',
      because: 'stopped',
      nextAt: NOW + MINUTE,
    });
  });
  it('whose credentials were refused under an older key of the ring is stopped as well', () => {
    expect(decided({ refused: ['rotated'] }, { fingerprints: ['new', 'rotated'] })).toMatchObject({
      state: 'stopped',
    });
  });
  it('whose credentials changed after a refusal signs in', () => {
    expect(decided({ refused: ['older'] })).toEqual({ do: 'sign-in', because: 'no_token' });
  });
  it('whose broker user another account holds is stopped as long as that one is there', () => {
    expect(decided({ claimedBy: 'OTHER' }, { isClaimed: true })).toMatchObject({ state: 'stopped' });
    expect(decided({ claimedBy: 'OTHER' }, { isClaimed: false })).toMatchObject({ do: 'sign-in' });
  });
  it('that a person re-arms signs in once more', () => {
    expect(decided({ refused: ['present'], request: { at: NOW, rearm: true } })).toEqual({
      do: 'sign-in',
      because: 'requested',
    });
  });
  it('that a person asks for without re-arming stays stopped', () => {
    expect(decided({ refused: ['present'], request: { at: NOW, rearm: false } })).toMatchObject({
      state: 'stopped',
    });
  });
  it('is refreshed on request though its token is fresh', () => {
    expect(decided({ session: session(), request: { at: NOW, rearm: false } })).toEqual({
      do: 'sign-in',
      because: 'requested',
    });
  });
  it('that brings the ticket of a penalty goes first after the silence', () => {
    const silence = { until: NOW + MINUTE, because: 'broker_silence' } as const;
    expect(decided({ carry: { ticket: 'made-up' } }, { silence })).toMatchObject({ nextAt: NOW + MINUTE });
    expect(decided({}, { silence })).toMatchObject({ nextAt: NOW + MINUTE + 1_000 });
  });
  it('keeps silent as long as its broker asked for, requests included', () => {
    const silent = { silence: { until: NOW + MINUTE, because: 'broker_silence' as const } };
    expect(decided({}, silent)).toMatchObject({
      do: 'rest',
      state: 'backing_off',
      because: 'broker_silence',
      nextAt: NOW + MINUTE + 1_000,
    });
    expect(decided({ request: { at: NOW, rearm: true } }, silent)).toMatchObject({
      because: 'broker_silence',
    });
  });
  it('that is disabled rests without a next action', () => {
    const account = { enabled: false, identity: 'login', connection: password, hours: undefined };
    expect(decided({}, { account })).toEqual({
      do: 'rest',
      state: 'disabled',
      because: 'disabled',
      nextAt: undefined,
    });
  });
  it('whose token was born in the future (the clock was set back) signs in', () => {
    const record = { session: session({}, { issuedAt: NOW + 2 * MINUTE, expiresAt: NOW + 60 * MINUTE }) };
    expect(decided(record)).toMatchObject({ do: 'sign-in' });
  });
});

describe('an account whose tokens rotate', () => {
  it('renews what is due', () => {
    const record = { session: session({ renewAt: NOW }, { issuedAt: NOW - MINUTE }) };
    expect(decided(record, {}, rotating)).toEqual({ do: 'renew', because: 'due' });
  });
  it('renews after the token died while its pair lives', () => {
    const record = { session: session({ renewAt: 1 }, { issuedAt: NOW - 8 * MINUTE, expiresAt: NOW - 1 }) };
    expect(decided(record, {}, rotating)).toEqual({ do: 'renew', because: 'expired' });
  });
  it('signs in once the pair is dead', () => {
    const record = { session: session({ renewAt: 1 }, { issuedAt: NOW - 9 * MINUTE, expiresAt: NOW - 1 }) };
    expect(decided(record, {}, rotating)).toEqual({ do: 'sign-in', because: 'expired' });
  });
  it('never renews with what was spent', () => {
    const record = { session: session({ renewAt: 1, renewalSpent: true }, { issuedAt: NOW - MINUTE }) };
    expect(decided(record, {}, rotating)).toEqual({ do: 'sign-in', because: 'due' });
  });
  it('goes on renewing though its password was refused', () => {
    const record = { session: session({ renewAt: 1 }, { issuedAt: NOW - MINUTE }), refused: ['present'] };
    expect(decided(record, {}, rotating)).toEqual({ do: 'renew', because: 'due' });
  });
  it('starts from the pair it came with, once', () => {
    const seeded = { ...rotating, seed: grant() };
    expect(decided({}, { seedFingerprints: ['seed'] }, seeded)).toEqual({
      do: 'seed',
      because: 'first_start',
    });
    expect(decided({ seedSpent: 'seed' }, { seedFingerprints: ['seed'] }, seeded)).toMatchObject({
      do: 'sign-in',
    });
  });
});

describe('an account that only a person can log in', () => {
  it('with a live token rests until that ends', () => {
    const record = { session: session({ renewAt: 1 }) };
    expect(
      decided(
        record,
        {},
        personOnly((now) => now),
      ),
    ).toMatchObject({ state: 'fresh', nextAt: NOW + 50 * MINUTE });
  });
  it('without a token waits for the person, and is looked at again', () => {
    const decision = decided(
      {},
      {},
      personOnly((now) => now),
    );
    expect(decision).toMatchObject({ state: 'awaiting_approval', because: 'awaiting_approval' });
    expect(decision.do === 'rest' && (decision.nextAt ?? 0) > NOW).toBe(true);
  });
  it('is not asked outside the hours for it', () => {
    const decision = decided(
      {},
      {},
      personOnly(() => NOW + 3 * MINUTE),
    );
    expect(decision).toEqual({
      do: 'rest',
      state: 'awaiting_approval',
      because: 'asked_later',
      nextAt: NOW + 3 * MINUTE,
    });
  });
});

describe('a grant that waits for its proof', () => {
  const pending = { grant: grant({ token: 'in hand' }), source: 'consent', identity: 'login' } as const;

  it('is proved before anything else', () => {
    expect(decided({ pending: [pending] })).toEqual({ do: 'prove', because: 'proof_pending', pending });
  });
  it('waits for its turn, the old token staying served', () => {
    const record = { pending: [pending], proofDueAt: NOW + 2_000, session: session() };
    expect(decided(record)).toMatchObject({ do: 'rest', state: 'fresh', nextAt: NOW + 2_000 });
  });
  it('of another login is none', () => {
    expect(decided({ pending: [{ ...pending, identity: 'other' }] })).toMatchObject({ do: 'sign-in' });
  });
  it('that died meanwhile is none', () => {
    const dead = { ...pending, grant: grant({ expiresAt: NOW }) };
    expect(decided({ pending: [dead] })).toMatchObject({ do: 'sign-in' });
  });
});

describe('a live token', () => {
  const provable: Connection = { signIn: unused, probe: unused };

  it('is proved when its proof is due', () => {
    expect(decided({ session: session(), proofDueAt: NOW }, {}, provable)).toMatchObject({ do: 'probe' });
  });
  it('is looked at when its proof comes before its renewal', () => {
    const record = { session: session(), proofDueAt: NOW + MINUTE };
    expect(decided(record, {}, provable)).toMatchObject({ do: 'rest', nextAt: NOW + MINUTE });
  });
  it('in doubt is proved before its renewal is tried again', () => {
    const record = {
      session: session({ renewAt: NOW - 1 }),
      failures: 1,
      retryAt: NOW + 5_000,
      proofDueAt: NOW,
    };
    expect(decided(record, {}, provable)).toMatchObject({ do: 'probe' });
  });
  it('is looked at when its proof comes before a retry that is put off for long', () => {
    const record = { session: session(), failures: 3, retryAt: NOW + 5 * MINUTE, proofDueAt: NOW + MINUTE };
    expect(decided(record, {}, provable)).toMatchObject({ state: 'backing_off', nextAt: NOW + MINUTE });
    expect(decided({ ...record, proofDueAt: 0 }, {}, provable)).toMatchObject({ nextAt: NOW + 5 * MINUTE });
  });
  it('is not proved while the broker wants silence', () => {
    const silence = { until: NOW + MINUTE, because: 'broker_silence' } as const;
    expect(decided({ session: session(), proofDueAt: NOW }, { silence }, provable)).toMatchObject({
      do: 'rest',
      state: 'fresh',
      nextAt: NOW + MINUTE + 1_000,
    });
  });
});

describe('a broker that does not answer', () => {
  it('is not called before its time', () => {
    const silence = { until: NOW + 25_000, because: 'broker_down' } as const;
    expect(decided({}, { silence })).toMatchObject({
      do: 'rest',
      because: 'broker_down',
      nextAt: NOW + 25_000,
    });
  });
});

describe('a person who is asked through the broker', () => {
  const ringing: Connection = {
    consent: {
      url: unused,
      redirectUri: 'http://localhost/callback',
      receive: unused,
      askAt: (now) => now,
      deadline: (now) => now + 10 * MINUTE,
      request: unused,
    },
  };

  it('is asked once it may be', () => {
    expect(decided({}, {}, ringing)).toEqual({ do: 'request', because: 'awaiting_approval' });
  });
  it('is not asked twice in a window', () => {
    const asked = { at: NOW - MINUTE, until: NOW + MINUTE };
    expect(decided({ asked }, {}, ringing)).toEqual({
      do: 'rest',
      state: 'awaiting_approval',
      because: 'asked',
      nextAt: NOW + MINUTE,
    });
  });
  it('was not asked where the broker refused to, and is asked with other credentials or by their own wish', () => {
    const trouble = { code: 'no_notifier', kind: 'needs-human', message: '', at: NOW } as const;
    const refused = { trouble, asked: { at: NOW - MINUTE, until: NOW + MINUTE, refused: 'present' } };
    expect(decided(refused, {}, ringing)).toMatchObject({ do: 'rest', because: 'no_notifier' });
    const others = { ...refused, asked: { ...refused.asked, refused: 'other credentials' } };
    expect(decided(others, {}, ringing)).toMatchObject({ do: 'request' });
    expect(decided({ ...refused, request: { at: NOW, rearm: false } }, {}, ringing)).toMatchObject({
      do: 'request',
    });
  });
  it('is asked at any hour by their own wish, beside a live token too, and not while a question is open', () => {
    const later: Connection = {
      consent: { ...offered(ringing.consent), askAt: () => NOW + 60 * MINUTE },
    };
    const wish = { request: { at: NOW, rearm: false } };
    expect(decided(wish, {}, later)).toMatchObject({ do: 'request' });
    expect(decided({ ...wish, session: session() }, {}, later)).toMatchObject({ do: 'request' });
    const open = { ...wish, asked: { at: NOW - MINUTE, until: NOW + MINUTE } };
    expect(decided(open, {}, later)).toMatchObject({ do: 'rest', because: 'asked' });
  });
  it('is asked although somebody posted what nobody can prove, after some tries', () => {
    const pending = { grant: grant({ token: 'posted' }), source: 'consent', identity: 'login' } as const;
    const posted = { pending: [pending], proofDueAt: NOW + 2_000 };
    expect(decided({ ...posted, failures: 2 }, {}, ringing)).toMatchObject({ because: 'proof_pending' });
    expect(decided({ ...posted, failures: 3 }, {}, ringing)).toMatchObject({ do: 'request' });
    const asked = { at: NOW - MINUTE, until: NOW + MINUTE };
    expect(decided({ ...posted, failures: 3, asked }, {}, ringing)).toMatchObject({
      because: 'asked',
      nextAt: NOW + 2_000,
    });
  });
  it('who did not answer is asked again at the next time, not before', () => {
    const later: Connection = {
      consent: { ...offered(ringing.consent), askAt: () => NOW + 60 * MINUTE },
    };
    const asked = { at: NOW - 60 * MINUTE, until: NOW };
    expect(decided({ asked }, {}, later)).toMatchObject({
      because: 'approval_lapsed',
      nextAt: NOW + 60 * MINUTE,
    });
  });
  it('is left alone outside their hours and on holidays', () => {
    const hours = { days: ['sun'], from: '08:00', to: '17:00', zone: 'Asia/Kolkata' } as const;
    const account = { enabled: true, identity: 'login', connection: ringing, hours };
    // NOW is a Monday evening in India.
    const opens = Date.UTC(2026, 8, 27, 2, 30);
    expect(decided({}, { account })).toMatchObject({ do: 'rest', because: 'asked_later', nextAt: opens });
    const week = 7 * 24 * 60 * MINUTE;
    expect(decided({}, { account, isHoliday: (day) => day === '2026-09-27' })).toMatchObject({
      nextAt: opens + week,
    });
  });
});

function offered<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('not offered');
  return part;
}
