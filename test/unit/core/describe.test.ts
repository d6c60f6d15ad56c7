import { describe as subject, expect, it } from 'vitest';
import { describe, type StatusFacts } from '../../../src/core/describe.ts';
import { duration } from '../../../src/core/duration.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

const facts = (changes: Partial<StatusFacts> = {}): StatusFacts => ({
  name: 'DESK_1',
  username: 'USER_1',
  broker: 'some-broker',
  environment: 'demo',
  enabled: true,
  subAccounts: ['SUB_1'],
  person: false,
  generation: 7,
  issuedAt: NOW - HOUR,
  expiresAt: NOW + HOUR,
  renewAt: NOW + HOUR / 2,
  heldBack: undefined,
  provenAt: undefined,
  failures: 0,
  retryAt: undefined,
  trouble: undefined,
  underWay: false,
  tokenType: 'Bearer',
  scope: '',
  state: 'fresh',
  reason: '',
  since: new Date(NOW - HOUR).toISOString(),
  dueAt: NOW + HOUR / 2,
  ...changes,
});

subject('an account as operators see it', () => {
  it('with a live token is valid and says for how long', () => {
    expect(describe(facts(), NOW)).toMatchObject({
      valid: true,
      time_remaining_seconds: 3600,
      time_remaining_hours: 1,
      expiry_time: '2026-11-21T13:00:00.000Z',
      needs_refresh: false,
      state: 'fresh',
      next_refresh: '2026-11-21T12:30:00.000Z',
      scope: null,
      message: 'The token is good for another 60 min.',
    });
  });
  it('whose token is proved before its refresh is refreshed at its time, not at that of the proof', () => {
    const next = (changes: Partial<StatusFacts>): string | null => describe(facts(changes), NOW).next_refresh;
    expect(next({ dueAt: NOW + 60_000 })).toBe('2026-11-21T12:30:00.000Z');
    expect(next({ dueAt: NOW + HOUR * 0.75 })).toBe('2026-11-21T12:45:00.000Z');
    expect(next({ dueAt: NOW + 60_000, state: 'backing_off' })).toBe('2026-11-21T12:01:00.000Z');
    expect(next({ dueAt: undefined })).toBeNull();
  });
  it('whose renewals have come to nothing three times in a row, for an hour, says so, and not before', () => {
    const message = (unrenewed: number): string => describe(facts({ unrenewed }), NOW).message;
    const says = 'another 60 min. But the last ones before it could not be renewed';
    expect(message(2)).toBe('The token is good for another 60 min.');
    expect(message(3)).toContain(says);
    const short = (unrenewed: number): string =>
      describe(facts({ unrenewed, issuedAt: NOW - 30_000, expiresAt: NOW + 30_000 }), NOW).message;
    expect(short(59)).not.toContain('renewed');
    expect(short(60)).toContain('renewed');
  });
  it('past its due time is due, and needs a refresh', () => {
    expect(describe(facts(), NOW + HOUR / 2)).toMatchObject({
      state: 'due',
      needs_refresh: true,
      valid: true,
    });
  });
  it('that a silence holds says why and until when, and goes on at its end, not at the next look', () => {
    const silence = {
      until: NOW + 2 * HOUR,
      message: 'It wants a captcha, for programs none: nothing is sent.',
    };
    const held = describe(
      facts({ state: 'backing_off', reason: 'broker_silence', dueAt: NOW + HOUR, silence }),
      NOW,
    );
    expect(held).toMatchObject({
      detail: 'It wants a captcha, for programs none. Nothing is sent before Sat 21 Nov 14:00 UTC.',
      next_refresh: '2026-11-21T14:00:00.000Z',
      no_refresh_before: '2026-11-21T14:00:00.000Z',
    });
    // Nothing is due yet, but a refresh that is asked for would be refused, and the next one comes later.
    const well = describe(facts({ silence }), NOW);
    expect(well).toMatchObject({ detail: null, next_refresh: '2026-11-21T14:00:00.000Z' });
    expect(well.no_refresh_before).toBe('2026-11-21T14:00:00.000Z');
    // A person's login is tried all the same.
    expect(describe(facts({ silence, person: true }), NOW).no_refresh_before).toBeNull();
  });

  it.each([
    ['a limit', 'budget_spent', 'Its limit leaves no room before 12:10 UTC.'],
    ['a silence', 'broker_silence', 'The broker asked this network for silence'],
    ['a broker that is down', 'broker_down', 'The broker does not answer; one call at a time'],
  ])('that is due but held back by %s says what it waits for', (_, reason, words) => {
    const until = NOW + 600_000;
    const held = facts({
      state: 'due',
      reason,
      heldBack: JSON.stringify({ until, message: 'Its limit leaves no room before 12:10 UTC.' }),
      trouble: JSON.stringify({ code: 'server_fault', kind: 'transient', message: 'It stumbled.', at: 1 }),
      dueAt: until,
    });
    const status = describe(held, NOW);
    expect(status).toMatchObject({ state: 'due', valid: true, next_refresh: '2026-11-21T12:10:00.000Z' });
    expect(status.detail).toContain(words);
    expect(status.message).toContain(`The token is good for another 60 min. ${words}`);
    // Gone while it waited: never called due, whatever was stored.
    const gone = describe({ ...held, expiresAt: NOW }, NOW);
    expect(gone).toMatchObject({ state: 'expired', valid: false });
  });
  it('that is due says no more than that once nothing holds it back', () => {
    const trouble = JSON.stringify({ code: 'x', kind: 'transient', message: 'It stumbled.', at: 1 });
    const heldBack = JSON.stringify({ until: NOW, message: 'Its limit leaves no room.' });
    const due = facts({ state: 'due', reason: 'budget_spent', heldBack, trouble });
    expect(describe(due, NOW).detail).toBe('A refresh is due.');
  });
  it('without a token while its broker is down says so where nothing of its own failed', () => {
    const waiting = facts({ state: 'backing_off', reason: 'broker_down', expiresAt: undefined });
    expect(describe(waiting, NOW).detail).toContain('The broker does not answer; one call at a time');
  });
  it('whose token died while nobody looked is expired, whatever was stored', () => {
    expect(describe(facts(), NOW + HOUR)).toMatchObject({
      state: 'expired',
      valid: false,
      time_remaining_seconds: 0,
    });
  });
  it('that only a person can log in awaits that person then', () => {
    expect(describe(facts({ person: true }), NOW + HOUR)).toMatchObject({
      state: 'awaiting_approval',
      message: expect.stringContaining('now by "token-refresher login DESK_1"'),
      person_needed: true,
    });
  });
  it('was validated for two paces of its proofs, and then nobody knows', () => {
    const proved = { provenAt: NOW, proveEveryMs: HOUR / 2, expiresAt: NOW + 9 * HOUR };
    expect(describe(facts(proved), NOW + HOUR).api_validated).toBe(true);
    expect(describe(facts(proved), NOW + HOUR + 1).api_validated).toBeNull();
    expect(describe(facts({ provenAt: NOW }), NOW + HOUR / 2).api_validated).toBe(true);
  });
  it('that a person logs in is refreshed next when it ends, or when they are asked: not at a look', () => {
    const person = { person: true, dueAt: NOW + 1_000 };
    const next = (changes: Partial<StatusFacts>, now: number): string | null =>
      describe(facts({ ...person, ...changes }), now).next_refresh;
    expect(next({}, NOW)).toBe(new Date(NOW + HOUR).toISOString());
    const waiting = { state: 'awaiting_approval', expiresAt: NOW - 1 };
    expect(next({ ...waiting, reason: 'asked_later' }, NOW)).toBe(new Date(NOW + 1_000).toISOString());
    expect(next({ ...waiting, reason: 'asked' }, NOW)).toBeNull();
  });
  it('with a call on its way is refreshing', () => {
    const underWay = describe(facts({ underWay: true, dueAt: NOW + 9_000 }), NOW);
    expect(underWay).toMatchObject({ state: 'refreshing', next_refresh: null });
  });
  it('that was stopped for a password that was refused before says that', () => {
    const status = describe(facts({ state: 'stopped', trouble: undefined, dueAt: undefined }), NOW);
    expect(status.detail).toBe(
      'These credentials were refused earlier and are not sent again: perhaps an old password is back in the file. Change them there, which is taken up by itself, or allow one more try with "token-refresher refresh DESK_1 --force".',
    );
  });

  it('that was stopped says why in words', () => {
    const trouble = JSON.stringify({
      code: 'bad_credentials',
      kind: 'needs-human',
      message: 'The password is wrong.',
      at: NOW,
    });
    const status = describe(facts({ state: 'stopped', trouble, failures: 1, dueAt: undefined }), NOW);
    expect(status).toMatchObject({ state: 'stopped', person_needed: false, attempts: 1, next_refresh: null });
    expect(status.last_error).toEqual({
      code: 'bad_credentials',
      message: 'The password is wrong.',
      at: '2026-11-21T12:00:00.000Z',
    });
    expect(status.message).toContain('The password is wrong.');
  });
  it('nobody looked at yet is due and has no token', () => {
    const fresh = facts({
      state: undefined,
      generation: undefined,
      issuedAt: undefined,
      expiresAt: undefined,
      renewAt: undefined,
    });
    expect(describe(fresh, NOW)).toMatchObject({
      state: 'due',
      valid: false,
      generation: null,
      expiry_time: null,
    });
  });
  it('that is disabled has no next refresh', () => {
    expect(describe(facts({ enabled: false }), NOW)).toMatchObject({ state: 'disabled', next_refresh: null });
  });
});

subject('a length of time', () => {
  it.each([
    [119_999, '119 s'],
    [120_000, '2 min'],
    [2 * HOUR, '2 h'],
    [3 * HOUR + 20 * 60_000, '3 h 20 min'],
  ])('of %i ms reads %s', (ms, words) => expect(duration(ms)).toBe(words));
});

it('says until when a pause holds as people say it, to the minute', () => {
  const paused = (until: number): string | null =>
    describe(facts({ state: 'paused', paused: JSON.stringify({ at: NOW, until }) }), NOW).detail;
  const until = Date.UTC(2030, 0, 2, 10, 42, 1, 500);
  expect(paused(until)).toBe('Paused by a person until Wed 2 Jan 10:43 UTC.');
});
