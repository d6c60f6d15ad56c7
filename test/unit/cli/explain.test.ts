import { describe, expect, it } from 'vitest';
import { showExplanation } from '../../../src/cli/explain.ts';
import { busyDay } from '../../support/desks.ts';
import { NOW } from '../http/support.ts';

describe('explain, on its first line', () => {
  const firstLine = (state: 'backing_off' | 'paused', reason: string): string =>
    showExplanation({ ...busyDay(NOW, 'DESK'), state, reason })
      .split('\n', 1)
      .join('');

  it('names the reason beside the state', () => {
    expect(firstLine('backing_off', 'timeout')).toContain('(timeout), since');
  });

  it('does not say one word twice', () => {
    expect(firstLine('paused', 'paused')).not.toContain('(paused)');
  });
});
