import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/core/explain.ts';
import { lastDay } from '../../../src/http/page/history.ts';
import { busyDay } from '../../support/desks.ts';
import { account, fakeDesk, NOW, serve } from './support.ts';

type Decision = Explanation['decisions'][number];
/** Hours before now; `next`: when the next step was planned. */
const made = (
  state: string,
  from: number,
  to: number,
  more: Partial<Decision> & { readonly next?: number } = {},
): Decision => {
  const at = (hours: number): string => new Date(NOW - hours * 3_600_000).toISOString();
  const { next, ...changes } = more;
  return {
    did: 'published',
    state,
    reason: null,
    message: null,
    first_at: at(from),
    last_at: at(to),
    times: 1,
    next_at: next === undefined ? null : at(next),
    ...changes,
  };
};
/** How often each tone stands, in a row: `good 4`. */
const runs = (decisions: readonly Decision[]): readonly string[] => {
  const slots = lastDay(decisions, NOW).map((tone) => tone ?? 'unknown');
  return slots
    .flatMap((tone, i) => (i === 0 || slots[i - 1] !== tone ? [{ tone, from: i }] : []))
    .map(({ tone, from }, i, all) => `${tone} ${(all[i + 1]?.from ?? slots.length) - from}`);
};

describe('the last day of an account', () => {
  it('is what was decided, until the next decision', () => {
    const decisions = [
      made('fresh', 6, 1, { next: 0 }),
      made('stopped', 12, 12),
      made('fresh', 30, 13, { next: 12 }),
    ];
    expect(runs(decisions)).toEqual(['good 48', 'bad 24', 'good 24']);
  });

  it('shows the worst of a quarter of an hour, and a failure that left the token good', () => {
    const failed = made('fresh', 3.1, 3.1, { did: 'failed', next: 3 });
    expect(
      runs([made('fresh', 3.05, 0.1, { next: 0 }), failed, made('fresh', 24, 3.2, { next: 3 })]),
    ).toEqual(['good 83', 'waiting 1', 'good 12']);
  });

  it('is unknown where nothing was decided although it was to be', () => {
    // The service was down for eight hours.
    expect(runs([made('fresh', 2, 1, { next: 0 }), made('fresh', 20, 11, { next: 10 })])).toEqual([
      'unknown 16',
      'good 41',
      'unknown 31',
      'good 8',
    ]);
    expect(runs([])).toEqual(['unknown 96']);
  });
});

it('stands in the details, with what was decided, what is next and what a person can do', async () => {
  const explain = async (name: string) => busyDay(NOW, name);
  const { app, cookie } = await serve(fakeDesk([account('DESK')], { explain }));
  const { body } = await app.inject({ url: '/dashboard?account=DESK', headers: cookie() });
  const text = body.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(body).toMatch(
    /aria-label="The last day: stopped or without a token [\w ]+, waiting or failing [\w ]+, well [\w ]+"/,
  );
  for (const words of [
    'Failed : Alpha did not answer within 15 s. 1 min 0 s ago , 4 times since',
    'A new token : renewal 1 h 15 min ago',
    'The next try is planned for then.',
    'token-refresher refresh DESK',
    'refresh by cookie from 127.0.0.1',
  ]) {
    expect(text).toContain(words);
  }
});

it('is left out where it cannot be read', async () => {
  const explain = () => Promise.reject(new Error('Redis is away'));
  const { app, cookie } = await serve(fakeDesk([account('DESK')], { explain }));
  const { statusCode, body } = await app.inject({ url: '/dashboard?account=DESK', headers: cookie() });
  expect(statusCode).toBe(200);
  expect(body).toContain('token:DESK');
  expect(body).not.toContain('The last day');
});
