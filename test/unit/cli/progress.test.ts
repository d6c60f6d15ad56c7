import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeProgress } from '../../../src/cli/progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('counts on one line, says above it what failed, and takes the line away', () => {
  const written: string[] = [];
  const screen = { columns: 30, write: (text: string) => written.push(text) };
  const progress = makeProgress(3, screen, { now: () => Date.now() });
  progress.step(false, undefined);
  progress.step(true, 'B: locked');
  vi.advanceTimersByTime(2_000);
  progress.end();
  vi.advanceTimersByTime(5_000);
  expect(written).toEqual([
    '\r0 done, 0 failed, 3 left\u001B[K',
    '\r1 done, 0 failed, 2 left, abo\u001B[K',
    '\rB: locked\u001B[K\n',
    '\r1 done, 1 failed, 1 left, abo\u001B[K',
    '\r1 done, 1 failed, 1 left, abo\u001B[K',
    '\r1 done, 1 failed, 1 left, abo\u001B[K',
    '\r\u001B[K',
  ]);
});
