import { describe, expect, it } from 'vitest';
import {
  actWords,
  ALL_ACCOUNTS,
  explain,
  type Explained,
  type Explanation,
} from '../../../src/core/explain.ts';
import { account, without } from '../http/support.ts';

const NOW = Date.parse('2026-11-20T10:00:00.000Z');
const explained = (known: Partial<Explained>): Explanation =>
  explain({
    status: account('DESK'),
    since: '2026-11-20T09:30:00.000Z',
    pausedUntil: null,
    by: 'renewal',
    decisions: [],
    lastDay: [],
    usage: [],
    acts: [],
    ...known,
  });
const commands = (known: Partial<Explained>) => explained(known).person.map(({ command }) => command);

describe('what is next for an account', () => {
  const at = '2026-11-20T10:42:00.000Z';
  it.each<[string, Partial<Explained>, object]>([
    ['that is fresh', {}, { action: 'renewal', at }],
    [
      'without a token, whose session cannot be renewed',
      { status: without('A', 'backing_off') },
      { action: 'sign-in', at },
    ],
    ['that an older version entered', { by: undefined }, { action: 'refresh', at }],
    [
      'whose person got the token',
      { by: 'person', status: account('A', { person_needed: true }) },
      { action: 'person', at: '2026-11-20T11:00:00.000Z' },
    ],
    [
      'whose person is asked later',
      { by: 'person', status: without('A', 'awaiting_approval', { reason: 'asked_later' }) },
      { action: 'ask', at },
    ],
    [
      'whose person was asked',
      { by: 'person', status: without('A', 'awaiting_approval', { reason: 'asked' }) },
      { action: 'person', at: null },
    ],
    ['that is stopped', { status: without('A', 'stopped') }, { action: 'none', at: null }],
    ['that is disabled', { status: without('A', 'disabled') }, { action: 'none', at: null }],
    ['that is paused', { status: without('A', 'paused') }, { action: 'none', at: null }],
    [
      'whose pause has an end',
      { status: without('A', 'paused'), pausedUntil: '2026-11-20T12:00:00.000Z' },
      { action: 'resume', at: '2026-11-20T12:00:00.000Z' },
    ],
  ])('%s', (_, known, next) => {
    expect(explained(known).next).toMatchObject({ ...next, why: expect.stringMatching(/\.$/) });
  });
});

it.each([
  ['due', 'budget_spent', 'It is held back by a limit of the broker, and goes on then.'],
  ['backing_off', 'budget_spent', 'It is held back by a limit of the broker, and goes on then.'],
  ['due', 'broker_silence', 'The broker wants no call from this network before then.'],
  [
    'expired',
    'broker_down',
    'The broker does not answer: it is tried then, or as soon as anybody is answered.',
  ],
  ['due', 'due', 'It is due now.'],
  ['fresh', 'fresh', 'Its token is replaced then, well before it dies.'],
] as const)('says of an account that is %s for %s why it goes on when it does', (state, reason, why) => {
  expect(explained({ status: account('A', { state, reason }) }).next.why).toBe(why);
});

it.each(['backing_off', 'fresh'] as const)(
  'of a silence says what brought it and that no refresh is taken before its end, while it is %s',
  (state) => {
    const end = '2026-11-20T11:00:00.000Z';
    const reason = state === 'fresh' ? null : 'broker_silence';
    const status = account('A', { state, reason, next_refresh: end, no_refresh_before: end });
    const { next, person } = explained({ status, silence: 'It wants a captcha: find who fails.' });
    expect(next).toMatchObject({
      at: end,
      why: 'The broker wants no call from this network before then. It wants a captcha: find who fails.',
    });
    expect(person[0]).toEqual({
      what: 'Wait: no refresh is taken before Fri 20 Nov 11:00 UTC.',
      command: null,
    });
    expect(person.map(({ command }) => command)).not.toContain('token-refresher refresh A');
  },
);

describe('what a person can do', () => {
  it('is what helps most, first', () => {
    expect(commands({})[0]).toBe('token-refresher refresh DESK');
    expect(commands({ status: without('A', 'stopped') }).slice(0, 2)).toEqual([
      null,
      'token-refresher refresh A --force',
    ]);
    expect(commands({ status: without('A', 'awaiting_approval', { person_needed: true }) })[0]).toBe(
      'token-refresher login A',
    );
    expect(commands({ status: without('A', 'paused') })[0]).toBe('token-refresher resume A');
    expect(commands({ status: without('A', 'disabled') })).toEqual(['token-refresher reload']);
  });
});

it.each([
  ['expired', 'budget_spent', ['plan']],
  ['expired', 'broker_silence', ['status']],
  ['due', 'broker_down', ['status']],
  ['backing_off', 'bad_answer', []],
] as const)('names what helps where others may share the cause: %s, %s', (state, reason, expected) => {
  const status = state === 'due' ? account('A', { state, reason }) : without('A', state, { reason });
  expect(commands({ status }).slice(1, -2)).toEqual(expected.map((words) => `token-refresher ${words}`));
});

it('says of what was done to all that it was', () => {
  const act = { at: '', who: 'token', what: 'refresh', from: '', outcome: '202' };
  expect(actWords({ ...act, account: 'A' })).toBe('refresh');
  expect(actWords({ ...act, account: ALL_ACCOUNTS })).toBe('refresh of all');
});

it('shows the decisions as they were made, instants for people', () => {
  const made = {
    did: 'published',
    state: 'fresh',
    reason: 'renewal',
    at: NOW - 1000,
    last: NOW,
    times: 3,
    nextAt: NOW + 1,
  };
  expect(explained({ decisions: [made] }).decisions).toEqual([
    {
      did: 'published',
      state: 'fresh',
      reason: 'renewal',
      message: null,
      first_at: '2026-11-20T09:59:59.000Z',
      last_at: '2026-11-20T10:00:00.000Z',
      times: 3,
      next_at: '2026-11-20T10:00:00.001Z',
    },
  ]);
});
