import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { questions } from '../../../../src/brokers/tradovate/questions.ts';
import { tradovateSwitches } from '../../../../src/brokers/tradovate/simulator-switches.ts';
import type { FieldKind, TranscribedCall } from '../../../../src/core/transcript.ts';

const made = (path: string, fields: TranscribedCall['fields'], more: object = {}): TranscribedCall => ({
  method: 'POST',
  path,
  status: 200,
  tookMs: 120,
  headers: [],
  fields,
  body: 'json',
  ...more,
});
const token: FieldKind = {
  type: 'string',
  length: 230,
  jwt: { header: ['alg', 'kid'], claims: ['sub', 'exp'], expiresInSeconds: 4_800 },
};
const expiration = (written: 'seconds' | 'milliseconds'): FieldKind => ({
  type: 'number',
  instant: { written, inSeconds: 4_800 },
});
const settled = (calls: readonly TranscribedCall[], kind?: string): Record<string, string> =>
  Object.fromEntries(
    questions.flatMap(({ id, settledBy }) => {
      const answer = settledBy(calls, kind);
      return answer === undefined ? [] : [[id, answer]];
    }),
  );
/** A login that went through says something of its headers, too. */
const sent = ['Origin', 'Referer', 'Accept-Language', 'User-Agent', 'TRADOVATE_BRIDGE_HEADERS'];
const headers = {
  'browser-headers': expect.stringMatching(new RegExp(`went through.*${sent.join('.*')}`)) as unknown,
};
const RENEW = '/v1/auth/renewaccesstoken';

describe('the open questions', () => {
  test('are eleven, each once, and nothing settles them by itself', () => {
    expect(new Set(questions.map(({ id }) => id)).size).toBe(11);
    expect(settled([])).toEqual({});
  });

  test.each<[string, readonly TranscribedCall[], Record<string, unknown>]>([
    [
      'an expiration in milliseconds',
      [made('/authorize', { 'd.access_token': token, 'd.expiration': expiration('milliseconds') })],
      {
        ...headers,
        'bridge-expiration':
          "`expiration` is an instant in milliseconds (a number), 4800 s ahead; the token's own `exp` lies 4800 s ahead",
      },
    ],
    [
      'no expiration',
      [made('/authorize', { 'd.access_token': token })],
      { ...headers, 'bridge-expiration': expect.stringContaining('left out') },
    ],
    [
      'a duration',
      [made('/authorize', { 'd.access_token': token, 'd.expiration': { type: 'number', seconds: 4_800 } })],
      { ...headers, 'bridge-expiration': expect.stringContaining('a duration of 4800 s') },
    ],
    [
      'a refusal of the bridge',
      [
        made(
          '/authorize',
          { s: { type: 'string' }, errmsg: { type: 'string' } },
          { error: 'bad_credentials' },
        ),
      ],
      { 'bridge-refusal': 'HTTP 200 with s, errmsg; taken for bad_credentials' },
    ],
    [
      'a penalty of the bridge',
      [made('/authorize', { 'p-ticket': { type: 'string' } })],
      { 'bridge-limits': expect.stringContaining('takes part') },
    ],
    [
      'a renewal',
      [made(RENEW, { accessToken: token, mdAccessToken: token })],
      { 'market-data-token': 'A renewal brings `mdAccessToken`' },
    ],
    [
      'a renewal after a penalty',
      [made(RENEW, { 'p-ticket': { type: 'string' } }), made(RENEW, { accessToken: token })],
      {
        'market-data-token': 'A renewal does not bring `mdAccessToken`',
        'ticket-on-renewal': expect.stringContaining('went through'),
      },
    ],
  ])('are settled by %s', (_, calls, expected) => {
    expect(settled(calls)).toEqual(expected);
  });

  test.each([
    ['renewed', { accessToken: token }, 'was renewed'],
    ['refused', {}, 'was not renewed'],
  ])('say of a bridge login whose token is %s at the second time that it %s', (_, fields, says) => {
    expect(settled([made(RENEW, fields)], 'bridge')['bridge-renewal']).toContain(says);
    expect(settled([made(RENEW, fields)], 'api')['bridge-renewal']).toBeUndefined();
  });

  test('stand each in the README, with the switches that play their answers', () => {
    const readme = readFileSync(
      join(import.meta.dirname, '../../../../src/brokers/tradovate/README.md'),
      'utf8',
    );
    const [, table = ''] = /\| question \| switch \|[^\n]*\n[^\n]*\n(.*?)\n\n/s.exec(readme) ?? [];
    const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const idOf = (cell = ''): string => /^`([\w-]+)`: /.exec(cell)?.[1] ?? cell;
    expect(rows.map(([, cell]) => idOf(cell))).toEqual(questions.map(({ id }) => id));
    const named = rows.flatMap(([, , cell = '']) => (cell.match(/(?<=`)[\w.]+(?=`)/g) ?? []).map(String));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(name in tradovateSwitches))).toEqual([]);
    // Both are for people to ask.
    const without = rows.filter(([, , cell]) => cell === '').map(([, cell]) => idOf(cell));
    expect(without).toEqual(['session-conflict-advice', 'firm-rules']);
  });

  test('say each what would show it', () => {
    for (const { id, findOut } of questions) expect(findOut, id).toMatch(/.\.$/);
  });
});
