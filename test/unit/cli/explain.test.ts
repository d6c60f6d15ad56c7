import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/core/explain.ts';
import { showExplanation } from '../../../src/cli/explain.ts';
import { busyDay } from '../../support/desks.ts';
import { NOW } from '../http/support.ts';

describe('explain, in words', () => {
  const shown = (changes: Partial<Explanation>): string =>
    showExplanation({ ...busyDay(NOW, 'DESK'), ...changes });

  it.each([
    ['person', 'its person’s login'],
    ['sign-in', 'a sign-in'],
    ['none', 'nothing by itself'],
  ] as const)('says of %s what is next', (action, words) => {
    const next = { action, at: '2026-11-20T11:00:00.000Z', why: 'It is so.' };
    expect(shown({ next })).toContain(`Next: ${words} at Fri 20 Nov 11:00 UTC. It is so.`);
  });

  it('says what was done, and shows what it does not know as it is', () => {
    const [decision] = busyDay(NOW, 'DESK').decisions;
    if (!decision) throw new Error('no decision');
    const did = (word: string): string => shown({ decisions: [{ ...decision, did: word }] });
    expect(did('rested')).toContain('Left as it is');
    expect(did('went_on')).toContain('Another way was tried');
    expect(did('never_heard_of')).toContain('never heard of');
  });
});

describe('explain, on its first line', () => {
  const firstLine = (state: 'backing_off' | 'paused', reason: string): string =>
    showExplanation({ ...busyDay(NOW, 'DESK'), state, reason })
      .split('\n', 1)
      .join('');

  it('names the reason beside the state', () => {
    expect(firstLine('backing_off', 'timeout')).toContain('(timeout), since');
  });

  it('says since when to the minute', () => {
    expect(firstLine('backing_off', 'timeout')).toMatch(/, since \w{3} \d+ \w{3} \d\d:\d\d UTC$/);
  });

  it('does not say one word twice', () => {
    expect(firstLine('paused', 'paused')).not.toContain('(paused)');
  });
});
