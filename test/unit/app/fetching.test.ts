import dns from 'node:dns';
import { afterEach, expect, it, vi } from 'vitest';
import { shareLookupsOfFetch } from '../../../src/app/fetching.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('has all that fetch from one host wait for one lookup', async () => {
  let answer: (() => void) | undefined;
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
    _: unknown,
    __: unknown,
    done: (error: Error) => void,
  ) => {
    answer = () => done(new Error('made up'));
  }) as never);
  shareLookupsOfFetch();
  const calls = Array.from({ length: 5 }, () => fetch('http://alerts.invalid/').catch(() => 'failed'));
  await vi.waitFor(() => expect(lookup).toHaveBeenCalled());
  // Once more around: all have asked by then.
  await new Promise((resolve) => setImmediate(resolve));
  answer?.();
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 5 }, () => 'failed'));
  expect(lookup).toHaveBeenCalledTimes(1);
});
