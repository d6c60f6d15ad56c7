import { describe, expect, it } from 'vitest';
import { makeJudge } from '../../../src/conformance/judge.ts';
import type { Sample } from '../../../src/conformance/sample.ts';

const START = Date.parse('2026-03-02T10:00:00Z');
const LIVES_MS = 60_000;

/** What a reader sees of a login that keeps the contract, so many ms after the start. */
function sample(after = 0, changes: Partial<Sample> = {}, generation = 1): Sample {
  const token = `made-up-${generation}`;
  const end = new Date(START + LIVES_MS * generation).toISOString();
  const ttl = START + LIVES_MS * generation - START - after;
  return {
    name: 'A',
    at: START + after,
    askedAt: START + after - 1,
    token,
    auth: token,
    meta: {
      ...{ broker: 'b', username: 'A', environment: 'demo', generation: String(generation) },
      ...{ issuedAt: new Date(START).toISOString(), expiresAt: end, tokenType: 'Bearer', scope: '' },
      ...{ source: 'sign-in', baseUrl: 'http://127.0.0.1:9', userId: '', accountId: '' },
      headers: JSON.stringify({ Authorization: `Bearer ${token}` }),
    },
    state: { state: 'fresh', reason: '', since: new Date(START).toISOString(), expiresAt: end },
    list: ['token:A'],
    carried: [{ key: 'token:A', token, username: 'A' }],
    ttlMs: { 'token:A': ttl, 'auth:A': ttl, 'meta:A': ttl },
    wrongTypes: [],
    ...changes,
  };
}
const event = (changes: object = {}): string =>
  JSON.stringify({
    ...{ event: 'refreshed', username: 'A', names: ['A'], generation: 2 },
    expiresAt: new Date(START).toISOString(),
    ...changes,
  });
const gone = { token: undefined, auth: undefined, meta: {}, ttlMs: {}, list: [], carried: [] };
const state = (is: string, reason = 'r') => ({ state: is, reason, since: 's', expiresAt: '' });
const meta = (changes: Readonly<Record<string, string>>) => ({ ...sample().meta, ...changes });

/** What did not hold. */
function judged(...steps: readonly (Sample | string)[]): readonly string[] {
  const judge = makeJudge();
  let at = START;
  for (const step of steps) {
    if (typeof step === 'string') judge.hear(step, at);
    else {
      judge.look(step);
      at = step.at;
    }
  }
  return judge.verdict(at + 10_000).broken.map(({ promise, what }) => `${promise}: ${what}`);
}

describe('a deployment that keeps the contract', () => {
  it('has nothing said against it, and what was not put to the test is said', () => {
    const judge = makeJudge();
    judge.look(sample());
    judge.look(sample(1_000));
    const { broken, unseen } = judge.verdict(START + 2_000);
    expect(broken).toEqual([]);
    expect(unseen).toEqual(['reasons', 'announced', 'events']);
  });

  it.each<[string, readonly (Sample | string)[]]>([
    ['a newer token with its event', [sample(), event(), sample(1_000, {}, 2)]],
    ['a token that ended, with the reason', [sample(), sample(61_000, { ...gone, state: state('expired') })]],
    ['a key that somebody deleted a moment ago', [sample(), sample(1_000, gone), sample(20_000)]],
    ['an alias', [sample(0, { meta: {}, state: {}, auth: undefined, list: [], ttlMs: { 'token:A': 9 } })]],
    [
      'a key of another login on the list',
      [sample(0, { carried: [{ key: 'token:B', token: 'b', username: 'B' }] })],
    ],
    [
      'a key that was put on the list just now',
      [sample(0, { carried: [{ key: 'token:X', token: undefined, username: undefined }] })],
    ],
    [
      'a pair of headers in place of a bearer',
      [sample(0, { meta: meta({ headers: '{"CST":"made-up-1"}' }) })],
    ],
    ['an event of a generation that is not read yet', [sample(), event()]],
  ])('nor %s', (_what, steps) => {
    expect(judged(...steps)).toEqual([]);
  });
});

describe('what is said of', () => {
  it.each<[string, readonly (Sample | string)[], string]>([
    [
      'a key that outlives its token',
      [sample(0, { ttlMs: { 'token:A': LIVES_MS + 3 } })],
      'ttl: token:A outlives its token by 1 ms',
    ],
    ['a key without an end', [sample(0, { ttlMs: { 'meta:A': -1 } })], 'ttl: meta:A has no end'],
    [
      'another token in auth:',
      [sample(0, { auth: 'other' })],
      'agreement: auth: holds another token than token:',
    ],
    [
      'headers of another token',
      [sample(0, { meta: meta({ headers: '{"Authorization":"Bearer x"}' }) })],
      'agreement: the headers of meta: hold another token than token:',
    ],
    ['a token without meta:', [sample(0, { meta: {} })], 'agreement: there is token: and no meta:'],
    [
      'a field that is missing',
      [sample(0, { meta: { ...meta({}), scope: undefined as never } })],
      'fields: meta: lacks scope',
    ],
    [
      'an instant of another form',
      [sample(0, { meta: meta({ issuedAt: '2 March' }) })],
      'fields: issuedAt: no ISO 8601 in UTC',
    ],
    ['another type', [sample(0, { wrongTypes: ['meta:A'] })], 'types: meta:A: another type'],
    ['a list without its token', [sample(0, { list: ['token:B'] })], 'lists: the list lacks token:A'],
    [
      'a sub-account left behind',
      [sample(0, { carried: [{ key: 'token:S', token: 'old', username: 'A' }] })],
      'lists: token:S carries another token, or none',
    ],
    [
      'a missing token without a reason',
      [sample(0, { ...gone, state: {} })],
      'reasons: neither a token nor a state',
    ],
    [
      'a state of no contract',
      [sample(0, { ...gone, state: state('asleep') })],
      'reasons: state says "asleep", which is none of the contract',
    ],
    [
      'a fresh token that stays away',
      [sample(0, gone), sample(31_000, gone)],
      'presence: fresh, and no token for 30 s',
    ],
    [
      'a service that does not run',
      [sample(0, { ...gone, state: { ...state('fresh'), expiresAt: '2026-03-02T09:00:00Z' } })],
      'presence: fresh, with an end that is past: does the service run?',
    ],
    [
      'a generation that falls',
      [sample(0, {}, 2), sample(1_000)],
      'generations: the generation fell from 2 to 1',
    ],
    [
      'another token of the same generation',
      [
        sample(),
        sample(1_000, {
          ...sample(0, {}, 2),
          meta: meta({ headers: '{"Authorization":"Bearer made-up-2"}' }),
          ttlMs: {},
          carried: [],
        }),
      ],
      'generations: another token of the same generation 1',
    ],
    [
      'a new generation without an event',
      [sample(), sample(1_000, {}, 2)],
      'announced: generation 2 came without an event',
    ],
    [
      'an event that came before its keys',
      [sample(), event(), sample(1_000)],
      'events: generation 2 was announced and is not there',
    ],
    [
      'an event with a token',
      [sample(), event({ generation: 0, token: 'made-up-1' })],
      'events: an event holds a token',
    ],
    ['an event of no known kind', [event({ event: 'x' })], 'events: an event of no known kind'],
    [
      'an event that lacks its names',
      [event({ names: 1 })],
      'events: "refreshed" lacks username, names, generation or expiresAt',
    ],
  ])('%s', (_what, steps, said) => {
    expect(judged(...steps)).toEqual([said]);
  });
});
