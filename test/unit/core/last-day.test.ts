import { describe, expect, it } from 'vitest';
import { dayPayload, QUARTER_MS, QUARTERS, readDay } from '../../../src/core/last-day.ts';
import type { State } from '../../../src/core/state.ts';

const NOW = Date.parse('2026-11-20T10:07:00.000Z');
const quarter = Math.floor(NOW / QUARTER_MS);
/** How often each mark stands, in a row: `good 4`. */
const runs = (text: string | null): readonly string[] => {
  const slots = readDay(text, NOW).map((mark) => mark ?? 'unknown');
  expect(slots).toHaveLength(QUARTERS);
  return slots
    .flatMap((mark, i) => (i === 0 || slots[i - 1] !== mark ? [{ mark, from: i }] : []))
    .map(({ mark, from }, i, all) => `${mark} ${(all[i + 1]?.from ?? slots.length) - from}`);
};

describe('the last day as it is read', () => {
  it('ends now, and is unknown before it was kept', () => {
    expect(runs(`${quarter}.0.g.wggx`)).toEqual(['unknown 92', 'waiting 1', 'good 2', 'bad 1']);
    expect(runs(`${quarter - 100}.0.g.gggg`)).toEqual(['good 96']);
    expect(runs(null)).toEqual(['unknown 96']);
    expect(runs('what nobody wrote')).toEqual(['unknown 96']);
  });

  it('goes on as the last decision left it, no longer than to the next one that was planned', () => {
    expect(runs(`${quarter - 8}.0.x.gx`)).toEqual(['unknown 86', 'good 1', 'bad 9']);
    expect(runs(`${quarter - 8}.${quarter - 5}.g.xg`)).toEqual([
      'unknown 86',
      'bad 1',
      'good 4',
      'unknown 5',
    ]);
  });
});

describe('what is kept of a decision', () => {
  it('is how the account stands, and a failure that left it a good token', () => {
    const as = (state: State, did: string): string => dayPayload(state, did, NOW, undefined).as;
    expect(as('fresh', 'published')).toBe('g');
    expect(as('fresh', 'failed')).toBe('w');
    expect(as('stopped', 'failed')).toBe('x');
    expect(as('paused', 'rested')).toBe('i');
  });

  it('speaks up to the quarter after the next decision', () => {
    expect(dayPayload('fresh', 'published', NOW, NOW + 3 * QUARTER_MS)).toEqual({
      quarter,
      until: quarter + 4,
      as: 'g',
    });
    expect(dayPayload('stopped', 'failed', NOW, 0).until).toBe(0);
  });
});
